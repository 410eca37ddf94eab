//! Making one replica: what must be there first, the container, its networks, its start.

use skiff_api::{Component, DependencyCondition, Kind, ObjectKey, OwnerLabels, naming};

use super::StepId;
use super::draft::{Draft, Presence};
use super::joined::{resolved, volumes_from};
use super::nameless::Handover;
use super::network::{presence, recordable};
use super::origin::{Origin, origin};
use super::volume::{may_be_made, plan_volume};
use crate::action::{Action, ConnectNetwork, ContainerRef, ContainerSpec, CreateContainer, FileSet, Namespaces};
use crate::desired::{Mount, MountSource, Workload};
use crate::held::{HeldReason, Pending};
use crate::image::FromImage;
use crate::observed::ObservedContainer;
use crate::reason::Reason;

/// What all new replicas of a workload follow in this plan.
#[derive(Clone, Debug, Default)]
pub(super) struct Ground {
    /// The image that they are made from.
    pub(super) image: FromImage,
    /// The step that gets the image.
    pub(super) got: Option<StepId>,
    /// Networks, volumes, files, dependencies.
    pub(super) after: Vec<StepId>,
}

/// Which container of an object is made.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Docker's name.
    pub(super) name: String,
    /// The ordinal of a replica, the number of an attempt.
    pub(super) ordinal: u32,
    /// The revision of the template, 0 for jobs.
    pub(super) revision: u64,
    /// Which part of the object it is.
    pub(super) component: Component,
    /// The run of a job, or by hand.
    pub(super) run: Option<String>,
    /// What it gets from the container whose place it takes.
    pub(super) handover: Option<Handover>,
}

impl Place {
    /// A replica of a deployment.
    pub(super) fn replica(draft: &Draft<'_>, workload: &Workload, ordinal: u32, revision: u64) -> Self {
        Self {
            name: replica_name(draft, workload, ordinal),
            ordinal,
            revision,
            component: Component::Main,
            run: None,
            handover: None,
        }
    }
}

/// Lays the ground for new replicas: dependencies, networks, volumes, files, the image.
pub(super) fn lay_ground(draft: &mut Draft<'_>, workload: &Workload, gate: Vec<StepId>) -> Result<Ground, HeldReason> {
    let mut after = gate;
    for attachment in &workload.networks {
        match presence(&draft.networks, &attachment.network) {
            Presence::There => {}
            Presence::After(step) => after.push(*step),
            Presence::Held => return Err(waiting_for(draft, Kind::Network, &attachment.network, workload)),
        }
    }
    for mount in &workload.template.mounts {
        if let MountSource::Volume { object, name, per_replica: false, .. } = &mount.source {
            match draft.volumes.get(name) {
                Some(Presence::There) => {}
                Some(Presence::After(step)) => after.push(*step),
                Some(Presence::Held) | None => {
                    return Err(HeldReason::WaitingFor {
                        dependency: object.clone(),
                        condition: DependencyCondition::default(),
                    });
                }
            }
        }
    }
    for files in file_sets(&workload.template.mounts) {
        after.extend(write_files(draft, workload, files));
    }
    let Origin { image, get, reason } = origin(draft, workload);
    let got = get_image(draft, workload, get, reason, &after);
    after.push(got);
    Ok(Ground { image, got: Some(got), after })
}

/// The step that gets an image. What several objects of one plan are made from is built once, and waits for nothing of theirs.
fn get_image(draft: &mut Draft<'_>, workload: &Workload, get: Action, reason: Reason, after: &[StepId]) -> StepId {
    let (key, hash) = (&workload.key, &workload.template.hash);
    let Action::BuildImage(build) = &get else { return draft.step(key, hash, get, reason, after.iter().copied()) };
    if let Some(step) = draft.builds.get(&build.image) {
        return *step;
    }
    let image = build.image.clone();
    let step = draft.step(key, hash, get, reason, []);
    draft.builds.insert(image, step);
    step
}

pub(super) fn waiting_for(draft: &Draft<'_>, kind: Kind, name: &str, workload: &Workload) -> HeldReason {
    let dependency = draft
        .desired
        .network_named(name)
        .cloned()
        .unwrap_or_else(|| ObjectKey::new(kind, workload.key.namespace.as_str(), name));
    HeldReason::WaitingFor { dependency, condition: DependencyCondition::default() }
}

fn file_sets(mounts: &[Mount]) -> impl Iterator<Item = &FileSet> {
    mounts.iter().filter_map(|mount| match &mount.source {
        MountSource::Files(files) => Some(files),
        MountSource::Volume { .. }
        | MountSource::HostPath { .. }
        | MountSource::Tmpfs(_)
        | MountSource::Anonymous(_)
        | MountSource::Image(_)
        | MountSource::NamedPipe(_) => None,
    })
}

/// The step that writes files that are missing: before a container is made, and before one is started again after a reboot. Or
/// those of another version, where they are updated in place.
pub(super) fn write_files(draft: &mut Draft<'_>, workload: &Workload, files: &FileSet) -> Option<StepId> {
    let written = draft.observed.files.get(&files.id);
    if written == Some(&files.version) {
        return None;
    }
    if let Some(known) = draft.files.get(&files.id) {
        return Some(*known);
    }
    let reason = if written.is_some() { files_changed(files) } else { Reason::Missing };
    let step = draft.step(&workload.key, &workload.template.hash, Action::WriteFiles(files.clone()), reason, []);
    draft.files.insert(files.id.clone(), step);
    Some(step)
}

fn files_changed(files: &FileSet) -> Reason {
    let object = format!("{}/{}", files.object.kind.lower(), files.object.name);
    Reason::ContentChanged { objects: vec![object], in_place: true }
}

/// Replaces files under the containers that mount them, where they are updated in place. A rollout that is held or paused holds
/// none of it: such files are no part of a revision.
pub(super) fn update_files(draft: &mut Draft<'_>, workload: &Workload) {
    let stale: Vec<FileSet> = file_sets(&workload.template.mounts)
        .filter(|files| draft.observed.files.get(&files.id).is_some_and(|written| *written != files.version))
        .filter(|files| !draft.files.contains_key(&files.id))
        .cloned()
        .collect();
    let back_off = draft.back_off(&workload.key, &workload.template.hash);
    for files in stale {
        match &back_off {
            None => drop(write_files(draft, workload, &files)),
            Some(why) => {
                let reason = files_changed(&files);
                let pending = Pending { verb: "write files", target: files.id, reason };
                draft.hold_with(&workload.key, why.clone(), vec![pending]);
            }
        }
    }
}

/// The steps that write the files that an existing container mounts, where they are missing and known.
pub(super) fn restore_files(draft: &mut Draft<'_>, workload: &Workload, container: &ObservedContainer) -> Vec<StepId> {
    let mounted: Vec<FileSet> =
        file_sets(&workload.template.mounts).filter(|files| container.files.contains(&files.id)).cloned().collect();
    mounted.iter().filter_map(|files| write_files(draft, workload, files)).collect()
}

/// Docker's name of a replica.
pub(super) fn replica_name(draft: &Draft<'_>, workload: &Workload, ordinal: u32) -> String {
    naming::container_name(&draft.desired.instance, &workload.key, &workload.template.pod, ordinal)
}

/// Whether that is Docker's name of a replica.
pub(super) fn is_replica_name(draft: &Draft<'_>, workload: &Workload, ordinal: u32, name: &str) -> bool {
    naming::is_container_name(name, &draft.desired.instance, &workload.key, &workload.template.pod, ordinal)
}

/// The steps that bring a container about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Made {
    /// It is there.
    pub(super) created: StepId,
    /// It runs; none where something must run before.
    pub(super) started: Option<StepId>,
}

/// Plans a new container.
pub(super) fn create(
    draft: &mut Draft<'_>,
    workload: &Workload,
    ground: &Ground,
    place: Place,
    reason: &Reason,
    after: &[StepId],
) -> Made {
    let (key, hash) = (&workload.key, &workload.template.hash);
    let (mounts, volumes) = resolve_mounts(draft, workload, place.ordinal);
    let owner = owner(draft, workload, &place);
    let Place { name, handover, .. } = place;
    let mut follows: Vec<StepId> = ground.after.iter().chain(after).copied().chain(volumes).collect();
    // A container that is removed in this plan frees its name and its ports first.
    follows.extend(draft.named(&name).and_then(|holder| draft.removals.get(&holder.id)).copied());
    let spec = ContainerSpec {
        owner,
        image: ground.image.clone(),
        template: std::sync::Arc::clone(&workload.template),
        mounts,
        carried: handover.as_ref().map(Handover::carried).cloned().unwrap_or_default(),
        first_network: workload.networks.first().cloned(),
        network_mode: resolved(draft, workload, workload.template.pod.network_mode.as_ref()),
        namespaces: Namespaces {
            pid: resolved(draft, workload, workload.template.pod.container.pid_mode.as_ref()),
            ipc: resolved(draft, workload, workload.template.pod.container.ipc_mode.as_ref()),
        },
        volumes_from: volumes_from(draft, workload),
    };
    let action = Action::CreateContainer(Box::new(CreateContainer { name: name.clone(), spec }));
    let created = draft.step(key, hash, action, reason.clone(), follows);
    let container = ContainerRef { id: None, name };
    let mut ready_to_start = vec![created];
    ready_to_start.extend(handover.map(|handover| handover.end(draft, workload, reason, created)));
    for attachment in workload.networks.iter().skip(1) {
        let connect = ConnectNetwork { container: container.clone(), network_id: None, attachment: attachment.clone() };
        ready_to_start.push(draft.step(key, hash, Action::ConnectNetwork(connect), Reason::Needed, [created]));
    }
    let start = Action::StartContainer { container };
    let is_free = workload.inits.is_empty();
    let started = is_free.then(|| draft.step(key, hash, start, reason.clone(), ready_to_start));
    Made { created, started }
}

/// The mounts of an ordinal, with what the engine makes of a volume that has gone by then, and the steps that make volumes of
/// its own.
fn resolve_mounts(draft: &mut Draft<'_>, workload: &Workload, ordinal: u32) -> (Vec<Mount>, Vec<StepId>) {
    let mut steps = Vec::new();
    let mut mounts = workload.template.mounts.clone();
    for mount in &mut mounts {
        let MountSource::Volume { object, name, per_replica, definition, .. } = &mut mount.source else { continue };
        let Some(volume) = draft.desired.volume_anywhere(object) else { continue };
        if *per_replica {
            *name = format!("{name}-{ordinal}");
            if let Presence::After(step) = plan_volume(draft, object, volume, name) {
                steps.push(step);
            }
        }
        *definition = may_be_made(draft, object, volume, name).map(Box::new);
    }
    (mounts, steps)
}

fn owner(draft: &Draft<'_>, workload: &Workload, place: &Place) -> OwnerLabels {
    let content = &workload.template.content;
    OwnerLabels {
        instance: draft.desired.instance.clone(),
        source: workload.source.clone(),
        object: workload.key.clone(),
        ordinal: place.ordinal,
        component: place.component,
        run: place.run.clone(),
        revision: place.revision,
        source_revision: workload.source_revision.clone(),
        template_hash: workload.template.hash.clone(),
        template: recordable(&workload.template.canonical),
        // A map of texts always serialises.
        content: (!content.is_empty()).then(|| serde_json::to_string(content).unwrap_or_default()),
        image_id: None,
    }
}
