//! What goes because its source has it no more, behind the guards: a mistake, or a folder that happens to have the name of another,
//! never tears anything down.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::{Kind, ObjectKey, OwnerLabels};

use super::draft::Draft;
use crate::desired::{Desired, Intent, Needed, is_elsewhere};
use crate::held::HeldReason;
use crate::reason::Reason;

/// The objects with containers that go, and why; those that are held back are said.
pub(super) fn going(draft: &mut Draft<'_>) -> BTreeMap<ObjectKey, Reason> {
    let desired = draft.desired;
    let mut going = BTreeMap::new();
    let mut needed = Vec::new();
    let mut by_source: BTreeMap<String, BTreeSet<ObjectKey>> = BTreeMap::new();
    for (object, containers) in draft.owned() {
        let labels = containers.iter().filter_map(|container| container.owner.labels());
        // What moved from one source to another may be of both: a mistake in either keeps it.
        let is_sound = |source: &&String| desired.sources.get(*source).is_some_and(|state| state.problems == 0);
        // Of what moved and left both, the one that is not loaded knows nothing: it stays whole.
        let loaded: Option<Vec<&String>> = labels.map(|labels| source_of(desired, labels)).collect();
        let loaded = loaded.unwrap_or_default().into_iter().min_by_key(|source| (is_sound(source), *source));
        let declared = desired.containers_of(object).is_some();
        let orphaned_by = loaded.filter(|_| !declared && !desired.claimed.contains(object));
        let goes = orphaned_by.is_some() || (declared && desired.intent != Intent::Run);
        match orphaned_by {
            _ if goes && desired.needed.contains_key(object) => needed.push(object),
            _ if declared && desired.intent != Intent::Run => {
                going.insert(object.clone(), Reason::Unwanted);
            }
            Some(source) => {
                by_source.entry(source.clone()).or_default().insert(object.clone());
            }
            None => {}
        }
    }
    for object in needed {
        hold_needed(draft, object);
    }
    for (source, mut objects) in by_source {
        objects.retain(|object| !hold_elsewhere(draft, object, &source));
        if objects.is_empty() {
            continue;
        }
        let (allowed, reason) = match desired.intent {
            Intent::Run => (guard(draft, &source, objects), Reason::Orphaned),
            Intent::Down { .. } => (objects, Reason::Unwanted),
        };
        going.extend(allowed.into_iter().map(|object| (object, reason.clone())));
    }
    going
}

/// The loaded source that something with these labels is of: the one that made it, else the one that took it over and had it last.
pub(super) fn source_of<'d>(desired: &'d Desired, labels: &OwnerLabels) -> Option<&'d String> {
    let loaded = |source: &String| desired.sources.get_key_value(source).map(|(source, _)| source);
    loaded(&labels.source).or_else(|| loaded(desired.departed.get(&labels.object)?.source.as_ref()?))
}

/// Those objects of a source that may be pruned; for the others it is said why not.
fn guard(draft: &mut Draft<'_>, source: &str, orphans: BTreeSet<ObjectKey>) -> BTreeSet<ObjectKey> {
    let state = draft.desired.sources.get(source).cloned().unwrap_or_default();
    let (protected, removable): (BTreeSet<ObjectKey>, BTreeSet<ObjectKey>) = orphans
        .into_iter()
        .partition(|object| draft.desired.departed.get(object).is_some_and(|departed| departed.protected));
    for object in &protected {
        draft.hold(object, HeldReason::Protected);
    }
    draft.kept.extend(protected.iter().cloned());
    let removed = removable.len();
    let staying = staying(draft, source, &removable);
    let total = removed + staying + protected.len();
    let mut declared = draft.desired.with_containers().filter(|workload| workload.source == source);
    // Nothing that was there is declared any more, and what comes is no other name for it: it belongs elsewhere.
    let is_all = staying == 0
        && !declared.any(|workload| removable.iter().any(|object| object.namespace == workload.key.namespace));
    let too_many = is_all || (removed >= 3 && removed * 2 > total);
    let why = if state.problems > 0 {
        HeldReason::SourceHasProblems { source: source.to_owned(), problems: state.problems }
    } else if too_many && !state.confirm_prune {
        HeldReason::PruneUnconfirmed { source: source.to_owned(), removed, total }
    } else {
        return removable;
    };
    for object in &removable {
        draft.hold(object, why.clone());
    }
    draft.kept.extend(removable);
    draft.unpruned.insert(source.to_owned());
    BTreeSet::new()
}

/// How many of a source's objects with containers were there beside what would go, and stay.
fn staying(draft: &Draft<'_>, source: &str, removable: &BTreeSet<ObjectKey>) -> usize {
    let declared = draft.desired.with_containers().filter(|workload| workload.source == source);
    let now = declared.filter(|workload| !draft.containers(&workload.key).is_empty()).count();
    // What came after it had left was not there.
    let then = removable.iter().filter_map(|object| draft.desired.departed.get(object)?.beside).min();
    then.map_or(now, |then| now.min(then))
}

/// Keeps an object that one of another source needs, and says so. Whether it did.
pub(super) fn hold_needed(draft: &mut Draft<'_>, object: &ObjectKey) -> bool {
    let Some(Needed { by, source }) = draft.desired.needed.get(object) else { return false };
    if draft.kept.insert(object.clone()) {
        draft.hold(object, HeldReason::Needed { by: by.clone(), source: source.clone() });
    }
    true
}

/// Says of content that leaves its source who needs it: nothing in Docker would.
pub(super) fn hold_needed_content(draft: &mut Draft<'_>) {
    let desired = draft.desired;
    let content = desired.needed.keys().filter(|key| matches!(key.kind, Kind::ConfigMap | Kind::Secret));
    for object in content.filter(|key| desired.departed.contains_key(*key)) {
        hold_needed(draft, object);
    }
}

/// Keeps an object that was declared somewhere else than what is loaded as its source now, and says so. Whether it did.
pub(super) fn hold_elsewhere(draft: &mut Draft<'_>, object: &ObjectKey, source: &str) -> bool {
    let desired = draft.desired;
    let state = desired.sources.get(source).filter(|state| !state.confirm_prune);
    let departed = state
        .and_then(|state| desired.departed.get(object).filter(|departed| is_elsewhere(&state.roots, &departed.roots)));
    let Some(departed) = departed else { return false };
    if draft.kept.insert(object.clone()) {
        let (source, roots) = (source.to_owned(), departed.roots.clone());
        draft.hold(object, HeldReason::DeclaredElsewhere { source, roots });
    }
    true
}
