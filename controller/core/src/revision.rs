//! Judges the revisions of deployments: what is new, what makes progress, what has proved itself, what has failed.
//!
//! A revision fails when it makes no progress until its deadline, when its replicas crash again and again, turn unhealthy or cannot
//! be started; until it has been watched for a while after its last replica was available. Then it goes back to the last one that
//! was stable, where the manifest does not say that it pauses. What went back is judged by the same rules, once: a rollback
//! is never rolled back. An image that cannot be pulled is nobody's failure: what runs is left, and it is tried again.

mod group;
mod image;
mod judge;
mod lost;
mod rebuilt;
mod rekeyed;

pub(crate) use lost::told_lost;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use skiff_api::{ObjectKey, OnFailure};

use crate::desired::{Desired, Workload};
use crate::event::Event;
use crate::history::{Back, History, ObjectHistory, Revision, Standing};
use crate::observed::Observed;
use crate::plan::replica_facts;

/// How long a revision is watched after its youngest replica started, before it counts as stable.
const WATCH: SignedDuration = SignedDuration::from_secs(10);

/// Brings the revisions up to date with what can be seen now.
pub(crate) fn learn(
    history: &mut Arc<History>,
    desired: &Desired,
    observed: &Observed,
    now: Timestamp,
    events: &mut Vec<Event>,
) {
    let open: BTreeSet<&ObjectKey> = desired
        .workloads
        .iter()
        .filter(|(key, workload)| !is_settled(history.objects.get(*key), workload))
        .map(|(key, _)| key)
        .collect();
    for key in open.iter().copied() {
        if let Some(workload) = desired.workloads.get(key) {
            note_declared(history, workload, observed, now);
        }
    }
    for (key, facts) in replica_facts(desired, observed, history, &open, now) {
        let Some(workload) = desired.workloads.get(&key) else { continue };
        let Some(known) = history.objects.get(&key) else { continue };
        if let Some(judged) = judge::judge(known, workload, &facts, observed, now) {
            events.extend(judged.event);
            Arc::make_mut(history).objects.insert(key, judged.history);
        }
    }
    group::fail_together(history, desired, now, events);
    image::learn(history, desired, observed, now);
    lost::learn(history, desired, now, events);
}

/// Whether nothing about an object can change: its declared revision is known, as it is now, and nothing of it is open.
fn is_settled(known: Option<&ObjectHistory>, workload: &Workload) -> bool {
    known.and_then(ObjectHistory::declared).is_some_and(|declared| {
        declared.identity == workload.template.identity
            && declared.pod == workload.template.pod
            && match &declared.standing {
                Standing::Stable | Standing::Failed { back: Back::Arrived { .. }, .. } => true,
                // Where the manifest says by now that it goes back, it does.
                Standing::Failed { back: Back::Nowhere | Back::Superseded, .. } => {
                    workload.on_failure == OnFailure::Pause
                }
                Standing::Failed { back: Back::Going { .. } | Back::Lost { .. }, .. }
                | Standing::Progressing { .. }
                | Standing::Watched { .. }
                | Standing::Superseded { .. } => false,
            }
    })
}

/// Notes the declared revision as the newest one, where it is not that already.
fn note_declared(history: &mut Arc<History>, workload: &Workload, observed: &Observed, now: Timestamp) {
    let identity = &workload.template.identity;
    if let Some(rekeyed) = history.objects.get(&workload.key).and_then(|known| rekeyed::rekeyed(known, workload)) {
        Arc::make_mut(history).objects.insert(workload.key.clone(), rekeyed);
    }
    let known = history.objects.get(&workload.key);
    if let Some(declared) = known.and_then(ObjectHistory::declared).filter(|declared| declared.identity == *identity) {
        if declared.pod != workload.template.pod {
            note_in_place(history, workload);
        }
        return;
    }
    let number = next_number(known, workload, observed);
    // The history was lost, or never was: what runs tells what it is.
    let is_unknown = known.is_none_or(|known| known.revisions.is_empty());
    let before = if is_unknown { rebuilt::running_before(workload, observed, now) } else { None };
    let object = Arc::make_mut(history).objects.entry(workload.key.clone()).or_default();
    // One that is declared again counts as new: it may have failed for a reason that has gone.
    let proven = object.revisions.iter().any(|revision| revision.identity == *identity && revision.ran_well());
    object.revisions.retain(|revision| revision.identity != *identity);
    object.revisions.extend(before);
    object.revisions.push(Revision {
        number,
        identity: identity.clone(),
        pod: workload.template.pod.clone(),
        base: workload.base.clone(),
        content: workload.template.content.clone(),
        source_revision: workload.source_revision.clone(),
        image: None,
        since: now,
        standing: Standing::Progressing { progress: None, available: 0 },
        proven,
        ailing: None,
        lost: BTreeSet::new(),
    });
    object.supersede();
    forget_oldest(object, workload.revision_history_limit);
}

/// Notes what changed without a new revision: limits, probes, hooks.
fn note_in_place(history: &mut Arc<History>, workload: &Workload) {
    let object = Arc::make_mut(history).objects.get_mut(&workload.key);
    if let Some(declared) = object.and_then(|object| object.revisions.last_mut()) {
        declared.pod = workload.template.pod.clone();
    }
}

/// The number of a new revision: above all that are remembered and all that containers carry, or what its own containers carry.
fn next_number(known: Option<&ObjectHistory>, workload: &Workload, observed: &Observed) -> u64 {
    let labels = observed.containers.iter().filter_map(|container| container.owner.labels());
    let own = labels.filter(|labels| labels.object == workload.key);
    let (mut current, mut newest) = (None, 0);
    for labels in own {
        newest = newest.max(labels.revision);
        if labels.template_hash == workload.template.hash {
            current = current.max(Some(labels.revision));
        }
    }
    let remembered = known.and_then(|known| known.revisions.iter().map(|revision| revision.number).max());
    match (remembered, current) {
        (None, Some(current)) if current > 0 => current,
        (remembered, _) => remembered.unwrap_or(0).max(newest) + 1,
    }
}

/// Drops the oldest revisions above the limit; never one that is declared, and never the one to go back to.
fn forget_oldest(object: &mut ObjectHistory, limit: u32) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    let kept = object.last_stable().map(|revision| revision.number);
    while object.revisions.len() > limit {
        let oldest = object.revisions.iter().position(|revision| Some(revision.number) != kept);
        match oldest.filter(|oldest| oldest + 1 < object.revisions.len()) {
            Some(oldest) => object.revisions.remove(oldest),
            None => return,
        };
    }
}

/// When time alone changes what a revision is, after now: the end of its watch, or its deadline. `youngest` is when a replica of it was
/// last started.
pub(crate) fn next_look(
    known: &ObjectHistory,
    workload: &Workload,
    now: Timestamp,
    youngest: impl FnOnce() -> Option<Timestamp>,
) -> Option<Timestamp> {
    let moments = match &known.declared()?.standing {
        Standing::Watched { until } => [Some(*until), None],
        Standing::Progressing { progress, .. } => {
            [progress.and_then(|progress| late_at(workload, progress, youngest())), None]
        }
        // On the way back it has arrived when all of it has run for a while.
        Standing::Failed { back: Back::Going { progress, .. }, .. } => {
            let youngest = youngest();
            [youngest.and_then(|youngest| youngest.checked_add(WATCH).ok()), late_at(workload, *progress, youngest)]
        }
        Standing::Stable | Standing::Superseded { .. } | Standing::Failed { .. } => return None,
    };
    moments.into_iter().flatten().filter(|at| *at > now).min()
}

/// When a revision is late: so long after its last progress, or after the last start of a replica, as what took long before may have
/// been a pull or a stop.
fn late_at(workload: &Workload, progress: Timestamp, youngest: Option<Timestamp>) -> Option<Timestamp> {
    let since = youngest.map_or(progress, |youngest| youngest.max(progress));
    since.checked_add(SignedDuration::from_secs(i64::from(workload.progress_deadline_seconds))).ok()
}
