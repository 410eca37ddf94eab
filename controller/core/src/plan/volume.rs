//! Volumes: made when missing, and otherwise left alone. A changed definition is held, as data cannot be remade.

use std::collections::BTreeSet;

use skiff_api::ObjectKey;

use super::draft::{Draft, Presence};
use super::network::{beside, external, owner_labels, recorded_changes};
use crate::action::{Action, CreateVolume};
use crate::desired::{DesiredVolume, MountSource};
use crate::held::HeldReason;
use crate::observed::ObservedVolume;
use crate::reason::{Change, Reason};

pub(super) fn plan_volumes(draft: &mut Draft<'_>) {
    let volumes = &draft.desired.volumes;
    for (key, volume) in volumes.iter().filter(|(_, volume)| !volume.per_replica && !volume.spec.external) {
        plan_volume(draft, key, volume, &volume.name);
    }
    // What one object makes may be external to another, of another source.
    let made: BTreeSet<String> = draft.volumes.keys().cloned().collect();
    for (key, volume) in volumes.iter().filter(|(_, volume)| volume.spec.external && !made.contains(&volume.name)) {
        let presence = decide(draft, key, volume, &volume.name);
        draft.volumes.insert(volume.name.clone(), presence);
    }
    plan_beside(draft);
}

/// Volumes that only sources beside the loaded ones declare, where something of ours mounts them.
fn plan_beside(draft: &mut Draft<'_>) {
    let desired = draft.desired;
    let mounts = desired.with_containers().flat_map(|workload| &workload.template.mounts);
    let used: BTreeSet<&str> = mounts
        .filter_map(|mount| {
            let MountSource::Volume { name, per_replica: false, .. } = &mount.source else { return None };
            Some(name.as_str())
        })
        .collect();
    for (key, volume) in desired.beside.iter().flat_map(|beside| &beside.volumes) {
        if used.contains(volume.name.as_str()) && !draft.volumes.contains_key(&volume.name) {
            let is_theirs = |found: &ObservedVolume| found.owner.labels().is_some_and(|labels| labels.object == *key);
            let exists = draft.volume(&volume.name).is_some_and(|found| volume.spec.external || is_theirs(found));
            let presence = beside(draft, key, &volume.source, &volume.name, exists);
            draft.volumes.insert(volume.name.clone(), presence);
        }
    }
}

/// Plans one volume by Docker's name, which is with the ordinal where each replica has its own.
pub(super) fn plan_volume(draft: &mut Draft<'_>, key: &ObjectKey, volume: &DesiredVolume, name: &str) -> Presence {
    if let Some(known) = draft.volumes.get(name) {
        return known.clone();
    }
    let presence = decide(draft, key, volume, name);
    draft.volumes.insert(name.to_owned(), presence.clone());
    presence
}

fn decide(draft: &mut Draft<'_>, key: &ObjectKey, volume: &DesiredVolume, name: &str) -> Presence {
    let found = draft.volume(name);
    if volume.spec.external {
        return external(draft, key, name, found.is_some());
    }
    if draft.in_flight(key) {
        return Presence::Held;
    }
    match found.map(|found| found.owner.labels()) {
        Some(Some(labels)) if labels.object == *key => {
            if labels.template_hash != volume.hash {
                let changes: Vec<Change> = recorded_changes(labels, &volume.canonical)
                    .into_iter()
                    // What becomes of the data is ours to decide and no matter of the volume's.
                    .filter(|change| change.field != "spec.reclaimPolicy")
                    .collect();
                if !changes.is_empty() || labels.template.is_none() {
                    draft.hold(key, HeldReason::VolumeChanged { changes });
                }
            }
            Presence::There
        }
        Some(_) => {
            draft.hold(key, HeldReason::NameTaken { name: name.to_owned(), by: format!("volume {name}") });
            Presence::Held
        }
        None => create(draft, key, volume, name),
    }
}

fn create(draft: &mut Draft<'_>, key: &ObjectKey, volume: &DesiredVolume, name: &str) -> Presence {
    if let Some(back_off) = draft.back_off(key, &volume.hash) {
        draft.hold(key, back_off);
        return Presence::Held;
    }
    let action = Action::CreateVolume(definition(draft, key, volume, name));
    Presence::After(draft.step(key, &volume.hash, action, Reason::Missing, []))
}

fn definition(draft: &Draft<'_>, key: &ObjectKey, volume: &DesiredVolume, name: &str) -> CreateVolume {
    let revision = volume.source_revision.as_ref();
    CreateVolume {
        name: name.to_owned(),
        spec: volume.spec.clone(),
        owner: owner_labels(draft, key, &volume.source, revision, &volume.hash, &volume.canonical),
        labels: volume.labels.clone(),
    }
}

/// As what the engine makes a volume that has gone when a container is made: with our labels, so that it is not nobody's for
/// ever. Never one that is external, and none whose definition changed: that one has other settings than the engine would be told.
pub(super) fn may_be_made(
    draft: &Draft<'_>,
    key: &ObjectKey,
    volume: &DesiredVolume,
    name: &str,
) -> Option<CreateVolume> {
    let found = draft.observed.volumes.iter().find(|found| found.name == name);
    let changed =
        found.is_some_and(|found| found.owner.labels().is_none_or(|labels| labels.template_hash != volume.hash));
    (!volume.spec.external && !changed).then(|| definition(draft, key, volume, name))
}
