//! Objects that do not fit together, until the rest fits; and all that is wrong among them, told once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use skiff_api::{Complaint, Instance, Mended, Object, ObjectKey, SetComplaint, validate_mended, validate_set};

use super::super::{Declared, Flawed, Loaded, Origin, Problem, RelatedPlace, reason};
use crate::state::{Good, GoodObject};

/// A load on its way to objects that fit together.
pub(super) struct Settling<'a> {
    loaded: Loaded,
    good: &'a Good,
    /// What other sources declare or had.
    elsewhere: &'a BTreeSet<ObjectKey>,
    /// Objects that fit in no version.
    left_out: BTreeSet<ObjectKey>,
    /// Objects that another version was taken of in this round.
    moved: BTreeSet<ObjectKey>,
    /// What has been complained about: object and sentence.
    reported: BTreeSet<(ObjectKey, String)>,
}

impl<'a> Settling<'a> {
    /// What was loaded, what was good before, and what is another's.
    pub(super) const fn new(loaded: Loaded, good: &'a Good, elsewhere: &'a BTreeSet<ObjectKey>) -> Self {
        Self { loaded, good, elsewhere, left_out: BTreeSet::new(), moved: BTreeSet::new(), reported: BTreeSet::new() }
    }

    /// Takes back, or leaves out, what does not fit, again and again until the rest does.
    pub(super) fn settle(mut self, instance: &Instance) -> Loaded {
        let mut follows = !self.loaded.problems.is_empty();
        self.keep_missing();
        self.complain_of_flawed();
        loop {
            let mut complaints = validate_set(&self.objects(), instance);
            complaints.retain(|complaint| !self.is_for_others(&complaint.complaint));
            if complaints.is_empty() {
                return self.loaded;
            }
            for complaint in &complaints {
                self.report(complaint, follows);
            }
            follows = true;
            // What is missing may only have left: it comes back before anything gives way.
            if self.keep_missing() {
                continue;
            }
            self.moved.clear();
            for complaint in &complaints {
                self.yield_to(complaint);
            }
            self.keep_missing();
        }
    }

    fn objects(&self) -> BTreeMap<ObjectKey, Object> {
        self.loaded.objects.iter().map(|(key, declared)| (key.clone(), declared.object.clone())).collect()
    }

    /// Tells what objects name wrongly that something else is wrong with: one mistake hides no other.
    fn complain_of_flawed(&mut self) {
        let flawed = std::mem::take(&mut self.loaded.flawed);
        let mended: BTreeMap<ObjectKey, &Mended> = flawed.iter().map(|(key, it)| (key.clone(), &it.mended)).collect();
        for SetComplaint { object, complaint, related: _ } in validate_mended(&self.objects(), &mended) {
            let Some(Flawed { origin, .. }) = flawed.get(&object) else { continue };
            let is_ours = !self.is_for_others(&complaint) && !self.is_explained(&complaint);
            if is_ours && self.reported.insert((object.clone(), complaint.message.clone())) {
                let problem = Problem::new(reason::INVALID_SET, complaint.message.clone()).about(&object);
                let (file, span) = self.place_in(origin, &complaint.pointer, complaint.at_key);
                self.loaded.problems.push(Problem { file: Some(file), span, help: complaint.help, ..problem });
            }
        }
        self.loaded.flawed = flawed;
    }

    /// Whether what a complaint misses is another source's: it shows among all of them.
    fn is_for_others(&self, complaint: &Complaint) -> bool {
        complaint.wanted().any(|object| self.elsewhere.contains(&object))
    }

    /// Whether what a complaint misses is there, and what is wrong with it has been said.
    fn is_explained(&self, complaint: &Complaint) -> bool {
        self.loaded.problems.iter().filter_map(|problem| problem.object.as_ref()).any(|wrong| complaint.lacks(wrong))
    }

    /// While there is a problem, nothing that was good is missing. Whether anything was.
    fn keep_missing(&mut self) -> bool {
        if self.loaded.problems.is_empty() {
            return false;
        }
        let before = self.loaded.objects.len();
        for (key, good) in &self.good.objects {
            if !self.loaded.objects.contains_key(key) && !self.left_out.contains(key) {
                self.loaded.objects.insert(key.clone(), restored(good));
            }
        }
        let lost = self.good.lost.iter().filter(|key| !self.loaded.objects.contains_key(*key));
        self.loaded.lost = lost.cloned().collect();
        self.loaded.objects.len() > before
    }

    /// Every round takes something back that is not the last good version, or leaves something out: so there is an end.
    fn yield_to(&mut self, complaint: &SetComplaint) {
        if self.fall_back(&complaint.object) {
            return;
        }
        // What was good before gives way to nothing new.
        let others: BTreeSet<&ObjectKey> = complaint.related.iter().map(|related| &related.object).collect();
        let fell = others.into_iter().filter(|other| self.fall_back(other)).count();
        if fell == 0 && self.loaded.objects.remove(&complaint.object).is_some() {
            self.left_out.insert(complaint.object.clone());
        }
    }

    /// Whether a version that is not the last good one was taken back, now or before in this round.
    fn fall_back(&mut self, key: &ObjectKey) -> bool {
        if self.moved.contains(key) {
            return true;
        }
        let Some(declared) = self.loaded.objects.get_mut(key) else { return false };
        let known = self.good.objects.get(key);
        if declared.last_good || known.is_some_and(|good| good.object == declared.object && good.base == declared.base)
        {
            return false;
        }
        if let Some(good) = known {
            *declared = restored(good);
        } else {
            self.loaded.objects.remove(key);
            self.left_out.insert(key.clone());
        }
        self.moved.insert(key.clone());
        true
    }

    fn report(&mut self, complaint: &SetComplaint, follows: bool) {
        let SetComplaint { object, complaint, related } = complaint;
        if self.is_explained(complaint) || !self.reported.insert((object.clone(), complaint.message.clone())) {
            return;
        }
        let problem = Problem::new(reason::INVALID_SET, complaint.message.clone()).about(object);
        let mut problem = self.placed(problem, object, &complaint.pointer, complaint.at_key);
        problem.help.clone_from(&complaint.help);
        if follows {
            problem.help = Some(problem.help.map_or_else(|| FOLLOWS.to_owned(), |help| format!("{help}; {FOLLOWS}")));
        }
        problem.related = related
            .iter()
            .filter_map(|related| {
                let (file, span) = self.place(&related.object, &related.pointer, false)?;
                Some(RelatedPlace { file, span, message: related.message.clone() })
            })
            .collect();
        self.loaded.problems.push(problem);
    }

    fn placed(&self, problem: Problem, object: &ObjectKey, pointer: &str, at_key: bool) -> Problem {
        match self.place(object, pointer, at_key) {
            Some((file, span)) => Problem { file: Some(file), span, ..problem },
            None => problem,
        }
    }

    fn place(&self, object: &ObjectKey, pointer: &str, at_key: bool) -> Option<(PathBuf, Option<skiff_yaml::Span>)> {
        self.loaded.objects.get(object).map(|declared| self.place_in(&declared.origin, pointer, at_key))
    }

    fn place_in(&self, origin: &Origin, pointer: &str, at_key: bool) -> (PathBuf, Option<skiff_yaml::Span>) {
        match origin.place(pointer, at_key) {
            Some(span) => (self.loaded.texts.path(span.file), Some(span)),
            None => (origin.file.clone(), None),
        }
    }
}

const FOLLOWS: &str = "this may follow from another problem: mend that one first";

/// An object as it was last good.
pub(in super::super) fn restored(good: &GoodObject) -> Declared {
    let GoodObject { object, base, file, document, line, column } = good.clone();
    let origin = Origin { file, document, line, column, positions: None };
    Declared { object, base, origin, last_good: true, written: None }
}
