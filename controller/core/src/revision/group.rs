//! Deployments that share the label `skiff.dev/rollout-group` go back together: a failure of one is a failure of all that changed with it.
//!
//! Members need not change at one moment to have changed together: editors save file by file, and people apply one manifest after the other. So
//! one change is what was declared from a minute before the failed one left the revision that it goes back to, until it failed.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use skiff_api::ObjectKey;

use crate::desired::{Desired, Workload};
use crate::event::Event;
use crate::history::{Back, History, ObjectHistory, Revision, Standing, Why};

/// How far apart members may be declared that are one change, whatever has become of them meanwhile.
const SPAN: SignedDuration = SignedDuration::from_mins(1);

/// Fails what changed together with something that has failed and goes back, and what changed together with that.
pub(super) fn fail_together(history: &mut Arc<History>, desired: &Desired, now: Timestamp, events: &mut Vec<Event>) {
    let mut open = failing(history, desired);
    while let Some(Failing { group, failed, undone, change }) = open.pop() {
        for key in members(desired, &group) {
            let Some(back) = history.objects.get(key).and_then(|known| way_back(known, &change, now)) else {
                continue;
            };
            let why = Why::Together { with: failed.clone(), undone };
            let object = Arc::make_mut(history).objects.entry(key.clone()).or_default();
            // What had changed with this one is part of the change as well.
            let begun = change_begun(object);
            let Some(declared) = object.revisions.last_mut() else { continue };
            let message = format!("revision {} goes back: {}", declared.number, why.message());
            events.push(if undone {
                Event::normal(now, key, "RolloutUndone", message)
            } else {
                Event::warning(now, key, "RevisionFailed", message)
            });
            declared.standing = Standing::Failed { at: now, why, back };
            let change = Change { from: begun.unwrap_or(change.from), ..change };
            open.push(Failing { group: group.clone(), failed: key.clone(), undone, change });
        }
    }
}

/// What is going back in a group.
struct Failing {
    group: String,
    failed: ObjectKey,
    /// Whether a person asked for that.
    undone: bool,
    change: Change,
}

/// Which moments of being declared make one change with what is going back.
#[derive(Clone, Copy)]
struct Change {
    from: Timestamp,
    /// For what has proved itself meanwhile.
    until: Timestamp,
    /// When the first of them failed: what was declared later is another change.
    failed_at: Timestamp,
}

fn failing(history: &History, desired: &Desired) -> Vec<Failing> {
    let of = |(key, workload): (&ObjectKey, &Arc<Workload>)| {
        let group = workload.group.clone()?;
        let known = history.objects.get(key)?;
        let declared = known.declared()?;
        let Standing::Failed { at, why, back: Back::Going { .. } } = &declared.standing else { return None };
        let is_declared = declared.identity == workload.template.identity;
        // What a person undoes may have run well for long.
        let until = if *why == Why::Undone { declared.since.saturating_add(SPAN).ok()?.min(*at) } else { *at };
        let change = Change { from: change_begun(known)?, until, failed_at: *at };
        is_declared.then(|| Failing { group, failed: key.clone(), undone: why.is_undone(), change })
    };
    desired.workloads.iter().rev().filter_map(of).collect()
}

/// A minute before the declared revision came, or the first of those in a row of which none lived to be stable or to fail.
fn change_begun(known: &ObjectHistory) -> Option<Timestamp> {
    let (declared, earlier) = known.revisions.split_last()?;
    let overtaken = earlier.iter().rev().take_while(|revision| is_overtaken(revision));
    let first = overtaken.last().unwrap_or(declared);
    first.since.saturating_sub(SPAN).ok()
}

fn is_overtaken(revision: &Revision) -> bool {
    matches!(revision.standing, Standing::Superseded { .. }) && !revision.ran_well()
}

fn members<'d>(desired: &'d Desired, group: &str) -> Vec<&'d ObjectKey> {
    let of_group = desired.workloads.iter().filter(|(_, workload)| workload.group.as_deref() == Some(group));
    of_group.map(|(key, _)| key).collect()
}

/// The way back of what is part of the change, or was still changing when the first failed; `None` for what has nothing to go back to
/// or needs not, as what was declared since then.
fn way_back(known: &ObjectHistory, change: &Change, now: Timestamp) -> Option<Back> {
    let declared = known.declared()?;
    let together = match declared.standing {
        Standing::Progressing { .. } | Standing::Watched { .. } => declared.since <= change.failed_at,
        Standing::Stable => (change.from..=change.until).contains(&declared.since),
        Standing::Failed { .. } | Standing::Superseded { .. } => false,
    };
    let stable = known.last_stable().filter(|_| together)?;
    Some(Back::Going { to: stable.number, progress: now, available: 0 })
}
