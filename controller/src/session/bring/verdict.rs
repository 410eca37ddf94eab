//! Whether what a pass saw is what was asked for: what is Ready, what is coming, and what nothing but a person can help.
//!
//! Pure.

use std::collections::BTreeMap;

use skiff_api::{Kind, ObjectKey};
use skiff_core::{Desired, Held, HeldReason, Intent, ObjectStatus, Phase, ReplicaStatus, RunOutcome, Way};

use crate::controller::Snapshot;
use crate::ui::live::{Kept, Unready};

/// After so many failures in a row, or restarts by the engine, an object is not waited for any longer.
const HOPELESS_AFTER: u32 = 3;

/// What is to be said of a pass.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// How many objects there are.
    pub(super) total: usize,
    /// Whether nothing happens any more that is worth waiting for.
    pub(super) is_quiet: bool,
    /// Objects that are not as declared and will not be by themselves.
    pub(super) unready: BTreeMap<ObjectKey, Unready>,
    /// Objects that are on their way.
    pub(super) coming: BTreeMap<ObjectKey, Unready>,
    /// What left the manifests and is not removed, because somebody has to say that it is meant.
    pub(super) kept: Vec<Kept>,
    /// What is held on purpose and keeps nothing from being as declared.
    pub(super) notes: Vec<String>,
}

/// Judges a pass. A run that is awaited, by object and name, must have ended as well.
pub(super) fn verdict(desired: &Desired, snapshot: &Snapshot, awaited: Option<&(ObjectKey, String)>) -> Verdict {
    let busy = !snapshot.plan.steps.is_empty() || !snapshot.observed.in_flight.is_empty();
    let mut verdict = match desired.intent {
        Intent::Run => of_run(desired, snapshot, awaited),
        Intent::Down { .. } => of_down(desired, snapshot),
    };
    verdict.is_quiet = !busy && verdict.coming.is_empty();
    verdict
}

fn of_run(desired: &Desired, snapshot: &Snapshot, awaited: Option<&(ObjectKey, String)>) -> Verdict {
    let mut verdict = Verdict { total: desired.with_containers().count(), ..Verdict::default() };
    for (key, status) in &snapshot.status {
        if matches!(status.phase, Phase::Ready | Phase::Finished) {
            continue;
        }
        let unready = Unready { object: key.clone(), why: why(status), remedy: remedy(snapshot, key), at: None };
        if is_hopeless(snapshot, status) {
            verdict.unready.insert(key.clone(), unready);
        } else {
            verdict.coming.insert(key.clone(), unready);
        }
    }
    if let Some((key, run)) = awaited {
        await_run(snapshot, key, run, &mut verdict);
    }
    give_up_dependents(snapshot, &mut verdict);
    verdict.kept = kept(snapshot);
    verdict.notes = notes(snapshot, |key| snapshot.status.contains_key(key));
    verdict
}

/// The objects of a prune that is held, by why it is.
fn kept(snapshot: &Snapshot) -> Vec<Kept> {
    let mut kept: Vec<Kept> = Vec::new();
    for held in snapshot.plan.held.iter().filter(|held| is_unpruned(&held.why)) {
        let (object, why) = (held.object.clone(), held.why.to_string());
        if let Some(known) = kept.iter_mut().find(|kept| kept.why == why) {
            known.objects.push(object);
        } else {
            let is_needed = matches!(held.why, HeldReason::Needed { .. });
            kept.push(Kept { objects: vec![object], why, is_needed, remedy: held.remedy() });
        }
    }
    kept
}

const fn is_unpruned(why: &HeldReason) -> bool {
    matches!(
        why,
        HeldReason::PruneUnconfirmed { .. } | HeldReason::SourceHasProblems { .. } | HeldReason::Needed { .. }
    )
}

/// Waits for a run to end, whatever else its object has come to.
fn await_run(snapshot: &Snapshot, key: &ObjectKey, run: &str, verdict: &mut Verdict) {
    let known = snapshot.observed.history.objects.get(key);
    let end = known.and_then(|known| known.runs.get(run)).map(|record| record.end);
    let said = |why: String| Unready { object: key.clone(), why, remedy: remedy(snapshot, key), at: None };
    match end {
        Some(None) if !verdict.unready.contains_key(key) => {
            let held = snapshot.plan.held.iter().find(|held| held.object == *key).map(|held| held.why.to_string());
            verdict.coming.insert(key.clone(), said(held.unwrap_or_else(|| format!("run {run} has not ended"))));
        }
        Some(None) => {}
        Some(Some(end)) if end.outcome == RunOutcome::Succeeded => {}
        Some(Some(end)) => drop(verdict.unready.insert(key.clone(), said(format!("run {run} {}", end.outcome)))),
        None => drop(verdict.unready.insert(key.clone(), said(format!("run {run} is not there any more")))),
    }
}

fn why(status: &ObjectStatus) -> String {
    if status.message.is_empty() {
        format!("{} of {} Ready", status.ready, status.replicas)
    } else {
        status.message.clone()
    }
}

/// What a person can do, where the reason does not say it.
fn remedy(snapshot: &Snapshot, key: &ObjectKey) -> Option<String> {
    snapshot.plan.held.iter().find(|held| held.object == *key)?.remedy()
}

fn is_hopeless(snapshot: &Snapshot, status: &ObjectStatus) -> bool {
    let key = &status.object;
    let goes_back = |held: &Held| matches!(held.why, HeldReason::RevisionFailed { way: Way::Back { .. }, .. });
    let waits = snapshot.plan.held.iter().any(|held| held.object == *key && held.why.is_waiting());
    let purposely = snapshot.plan.held.iter().any(|held| {
        // What goes back to an earlier revision is on its way until it has arrived.
        if goes_back(held) && waits {
            return false;
        }
        held.object == *key && !held.why.is_waiting() && !held.is_note()
    });
    purposely
        || status.has_failed()
        || keeps_failing(snapshot, key)
        || status.containers.iter().any(|replica| restarts(snapshot, replica))
}

/// Whether an object waits after several failures in a row. What failed and then succeeded only has to become Ready.
fn keeps_failing(snapshot: &Snapshot, key: &ObjectKey) -> bool {
    let fails = |held: &Held| {
        matches!(held.why, HeldReason::BackOff { attempts, .. }
            | HeldReason::ImagePullBackOff { attempts, .. }
            | HeldReason::ImageBuildBackOff { attempts, .. }
            | HeldReason::InitFailed { attempts, .. }
            if attempts >= HOPELESS_AFTER)
    };
    snapshot.plan.held.iter().any(|held| held.object == *key && fails(held))
}

/// Whether the engine starts a replica again and again.
fn restarts(snapshot: &Snapshot, replica: &ReplicaStatus) -> bool {
    let container = snapshot.observed.containers.iter().find(|container| container.id == replica.id);
    let detail = container.and_then(|container| container.detail.as_ref());
    !replica.ready && detail.is_some_and(|detail| detail.restart_count >= i64::from(HOPELESS_AFTER))
}

/// What waits for something hopeless is hopeless as well.
fn give_up_dependents(snapshot: &Snapshot, verdict: &mut Verdict) {
    loop {
        let blocked = snapshot.plan.held.iter().find(|held| {
            let HeldReason::WaitingFor { dependency, .. } = &held.why else { return false };
            let never = verdict.unready.contains_key(dependency) || is_never(snapshot, dependency);
            never && verdict.coming.contains_key(&held.object)
        });
        let Some(key) = blocked.map(|held| held.object.clone()) else { return };
        if let Some(unready) = verdict.coming.remove(&key) {
            verdict.unready.insert(key, unready);
        }
    }
}

/// Whether a dependency is a network, a volume or a job that is held on purpose, or keeps failing.
fn is_never(snapshot: &Snapshot, dependency: &ObjectKey) -> bool {
    let purposely = snapshot.plan.held.iter().any(|held| held.object == *dependency && !held.why.is_waiting());
    dependency.kind != Kind::Deployment && (purposely || keeps_failing(snapshot, dependency))
}

fn notes(snapshot: &Snapshot, known: impl Fn(&ObjectKey) -> bool) -> Vec<String> {
    let held = snapshot.plan.held.iter().filter(|held| !is_unpruned(&held.why));
    let worth_it = held.filter(|held| !held.why.is_waiting() && (!known(&held.object) || held.pending.is_empty()));
    let mut lines = Vec::new();
    let mut notes = worth_it.map(|held| (format!("note: {}: {}", held.object, held.why), held.remedy())).peekable();
    while let Some((line, remedy)) = notes.next() {
        lines.push(line);
        // What helps several is said once, below the last of them.
        if notes.peek().is_none_or(|(_, next)| *next != remedy) {
            lines.extend(remedy.map(|remedy| format!("      {remedy}")));
        }
    }
    lines
}

fn of_down(desired: &Desired, snapshot: &Snapshot) -> Verdict {
    let mut verdict = Verdict { total: desired.with_containers().count(), ..Verdict::default() };
    for container in &snapshot.observed.containers {
        let Some(labels) = container.owner.labels() else { continue };
        let stays = |held: &Held| {
            let on_purpose = matches!(held.why, HeldReason::DeclaredElsewhere { .. } | HeldReason::Needed { .. });
            held.object == labels.object && on_purpose
        };
        let of_source = desired.sources.contains_key(&labels.source) || desired.containers_of(&labels.object).is_some();
        let goes = of_source && !snapshot.plan.held.iter().any(stays);
        if !goes {
            continue;
        }
        let failure = snapshot.observed.failures.latest(&labels.object);
        let why = failure.map_or_else(|| format!("{} is still there", container.name), |failure| failure.error.clone());
        let unready = Unready { object: labels.object.clone(), why, remedy: None, at: None };
        if failure.is_some_and(|failure| failure.attempts >= HOPELESS_AFTER) {
            verdict.unready.insert(labels.object.clone(), unready);
        } else {
            verdict.coming.insert(labels.object.clone(), unready);
        }
    }
    verdict.kept = kept(snapshot);
    verdict.notes = notes(snapshot, |_| false);
    verdict
}

#[cfg(test)]
mod tests;
