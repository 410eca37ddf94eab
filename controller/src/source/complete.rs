//! From what sources say now to what is in force: each object has one source, mistakes fall back to what was good.
//!
//! Files are edited one by one, so what is wrong in them falls back object by object (see `last_good`). A commit is one decision of
//! whoever made it: it is in force whole, or the last good one stays. What sources say must fit together as well (see `between`).

mod between;

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::{Instance, ObjectKey};

use super::last_good::{is_elsewhere, merge_beside};
use super::{Declared, Loaded, Problem, Texts, problem, reason};
use crate::state::Good;

/// Completes the loads of all sources. Call it for every load, with empty states where there are none.
pub fn complete(loads: Vec<Loaded>, good: &dyn Fn(&str) -> Good, instance: &Instance) -> Vec<Loaded> {
    complete_beside(loads, Vec::new(), good, instance)
}

/// As [`complete`], beside sources that are not loaded now and of which is known what they have: it may be named, its ports and names
/// are taken, and it stays as it is. None of it is an object of the loads.
pub fn complete_beside(
    mut loads: Vec<Loaded>,
    beside: Vec<Loaded>,
    good: &dyn Fn(&str) -> Good,
    instance: &Instance,
) -> Vec<Loaded> {
    let own = |loaded: &Loaded| Some(good(&loaded.source)).filter(|good| !is_elsewhere(loaded, good));
    let goods: Vec<Good> = loads.iter().map(|loaded| own(loaded).unwrap_or_default()).collect();
    let owners = owners(&loads, &goods);
    yield_to_owners(&mut loads, &owners);
    let elsewhere: Vec<BTreeSet<ObjectKey>> =
        (0..loads.len()).map(|index| elsewhere(index, &loads, &goods, &beside)).collect();
    let completed =
        loads.into_iter().zip(&goods).zip(&elsewhere).map(|((loaded, good), elsewhere)| match loaded.commit {
            Some(_) => whole(loaded, good, elsewhere, instance),
            None => merge_beside(loaded, good, elsewhere, instance),
        });
    let mut completed: Vec<Loaded> = completed.collect();
    let holders = holders(&completed);
    for (index, loaded) in completed.iter_mut().enumerate() {
        loaded.objects.retain(|key, _| holders.get(key).is_none_or(|holder| *holder == index));
    }
    between::fit(completed, &goods, beside, instance)
}

/// What the other sources declare or had: whether an object may name it shows only once all of them are known.
fn elsewhere(index: usize, loads: &[Loaded], goods: &[Good], beside: &[Loaded]) -> BTreeSet<ObjectKey> {
    let others = loads.iter().zip(goods).enumerate().filter(|(other, _)| *other != index);
    let keys = others
        .flat_map(|(_, (loaded, good))| loaded.objects.keys().chain(loaded.flawed.keys()).chain(good.objects.keys()));
    keys.chain(beside.iter().flat_map(|known| known.objects.keys().chain(&known.lost))).cloned().collect()
}

/// Whose each object is once all have fallen back: what was good of one source once may be declared by another now, and what is declared
/// comes before what is only remembered.
fn holders(completed: &[Loaded]) -> BTreeMap<ObjectKey, usize> {
    let mut holders: BTreeMap<ObjectKey, (bool, usize)> = BTreeMap::new();
    for (index, loaded) in completed.iter().enumerate() {
        for (key, declared) in &loaded.objects {
            let claim = (declared.last_good, index);
            let holder = holders.entry(key.clone()).or_insert(claim);
            *holder = claim.min(*holder);
        }
    }
    holders.into_iter().map(|(key, (_, index))| (key, index)).collect()
}

/// Whose each object is that several sources declare: his who had it, else his who is named first.
fn owners(loads: &[Loaded], goods: &[Good]) -> BTreeMap<ObjectKey, String> {
    let mut claims: BTreeMap<&ObjectKey, Vec<usize>> = BTreeMap::new();
    for (index, loaded) in loads.iter().enumerate() {
        for key in loaded.objects.keys() {
            claims.entry(key).or_default().push(index);
        }
    }
    let had = |index: &usize, key: &ObjectKey| goods.get(*index).is_some_and(|good| good.objects.contains_key(key));
    let owner = |key: &ObjectKey, claims: &[usize]| {
        let owner = claims.iter().find(|index| had(index, key)).or_else(|| claims.first())?;
        Some(loads.get(*owner)?.source.clone())
    };
    let contested = claims.into_iter().filter(|(_, claims)| claims.len() > 1);
    contested.filter_map(|(key, claims)| Some((key.clone(), owner(key, &claims)?))).collect()
}

/// Takes objects from sources that they do not belong to, and says so.
fn yield_to_owners(loads: &mut [Loaded], owners: &BTreeMap<ObjectKey, String>) {
    let places: BTreeMap<(String, ObjectKey), String> = loads
        .iter()
        .flat_map(|loaded| loaded.places().into_iter().map(|(key, place)| ((loaded.source.clone(), key), place)))
        .filter(|((_, key), _)| owners.contains_key(key))
        .collect();
    for loaded in loads {
        let contested: BTreeSet<ObjectKey> =
            loaded.objects.keys().filter(|key| owners.contains_key(*key)).cloned().collect();
        for key in contested {
            let Some(owner) = owners.get(&key).filter(|owner| **owner != loaded.source) else { continue };
            let there =
                places.get(&(owner.clone(), key.clone())).map(|place| format!(" ({place})")).unwrap_or_default();
            let message = format!("source `{}` declares {key}, which source `{owner}` has{there}", loaded.source);
            let problem = Problem::new(reason::CLAIMED_TWICE, message).about(&key);
            let problem = problem.with_help(
                "an object belongs to one source: take it out of one of them, or give one another name or namespace",
            );
            let declared = loaded.objects.remove(&key);
            loaded.problems.push(placed(problem, declared.as_ref(), &loaded.texts));
            problem::sort(&mut loaded.problems);
        }
    }
}

/// Warns of what is taken over from a source that is not loaded and declared it last: what follows both sources would not do that.
pub fn warn_of_taken(loads: &mut [Loaded], other: &str, had: &Good) {
    for loaded in loads {
        let taken: Vec<ObjectKey> =
            loaded.objects.keys().filter(|key| had.objects.contains_key(*key)).cloned().collect();
        for key in taken {
            let message = format!("{key} is source `{other}`'s, and becomes source `{}`'s", loaded.source);
            let help =
                format!("to move it, take it out of `{other}` first: a controller of both sources leaves it there");
            let warning = Problem::new(reason::CLAIMED_TWICE, message).about(&key).with_help(help);
            loaded.warnings.push(placed(warning, loaded.objects.get(&key), &loaded.texts));
            problem::sort(&mut loaded.warnings);
        }
    }
}

/// A problem with the place where an object has its name.
fn placed(problem: Problem, declared: Option<&Declared>, texts: &Texts) -> Problem {
    let Some(declared) = declared else { return problem };
    match declared.origin.place("/metadata/name", false) {
        Some(span) => problem.at(span, texts),
        None => problem.in_file(&declared.origin.file),
    }
}

/// A commit as it is, or the last good one.
fn whole(loaded: Loaded, good: &Good, elsewhere: &BTreeSet<ObjectKey>, instance: &Instance) -> Loaded {
    let checked = merge_beside(loaded, &Good::default(), elsewhere, instance);
    if checked.problems.is_empty() { checked } else { refused(checked, good) }
}

/// The last good commit, in place of one that something is wrong with.
fn refused(checked: Loaded, good: &Good) -> Loaded {
    let Loaded { source, named, roots, commit, problems, warnings, texts, fingerprint, .. } = checked;
    let refused = commit.filter(|commit| good.commit.as_ref() != Some(commit));
    let remembered = Loaded::remembered(&source, good);
    Loaded { named, roots, refused, problems, warnings, texts, fingerprint, ..remembered }
}

#[cfg(test)]
mod tests;
