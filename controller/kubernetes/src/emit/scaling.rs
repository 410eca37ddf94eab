//! Replicas by load, where a workload says so for the cluster.

use k8s_openapi::api::autoscaling::v2::{
    CrossVersionObjectReference, HPAScalingPolicy, HPAScalingRules, HorizontalPodAutoscaler,
    HorizontalPodAutoscalerBehavior, HorizontalPodAutoscalerSpec, MetricSpec, MetricTarget, ResourceMetricSource,
};
use k8s_openapi::api::core::v1::Container;
use skiff_api::{ExportAutoscale, annotation};

use super::meta::pointer;
use super::pod::Pod;
use super::resources::count;
use super::{Sink, meta};
use crate::Part;
use crate::ledger::Scope;
use crate::report::Verdict;
use crate::stack::{Form, Stack, Workload};

/// How long load must have been low before replicas go, in seconds: what Kubernetes does of itself.
const CALM_SECONDS: i32 = 300;
/// Over how many seconds a policy counts.
const PERIOD_SECONDS: i32 = 60;

/// Writes the autoscaler of a workload that asks for one and can have one. Says whether it did, because then the workload itself must
/// not say how many replicas there are.
pub(super) fn scaler(stack: &Stack<'_>, workload: &Workload<'_>, pod: &Pod, sink: &mut Sink<'_>) -> bool {
    let Some(scale) = workload.autoscale() else { return false };
    let mut scope = sink.ledger.scope(workload.key, format!("HorizontalPodAutoscaler/{}", workload.name));
    let mut scope = scope.at("metadata/annotations", "");
    let key = pointer(annotation::EXPORT_AUTOSCALE);
    if !matches!(workload.form, Form::Deployment | Form::StatefulSet) {
        let why = format!("a {} has no replicas to scale", workload.form.kind());
        scope.lost(&key, &why, "");
        return false;
    }
    let metrics = metrics(scale);
    let lacking = metrics.iter().find_map(|(resource, _)| {
        let containers = pod.template.spec.iter().flat_map(|spec| &spec.containers);
        let lacking = containers.into_iter().find(|container| !asks_for(container, resource))?;
        Some((resource, lacking.name.clone()))
    });
    if let Some((resource, container)) = lacking {
        let why = format!("it is a share of what is asked for, and container {container} asks for no {resource}");
        let remedy =
            format!("write `resources.requests.{resource}`, or take what it uses here by --requests-from-usage");
        scope.says(Verdict::NeedsInput, &key, "", &why, &remedy);
        return false;
    }
    scope.says(Verdict::Exact, &key, "spec", "", "");
    let why = format!("the autoscaler of {} reads what pods use from the metrics API", workload.name);
    sink.ledger.requires("APIService", "v1beta1.metrics.k8s.io", "", why);
    let object = HorizontalPodAutoscaler {
        metadata: meta::of_workload(workload, &workload.name),
        spec: Some(HorizontalPodAutoscalerSpec {
            scale_target_ref: CrossVersionObjectReference {
                api_version: Some("apps/v1".to_owned()),
                kind: workload.form.kind().to_owned(),
                name: workload.name.clone(),
            },
            min_replicas: Some(count(least(workload, scale))),
            max_replicas: count(scale.max),
            metrics: Some(metrics.into_iter().map(|(resource, share)| metric(resource, share)).collect()),
            behavior: Some(behavior()),
        }),
        status: None,
    };
    sink.put(&workload.file(stack), Part::Base, &object);
    true
}

/// What runs in another one's pods is scaled with them.
pub(super) fn joined(workload: &Workload<'_>, scope: &mut Scope<'_, '_>) {
    if workload.autoscale().is_some() {
        let key = format!("metadata/annotations/{}", pointer(annotation::EXPORT_AUTOSCALE));
        scope.lost(&key, "it is scaled with the pod that it is in", "annotate that one");
    }
}

/// The fewest replicas. What is declared to be none is not begun by load.
pub(super) fn least(workload: &Workload<'_>, scale: ExportAutoscale) -> u32 {
    scale.min.unwrap_or_else(|| workload.replicas().clamp(1, scale.max))
}

fn metrics(scale: ExportAutoscale) -> Vec<(&'static str, u32)> {
    let ExportAutoscale { min: _, max: _, cpu, memory } = scale;
    let shares = [("cpu", cpu), ("memory", memory)];
    shares.into_iter().filter_map(|(resource, share)| Some((resource, share?))).collect()
}

/// Where a container only has a limit, Kubernetes takes it for what it asks for.
fn asks_for(container: &Container, resource: &str) -> bool {
    container.resources.as_ref().is_some_and(|resources| {
        [&resources.requests, &resources.limits].into_iter().flatten().any(|amounts| amounts.contains_key(resource))
    })
}

fn metric(resource: &str, share: u32) -> MetricSpec {
    let target = MetricTarget {
        type_: "Utilization".to_owned(),
        average_utilization: Some(count(share)),
        ..MetricTarget::default()
    };
    MetricSpec {
        type_: "Resource".to_owned(),
        resource: Some(ResourceMetricSource { name: resource.to_owned(), target }),
        ..MetricSpec::default()
    }
}

/// Up at once, to double at most; down after a calm, by half at most.
fn behavior() -> HorizontalPodAutoscalerBehavior {
    let rules = |window, share| HPAScalingRules {
        stabilization_window_seconds: Some(window),
        policies: Some(vec![HPAScalingPolicy {
            type_: "Percent".to_owned(),
            value: share,
            period_seconds: PERIOD_SECONDS,
        }]),
        ..HPAScalingRules::default()
    };
    HorizontalPodAutoscalerBehavior { scale_up: Some(rules(0, 100)), scale_down: Some(rules(CALM_SECONDS, 50)) }
}
