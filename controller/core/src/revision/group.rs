//! Deployments that share the label `skiff.dev/rollout-group` go back together: a failure of one is a failure of all that changed with it.

use std::sync::Arc;

use jiff::Timestamp;
use skiff_api::ObjectKey;

use crate::desired::{Desired, Workload};
use crate::event::Event;
use crate::history::{Back, History, ObjectHistory, Standing, Why};

/// Fails what changed together with something that has failed and goes back, and what changed together with that.
pub(super) fn fail_together(history: &mut Arc<History>, desired: &Desired, now: Timestamp, events: &mut Vec<Event>) {
    let mut open = failing(history, desired);
    while let Some(Failing { group, failed, since, at }) = open.pop() {
        for key in members(desired, &group) {
            let Some(back) = history.objects.get(key).and_then(|known| way_back(known, since, at, now)) else {
                continue;
            };
            let why = Why::Together { with: failed.clone() };
            let object = Arc::make_mut(history).objects.entry(key.clone()).or_default();
            let Some(declared) = object.revisions.last_mut() else { continue };
            let message = format!("revision {} goes back: {}", declared.number, why.message());
            events.push(Event::warning(now, key, "RevisionFailed", message));
            declared.standing = Standing::Failed { at: now, why, back };
            open.push(Failing { group: group.clone(), failed: key.clone(), since: declared.since, at: now });
        }
    }
}

/// What is going back in a group.
struct Failing {
    group: String,
    failed: ObjectKey,
    /// When its failed revision was declared.
    since: Timestamp,
    /// When that failed.
    at: Timestamp,
}

fn failing(history: &History, desired: &Desired) -> Vec<Failing> {
    let of = |(key, workload): (&ObjectKey, &Arc<Workload>)| {
        let group = workload.group.clone()?;
        let declared = history.objects.get(key).and_then(ObjectHistory::declared)?;
        let Standing::Failed { at, back: Back::Going { .. }, .. } = declared.standing else { return None };
        let is_declared = declared.identity == workload.template.identity;
        is_declared.then(|| Failing { group, failed: key.clone(), since: declared.since, at })
    };
    desired.workloads.iter().rev().filter_map(of).collect()
}

fn members<'d>(desired: &'d Desired, group: &str) -> Vec<&'d ObjectKey> {
    let of_group = desired.workloads.iter().filter(|(_, workload)| workload.group.as_deref() == Some(group));
    of_group.map(|(key, _)| key).collect()
}

/// The way back of what changed at the same time, or was still changing when the other failed; `None` for what has nothing to go back to
/// or needs not, as what was declared since then.
fn way_back(known: &ObjectHistory, since: Timestamp, at: Timestamp, now: Timestamp) -> Option<Back> {
    let declared = known.declared()?;
    let together = match declared.standing {
        Standing::Progressing { .. } | Standing::Watched { .. } => declared.since <= at,
        Standing::Stable => declared.since == since,
        Standing::Failed { .. } | Standing::Superseded { .. } => false,
    };
    let stable = known.last_stable().filter(|_| together)?;
    Some(Back::Going { to: stable.number, progress: now, available: 0 })
}
