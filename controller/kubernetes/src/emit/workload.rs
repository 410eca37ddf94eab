//! What runs pods: one object of Kubernetes for each workload, with its account and its budget of disruptions.

mod beside;
mod forever;
mod run;
mod strategy;

use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec};

use super::pod::{self, Pod};
use super::resources::count;
use super::{Sink, meta, scaling};
use crate::Part;
use crate::ledger::Scope;
use crate::report::Verdict;
use crate::stack::{Form, Run, Stack, Workload};
use beside::{account, budget};
use forever::forever;

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
