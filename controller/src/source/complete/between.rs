//! Objects of several sources that do not fit together: one may name what another declares, and two may want one name or port.
//!
//! What was there first stays. Of the objects that a complaint is about, those are newcomers whose last good version (or absence)
//! would end it: a newcomer gives way, first what has just left its source while others use it, then what belongs to the source that
//! is named last. Where nobody is new, that source's object is left out. A commit gives way whole. Every round brings something to
//! its last good version or leaves something out, so there is an end; and what came of it fits.
//!
//! What is only known of sources that are not loaded now gives way to nothing. Nor is a source at fault that drops what such a source
//! needs: the plan holds its removal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use skiff_api::{Instance, Object, ObjectKey, SetComplaint, validate_set};
use skiff_yaml::Span;

use super::super::last_good::{restore_host_files, restored};
use super::super::{Declared, Loaded, Problem, problem, reason};
use super::refused;
use crate::state::{Good, GoodObject};

/// Makes what the sources say fit together, each of which fits by itself; and with what is known of those beside them.
pub(super) fn fit(loads: Vec<Loaded>, goods: &[Good], beside: Vec<Loaded>, instance: &Instance) -> Vec<Loaded> {
    if loads.len() + beside.len() < 2 {
        return loads;
    }
    let known = beside.len();
    // Those who are named last give way: what is known of others is named first.
    let mut loads: Vec<Loaded> = beside.into_iter().chain(loads).collect();
    let goods: Vec<Good> = std::iter::repeat_n(Good::default(), known).chain(goods.iter().cloned()).collect();
    let mut fitting =
        Fitting { loads: &mut loads, goods: &goods, known, owners: BTreeMap::new(), left_out: BTreeSet::new() };
    let mut touched = BTreeSet::new();
    loop {
        let mut complaints = validate_set(&fitting.objects(), instance);
        complaints.retain(|complaint| fitting.is_ours(complaint));
        let moved = fitting.round(&complaints, instance);
        if moved.is_empty() {
            break;
        }
        touched.extend(moved);
    }
    for index in touched {
        if let (Some(loaded), Some(good)) = (loads.get_mut(index), goods.get(index)) {
            restore_host_files(loaded, good);
            problem::sort(&mut loaded.problems);
        }
    }
    loads.split_off(known)
}

struct Fitting<'a> {
    loads: &'a mut [Loaded],
    goods: &'a [Good],
    /// How many sources are not loaded, and only known. They come first.
    known: usize,
    /// Whose each object is now.
    owners: BTreeMap<ObjectKey, usize>,
    /// Objects that fit in no version.
    left_out: BTreeSet<ObjectKey>,
}

/// An object that a complaint is about, and the source that has it or had it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Party {
    source: usize,
    object: ObjectKey,
    /// Whether it is what another one looks for.
    wanted: bool,
}

/// What there would be of an object if it gave way.
#[derive(Clone, Copy)]
enum Retreat<'a> {
    /// It cannot: it is as it was last good.
    None,
    /// Nothing: it never was.
    Away,
    /// Its last good version.
    To(&'a GoodObject),
}

/// Who gives way to what.
struct Verdict<'c> {
    complaint: &'c SetComplaint,
    parties: Vec<Party>,
    party: Party,
}

impl Fitting<'_> {
    fn objects(&mut self) -> BTreeMap<ObjectKey, Object> {
        let all = self.loads.iter().enumerate();
        let all = all.flat_map(|(index, loaded)| loaded.objects.iter().map(move |(key, it)| (key, index, &it.object)));
        let (mut owners, mut objects) = (BTreeMap::new(), BTreeMap::new());
        for (key, index, object) in all {
            owners.insert(key.clone(), index);
            objects.insert(key.clone(), object.clone());
        }
        self.owners = owners;
        objects
    }

    /// Whether something that is loaded is at fault, or could end it.
    fn is_ours(&self, complaint: &SetComplaint) -> bool {
        self.parties(complaint).iter().filter(|party| party.source >= self.known).any(|party| {
            // What is there in another version may have been changed; what has gone is held by the plan.
            let is_changed = || self.declared(party).is_some() && matches!(self.retreat(party), Retreat::To(_));
            !party.wanted || is_changed() || self.is_among_loads(complaint)
        })
    }

    /// Whether the objects that a complaint is about are all of sources that are loaded.
    fn is_among_loads(&self, complaint: &SetComplaint) -> bool {
        self.owners.get(&complaint.object).is_some_and(|owner| *owner >= self.known)
    }

    /// Judges all complaints, tells them, and has those give way that lose. Returns which sources are others now.
    fn round(&mut self, complaints: &[SetComplaint], instance: &Instance) -> BTreeSet<usize> {
        let mut verdicts: Vec<Verdict<'_>> = Vec::new();
        let mut moved: BTreeSet<ObjectKey> = BTreeSet::new();
        for complaint in complaints {
            let parties = self.parties(complaint);
            // What has given way already may have ended this one too.
            if parties.iter().any(|party| moved.contains(&party.object) && !self.is_commit(party)) {
                continue;
            }
            if let Some(party) = self.loser(complaint, &parties, instance) {
                moved.insert(party.object.clone());
                verdicts.push(Verdict { complaint, parties, party });
            }
        }
        // Nobody gives way to a commit that is about to be taken back whole; one at a time, for it may have been what others lost to.
        let commit = verdicts.iter().map(|verdict| &verdict.party).filter(|party| self.is_commit(party));
        let commit = commit.map(|party| party.source).min();
        verdicts.retain(|verdict| commit.is_none_or(|commit| verdict.party.source == commit));
        for verdict in &verdicts {
            self.tell(verdict);
        }
        match commit {
            Some(commit) => self.take_back(commit),
            None => {
                for verdict in &verdicts {
                    self.give_way(&verdict.party);
                }
            }
        }
        let touched: BTreeSet<usize> = verdicts.iter().map(|verdict| verdict.party.source).collect();
        for source in &touched {
            self.keep_missing(*source);
        }
        touched
    }

    /// The objects that a complaint is about.
    fn parties(&self, complaint: &SetComplaint) -> Vec<Party> {
        let own = std::iter::once(&complaint.object).chain(complaint.related.iter().map(|related| &related.object));
        let own = own.filter_map(|object| {
            let source = *self.owners.get(object)?;
            Some(Party { source, object: object.clone(), wanted: false })
        });
        let wanted = complaint.complaint.wanted().filter_map(|object| {
            let had = || self.goods.iter().position(|good| good.objects.contains_key(&object));
            let source = self.owners.get(&object).copied().or_else(had)?;
            Some(Party { source, object, wanted: true })
        });
        own.chain(wanted).collect()
    }

    fn loser(&self, complaint: &SetComplaint, parties: &[Party], instance: &Instance) -> Option<Party> {
        let newcomers: Vec<&Party> =
            parties.iter().filter(|party| self.would_end(complaint, parties, party, instance)).collect();
        let last = |candidates: &[&Party]| candidates.iter().max().map(|party| Party::clone(party));
        if let Some(gone) = newcomers.iter().find(|party| party.wanted) {
            return Some(Party::clone(gone));
        }
        let own: Vec<&Party> = parties.iter().filter(|party| !party.wanted && party.source >= self.known).collect();
        last(&newcomers).or_else(|| last(&own))
    }

    /// Whether there would be nothing to complain about with the last good version of this one.
    fn would_end(&self, complaint: &SetComplaint, parties: &[Party], party: &Party, instance: &Instance) -> bool {
        let retreat = self.retreat(party);
        if matches!(retreat, Retreat::None) {
            return false;
        }
        let now = |other: &Party| {
            if other != party {
                return self.declared(other).map(|declared| declared.object.clone());
            }
            if let Retreat::To(good) = retreat { Some(good.object.clone()) } else { None }
        };
        let objects = parties.iter().filter_map(|other| Some((other.object.clone(), now(other)?))).collect();
        let is_it = |other: &SetComplaint| {
            other.object == complaint.object && other.complaint.message == complaint.complaint.message
        };
        !validate_set(&objects, instance).iter().any(is_it)
    }

    /// What there would be of an object if it gave way.
    fn retreat(&self, party: &Party) -> Retreat<'_> {
        let good = self.goods.get(party.source).and_then(|good| good.objects.get(&party.object));
        match (self.declared(party), good) {
            (Some(now), Some(good)) if !now.last_good && (now.object != good.object || now.base != good.base) => {
                Retreat::To(good)
            }
            (Some(now), None) if !now.last_good && !party.wanted => Retreat::Away,
            (None, Some(good)) if !self.left_out.contains(&party.object) => Retreat::To(good),
            (Some(_) | None, Some(_) | None) => Retreat::None,
        }
    }

    fn declared(&self, party: &Party) -> Option<&Declared> {
        self.loads.get(party.source).and_then(|loaded| loaded.objects.get(&party.object))
    }

    /// Whether what gives way is a commit, which does so whole.
    fn is_commit(&self, party: &Party) -> bool {
        let is_new = !matches!(self.retreat(party), Retreat::None);
        is_new && self.loads.get(party.source).is_some_and(|loaded| loaded.commit.is_some())
    }

    /// Takes a commit back, whole.
    fn take_back(&mut self, source: usize) {
        let (Some(loaded), Some(good)) = (self.loads.get_mut(source), self.goods.get(source)) else { return };
        *loaded = refused(std::mem::take(loaded), good);
        let is_others = |key: &ObjectKey| self.owners.get(key).is_some_and(|owner| *owner != source);
        loaded.objects.retain(|key, _| !is_others(key));
    }

    /// Takes the last good version of an object, where there is another one, or leaves it out.
    fn give_way(&mut self, party: &Party) {
        let restored = if let Retreat::To(good) = self.retreat(party) { Some(restored(good)) } else { None };
        let Some(loaded) = self.loads.get_mut(party.source) else { return };
        if let Some(restored) = restored {
            loaded.objects.insert(party.object.clone(), restored);
        } else {
            loaded.objects.remove(&party.object);
            self.left_out.insert(party.object.clone());
        }
    }

    /// While a source has a problem, nothing that was good of it is missing.
    fn keep_missing(&mut self, source: usize) {
        let (Some(loaded), Some(good)) = (self.loads.get_mut(source), self.goods.get(source)) else { return };
        for (key, good) in &good.objects {
            let is_there =
                self.owners.get(key).is_some_and(|owner| *owner != source) || loaded.objects.contains_key(key);
            if !is_there && !self.left_out.contains(key) {
                loaded.objects.insert(key.clone(), restored(good));
            }
        }
    }

    /// Tells the source that gives way what does not fit, with both objects and both sources.
    fn tell(&mut self, verdict: &Verdict<'_>) {
        let Verdict { complaint, parties, party } = verdict;
        let others: Vec<String> =
            parties.iter().filter(|other| other.object != complaint.object).map(|other| self.called(other)).collect();
        let about = parties.first().map(|first| self.called(first)).unwrap_or_default();
        let SetComplaint { complaint: what, related, .. } = complaint;
        let message = match (self.declared(party), others.is_empty()) {
            (None, _) => format!("{about} needs {}, which is declared no more", self.called(party)),
            (Some(_), true) => what.message.clone(),
            (Some(_), false) => format!("{about} does not fit {}: {}", others.join(", "), what.message),
        };
        let pointer = related.iter().find(|related| related.object == party.object).map(|related| &related.pointer);
        let (pointer, at_key) = match pointer {
            Some(pointer) => (pointer.as_str(), false),
            None if party.wanted => ("/metadata/name", false),
            None => (what.pointer.as_str(), what.at_key),
        };
        let problem = Problem::new(reason::INVALID_SET, message).about(&party.object);
        let problem = match self.place(party, pointer, at_key) {
            Some((file, span)) => Problem { file: Some(file), span, ..problem },
            None => problem,
        };
        let help = what.help.clone().filter(|_| !party.wanted).unwrap_or_else(|| self.help(verdict));
        if let Some(loaded) = self.loads.get_mut(party.source) {
            let problem = problem.with_help(help);
            if !loaded.problems.contains(&problem) {
                loaded.problems.push(problem);
            }
        }
    }

    fn help(&self, Verdict { complaint, parties, party }: &Verdict<'_>) -> String {
        let wants = |known: &&Loaded| complaint.complaint.wanted().any(|wanted| known.lost.contains(&wanted));
        let known = self.loads.get(..self.known).unwrap_or_default();
        let other = parties.iter().find(|party| party.source < self.known).and_then(|party| known.get(party.source));
        if party.wanted {
            KEEP.to_owned()
        } else if let Some(Loaded { source, .. }) = known.iter().find(wants) {
            format!(
                "its content went with a restart of the host, and comes back with source `{source}`: bring that up first"
            )
        } else if let Some(Loaded { source, .. }) = other {
            format!("change one of them, or take the other source down: `skiff down --source {source}`")
        } else {
            "name the source that declares it as well, or mend it there".to_owned()
        }
    }

    /// `deployment/shop/web of source `shop` (web.yaml:3)`.
    fn called(&self, party: &Party) -> String {
        let source = self.loads.get(party.source).map(|loaded| loaded.source.as_str()).unwrap_or_default();
        let place = self.declared(party).map(|declared| &declared.origin);
        let place = place.map(|origin| format!(" ({}:{})", origin.file.display(), origin.line)).unwrap_or_default();
        format!("{} of source `{source}`{place}", party.object)
    }

    fn place(&self, party: &Party, pointer: &str, at_key: bool) -> Option<(PathBuf, Option<Span>)> {
        let loaded = self.loads.get(party.source)?;
        let origin = &self.declared(party)?.origin;
        Some(match origin.place(pointer, at_key) {
            Some(span) => (loaded.texts.path(span.file), Some(span)),
            None => (origin.file.clone(), None),
        })
    }
}

const KEEP: &str = "it stays as it was until nothing of another source uses it: change that first, then this";

#[cfg(test)]
mod tests;
