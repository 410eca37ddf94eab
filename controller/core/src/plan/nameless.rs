//! Volumes without a name: which of them the next container gets, which stay behind, and which go with their container.
//!
//! What a manifest or an image asks for without a name holds data like any other volume, and people who update a database lose none: the
//! container that takes the place of another mounts what that had, as Compose does it. An `emptyDir` is empty with each container by
//! its meaning, and goes with it.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::{Component, Kind, ObjectKey, PodTemplate, mounts_from};

use super::draft::{Draft, observed_ref};
use super::{StepId, replica::Replica};
use crate::action::{Action, ContainerRef};
use crate::desired::{Intent, Mount, MountSource, Workload};
use crate::made_from::made_from;
use crate::observed::{ContainerState, ObservedContainer};
use crate::reason::Reason;

/// What becomes of the volumes without a name of a container that another one takes the place of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Nameless {
    /// Those that the next one gets, by path.
    pub(super) carried: BTreeMap<String, String>,
    /// Those that stay, and that nothing mounts any more.
    pub(super) left: BTreeSet<String>,
}

/// Sorts the volumes without a name of a replica. A path that the manifest mounts otherwise is not asked for any more; one that it does not
/// mention may be the image's, which is known only to whoever makes the container.
pub(super) fn nameless(draft: &Draft<'_>, workload: &Workload, container: &ObservedContainer) -> Nameless {
    let mut sorted = Nameless::default();
    let Some(detail) = container.detail.as_ref().filter(|detail| !detail.nameless.is_empty()) else { return sorted };
    if !is_replica(container) {
        return sorted;
    }
    let empty = emptied(draft, &workload.key, container);
    let others = inherited(draft, workload);
    for (target, has) in &detail.nameless {
        let declared = workload.template.mounts.iter().find(|mount| is_at(mount, target));
        let is_wanted = match declared.map(|mount| &mount.source) {
            Some(MountSource::Anonymous(nameless)) => nameless.is_carried,
            Some(MountSource::Volume { name, .. }) if *name == has.volume => continue,
            Some(_) => false,
            None => !empty.contains(target) && !others.contains(&has.volume),
        };
        if is_wanted {
            sorted.carried.insert(target.clone(), has.volume.clone());
        } else if !empty.contains(target) && !others.contains(&has.volume) {
            sorted.left.insert(has.volume.clone());
        }
    }
    sorted
}

/// The volumes that go with a container: those of an `emptyDir`, and of what runs to its end all that it asked for. Where it is not known
/// what was asked for, all stay, and so does what another container has by now. With `down --volumes` all go; the engine keeps what is in use.
pub(super) fn going(draft: &Draft<'_>, object: &ObjectKey, container: &ObservedContainer) -> Vec<String> {
    let Some(detail) = container.detail.as_ref().filter(|detail| !detail.nameless.is_empty()) else {
        return Vec::new();
    };
    if draft.desired.intent == (Intent::Down { volumes: true }) {
        return detail.nameless.values().map(|has| has.volume.clone()).collect();
    }
    let empty = emptied(draft, object, container);
    let is_alone = |volume: &String| {
        let others = draft.observed.containers.iter().filter(|other| other.id != container.id);
        !others.into_iter().any(|other| other.volumes.contains(volume))
    };
    let goes = detail.nameless.iter().filter(|(target, has)| has.is_asked && empty.contains(*target));
    let mut goes: Vec<String> = goes.map(|(_, has)| has.volume.clone()).filter(is_alone).collect();
    goes.sort();
    goes
}

/// The paths at which a container has what is empty with each one.
fn emptied(draft: &Draft<'_>, object: &ObjectKey, container: &ObservedContainer) -> BTreeSet<String> {
    let all = || container.detail.iter().flat_map(|detail| detail.nameless.keys().cloned()).collect();
    if !is_replica(container) {
        return all();
    }
    let Some(labels) = container.owner.labels() else { return BTreeSet::new() };
    let pod = made_from(draft.desired.containers_of(object), draft.history, labels);
    pod.map(empty_dirs).unwrap_or_default()
}

/// Whether it is a replica of a deployment. What runs to its end has no successor.
fn is_replica(container: &ObservedContainer) -> bool {
    let labels = container.owner.labels();
    labels.is_some_and(|labels| labels.object.kind == Kind::Deployment && labels.component == Component::Main)
}

fn empty_dirs(pod: &PodTemplate) -> BTreeSet<String> {
    let on_disk = |name: &str| {
        let source = pod.volumes.iter().find(|source| source.name == name);
        let empty = source.and_then(|source| source.empty_dir.as_ref());
        empty.is_some_and(|empty| empty.medium.as_deref() != Some("Memory"))
    };
    let mounts = pod.container.volume_mounts.iter().filter(|mount| on_disk(&mount.name));
    mounts.map(|mount| bare(&mount.mount_path).to_owned()).collect()
}

/// The volumes of containers whose mounts a workload has as well: those are theirs to hand on.
fn inherited(draft: &Draft<'_>, workload: &Workload) -> BTreeSet<String> {
    let of = |item: &String| {
        let whose = mounts_from(item).0;
        match whose.strip_prefix("deployment:") {
            Some(name) => {
                let other = ObjectKey::new(Kind::Deployment, workload.key.namespace.as_str(), name);
                draft.containers(&other).to_vec()
            }
            None => draft.named(whose).into_iter().collect(),
        }
    };
    let containers = workload.template.pod.container.volumes_from.iter().flat_map(of);
    containers.flat_map(|container| container.volumes.iter().cloned()).collect()
}

fn is_at(mount: &Mount, target: &str) -> bool {
    bare(&mount.target) == bare(target)
}

/// A path without what says nothing at its end, as Docker tells it.
fn bare(path: &str) -> &str {
    let bare = path.trim_end_matches('/');
    if bare.is_empty() { path } else { bare }
}

/// Whether another container of the object runs on a volume without a name that this one has: never two at once.
pub(super) fn is_in_use(draft: &Draft<'_>, object: &ObjectKey, container: &ObservedContainer) -> bool {
    let Some(detail) = container.detail.as_ref().filter(|detail| !detail.nameless.is_empty()) else { return false };
    let runs = |other: &ObservedContainer| {
        matches!(other.state, ContainerState::Running | ContainerState::Paused | ContainerState::Restarting)
    };
    let others = draft.containers(object).iter().filter(|other| other.id != container.id && runs(other));
    others.into_iter().any(|other| detail.nameless.values().any(|has| other.volumes.contains(&has.volume)))
}

/// What one container hands on to the next, which is made while the first is still there: whoever dies in between finds what was handed on.
#[derive(Clone, Debug)]
pub(super) struct Handover {
    old: ContainerRef,
    going: Vec<String>,
    carried: BTreeMap<String, String>,
}

impl Handover {
    pub(super) fn of(draft: &Draft<'_>, workload: &Workload, replica: &Replica<'_>) -> Self {
        let Nameless { carried, .. } = &replica.nameless;
        let mut going = going(draft, &workload.key, replica.container);
        going.retain(|volume| !carried.values().any(|carried| carried == volume));
        Self { old: observed_ref(replica.container), going, carried: carried.clone() }
    }

    /// The volumes, by path.
    pub(super) const fn carried(&self) -> &BTreeMap<String, String> {
        &self.carried
    }

    /// Removes the first container once the next one is there.
    pub(super) fn end(&self, draft: &mut Draft<'_>, workload: &Workload, reason: &Reason, created: StepId) -> StepId {
        let action = Action::RemoveContainer { container: self.old.clone(), volumes: self.going.clone() };
        let step = draft.step(&workload.key, &workload.template.hash, action, reason.clone(), [created]);
        draft.removals.extend(self.old.id.clone().map(|id| (id, step)));
        step
    }
}
