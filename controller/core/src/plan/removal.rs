//! Removal of containers in the reverse order of dependency.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use skiff_api::{Kind, ObjectKey};

use super::draft::{Draft, observed_ref};
use super::hook;
use super::{StepId, nameless, prune};
use crate::action::{Action, StopContainer};
use crate::held::HeldReason;
use crate::observed::{ContainerState, ObservedContainer};
use crate::reason::Reason;

/// The grace period of a container whose manifest is not known any more, in seconds.
const DEFAULT_GRACE_SECONDS: u32 = 30;

/// Removes containers of objects that are declared no more.
pub(super) fn plan_removals(draft: &mut Draft<'_>) {
    report_unreadable(draft);
    let going = prune::going(draft);
    prune::hold_needed_content(draft);
    draft.going = going.keys().cloned().collect();
    let mut removed: BTreeMap<ObjectKey, Vec<StepId>> = BTreeMap::new();
    for object in removal_order(draft, &going) {
        let Some(reason) = going.get(&object) else { continue };
        if draft.in_flight(&object) {
            continue;
        }
        if let Some(back_off) = draft.back_off(&object, "") {
            draft.hold(&object, back_off);
            continue;
        }
        let dependents = dependents(draft, &going, &object);
        let after: Vec<StepId> = dependents.iter().filter_map(|key| removed.get(key)).flatten().copied().collect();
        let containers = draft.containers(&object).to_vec();
        let steps = containers.iter().map(|container| remove(draft, &object, "", container, reason, &after)).collect();
        removed.insert(object, steps);
    }
}

fn report_unreadable(draft: &mut Draft<'_>) {
    for container in &draft.observed.containers {
        if let crate::Owner::Unreadable(error) = &container.owner {
            let key = ObjectKey::new(Kind::Deployment, "unreadable", container.name.as_str());
            draft.hold(&key, HeldReason::LabelsUnreadable { name: container.name.clone(), error: error.to_string() });
        }
    }
}

/// Stops a container where it runs; returns the step that does.
pub(super) fn stop_where_it_runs(
    draft: &mut Draft<'_>,
    object: &ObjectKey,
    hash: &str,
    container: &ObservedContainer,
    reason: &Reason,
    after: &[StepId],
) -> Option<StepId> {
    match container.state {
        ContainerState::Running | ContainerState::Paused | ContainerState::Restarting => {
            Some(stop(draft, object, hash, container, reason, after))
        }
        ContainerState::Created | ContainerState::Exited | ContainerState::Dead | ContainerState::Removing => None,
    }
}

/// Stops a container where it runs, and removes it; returns the step that removes it.
pub(super) fn remove(
    draft: &mut Draft<'_>,
    object: &ObjectKey,
    hash: &str,
    container: &ObservedContainer,
    reason: &Reason,
    after: &[StepId],
) -> StepId {
    let stopped = stop_where_it_runs(draft, object, hash, container, reason, after);
    let after: Vec<StepId> = stopped.map_or_else(|| after.to_vec(), |stopped| vec![stopped]);
    let volumes = nameless::going(draft, object, container);
    let action = Action::RemoveContainer { container: observed_ref(container), volumes };
    let step = draft.step(object, hash, action, reason.clone(), after);
    draft.removals.insert(container.id.clone(), step);
    step
}

/// Stops a container within its grace period.
pub(super) fn stop(
    draft: &mut Draft<'_>,
    object: &ObjectKey,
    hash: &str,
    container: &ObservedContainer,
    reason: &Reason,
    after: &[StepId],
) -> StepId {
    let grace_seconds = grace(draft, object, container);
    let pre_stop = hook::pre_stop(draft, object, container).filter(|_| grace_seconds > 0);
    let stop = StopContainer { container: observed_ref(container), grace_seconds, pre_stop };
    draft.step(object, hash, Action::StopContainer(stop), reason.clone(), after.iter().copied())
}

/// The grace period that the container was made with, as far as it is still known.
fn grace(draft: &Draft<'_>, object: &ObjectKey, container: &ObservedContainer) -> u32 {
    let recorded = container
        .owner
        .labels()
        .and_then(|labels| labels.template.as_deref())
        .and_then(|text| serde_json::from_str::<Value>(text).ok())
        .map(|form| form.get("terminationGracePeriodSeconds").and_then(Value::as_u64));
    match recorded {
        Some(seconds) => seconds.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(DEFAULT_GRACE_SECONDS),
        None => draft.desired.containers_of(object).map_or(DEFAULT_GRACE_SECONDS, |workload| workload.grace_seconds),
    }
}

fn depends_on<'a>(draft: &'a Draft<'_>, object: &ObjectKey) -> &'a [ObjectKey] {
    let departed = match draft.desired.containers_of(object) {
        Some(workload) => Some(&workload.departed),
        None => draft.desired.departed.get(object),
    };
    departed.map_or(&[], |departed| departed.depends_on.as_slice())
}

fn dependents<'a>(draft: &Draft<'_>, going: &'a BTreeMap<ObjectKey, Reason>, object: &ObjectKey) -> Vec<&'a ObjectKey> {
    going.keys().filter(|other| *other != object && depends_on(draft, other).contains(object)).collect()
}

/// The objects that go, each after those that depend on it.
fn removal_order(draft: &Draft<'_>, going: &BTreeMap<ObjectKey, Reason>) -> Vec<ObjectKey> {
    let mut ordered: Vec<ObjectKey> = Vec::new();
    let mut rest: BTreeSet<ObjectKey> = going.keys().cloned().collect();
    while !rest.is_empty() {
        let free: Vec<ObjectKey> = rest
            .iter()
            .filter(|object| !dependents(draft, going, object).into_iter().any(|dependent| rest.contains(dependent)))
            .cloned()
            .collect();
        // A cycle cannot be declared, but might be remembered: then the order says nothing.
        let next = if free.is_empty() { rest.iter().cloned().collect() } else { free };
        for object in next {
            rest.remove(&object);
            ordered.push(object);
        }
    }
    ordered
}
