//! What runs pods: one object of Kubernetes for each workload, with its account and its budget of disruptions.

mod run;
mod strategy;

use k8s_openapi::api::apps::v1::{
    DaemonSet, DaemonSetSpec, Deployment, DeploymentSpec, StatefulSet, StatefulSetPersistentVolumeClaimRetentionPolicy,
    StatefulSetSpec,
};
use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, ServiceAccount};
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use skiff_api::ReclaimPolicy;

use super::pod::{self, Pod};
use super::resources::count;
use super::{Sink, meta, scaling};
use crate::Part;
use crate::ledger::Scope;
use crate::report::Verdict;
use crate::stack::{Form, Run, Stack, Workload};

/// Writes everything of a workload but its Services and policies.
pub(super) fn workload(stack: &Stack<'_>, workload: &Workload<'_>, sink: &mut Sink<'_>) {
    let mut scope = sink.ledger.scope(workload.key, workload.target());
    let (labels, notes) = meta::taken_over(workload.meta, stack, &mut scope);
    let mut metadata = meta::of_workload(workload, &workload.name);
    metadata.labels.get_or_insert_default().extend(labels);
    metadata.annotations = meta::filled(notes);
    if let Some(why) = workload.form_reason {
        let remedy = "annotate it with `skiff.dev/export-as` where it is another kind";
        let verdict = if workload.form == Form::Job { Verdict::Approximated } else { Verdict::Defaulted };
        scope.says(verdict, "kind", "", why, remedy);
    }
    if let Some(host) = &workload.host {
        scaling::joined(workload, &mut scope);
        joined(stack, workload, host, &mut scope);
        return;
    }
    let pod = pod::pod(stack, workload, &mut sink.ledger);
    let mut scope = sink.ledger.scope(workload.key, workload.target());
    let file = workload.file(stack);
    match (workload.run, workload.form) {
        (Run::Forever(spec), Form::Job) => {
            scaling::scaler(stack, workload, &pod, sink);
            rows(workload, spec, &pod, false, &mut sink.ledger.scope(workload.key, workload.target()));
            let spec = JobSpec { backoff_limit: Some(0), template: pod.template.clone(), ..JobSpec::default() };
            sink.put(&file, Part::Base, &Job { metadata, spec: Some(spec), status: None });
        }
        (Run::Forever(spec), _) => {
            let is_scaled = scaling::scaler(stack, workload, &pod, sink);
            rows(workload, spec, &pod, is_scaled, &mut sink.ledger.scope(workload.key, workload.target()));
            let replicas = (!is_scaled).then(|| count(spec.replicas()));
            forever(stack, workload, spec, replicas, metadata, &pod, sink);
        }
        (Run::Once(spec), _) => {
            let mut scope = scope.at("spec", "spec");
            let spec = run::job(stack, workload, spec, &pod, &mut scope);
            sink.put(&file, Part::Base, &Job { metadata, spec: Some(spec), status: None });
        }
        (Run::Scheduled(spec), _) => {
            let spec = run::cron(stack, workload, spec, &pod, &mut scope);
            sink.put(&file, Part::Base, &CronJob { metadata, spec: Some(spec), status: None });
        }
    }
    account(stack, workload, sink);
    budget(stack, workload, sink);
    sink.out.extend(pod.extras);
}

/// What runs in another one's pods has nothing of its own.
fn joined(stack: &Stack<'_>, workload: &Workload<'_>, host: &skiff_api::ObjectKey, scope: &mut Scope<'_, '_>) {
    let pod = stack.pod_of(workload);
    let target = format!("{} spec.template.spec.containers", pod.target());
    let Run::Forever(spec) = workload.run else { return };
    let skiff_api::DeploymentSpec {
        replicas,
        depends_on: _,
        min_ready_seconds,
        progress_deadline_seconds,
        revision_history_limit,
        paused,
        strategy,
        image_update,
        template: _,
    } = spec;
    debug_assert!(stack.workloads.contains_key(host), "a host is a workload");
    let mut scope = scope.towards(target, "");
    let mut scope = scope.at("spec", "");
    let why = "it is scaled and replaced with the pod that it is in";
    scope.near(replicas, "replicas", "", why, "");
    scope.dropped(min_ready_seconds, "minReadySeconds", why, "");
    scope.dropped(progress_deadline_seconds, "progressDeadlineSeconds", why, "");
    scope.dropped(revision_history_limit, "revisionHistoryLimit", why, "");
    scope.dropped(paused, "paused", why, "");
    scope.dropped(strategy, "strategy", why, "");
    image_updates(image_update, &mut scope);
}

/// Kubernetes follows no tags.
fn image_updates<T: Default + PartialEq>(update: &T, scope: &mut Scope<'_, '_>) {
    let remedy = "use a controller for it, such as Flux's image automation or Argo CD Image Updater";
    scope.dropped(update, "imageUpdate", "Kubernetes looks for no new images", remedy);
}

/// The rows of a deployment's own fields.
fn rows(
    workload: &Workload<'_>,
    spec: &skiff_api::DeploymentSpec,
    pod: &Pod,
    is_scaled: bool,
    scope: &mut Scope<'_, '_>,
) {
    let skiff_api::DeploymentSpec {
        replicas,
        depends_on: _,
        min_ready_seconds,
        progress_deadline_seconds,
        revision_history_limit,
        paused,
        strategy,
        image_update,
        template: _,
    } = spec;
    let mut scope = scope.at("spec", "spec");
    image_updates(image_update, &mut scope);
    match workload.form {
        _ if is_scaled => scope.near(replicas, "replicas", "", "the autoscaler decides", ""),
        Form::DaemonSet => scope.near(replicas, "replicas", "", "it runs on each node", ""),
        Form::Job => scope.near(replicas, "replicas", "", "it runs once", ""),
        Form::Deployment | Form::StatefulSet | Form::CronJob => scope.exact(replicas, "replicas", "replicas"),
    }
    let is_set = matches!(workload.form, Form::Deployment | Form::StatefulSet | Form::DaemonSet);
    if is_set {
        scope.exact(min_ready_seconds, "minReadySeconds", "minReadySeconds");
        scope.exact(revision_history_limit, "revisionHistoryLimit", "revisionHistoryLimit");
    } else {
        scope.dropped(min_ready_seconds, "minReadySeconds", "it runs to its end", "");
        scope.dropped(revision_history_limit, "revisionHistoryLimit", "it runs to its end", "");
    }
    if is_set && min_ready_seconds.is_none() && pod.is_unprobed {
        let why = "nothing says when it is ready, so that Skiff waits for ten seconds";
        scope.says(Verdict::Defaulted, "template/container", "minReadySeconds", why, "give it a readinessProbe");
    }
    if workload.form == Form::Deployment {
        scope.exact(progress_deadline_seconds, "progressDeadlineSeconds", "progressDeadlineSeconds");
        scope.exact(paused, "paused", "paused");
    } else {
        let why = "only a Deployment of Kubernetes has it";
        scope.dropped(progress_deadline_seconds, "progressDeadlineSeconds", why, "");
        scope.dropped(paused, "paused", why, "");
    }
    strategy::told(workload, strategy, pod, &mut scope.at("strategy", "strategy"));
}

/// How long a replica must be ready where nothing says that it is: what Skiff does.
const UNPROBED_SECONDS: u32 = 10;

fn forever(
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

/// Each workload runs under an account of its own, which may do nothing.
fn account(stack: &Stack<'_>, workload: &Workload<'_>, sink: &mut Sink<'_>) {
    let object = ServiceAccount {
        metadata: meta::of_workload(workload, &workload.identity),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    };
    sink.put(&workload.file(stack), Part::Base, &object);
}

/// Whoever drains nodes takes one replica at a time.
fn budget(stack: &Stack<'_>, workload: &Workload<'_>, sink: &mut Sink<'_>) {
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
