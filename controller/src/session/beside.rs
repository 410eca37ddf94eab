//! Sources that are known and not loaded: what is loaded may name their objects, and they may need what is loaded.
//!
//! What they declared when they were last good is there for reference: nothing of it is made, changed or removed. A source that was
//! taken down counts no more, and what is loaded now and was theirs is theirs no longer: the last valid claim wins.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::{Instance, ObjectKey};
use skiff_core::{DeclaredObject, Needed, needs};

use crate::source::{self, Loaded};
use crate::state::{Good, State};

/// What the sources that are known and not among these declare, as it was last good.
pub(super) fn beside(state: &State, loads: &[Loaded]) -> Vec<Loaded> {
    let names: BTreeSet<&str> = loads.iter().map(|loaded| loaded.source.as_str()).collect();
    let others = state.sources().filter(|source| !names.contains(source));
    let remembered = others.map(|source| Loaded::remembered(source, &state.good(source)));
    let is_claimed = |key: &ObjectKey| loads.iter().any(|loaded| loaded.objects.contains_key(key));
    let unclaimed = remembered.map(|mut known| {
        known.objects.retain(|key, _| !is_claimed(key));
        known
    });
    unclaimed.filter(|known| !known.objects.is_empty() || !known.lost.is_empty()).collect()
}

/// Completes what is loaded by the last good state, and makes it fit what other sources are known to have.
pub(super) fn complete(mut loads: Vec<Loaded>, state: &State, instance: &Instance) -> Vec<Loaded> {
    let beside = beside(state, &loads);
    let names: BTreeSet<String> = loads.iter().map(|loaded| loaded.source.clone()).collect();
    for other in state.sources().filter(|source| !names.contains(*source)) {
        source::warn_of_taken(&mut loads, other, &state.good(other));
    }
    source::complete_beside(loads, beside, &|source| state.good(source), instance)
}

/// What objects of other sources than these need, by what they need.
pub fn needed_by_others(state: &State, ours: &[&str], instance: &Instance) -> BTreeMap<ObjectKey, Needed> {
    let ours: Vec<Loaded> =
        ours.iter().map(|source| Loaded { source: (*source).to_owned(), ..Loaded::default() }).collect();
    needs(&declared(&beside(state, &ours)), instance)
}

/// The objects of sources as compiling wants them.
pub(super) fn declared(loads: &[Loaded]) -> BTreeMap<ObjectKey, DeclaredObject> {
    loads.iter().flat_map(Loaded::declared).collect()
}

/// Remembers what is good now. What others need and has left its source is remembered as well: it is still there.
pub fn save(state: &mut State, loads: &[Loaded], instance: &Instance) {
    let needed = needs(&declared(&beside(state, loads)), instance);
    for loaded in loads {
        let mut good = loaded.good();
        let before = state.good(&loaded.source);
        if !source::is_elsewhere(loaded, &before) {
            keep_needed(&mut good, before, &needed);
        }
        state.save(&loaded.source, good);
    }
}

fn keep_needed(good: &mut Good, before: Good, needed: &BTreeMap<ObjectKey, Needed>) {
    for (key, object) in before.objects.into_iter().filter(|(key, _)| needed.contains_key(key)) {
        good.objects.entry(key).or_insert(object);
    }
}

/// Forgets those objects of sources of which nothing is left, once they were to be taken down: what is gone needs nothing of others.
pub fn forget_taken_down(state: &mut State, sources: &[String], there: &BTreeSet<ObjectKey>, instance: &Instance) {
    let names: Vec<&str> = sources.iter().map(String::as_str).collect();
    let needed = needed_by_others(state, &names, instance);
    for source in sources {
        let mut good = state.good(source);
        good.objects.retain(|key, _| there.contains(key) || needed.contains_key(key));
        state.save(source, good);
    }
}
