//! What a pass learns before it plans: which revisions are new, which have proved themselves, which have failed.
//!
//! Pure. Where nothing is new nothing is allocated, as this is called in every pass.

use std::sync::Arc;

use jiff::Timestamp;

use crate::desired::{Desired, Intent};
use crate::event::Event;
use crate::history::History;
use crate::observed::Observed;
use crate::revision;

/// Takes into the history what can be seen now; returns what is worth telling. The history is made anew only where it changes.
pub fn learn(history: &mut Arc<History>, desired: &Desired, observed: &Observed, now: Timestamp) -> Vec<Event> {
    let mut events = Vec::new();
    if desired.intent == Intent::Run {
        revision::learn(history, desired, observed, now, &mut events);
    }
    events
}
