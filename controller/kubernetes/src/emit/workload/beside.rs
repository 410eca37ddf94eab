//! What stands beside a workload: the account that it runs under, and how many of its pods may go at once.

use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::Part;
use crate::emit::{Sink, meta, scaling};
use crate::stack::{Form, Stack, Workload};

/// Each workload runs under an account of its own, which may do nothing.
pub(super) fn account(stack: &Stack<'_>, workload: &Workload<'_>, sink: &mut Sink<'_>) {
    let object = ServiceAccount {
        metadata: meta::of_workload(workload, &workload.identity),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    };
    sink.put(&workload.file(stack), Part::Base, &object);
}

/// Whoever drains nodes takes one replica at a time.
pub(super) fn budget(stack: &Stack<'_>, workload: &Workload<'_>, sink: &mut Sink<'_>) {
    let is_set = matches!(workload.form, Form::Deployment | Form::StatefulSet);
    let replicas = workload.autoscale().map_or_else(|| workload.replicas(), |scale| scaling::least(workload, scale));
    if !is_set || replicas < 2 {
        return;
    }
    let object = PodDisruptionBudget {
        metadata: meta::of_workload(workload, &workload.name),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(meta::selector(workload)),
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".to_owned()),
            ..PodDisruptionBudgetSpec::default()
        }),
        status: None,
    };
    sink.put(&workload.file(stack), Part::Base, &object);
}
