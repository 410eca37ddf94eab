//! Reads a source again whenever something may have changed, and sends on what came of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use skiff_api::{Instance, ObjectKey};
use skiff_core::{History, Timestamp, archived};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::faults::{fault_news, faults};
use super::target::{TargetOptions, target};
use crate::controller::{Snapshot, Target};
use crate::scribe::Notes;
use crate::source::{self, Beside, Loaded, SourceOptions, merge_last_good};
use crate::state::{Faults, State};
use crate::ui::problem::{self, Severity};

/// A source that is kept in view.
pub(super) struct SourceTask {
    pub(super) options: SourceOptions,
    pub(super) target_options: TargetOptions,
    pub(super) instance: Instance,
    pub(super) state: State,
    pub(super) targets: watch::Sender<Arc<Target>>,
    pub(super) beside: watch::Sender<Beside>,
    pub(super) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(super) fingerprint: String,
    /// Where events are left, and what is wrong.
    pub(super) notes: Notes,
    /// What was wrong when it was last told.
    pub(super) faults: Faults,
}

impl SourceTask {
    /// Runs until cancelled, or until whoever watches the disk has ended.
    pub(super) async fn run(mut self, mut changes: mpsc::Receiver<()>, cancel: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                change = changes.recv() => match change {
                    Some(()) => self.reload().await,
                    None => return,
                },
                changed = self.snapshots.changed() => match changed {
                    Ok(()) => self.forget_gone(),
                    Err(_) => return,
                },
            }
        }
    }

    async fn reload(&mut self) {
        let options = self.options.clone();
        let loaded = tokio::task::spawn_blocking(move || source::load(&options)).await;
        // A load that panicked has said so; what runs is left as it is.
        let Ok(loaded) = loaded else { return };
        if loaded.fingerprint == self.fingerprint {
            return;
        }
        self.fingerprint.clone_from(&loaded.fingerprint);
        self.take(loaded);
    }

    /// Completes a load by the last good state, remembers it, and sends on what it aims at.
    pub(super) fn take(&mut self, loaded: Loaded) {
        let good = self.state.good(&loaded.source);
        let loaded = merge_last_good(loaded, &good, &self.instance);
        report(&loaded);
        self.tell_faults(&loaded);
        self.state.save(&loaded.source, loaded.good());
        if let Some(why) = self.state.degraded() {
            tracing::warn!(why, "the state directory cannot be written; going on from memory");
        }
        self.beside.send_replace(loaded.beside.clone());
        let history = self.history();
        match target(&loaded, &self.state, &history, &self.instance, &self.target_options) {
            Ok(target) => {
                self.state.keep_archive(archived(&target.desired, &target.content, &history, self.state.archive()));
                let workloads = target.desired.workloads.len();
                tracing::info!(source = loaded.source, objects = loaded.objects.len(), workloads, "manifests loaded");
                self.targets.send_replace(Arc::new(target));
            }
            Err(error) => tracing::error!(%error, "the manifests cannot be aimed at"),
        }
        // What was confirmed is what the manifests said then, not whatever they will say.
        self.target_options.confirm_prune = false;
    }

    /// Leaves what is wrong for those who ask beside this process, and tells what of it is new.
    fn tell_faults(&mut self, loaded: &Loaded) {
        let now = faults(loaded);
        let before = self.faults.insert(loaded.source.clone(), now.clone()).unwrap_or_default();
        self.notes.events(fault_news(&loaded.source, &before, &now, Timestamp::now()));
        self.notes.faults(self.faults.clone());
    }

    /// What the loop remembers now; before its first pass, what was remembered when the state was opened.
    fn history(&self) -> Arc<History> {
        let snapshot = self.snapshots.borrow();
        if snapshot.pass == 0 { Arc::new(self.state.history()) } else { Arc::clone(&snapshot.observed.history) }
    }

    /// Forgets what is remembered of objects that have left their source and of which nothing is left.
    fn forget_gone(&mut self) {
        let snapshot = Arc::clone(&self.snapshots.borrow_and_update());
        let target = Arc::clone(&self.targets.borrow());
        let gone = gone(&target, &snapshot);
        if gone.is_empty() {
            return;
        }
        for source in target.desired.sources.keys() {
            self.state.forget(source, &gone);
        }
        self.targets.send_if_modified(|target| {
            let mut next = Target::clone(target);
            next.desired.departed.retain(|key, _| !gone.contains(key));
            *target = Arc::new(next);
            // It changes nothing that is to be done.
            false
        });
    }
}

/// The objects that left their source and of which nothing is left, nor will be: a pass that worked towards this very target neither
/// saw nor did anything of them.
fn gone(target: &Arc<Target>, snapshot: &Snapshot) -> BTreeSet<ObjectKey> {
    if snapshot.engine_error.is_some() || !Arc::ptr_eq(target, &snapshot.target) {
        return BTreeSet::new();
    }
    let there = owners(snapshot);
    let acted_on = |key: &ObjectKey| {
        snapshot.observed.in_flight.contains(key) || snapshot.plan.steps.iter().any(|step| step.object == *key)
    };
    let desired = &target.desired;
    let departed = desired.departed.keys().filter(|key| !desired.declares(key));
    departed.filter(|key| !there.contains(key) && !acted_on(key)).cloned().collect()
}

/// The objects of which Docker has something.
fn owners(snapshot: &Snapshot) -> BTreeSet<&ObjectKey> {
    let observed = &snapshot.observed;
    let containers = observed.containers.iter().filter_map(|container| container.owner.labels());
    let networks = observed.networks.iter().filter_map(|network| network.owner.labels());
    let volumes = observed.volumes.iter().filter_map(|volume| volume.owner.labels());
    containers.chain(networks).chain(volumes).map(|labels| &labels.object).collect()
}

/// Says in the log what is wrong, one line a mistake.
fn report(loaded: &Loaded) {
    for mistake in problem::mistakes(loaded) {
        let (file, message) = (mistake.location(), mistake.message.as_str());
        let help = mistake.help.as_deref();
        match mistake.severity {
            Severity::Error => tracing::error!(file, help, "{message}; the last good version stays in force"),
            Severity::Warning => tracing::warn!(file, help, "{message}"),
        }
    }
    let kept = loaded.objects.iter().filter(|(_, declared)| declared.last_good);
    let names: Vec<String> = kept.map(|(key, _)| key.to_string()).collect();
    if !names.is_empty() {
        tracing::warn!(objects = names.join(", "), "kept at their last good version");
    }
}

#[cfg(test)]
mod tests {
    use skiff_api::{Component, Kind, OwnerLabels};
    use skiff_core::{Departed, ObservedContainer, Owner};

    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey::new(Kind::Deployment, "shop", name)
    }

    fn labels_of(name: &str) -> OwnerLabels {
        OwnerLabels {
            instance: Instance::default(),
            source: "test".to_owned(),
            object: key(name),
            ordinal: 1,
            component: Component::Main,
            run: None,
            revision: 1,
            source_revision: None,
            template_hash: String::new(),
            template: None,
            content: None,
            image_id: None,
        }
    }

    /// A target that two objects have left, and a pass that worked towards it.
    fn after_departure() -> (Arc<Target>, Snapshot) {
        let mut target = Target::default();
        for name in ["api", "web"] {
            target.desired.departed.insert(key(name), Departed::default());
        }
        let target = Arc::new(target);
        (Arc::clone(&target), Snapshot { pass: 1, target, ..Snapshot::default() })
    }

    /// A task over an empty state directory, and what it aims at.
    fn task(folder: &std::path::Path) -> (SourceTask, watch::Receiver<Arc<Target>>) {
        let folders = crate::state::Folders { state: folder.join("state"), run: folder.join("run") };
        let (targets, aim) = watch::channel(Arc::<Target>::default());
        let task = SourceTask {
            options: SourceOptions::default(),
            target_options: TargetOptions { confirm_prune: true, ..TargetOptions::default() },
            instance: Instance::default(),
            state: State::open(folders).expect("a state"),
            targets,
            beside: watch::channel(Beside::default()).0,
            snapshots: watch::channel(Arc::<Snapshot>::default()).1,
            fingerprint: String::new(),
            notes: Notes::channel().0,
            faults: Faults::new(),
        };
        (task, aim)
    }

    #[test]
    fn a_prune_is_confirmed_for_the_first_load_and_for_no_later_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut task, aim) = task(folder.path());
        let mut confirmed = || {
            task.take(Loaded { source: "shop".to_owned(), ..Loaded::default() });
            aim.borrow().desired.sources.get("shop").map(|source| source.confirm_prune)
        };
        assert_eq!([confirmed(), confirmed(), confirmed()], [Some(true), Some(false), Some(false)]);
    }

    #[test]
    fn what_has_left_and_of_which_nothing_is_left_is_gone() {
        let (target, mut snapshot) = after_departure();
        assert_eq!(gone(&target, &snapshot), BTreeSet::from([key("api"), key("web")]));
        let owner = Owner::Ours(Box::new(labels_of("web")));
        let container = ObservedContainer { owner, ..ObservedContainer::default() };
        snapshot.observed.containers.push(container);
        assert_eq!(gone(&target, &snapshot), BTreeSet::from([key("api")]));
    }

    #[test]
    fn what_is_in_flight_or_was_judged_by_an_older_target_is_not_gone() {
        let (target, mut snapshot) = after_departure();
        snapshot.observed.in_flight.insert(key("web"));
        assert_eq!(gone(&target, &snapshot), BTreeSet::from([key("api")]));
        snapshot.target = Arc::default();
        assert_eq!(gone(&target, &snapshot), BTreeSet::new());
    }
}
