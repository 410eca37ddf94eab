//! Says in the log what is held: once when it begins or changes, once when it ends, whatever the number of passes.
//!
//! What only waits is for whoever looks closely; what somebody wants so is told, and what needs somebody is a warning.

use std::collections::BTreeMap;
use std::sync::Arc;

use skiff_core::{Held, HeldReason, hold_news};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::controller::Snapshot;

/// How many objects a line names.
const NAMED: usize = 5;

/// Tells what is held until cancelled, or until the loop has ended.
pub async fn tell_holds(mut snapshots: watch::Receiver<Arc<Snapshot>>, cancel: CancellationToken) {
    let mut told = Vec::new();
    while let Some(Ok(())) = cancel.run_until_cancelled(snapshots.changed()).await {
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        if snapshot.engine_error.is_some() {
            continue;
        }
        let news = hold_news(&told, &snapshot.plan.held, &snapshot.observed.in_flight);
        for (words, group) in grouped(&news.begun) {
            begun(&words, &group);
        }
        for (words, group) in grouped(&news.ended) {
            ended(&words, &group);
        }
        told = news.told;
    }
}

/// What is held for the same reason is told together: a prune holds many objects at once.
fn grouped(held: &[Held]) -> BTreeMap<String, Vec<&Held>> {
    let mut groups: BTreeMap<String, Vec<&Held>> = BTreeMap::new();
    for one in held {
        groups.entry(one.why.to_string()).or_default().push(one);
    }
    groups
}

fn begun(words: &str, group: &[&Held]) {
    let Some(first) = group.first() else { return };
    let (object, remedy) = (names(group), first.remedy());
    match concern(&first.why) {
        Concern::Needed => tracing::warn!(object, remedy, "held: {words}"),
        Concern::Wanted => tracing::info!(object, "held: {words}"),
        Concern::Passing => tracing::debug!(object, remedy, "held: {words}"),
    }
}

fn ended(words: &str, group: &[&Held]) {
    let Some(first) = group.first() else { return };
    let object = names(group);
    match concern(&first.why) {
        Concern::Needed | Concern::Wanted => tracing::info!(object, "no longer held: {words}"),
        Concern::Passing => tracing::debug!(object, "no longer held: {words}"),
    }
}

/// Whom a hold concerns.
enum Concern {
    /// Somebody has to do something.
    Needed,
    /// Somebody wants it so.
    Wanted,
    /// It passes by itself.
    Passing,
}

const fn concern(why: &HeldReason) -> Concern {
    if why.is_waiting() {
        Concern::Passing
    } else if matches!(why, HeldReason::Protected | HeldReason::Paused | HeldReason::Retained { .. }) {
        Concern::Wanted
    } else {
        Concern::Needed
    }
}

/// The objects of a group, the first few by name.
fn names(group: &[&Held]) -> String {
    let names: Vec<String> = group.iter().take(NAMED).map(|held| held.object.to_string()).collect();
    let rest = group.len().saturating_sub(NAMED);
    if rest == 0 { names.join(", ") } else { format!("{} and {rest} more", names.join(", ")) }
}
