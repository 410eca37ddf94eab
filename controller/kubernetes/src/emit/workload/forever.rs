//! What goes on: a Deployment, a `StatefulSet` or a `DaemonSet`.

use k8s_openapi::api::apps::v1::{
    DaemonSet, DaemonSetSpec, Deployment, DeploymentSpec, StatefulSet, StatefulSetPersistentVolumeClaimRetentionPolicy,
    StatefulSetSpec,
};
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use skiff_api::ReclaimPolicy;

use super::strategy;
use crate::Part;
use crate::emit::pod::Pod;
use crate::emit::resources::count;
use crate::emit::{Sink, meta};
use crate::report::Verdict;
use crate::stack::{Form, Stack, Workload};

/// How long a replica must be ready where nothing says that it is: what Skiff does.
const UNPROBED_SECONDS: u32 = 10;

pub(super) fn forever(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    spec: &skiff_api::DeploymentSpec,
    replicas: Option<i32>,
    metadata: ObjectMeta,
    pod: &Pod,
    sink: &mut Sink<'_>,
) {
    let selector = meta::selector(workload);
    let template = pod.template.clone();
    let unprobed = pod.is_unprobed.then_some(UNPROBED_SECONDS);
    let min_ready_seconds = spec.min_ready_seconds.or(unprobed).map(count);
    let revision_history_limit = spec.revision_history_limit.map(count);
    let file = workload.file(stack);
    match workload.form {
        Form::StatefulSet => {
            let spec = StatefulSetSpec {
                replicas,
                min_ready_seconds,
                revision_history_limit,
                selector,
                template,
                service_name: Some(workload.governing.clone()),
                // Replicas of Skiff do not wait for each other.
                pod_management_policy: Some("Parallel".to_owned()),
                persistent_volume_claim_retention_policy: retention(stack, workload),
                volume_claim_templates: meta::listed(claims(workload, pod)),
                ..StatefulSetSpec::default()
            };
            sink.put(&file, Part::Base, &StatefulSet { metadata, spec: Some(spec), status: None });
        }
        Form::DaemonSet => {
            let spec =
                DaemonSetSpec { min_ready_seconds, revision_history_limit, selector, template, update_strategy: None };
            sink.put(&file, Part::Base, &DaemonSet { metadata, spec: Some(spec), status: None });
        }
        Form::Deployment | Form::Job | Form::CronJob => {
            let spec = DeploymentSpec {
                replicas,
                min_ready_seconds,
                progress_deadline_seconds: deadline(workload, spec, min_ready_seconds, sink),
                revision_history_limit,
                paused: spec.paused.then_some(true),
                strategy: Some(strategy::rollout(&spec.strategy, pod)),
                selector,
                template,
            };
            sink.put(&file, Part::Base, &Deployment { metadata, spec: Some(spec), status: None });
        }
    }
}

/// What Kubernetes takes where nothing is said, in seconds.
const DEFAULT_DEADLINE: i32 = 600;

/// How long a rollout may come no further: Kubernetes takes none that does not exceed the time that a pod is to be ready.
fn deadline(
    workload: &Workload<'_>,
    spec: &skiff_api::DeploymentSpec,
    min_ready_seconds: Option<i32>,
    sink: &mut Sink<'_>,
) -> Option<i32> {
    let said = spec.progress_deadline_seconds.map(count);
    let min_ready = min_ready_seconds.unwrap_or_default();
    if said.unwrap_or(DEFAULT_DEADLINE) > min_ready {
        return said;
    }
    let mut scope = sink.ledger.scope(workload.key, workload.target());
    let why = "Kubernetes counts the time that a pod is to be ready as well: it is added";
    scope.says(Verdict::Approximated, "spec/progressDeadlineSeconds", "spec.progressDeadlineSeconds", why, "");
    Some(min_ready.saturating_add(said.unwrap_or(DEFAULT_DEADLINE)))
}

/// Claims of templates carry the labels that find them again.
fn claims(workload: &Workload<'_>, pod: &Pod) -> Vec<PersistentVolumeClaim> {
    let labelled = |mut claim: PersistentVolumeClaim| {
        claim.metadata.labels = Some(workload.selector());
        claim
    };
    pod.claims.iter().cloned().map(labelled).collect()
}

fn retention(stack: &Stack<'_>, workload: &Workload<'_>) -> Option<StatefulSetPersistentVolumeClaimRetentionPolicy> {
    let mut own = stack.storages(workload).filter(|it| it.owner() == Some(workload.key)).peekable();
    own.peek()?;
    let all_go = own.all(|it| it.volume.spec.reclaim_policy == ReclaimPolicy::Delete);
    Some(StatefulSetPersistentVolumeClaimRetentionPolicy {
        when_deleted: Some(if all_go { "Delete" } else { "Retain" }.to_owned()),
        when_scaled: Some("Retain".to_owned()),
    })
}
