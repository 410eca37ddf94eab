//! Objects decoded by the types of Kubernetes, with no field that these do not know.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    ConfigMap, Namespace, PersistentVolume, PersistentVolumeClaim, Secret, Service, ServiceAccount,
};
use k8s_openapi::api::networking::v1::{Ingress, NetworkPolicy};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use serde::de::DeserializeOwned;
use serde_json::Value;
use skiff_kubernetes::Export;

use super::route::HttpRoute;

/// Decodes every object, and fails on any field that is not known.
pub(crate) fn strictly(export: &Export) {
    for object in &export.objects {
        let unknown = unknown(&object.value);
        assert!(unknown.is_empty(), "{} has the unknown fields {unknown:?}", object.name());
    }
}

/// The fields of an object that its type does not know.
pub(crate) fn unknown(object: &Value) -> Vec<String> {
    let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
    match kind {
        "Namespace" => of::<Namespace>(object),
        "ConfigMap" => of::<ConfigMap>(object),
        "Secret" => of::<Secret>(object),
        "Service" => of::<Service>(object),
        "ServiceAccount" => of::<ServiceAccount>(object),
        "PersistentVolume" => of::<PersistentVolume>(object),
        "PersistentVolumeClaim" => of::<PersistentVolumeClaim>(object),
        "Deployment" => of::<Deployment>(object),
        "StatefulSet" => of::<StatefulSet>(object),
        "DaemonSet" => of::<DaemonSet>(object),
        "Job" => of::<Job>(object),
        "CronJob" => of::<CronJob>(object),
        "Ingress" => of::<Ingress>(object),
        "NetworkPolicy" => of::<NetworkPolicy>(object),
        "HorizontalPodAutoscaler" => of::<HorizontalPodAutoscaler>(object),
        "PodDisruptionBudget" => of::<PodDisruptionBudget>(object),
        "Role" => of::<Role>(object),
        "RoleBinding" => of::<RoleBinding>(object),
        "HTTPRoute" => route(object),
        other => panic!("nobody knows {other}"),
    }
}

fn route(object: &Value) -> Vec<String> {
    let mistakes = serde_json::from_value(object.clone()).map(|route: HttpRoute| route.mistakes());
    [of::<HttpRoute>(object), mistakes.unwrap_or_default()].concat()
}

fn of<T: DeserializeOwned>(object: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    let decoded: Result<T, _> = serde_ignored::deserialize(object, |path| unknown.push(path.to_string()));
    if let Err(error) = decoded {
        unknown.push(error.to_string());
    }
    unknown
}
