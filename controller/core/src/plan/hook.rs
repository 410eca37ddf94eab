//! Hooks: postStart once for each start of a container, preStop before each stop of one that runs.
//!
//! What was run is remembered by container and start, so that a start by Docker gets its hook as well, and one that was run to its end
//! is not run again. A postStart that has failed restarts the container, as in Kubernetes.

use std::collections::BTreeMap;

use skiff_api::{Component, ObjectKey, OwnerLabels, PodTemplate};

use super::checks::POST_START;
use super::draft::{Draft, observed_ref};
use super::replica::{Condition, Replica};
use crate::action::{Action, RunHook};
use crate::check::Check;
use crate::desired::{Desired, Workload};
use crate::held::Pending;
use crate::history::History;
use crate::made_from::made_from;
use crate::observed::{ContainerState, Observed, ObservedContainer};
use crate::reason::Reason;
use crate::starts::HookEnd;

/// How the postStart hook of a start stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PostStart<'a> {
    /// There is none, or it has succeeded.
    Done,
    /// It has not been run.
    Due,
    /// It is being run.
    Running,
    /// It has failed.
    Failed(&'a str),
}

impl<'a> PostStart<'a> {
    pub(super) fn of(
        observed: &Observed,
        history: &'a History,
        template: Option<&PodTemplate>,
        container: &ObservedContainer,
        labels: &OwnerLabels,
    ) -> Self {
        let started_at = container.detail.as_ref().and_then(|detail| detail.started_at);
        let hook = template.and_then(|pod| pod.container.lifecycle.as_ref()?.post_start.as_ref());
        let (Some(_), Some(started_at)) = (hook, started_at) else { return Self::Done };
        if container.adopted.is_some_and(|taken_over| taken_over.started_at == Some(started_at)) {
            return Self::Done;
        }
        let known = history.start(&labels.object, &container.id, started_at);
        match known.and_then(|known| known.post_start.as_ref()) {
            Some(HookEnd::Succeeded) => Self::Done,
            Some(HookEnd::Failed { message }) => Self::Failed(message),
            None if observed.hooks_in_flight.contains(&container.id) => Self::Running,
            None => Self::Due,
        }
    }
}

/// What is to be said of containers that run and whose postStart hook has not succeeded since their start, by id.
pub fn hook_complaints(desired: &Desired, observed: &Observed) -> BTreeMap<String, String> {
    let complaint = |container: &ObservedContainer| {
        let labels = container.owner.labels().filter(|_| container.state == ContainerState::Running)?;
        let workload = desired.workloads.get(&labels.object)?;
        let template = made_from(Some(workload), &observed.history, labels);
        let said = match PostStart::of(observed, &observed.history, template, container, labels) {
            PostStart::Done => return None,
            PostStart::Due | PostStart::Running => "it has not ended yet",
            PostStart::Failed(message) => message,
        };
        Some((container.id.clone(), format!("{POST_START}: {said}")))
    };
    observed.containers.iter().filter_map(complaint).collect()
}

/// Runs the postStart hooks that are due, of outdated replicas as well: until they go they are to be Ready.
pub(super) fn plan_post_starts(draft: &mut Draft<'_>, workload: &Workload, replicas: &[Replica<'_>]) {
    for replica in replicas.iter().filter(|replica| replica.condition == Condition::Unhooked) {
        let (hash, container) = (&replica.labels.template_hash, replica.container);
        if let Some(held) = draft.replica_back_off(&workload.key, replica) {
            let (target, reason) = (container.name.clone(), Reason::Started);
            draft.hold_with(&workload.key, held, vec![Pending { verb: "run postStart hook", target, reason }]);
            continue;
        }
        let template = made_from(Some(workload), draft.history, replica.labels);
        let hook = template.and_then(|pod| Some((pod, pod.container.lifecycle.as_ref()?.post_start.as_ref()?)));
        let started_at = container.detail.as_ref().and_then(|detail| detail.started_at);
        let (Some((pod, hook)), Some(started_at)) = (hook, started_at) else { continue };
        let address = draft.address(container);
        let check = Check::of_hook(hook, &pod.container, address.as_deref().map_err(|why| *why));
        // It has an address at one of the next looks.
        if check.is_for_later() {
            continue;
        }
        let action = Action::RunHook(RunHook { container: observed_ref(container), started_at, check });
        draft.step(&workload.key, hash, action, Reason::Started, []);
    }
}

/// What is run before a container is stopped, where it runs. Where its own template is not known any more the declared one says it.
pub(super) fn pre_stop(draft: &Draft<'_>, object: &ObjectKey, container: &ObservedContainer) -> Option<Check> {
    // What runs beside the main container drains nothing.
    let labels = container.owner.labels().filter(|labels| labels.component == Component::Main)?;
    if container.state != ContainerState::Running {
        return None;
    }
    let declared = draft.desired.containers_of(object);
    let own = made_from(declared, draft.history, labels);
    let pod = own.or_else(|| declared.map(|workload| &workload.template.pod))?;
    let hook = pod.container.lifecycle.as_ref()?.pre_stop.as_ref()?;
    let address = draft.address(container);
    Some(Check::of_hook(hook, &pod.container, address.as_deref().map_err(|why| *why)))
}
