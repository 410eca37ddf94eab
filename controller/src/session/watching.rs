//! Reads sources again whenever something may have changed, and sends on what came of it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use skiff_api::{Instance, ObjectKey};
use skiff_core::{History, Timestamp, archived};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::beside;
use super::faults::{fault_news, faults};
use super::following::{Change, Synced, What};
use super::origin::make_missing;
use super::slot::{Slot, SlotKind};
use super::sweeping;
use super::target::{TargetOptions, target};
use crate::controller::{Snapshot, Target};
use crate::mandate::Mandate;
use crate::metrics::SourceFacts;
use crate::scribe::Notes;
use crate::source::{self, Loaded, SourceOptions};
use crate::state::{Faults, State};
use crate::ui::problem::{self, Severity};

/// The sources that are kept in view.
pub(super) struct SourceTask {
    pub(super) slots: Vec<Slot>,
    pub(super) target_options: TargetOptions,
    pub(super) instance: Instance,
    pub(super) state: State,
    pub(super) targets: watch::Sender<Arc<Target>>,
    pub(super) snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Where events are left, and what is wrong.
    pub(super) notes: Notes,
    /// What was wrong when it was last told.
    pub(super) faults: Faults,
    /// Where what is known of the sources is left, for whoever watches.
    pub(super) facts: Option<watch::Sender<Arc<SourceFacts>>>,
    /// Whether the state directory is this process's to write.
    pub(super) mandate: Mandate,
    /// The copies of folders that containers mount, each with the folder of the commit in force that it is made from.
    pub(super) mounts: Vec<(PathBuf, PathBuf)>,
}

impl SourceTask {
    /// Runs until cancelled, or until whoever watches the sources has ended.
    pub(super) async fn run(mut self, mut changes: mpsc::Receiver<Change>, cancel: CancellationToken) {
        loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                change = changes.recv() => match change {
                    // Without leave, which is about to end this, nothing is written any more.
                    Some(change) if self.mandate.holds() => self.change(change).await,
                    Some(_) => {}
                    None => return,
                },
                changed = self.snapshots.changed() => match changed {
                    Ok(()) if self.mandate.holds() => {
                        self.forget_gone();
                        self.restore_mounts().await;
                    }
                    Ok(()) => {}
                    Err(_) => return,
                },
            }
        }
    }

    async fn change(&mut self, change: Change) {
        let Change { slot: index, what, tell } = change;
        let Some(slot) = self.slots.get_mut(index) else { return };
        let mut rewritten = false;
        let is_news = match what {
            What::Dirty => self.reload(index).await,
            What::Same => {
                let was_away = slot.trouble.is_some();
                slot.spoke();
                was_away
            }
            What::Away(problem) => slot.trouble.replace(problem.clone()) != Some(problem),
            What::Read(loaded, other_past) => {
                let was_away = slot.trouble.is_some();
                rewritten = other_past;
                let is_same = loaded.fingerprint == slot.raw.fingerprint && loaded.revision == slot.raw.revision;
                slot.raw = *loaded;
                slot.spoke();
                was_away || rewritten || !is_same
            }
        };
        if let (false, Some(slot)) = (is_news, self.slots.get(index)) {
            self.note_answer(slot);
        }
        if is_news {
            self.take(Some(index).filter(|_| rewritten)).await;
        }
        if !tell.is_empty() {
            let synced = self.synced(index);
            for asked in tell {
                // Who asked may have gone.
                asked.send(synced.clone()).ok();
            }
        }
    }

    /// Reads a source from the disk. Whether it says something else than before.
    async fn reload(&mut self, index: usize) -> bool {
        let Some(Slot { kind: SlotKind::Disk { options, .. }, .. }) = self.slots.get(index) else { return false };
        let options = SourceOptions::clone(options);
        let loaded = tokio::task::spawn_blocking(move || source::load(&options)).await;
        // A load that panicked has said so; what runs is left as it is.
        let (Ok(loaded), Some(slot)) = (loaded, self.slots.get_mut(index)) else { return false };
        let is_news = loaded.fingerprint != slot.raw.fingerprint;
        if is_news {
            slot.raw = loaded;
        }
        slot.spoke();
        is_news
    }

    /// Completes what the sources say by the last good state, remembers it, and sends on what it aims at. `rewritten` is the source whose
    /// branch was written anew.
    pub(super) async fn take(&mut self, rewritten: Option<usize>) {
        let said = self.slots.iter().map(Slot::said).collect();
        let mut loads = beside::complete(said, &self.state, &self.instance);
        let mut good = Vec::new();
        for (index, (slot, loaded)) in self.slots.iter_mut().zip(&mut loads).enumerate() {
            slot.complete(loaded);
            self.notes.events(slot.oddities(loaded, Timestamp::now()));
            if slot.is_news(loaded) {
                report(loaded);
            }
            let news = slot.news(loaded, rewritten == Some(index), Timestamp::now());
            for event in &news {
                tracing::info!(source = loaded.source, "{}", event.message);
            }
            self.notes.events(news);
            if let SlotKind::Disk { beside, .. } = &slot.kind {
                beside.send_replace(loaded.beside.clone());
            }
            if let (SlotKind::Git(origin), Some(commit)) = (&slot.kind, slot.is_good(loaded)) {
                good.push((Arc::clone(origin), commit));
            }
        }
        for loaded in &loads {
            self.tell_faults(loaded);
        }
        beside::save(&mut self.state, &loads, &self.instance);
        self.publish(&loads);
        if let Some(why) = self.state.degraded() {
            tracing::warn!(why, "the state directory cannot be written; going on from memory");
        }
        self.mounts = loads.iter().flat_map(|loaded| loaded.mounts.clone()).collect();
        if let Err(error) = make_missing(self.mounts.clone()).await {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, cause, "the manifests cannot be aimed at");
            return;
        }
        self.aim(&loads);
        // What is only told can wait for the disk.
        for commit in loads.iter().filter_map(|loaded| loaded.commit.as_ref()) {
            self.state.keep_commit(commit);
        }
        for (origin, commit) in good {
            origin.keep(&commit).await;
        }
        self.sweep();
    }

    /// Makes copies again that somebody removed: what mounts them could not start again.
    async fn restore_mounts(&self) {
        match make_missing(self.mounts.clone()).await {
            Ok(made) => {
                for path in &made {
                    tracing::warn!(path = %path.display(), "was gone and is there again");
                }
            }
            Err(error) => tracing::error!(%error, "what containers mount is gone, and cannot be made again"),
        }
    }

    /// Leaves what is known of the sources for whoever watches.
    fn publish(&self, loads: &[Loaded]) {
        let Some(facts) = &self.facts else { return };
        facts.send_modify(|facts| {
            let fact = |(slot, loaded): (&Slot, &Loaded)| {
                (loaded.source.clone(), slot.fact(loaded, facts.get(&loaded.source)))
            };
            *facts = Arc::new(self.slots.iter().zip(loads).map(fact).collect());
        });
    }

    /// Notes that a source answered with nothing new.
    fn note_answer(&self, slot: &Slot) {
        let Some(facts) = &self.facts else { return };
        facts.send_modify(|facts| {
            if let Some(fact) = Arc::make_mut(facts).get_mut(&slot.raw.source) {
                fact.succeeded = slot.succeeded(fact.problems, Some(fact));
            }
        });
    }

    fn aim(&mut self, loads: &[Loaded]) {
        let history = self.history();
        // What was confirmed is what each source said first, not whatever it will say, nor what others say meanwhile.
        let changed = self.slots.iter().filter(|slot| slot.has_changed());
        self.target_options.unconfirmed = changed.map(|slot| slot.raw.source.clone()).collect();
        match target(loads, &self.state, &history, &self.instance, &self.target_options) {
            Ok(target) => {
                self.state.keep_archive(archived(&target.desired, &target.content, &history, self.state.archive()));
                let (workloads, objects) =
                    (target.desired.workloads.len(), loads.iter().map(|loaded| loaded.objects.len()).sum::<usize>());
                let sources: Vec<&str> = loads.iter().map(|loaded| loaded.source.as_str()).collect();
                tracing::info!(source = sources.join(", "), objects, workloads, "manifests loaded");
                self.targets.send_replace(Arc::new(target));
            }
            Err(error) => tracing::error!(%error, "the manifests cannot be aimed at"),
        }
    }

    /// What is in force of a source, or why that is not the newest.
    fn synced(&self, index: usize) -> Synced {
        let Some(slot) = self.slots.get(index) else { return Err("the source has gone".to_owned()) };
        let source = &slot.raw.source;
        let commit = self.state.good(source).commit;
        let in_force = match (&commit, &slot.raw.revision) {
            (Some(commit), _) => format!("{commit} is in force"),
            (None, Some(revision)) if matches!(slot.kind, SlotKind::Etcd) => format!("revision {revision} is in force"),
            (None, _) => "nothing of it is in force".to_owned(),
        };
        match (&slot.trouble, &slot.raw.commit) {
            (Some(problem), _) => Err(format!("source {source}: {problem}; {in_force}")),
            (None, Some(said)) if Some(said) != commit.as_ref() => {
                Err(format!("source {source}: {said} is not applied, because of mistakes in it; {in_force}"))
            }
            (None, _) => Ok(format!("source {source}: {in_force}")),
        }
    }

    /// Removes files of commits that nothing needs any more.
    fn sweep(&self) {
        let (history, snapshot) = (self.history(), Arc::clone(&self.snapshots.borrow()));
        for slot in &self.slots {
            let SlotKind::Git(origin) = &slot.kind else { continue };
            let (good, observed) = (self.state.good(&origin.name), &snapshot.observed);
            // Before the first pass nobody knows what containers mount.
            let seen = snapshot.pass > 0;
            let bases = seen.then(|| sweeping::bases(&good, &history, observed));
            let copies = seen.then(|| sweeping::copies(origin.mounts(), &good, &history, observed)).flatten();
            let origin = Arc::clone(origin);
            tokio::task::spawn_blocking(move || {
                if let Some(bases) = bases {
                    origin.repository.sweep(&bases, sweeping::YOUNG);
                }
                if let Some(needed) = copies {
                    sweeping::sweep(origin.mounts(), &needed, sweeping::YOUNG);
                }
            });
        }
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
        if snapshot.pass == 0 { self.state.history() } else { Arc::clone(&snapshot.observed.history) }
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
mod tests;
