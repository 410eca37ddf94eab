//! What may never happen, checked around every single step: data lost, something touched that is nobody's or not to be touched.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::{Object, ReclaimPolicy, label};
use skiff_core::{Action, Intent, Plan};
use skiff_sim::{Asked, SimContainer, SimEngine, SimNetwork, SimVolume};

use crate::bounds::ended;
use crate::controller::described;
use crate::ledger::{Fate, Ledger, object_of};
use crate::record::Record;

/// What no step may touch, and the data that is nobody's to lose.
pub(crate) struct Before {
    containers: Vec<SimContainer>,
    networks: Vec<SimNetwork>,
    /// The volumes, with the data in them, and whether that may go.
    volumes: BTreeMap<String, (u64, bool)>,
    files: BTreeSet<String>,
    /// The names of what is not ours.
    foreign: BTreeSet<String>,
}

impl Before {
    pub(crate) fn of(engine: &SimEngine, ledger: &Ledger) -> Self {
        let stays = |container: &SimContainer| {
            let fate = ledger.fate_of(engine, container);
            fate.is_none_or(|(_, fate)| matches!(fate, Fate::Left | Fate::Held))
        };
        let kept = |labels: &BTreeMap<String, String>| {
            object_of(labels).is_none_or(|key| matches!(ledger.fate(labels, &key), Fate::Left | Fate::Held))
        };
        let volumes = engine.volumes().map(|volume| (volume.name.clone(), (volume.data, may_be_lost(volume, ledger))));
        Self {
            containers: engine.containers().filter(|container| stays(container)).cloned().collect(),
            networks: engine.networks().filter(|network| kept(&network.labels)).cloned().collect(),
            volumes: volumes.collect(),
            files: engine.file_sets().map(str::to_owned).collect(),
            foreign: foreign(engine).map(str::to_owned).collect(),
        }
    }

    /// # Errors
    /// What a step did that none may do.
    pub(crate) fn check(&self, engine: &SimEngine) -> Result<(), String> {
        if let Some(container) = self.containers.iter().find(|before| engine.container(&before.id) != Some(before)) {
            return Err(format!("{} was touched, and is not to be touched", container.name));
        }
        let networks: BTreeMap<&String, &SimNetwork> =
            engine.networks().map(|network| (&network.id, network)).collect();
        if let Some(network) = self.networks.iter().find(|before| networks.get(&before.id) != Some(before)) {
            return Err(format!("network {} was touched, and is not to be touched", network.name));
        }
        if let Some(name) = foreign(engine).find(|name| !self.foreign.contains(*name)) {
            return Err(format!("{name} was made without our labels"));
        }
        let volumes: BTreeMap<&String, u64> = engine.volumes().map(|volume| (&volume.name, volume.data)).collect();
        for (name, (data, may_go)) in &self.volumes {
            if volumes.get(name) != Some(data) && !may_go {
                return Err(format!("the data of volume {name} was lost"));
            }
        }
        let mut used = engine.containers().flat_map(SimContainer::file_sets);
        match used.find(|id| self.files.contains(*id) && engine.files(id).is_none()) {
            Some(files) => Err(format!("files {files} were removed, and a container mounts them")),
            None => Ok(()),
        }
    }
}

/// The names of what is not ours.
fn foreign(engine: &SimEngine) -> impl Iterator<Item = &str> {
    let containers = engine.containers().map(|container| (container.name.as_str(), &container.labels));
    let networks = engine.networks().map(|network| (network.name.as_str(), &network.labels));
    // What the engine names is whose container's it is.
    let named = engine.volumes().filter(|volume| volume.nameless.is_none());
    let volumes = named.map(|volume| (volume.name.as_str(), &volume.labels));
    let all = containers.chain(networks).chain(volumes);
    all.filter(|(_, labels)| labels.get(label::INSTANCE).is_none_or(|name| name != "default")).map(|(name, _)| name)
}

/// Whether a volume holds what is empty with each container, was declared with `reclaimPolicy: Delete` last and is declared no more, or was asked to go.
fn may_be_lost(volume: &SimVolume, ledger: &Ledger) -> bool {
    if let Some(asked) = volume.nameless {
        return asked == Asked::Empty || ledger.order.intent == (Intent::Down { volumes: true });
    }
    let Some(key) = object_of(&volume.labels) else { return false };
    if ledger.fate(&volume.labels, &key) != Fate::Gone {
        return false;
    }
    match ledger.order.intent {
        Intent::Down { volumes } => volumes,
        Intent::Run => {
            let Some(Object::Volume(last)) = ledger.last(&key) else { return false };
            let source = volume.labels.get(label::SOURCE).map(String::as_str).unwrap_or_default();
            let confirmed = ledger.order.sources.get(source).is_some_and(|state| state.confirm_prune);
            let declares = ledger.scope.objects.keys().any(|key| ledger.scope.source(key) == source);
            last.spec.reclaim_policy == ReclaimPolicy::Delete && (confirmed || declares)
        }
    }
}

/// # Errors
/// Where a plan made on a full disk would take more of it, or start what might then not start again.
pub(crate) fn check_disk(plan: &Plan, engine: &SimEngine) -> Result<(), String> {
    let takes = |action: &Action| {
        matches!(action, Action::PullImage(_) | Action::CreateContainer(_) | Action::StartContainer { .. })
    };
    match plan.steps.iter().find(|step| takes(&step.action)) {
        Some(step) if engine.low_disk().is_some() => Err(format!("the disk is full, and planned: {}", described(step))),
        Some(_) | None => Ok(()),
    }
}

/// # Errors
/// Where a plan would remove an image that a declared version, or one to go back to, is made of.
pub(crate) fn check_images(plan: &Plan, engine: &SimEngine, record: &Record) -> Result<(), String> {
    for step in &plan.steps {
        let Action::RemoveImage(removed) = &step.action else { continue };
        let is_it = |reference: &String| engine.image(reference).is_some_and(|image| image.id == removed.id);
        for (key, track) in record.tracks() {
            let kept = track.proven_target().filter(|_| track.keeps_all());
            let needed = std::iter::once(track.latest()).chain(kept);
            let images = needed.map(|version| &version.deployment.spec.template.container.image);
            if let Some(image) = images.into_iter().find(|image| is_it(image)) {
                return Err(format!("{image} would be removed, and {key} may need it"));
            }
        }
    }
    Ok(())
}

/// # Errors
/// Where a plan would remove more of a source than may go before it is confirmed.
pub(crate) fn check_prune(plan: &Plan, engine: &SimEngine, ledger: &Ledger) -> Result<(), String> {
    if ledger.order.is_down() || ledger.order.sources.values().all(|state| state.confirm_prune) {
        return Ok(());
    }
    let guarded = ledger.guarded(engine);
    let removed = plan.steps.iter().filter_map(|step| ended(&step.action));
    let objects = removed.filter_map(|container| object_of(&engine.container(container.handle())?.labels));
    match objects.into_iter().find(|object| guarded.contains(object)) {
        Some(object) => Err(format!("{object} would be removed with most of its source, and nobody confirmed that")),
        None => Ok(()),
    }
}
