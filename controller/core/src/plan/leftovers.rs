//! What is left over once containers are gone: networks, volumes and files that nothing uses and nobody declares.

use std::collections::BTreeSet;

use skiff_api::{Kind, ObjectKey, OwnerLabels};

use super::StepId;
use super::draft::Draft;
use super::network::is_on;
use super::prune::{hold_elsewhere, hold_needed, source_of};
use crate::action::Action;
use crate::desired::{Intent, MountSource, Workload};
use crate::held::HeldReason;
use crate::observed::ObservedContainer;
use crate::reason::Reason;

/// Removes networks, volumes and files that nothing uses and nobody declares.
pub(super) fn plan_leftovers(draft: &mut Draft<'_>) {
    leftover_networks(draft);
    leftover_volumes(draft);
    leftover_files(draft);
}

/// The source of a network or volume with these labels that is to go.
fn leaves<'d>(draft: &mut Draft<'d>, labels: &OwnerLabels, declared: bool) -> Option<&'d String> {
    let desired = draft.desired;
    let source = source_of(desired, labels).filter(|_| !draft.in_flight(&labels.object))?;
    let claimed = desired.claimed.contains(&labels.object);
    if !declared && !claimed && hold_elsewhere(draft, &labels.object, source) {
        return None;
    }
    let goes = match desired.intent {
        Intent::Down { .. } => declared || !claimed,
        Intent::Run => {
            let healthy = desired.sources.get(source).is_some_and(|source| source.problems == 0);
            let protected = desired.departed.get(&labels.object).is_some_and(|departed| departed.protected);
            healthy && !declared && !protected && !claimed
        }
    };
    goes.then_some(source)
}

fn leftover_networks(draft: &mut Draft<'_>) {
    for network in &draft.observed.networks {
        let Some(labels) = network.owner.labels() else { continue };
        let declared = draft.desired.networks.get(&labels.object).is_some_and(|desired| desired.name == network.name);
        if leaves(draft, labels, declared).is_none() || hold_needed(draft, &labels.object) {
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
        let Some(source) = leaves(draft, labels, declared) else { continue };
        let (goes, reason) = match draft.desired.intent {
            Intent::Down { volumes } => (volumes, Reason::Unwanted),
            Intent::Run => (is_reclaimed(draft, labels) && may_lose_data(draft, source), Reason::Orphaned),
        };
        if !goes {
            if draft.desired.intent != Intent::Run {
                draft.hold(&labels.object, HeldReason::Retained { name: volume.name.clone() });
            }
            continue;
        }
        if hold_needed(draft, &labels.object) {
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
            let inits = workload.inits.iter().flat_map(|init| &init.template.mounts);
            for mount in workload.template.mounts.iter().chain(inits) {
                if let MountSource::Files(files) = &mount.source {
                    used.insert(&files.id);
                }
            }
        }
    }
    let unused: Vec<String> = draft.observed.files.keys().filter(|id| !used.contains(id.as_str())).cloned().collect();
    for id in unused {
        let object = holder(draft, &id);
        draft.step(&object, "", Action::RemoveFiles { id }, Reason::Unused, []);
    }
}

/// The object that a folder of files held, by its name: kind, namespace, name, and what tells versions apart. Either of the two in the
/// middle may have dashes: a namespace that something else is in is believed.
fn holder(draft: &Draft<'_>, id: &str) -> ObjectKey {
    let (kind, rest) = match id.split_once('-') {
        Some(("secret", rest)) => (Kind::Secret, rest),
        Some((_, rest)) => (Kind::ConfigMap, rest),
        None => (Kind::ConfigMap, id),
    };
    let mut named = without_digest(rest, DIGEST);
    if kind == Kind::Secret {
        named = without_digest(named, KEY_ID);
    }
    let workloads = draft.desired.with_containers().map(|workload| workload.key.namespace.as_str());
    let containers = draft.observed.containers.iter().filter_map(|container| container.owner.labels());
    let namespaces = workloads.chain(containers.map(|labels| labels.object.namespace.as_str()));
    let split = |namespace: &str| named.strip_prefix(namespace)?.strip_prefix('-').map(|name| (namespace.len(), name));
    let known = namespaces.filter_map(split).filter(|(_, name)| !name.is_empty()).max_by_key(|(length, _)| *length);
    let (namespace, name) = match known {
        Some((length, name)) => (named.get(..length).unwrap_or_default(), name),
        None => named.split_once('-').unwrap_or(("default", named)),
    };
    ObjectKey::new(kind, namespace, name)
}

/// Digits of the digest at the end of the name of a folder, and of the id of the key that a secret's was made with.
const DIGEST: usize = 24;
const KEY_ID: usize = 8;

fn without_digest(name: &str, digits: usize) -> &str {
    let cut = name
        .rsplit_once('-')
        .filter(|(_, last)| last.len() == digits && last.bytes().all(|byte| byte.is_ascii_hexdigit()));
    cut.map_or(name, |(before, _)| before)
}
