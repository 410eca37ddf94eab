//! What a pass learns before it plans: which revisions are new, which have proved themselves, which have failed;
//! which containers have started, which end again and again.
//!
//! Pure. Where nothing is new nothing is allocated, as this is called in every pass.

use std::sync::Arc;

use jiff::Timestamp;
use skiff_api::ObjectKey;

use crate::crash;
use crate::desired::{Desired, Intent};
use crate::event::Event;
use crate::got;
use crate::history::History;
use crate::job;
use crate::observed::Observed;
use crate::revision;
use crate::starts;
use crate::tag;

/// Takes into the history what can be seen now; returns what is worth telling. The history is made anew only where it changes.
pub fn learn(history: &mut Arc<History>, desired: &Desired, observed: &Observed, now: Timestamp) -> Vec<Event> {
    let mut events = Vec::new();
    if desired.intent == Intent::Run {
        tag::learn(history, desired, observed, now, &mut events);
    }
    let desired = &*job::suspended(tag::pinned(desired, history), history);
    match desired.intent {
        Intent::Run => {
            starts::learn(history, observed, now, &mut events);
            crash::learn(history, desired, observed, now, &mut events);
            revision::learn(history, desired, observed, now, &mut events);
        }
        Intent::Down { .. } => {}
    }
    job::learn(history, desired, observed, now, &mut events);
    got::learn(history, observed);
    forget_gone(history, desired, observed);
    events
}

/// Forgets objects of which nothing is left and nothing shall be: what is declared again begins anew.
fn forget_gone(history: &mut Arc<History>, desired: &Desired, observed: &Observed) {
    let is_there = |object: &ObjectKey| {
        observed
            .containers
            .iter()
            .filter_map(|container| container.owner.labels())
            .any(|labels| labels.object == *object)
    };
    let gone: Vec<ObjectKey> =
        history.objects.keys().filter(|object| desired.lets_go(object) && !is_there(object)).cloned().collect();
    for object in gone {
        Arc::make_mut(history).objects.remove(&object);
    }
}
