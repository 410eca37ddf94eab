//! What is wrong now falls back to what was good: a mistake never tears anything down.
//!
//! While a source has any problem, every object of its last good state that the load does not have stays as it was. Objects that
//! do not fit together fall back to their last good version, again and again until the rest fits; what never was good is
//! left out. The result is valid as a set.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use skiff_api::{Instance, Object, ObjectKey, SetComplaint, validate_set};
use skiff_core::{DeclaredObject, is_elsewhere};

use super::{Declared, Loaded, Origin, Problem, RelatedPlace, absolute, host_files, problem, reason};
use crate::state::{Good, GoodObject};

/// Completes a load by the last good state. Call it for every load, with an empty state where there is none: it is what
/// finds the mistakes that show only among all objects.
pub fn merge_last_good(mut loaded: Loaded, good: &Good, instance: &Instance) -> Loaded {
    // What another folder of this name declared is no version of what this one declares.
    let none = Good::default();
    let good = if !loaded.named && is_elsewhere(&loaded.roots, &good.roots) { &none } else { good };
    promote_warnings(&mut loaded, good);
    let mut settling =
        Settling { loaded, good, left_out: BTreeSet::new(), moved: BTreeSet::new(), reported: BTreeSet::new() };
    settling.settle(instance);
    let Settling { mut loaded, .. } = settling;
    restore_host_files(&mut loaded, good);
    problem::sort(&mut loaded.problems);
    loaded
}

impl Loaded {
    /// What a source said when it was last good, for commands that are not told where manifests are.
    pub fn remembered(source: &str, good: &Good) -> Self {
        let objects = good.objects.iter().map(|(key, good)| {
            let GoodObject { object, base, file, document, line, column } = good.clone();
            let origin = Origin { file, document, line, column, positions: None };
            (key.clone(), Declared { object, base, origin, last_good: true })
        });
        Self {
            source: source.to_owned(),
            named: true,
            roots: good.roots.clone(),
            objects: objects.collect(),
            host_files: good.host_files.clone(),
            lost: good.lost.clone(),
            ..Self::default()
        }
    }

    /// The objects as compiling wants them.
    pub fn declared(&self) -> BTreeMap<ObjectKey, DeclaredObject> {
        let compiled = |declared: &Declared| DeclaredObject {
            object: declared.object.clone(),
            source: self.source.clone(),
            source_revision: self.revision.clone(),
            base: declared.base.to_string_lossy().into_owned(),
        };
        self.objects.iter().map(|(key, declared)| (key.clone(), compiled(declared))).collect()
    }

    /// What is good now, to be kept for the next mistake.
    pub fn good(&self) -> Good {
        let objects = self.objects.iter().map(|(key, declared)| {
            let Declared { object, base, origin, last_good: _ } = declared;
            let Origin { file, document, line, column, positions: _ } = origin;
            let (object, base, file) = (object.clone(), base.clone(), absolute(file));
            (key.clone(), GoodObject { object, base, file, document: *document, line: *line, column: *column })
        });
        Good {
            roots: self.roots.clone(),
            objects: objects.collect(),
            host_files: self.host_files.clone(),
            lost: self.lost.clone(),
        }
    }
}

/// A file that held objects and holds none now was hardly emptied on purpose; nor was a folder closed.
fn promote_warnings(loaded: &mut Loaded, good: &Good) {
    let holding: BTreeSet<PathBuf> = loaded.objects.values().map(|declared| absolute(&declared.origin.file)).collect();
    let held = good.objects.values().map(|object| object.file.as_path());
    let files: BTreeSet<&Path> = held.filter(|file| !holding.contains(*file)).collect();
    let is_mistake = |warning: &mut Problem| {
        let path = warning.file.as_deref().map(absolute);
        path.is_some_and(|path| files.iter().any(|file| file.starts_with(&path)))
    };
    loaded.problems.extend(loaded.warnings.extract_if(.., is_mistake));
}

struct Settling<'a> {
    loaded: Loaded,
    good: &'a Good,
    /// Objects that fit in no version.
    left_out: BTreeSet<ObjectKey>,
    /// Objects that another version was taken of in this round.
    moved: BTreeSet<ObjectKey>,
    /// What has been complained about: object and sentence.
    reported: BTreeSet<(ObjectKey, String)>,
}

impl Settling<'_> {
    fn settle(&mut self, instance: &Instance) {
        let mut follows = !self.loaded.problems.is_empty();
        self.keep_missing();
        loop {
            let objects: BTreeMap<ObjectKey, Object> =
                self.loaded.objects.iter().map(|(key, declared)| (key.clone(), declared.object.clone())).collect();
            let complaints = validate_set(&objects, instance);
            if complaints.is_empty() {
                return;
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
        if self.loaded.problems.iter().filter_map(|problem| problem.object.as_ref()).any(|wrong| complaint.lacks(wrong))
        {
            // It is there, and what is wrong with it has been said.
            return;
        }
        if !self.reported.insert((object.clone(), complaint.message.clone())) {
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
        let origin = &self.loaded.objects.get(object)?.origin;
        Some(match origin.place(pointer, at_key) {
            Some(span) => (self.loaded.texts.path(span.file), Some(span)),
            None => (origin.file.clone(), None),
        })
    }
}

const FOLLOWS: &str = "this may follow from another problem: mend that one first";

fn restored(good: &GoodObject) -> Declared {
    let GoodObject { object, base, file, document, line, column } = good.clone();
    let origin = Origin { file, document, line, column, positions: None };
    Declared { object, base, origin, last_good: true }
}

/// The files of restored objects; and those that have gone keep what they held, for their users would not start without.
fn restore_host_files(loaded: &mut Loaded, good: &Good) {
    host_files::collect(loaded);
    for (object, declared) in &loaded.objects {
        for key in host_files::keys(declared) {
            let Some(bytes) = good.host_files.get(&key).filter(|_| !loaded.host_files.contains_key(&key)) else {
                continue;
            };
            let file = host_files::resolved(&declared.base, &key.1);
            if file.exists() {
                // It has become a folder, or too large to be content.
                continue;
            }
            let message = format!("{}, which {object} mounts, has gone", file.display());
            let problem = Problem::new(reason::HOST_FILE_MISSING, message).in_file(&declared.origin.file).about(object);
            loaded.problems.push(problem.with_help("put it back, or take it out of the manifest"));
            loaded.host_files.insert(key, std::sync::Arc::clone(bytes));
        }
    }
}
