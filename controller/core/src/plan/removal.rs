//! Removal: what left its source, in the reverse order of dependency, behind the guards; and what is left over after it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use skiff_api::{Kind, ObjectKey, OwnerLabels};

use super::StepId;
use super::draft::{Draft, observed_ref};
use super::network::is_on;
use crate::action::{Action, StopContainer};
use crate::desired::{Intent, MountSource, Workload};
use crate::held::HeldReason;
use crate::observed::{ContainerState, ObservedContainer};
use crate::reason::Reason;

/// The grace period of a container whose manifest is not known any more, in seconds.
const DEFAULT_GRACE_SECONDS: u32 = 30;

/// Removes containers of objects that are declared no more.
pub(super) fn plan_removals(draft: &mut Draft<'_>) {
    report_unreadable(draft);
    let going = going(draft);
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
    let action = Action::RemoveContainer { container: observed_ref(container) };
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
    let stop = StopContainer { container: observed_ref(container), grace_seconds };
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

/// The objects with containers that go, and why; those that are held back are said.
fn going(draft: &mut Draft<'_>) -> BTreeMap<ObjectKey, Reason> {
    let desired = draft.desired;
    let mut going = BTreeMap::new();
    let mut by_source: BTreeMap<String, BTreeSet<ObjectKey>> = BTreeMap::new();
    for (object, containers) in draft.owned() {
        let sources = containers.iter().filter_map(|container| container.owner.labels()).map(|labels| &labels.source);
        let loaded = sources.filter(|source| desired.sources.contains_key(*source)).min();
        let declared = desired.containers_of(object).is_some();
        let orphaned_by = loaded.filter(|_| !declared && !desired.claimed.contains(object));
        match (desired.intent, orphaned_by) {
            (Intent::Down { .. }, _) if declared || orphaned_by.is_some() => {
                going.insert(object.clone(), Reason::Unwanted);
            }
            (Intent::Run, Some(source)) => {
                by_source.entry(source.clone()).or_default().insert(object.clone());
            }
            (Intent::Run | Intent::Down { .. }, _) => {}
        }
    }
    for (source, objects) in by_source {
        let allowed = guard(draft, &source, objects);
        going.extend(allowed.into_iter().map(|object| (object, Reason::Orphaned)));
    }
    going
}

/// Those objects of a source that may be pruned; for the others it is said why not.
fn guard(draft: &mut Draft<'_>, source: &str, orphans: BTreeSet<ObjectKey>) -> BTreeSet<ObjectKey> {
    let state = draft.desired.sources.get(source).cloned().unwrap_or_default();
    let (protected, removable): (BTreeSet<ObjectKey>, BTreeSet<ObjectKey>) = orphans
        .into_iter()
        .partition(|object| draft.desired.departed.get(object).is_some_and(|departed| departed.protected));
    for object in &protected {
        draft.hold(object, HeldReason::Protected);
    }
    draft.kept.extend(protected.iter().cloned());
    let removed = removable.len();
    let kept = draft.desired.with_containers().filter(|workload| workload.source == source);
    let kept = kept.filter(|workload| !draft.containers(&workload.key).is_empty()).count() + protected.len();
    let total = removed + kept;
    let declares = draft.desired.with_containers().any(|workload| workload.source == source);
    let too_many = !declares || (removed >= 3 && removed * 2 > total);
    let why = if state.problems > 0 {
        HeldReason::SourceHasProblems { source: source.to_owned(), problems: state.problems }
    } else if too_many && !state.confirm_prune {
        HeldReason::PruneUnconfirmed { source: source.to_owned(), removed, total }
    } else {
        return removable;
    };
    for object in &removable {
        draft.hold(object, why.clone());
    }
    draft.kept.extend(removable);
    draft.unpruned.insert(source.to_owned());
    BTreeSet::new()
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

/// Removes networks, volumes and files that nothing uses and nobody declares.
pub(super) fn plan_leftovers(draft: &mut Draft<'_>) {
    leftover_networks(draft);
    leftover_volumes(draft);
    leftover_files(draft);
}

/// Whether a network or volume with these labels is to go.
fn is_leftover(draft: &Draft<'_>, labels: &OwnerLabels, declared: bool) -> bool {
    if !draft.desired.sources.contains_key(&labels.source) || draft.in_flight(&labels.object) {
        return false;
    }
    let claimed = draft.desired.claimed.contains(&labels.object);
    match draft.desired.intent {
        Intent::Down { .. } => declared || !claimed,
        Intent::Run => {
            let healthy = draft.desired.sources.get(&labels.source).is_some_and(|source| source.problems == 0);
            let protected = draft.desired.departed.get(&labels.object).is_some_and(|departed| departed.protected);
            healthy && !declared && !protected && !claimed
        }
    }
}

fn leftover_networks(draft: &mut Draft<'_>) {
    for network in &draft.observed.networks {
        let Some(labels) = network.owner.labels() else { continue };
        let declared = draft.desired.networks.get(&labels.object).is_some_and(|desired| desired.name == network.name);
        if !is_leftover(draft, labels, declared) {
            continue;
        }
        let mut after = Vec::new();
        let mut staying = Vec::new();
        for container in draft.observed.containers.iter().filter(|container| is_on(container, &network.id)) {
            let detached = draft.detached.get(&(container.id.clone(), network.id.clone()));
            match draft.removals.get(&container.id).or(detached) {
                Some(step) => after.push(*step),
                None => staying.push(container),
            }
        }
        if !staying.is_empty() {
            let uses = |user: &Workload| user.networks.iter().any(|attachment| attachment.network == network.name);
            let containers = names_of_those_that_stay(draft, &staying, uses);
            if !containers.is_empty() {
                draft.hold(&labels.object, HeldReason::NetworkInUse { containers });
            }
            continue;
        }
        if let Some(back_off) = draft.back_off(&labels.object, &labels.template_hash) {
            draft.hold(&labels.object, back_off);
            continue;
        }
        let action = Action::RemoveNetwork { id: network.id.clone(), name: network.name.clone() };
        let reason = if draft.desired.intent == Intent::Run { Reason::Orphaned } else { Reason::Unwanted };
        draft.step(&labels.object, &labels.template_hash, action, reason, after);
    }
}

fn leftover_volumes(draft: &mut Draft<'_>) {
    for volume in &draft.observed.volumes {
        let Some(labels) = volume.owner.labels() else { continue };
        let declared = draft.desired.volumes.contains_key(&labels.object);
        if !is_leftover(draft, labels, declared) {
            continue;
        }
        let (goes, reason) = match draft.desired.intent {
            Intent::Down { volumes } => (volumes, Reason::Unwanted),
            Intent::Run => (is_reclaimed(draft, labels) && may_lose_data(draft, &labels.source), Reason::Orphaned),
        };
        if !goes {
            if draft.desired.intent != Intent::Run {
                draft.hold(&labels.object, HeldReason::Retained { name: volume.name.clone() });
            }
            continue;
        }
        let users: Vec<&ObservedContainer> =
            draft.observed.containers.iter().filter(|container| container.volumes.contains(&volume.name)).collect();
        let after: Vec<StepId> = users.iter().filter_map(|user| draft.removals.get(&user.id)).copied().collect();
        if after.len() < users.len() {
            let containers = names_of_those_that_stay(draft, &users, |user| mounts(user, &volume.name));
            if !containers.is_empty() {
                draft.hold(&labels.object, HeldReason::VolumeInUse { containers });
            }
            continue;
        }
        if let Some(back_off) = draft.back_off(&labels.object, &labels.template_hash) {
            draft.hold(&labels.object, back_off);
            continue;
        }
        let action = Action::RemoveVolume { name: volume.name.clone() };
        draft.step(&labels.object, &labels.template_hash, action, reason, after);
    }
}

/// Whether a source is sound enough for data to go with it: it declares something, or the prune of all of it is confirmed.
fn may_lose_data(draft: &Draft<'_>, source: &str) -> bool {
    let confirmed = draft.desired.sources.get(source).is_some_and(|state| state.confirm_prune);
    let declares = draft.desired.with_containers().any(|workload| workload.source == source)
        || draft.desired.volumes.values().any(|volume| volume.source == source);
    confirmed || (declares && !draft.unpruned.contains(source))
}

/// Whether the volume was declared with `reclaimPolicy: Delete` last. Its label tells only what was declared first: where the last
/// manifest is not remembered, the data stays.
fn is_reclaimed(draft: &Draft<'_>, labels: &OwnerLabels) -> bool {
    draft.desired.departed.get(&labels.object).is_some_and(|departed| departed.deletes_data)
}

/// Whether no plan of this state takes a container away or off a network: it is somebody else's, or of an object that is left alone.
pub(super) fn stays(draft: &Draft<'_>, container: &ObservedContainer) -> bool {
    container.owner.labels().is_none_or(|labels| {
        let declared = draft.desired.intent == Intent::Run && draft.desired.workloads.contains_key(&labels.object);
        !declared && !draft.going.contains(&labels.object)
    })
}

fn mounts(user: &Workload, volume: &str) -> bool {
    let mut mounts = user.template.mounts.iter();
    mounts.any(|mount| matches!(&mount.source, MountSource::Volume { name, .. } if name == volume))
}

/// The names of those that stay, or that use what they are on as something external, and of which nothing is said. Others will be
/// moved or removed by a later pass.
fn names_of_those_that_stay(
    draft: &Draft<'_>,
    containers: &[&ObservedContainer],
    uses: impl Fn(&Workload) -> bool,
) -> Vec<String> {
    let is_held_up = |container: &ObservedContainer| {
        let Some(labels) = container.owner.labels() else { return true };
        let user = draft.desired.workloads.get(&labels.object).filter(|_| draft.desired.intent == Intent::Run);
        !draft.kept.contains(&labels.object) && user.map_or_else(|| stays(draft, container), |user| uses(user))
    };
    let held_up = containers.iter().filter(|container| is_held_up(container));
    held_up.map(|container| container.name.clone()).collect()
}

/// Removes files that no container mounts and no template names, when nothing is under way that might need them.
fn leftover_files(draft: &mut Draft<'_>) {
    if draft.observed.files.is_empty() || !draft.observed.in_flight.is_empty() {
        return;
    }
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for container in &draft.observed.containers {
        used.extend(container.files.iter().map(String::as_str));
    }
    if draft.desired.intent == Intent::Run {
        for workload in draft.desired.with_containers() {
            for mount in &workload.template.mounts {
                if let MountSource::Files(files) = &mount.source {
                    used.insert(&files.id);
                }
            }
        }
    }
    let unused: Vec<String> = draft.observed.files.keys().filter(|id| !used.contains(id.as_str())).cloned().collect();
    for id in unused {
        let kind = if id.starts_with("secret-") { Kind::Secret } else { Kind::ConfigMap };
        let object = ObjectKey::new(kind, "files", id.as_str());
        draft.step(&object, "", Action::RemoveFiles { id }, Reason::Unused, []);
    }
}
