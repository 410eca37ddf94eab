//! What is said of a way back to a revision of which the configs or secrets are not known any more as it used them.
//!
//! Content of secrets is kept in memory only, and goes with a reboot. What was stable is still the best there is to go back to: it comes
//! back with what is declared today, and that is said.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use skiff_api::ObjectKey;

use crate::compile::content_label;
use crate::desired::{Desired, Workload};
use crate::event::Event;
use crate::history::{Back, History, ObjectHistory, Revision, Standing};

/// Notes what those that were gone back to come back without, and tells it once.
pub(super) fn learn(history: &mut Arc<History>, desired: &Desired, now: Timestamp, events: &mut Vec<Event>) {
    for (key, workload) in &desired.workloads {
        let known = history.objects.get(key);
        let Some((number, lost)) = known.and_then(|known| news(known, workload)) else { continue };
        if !lost.is_empty() {
            let message = format!("revision {number} comes back otherwise than it was: {}", told_lost(&lost));
            events.push(Event::warning(now, key, "ContentLost", message));
        }
        let object = Arc::make_mut(history).objects.entry(key.clone()).or_default();
        if let Some(target) = object.revisions.iter_mut().find(|revision| revision.number == number) {
            target.lost = lost;
        }
    }
}

/// The revision that was gone back to, and what it comes back without, where that is not known yet.
fn news(known: &ObjectHistory, workload: &Workload) -> Option<(u64, BTreeSet<ObjectKey>)> {
    let declared: &Revision = known.declared()?;
    let Standing::Failed { back: Back::Going { to, .. } | Back::Arrived { to }, .. } = declared.standing else {
        return None;
    };
    let target = known.revision(to)?;
    let earlier = workload.earlier.get(&to).filter(|_| declared.identity == workload.template.identity)?;
    // By today's key it may be known again what it used.
    let uses = |(object, digest): &(&ObjectKey, &String)| target.content.get(&content_label(object)) == Some(*digest);
    let lost: BTreeSet<ObjectKey> = earlier.lost.iter().filter(uses).map(|(object, _)| object.clone()).collect();
    (target.lost != lost).then_some((to, lost))
}

/// `what secret/shop/db held then is not known any more, and what is made anew has today's`.
pub(crate) fn told_lost(lost: &BTreeSet<ObjectKey>) -> String {
    let names: Vec<String> = lost.iter().map(ToString::to_string).collect();
    format!("what {} held then is not known any more, and what is made anew has today's", names.join(" and "))
}
