//! Which kind of Kubernetes a workload becomes.

use std::collections::BTreeSet;

use skiff_api::{DependencyCondition, ObjectKey, ObjectMeta, PodTemplate, RestartPolicy, annotation};

use super::{Run, Stack, Storage};

/// A kind of Kubernetes that runs pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Replicas that are all alike.
    Deployment,
    /// Replicas that each have their own data.
    StatefulSet,
    /// One on each node.
    DaemonSet,
    /// To an end, once.
    Job,
    /// To an end, on a schedule.
    CronJob,
}

impl Form {
    /// Its name in Kubernetes.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Deployment => "Deployment",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
            Self::CronJob => "CronJob",
        }
    }
}

/// The form by what a workload says itself, and why where that is not what its kind says.
pub(super) fn of(meta: &ObjectMeta, run: Run<'_>, template: &PodTemplate) -> (Form, Option<&'static str>) {
    let spec = match run {
        Run::Once(_) => return (Form::Job, None),
        Run::Scheduled(_) => return (Form::CronJob, None),
        Run::Forever(spec) => spec,
    };
    match meta.annotations.get(annotation::EXPORT_AS).map(String::as_str) {
        Some("DaemonSet") => return (Form::DaemonSet, None),
        Some("StatefulSet") => return (Form::StatefulSet, None),
        Some("Deployment") => return (Form::Deployment, None),
        Some("Job") => return (Form::Job, None),
        Some(_) | None => {}
    }
    let container = &template.container;
    let serves = !container.ports.is_empty()
        || container.readiness_probe.is_some()
        || container.liveness_probe.is_some()
        || container.health_check.as_ref().is_some_and(|check| check.test.first().is_none_or(|word| word != "NONE"));
    let shares = template.network_mode.as_deref().is_some_and(|mode| mode.starts_with("deployment:"));
    if template.restart_policy == Some(RestartPolicy::Never) && !serves && !shares && spec.replicas() == 1 {
        return (Form::Job, Some("it is never restarted, has no port and nothing checks it"));
    }
    (Form::Deployment, None)
}

/// What shows only among all objects: a single writer of a volume keeps its data as a `StatefulSet`.
pub(super) fn settle(stack: &mut Stack<'_>) {
    let owners: BTreeSet<ObjectKey> = stack.storage.values().filter_map(Storage::owner).cloned().collect();
    for workload in stack.workloads.values_mut() {
        let is_chosen = workload.meta.annotations.contains_key(annotation::EXPORT_AS);
        if workload.form == Form::Deployment && !is_chosen && owners.contains(workload.key) {
            workload.form = Form::StatefulSet;
            workload.form_reason = Some("it alone writes a volume");
            workload.name = crate::names::label(&workload.name, super::workload::LONGEST_SET);
        }
    }
    // Nothing waits for the end of what goes on.
    for workload in stack.workloads.values_mut() {
        let is_awaited = stack.index.is_awaited(workload.key, |it| it != DependencyCondition::Completed);
        if matches!(workload.run, Run::Forever(_))
            && workload.form == Form::Job
            && workload.form_reason.is_some()
            && is_awaited
        {
            workload.form = Form::Deployment;
            workload.form_reason = None;
            workload.name.clone_from(&workload.key.name);
        }
    }
}
