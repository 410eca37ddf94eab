//! What is wrong now falls back to what was good: a mistake never tears anything down.
//!
//! While a source has any problem, every object of its last good state that the load does not have stays as it was. Objects that
//! do not fit together fall back to their last good version, again and again until the rest fits; what never was good is
//! left out. The result is valid as a set.

mod settling;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use skiff_api::{Instance, ObjectKey};
use skiff_core::DeclaredObject;

use self::settling::Settling;
pub(super) use self::settling::restored;
use super::{Declared, Loaded, Origin, Problem, absolute, compose, host_files, problem, reason};
use crate::state::{Good, GoodObject};

/// Completes the load of a source by the last good state. Call it for every load, with an empty state where there is none: it is what
/// finds the mistakes that show only among all objects.
pub fn merge_last_good(loaded: Loaded, good: &Good, instance: &Instance) -> Loaded {
    // What another folder of this name declared is no version of what this one declares.
    let none = Good::default();
    let good = if is_elsewhere(&loaded, good) { &none } else { good };
    merge_beside(loaded, good, &BTreeSet::new(), instance)
}

/// As [`merge_last_good`], beside other sources: what these declare may be named, and is not looked at.
pub(super) fn merge_beside(
    mut loaded: Loaded,
    good: &Good,
    elsewhere: &BTreeSet<ObjectKey>,
    instance: &Instance,
) -> Loaded {
    promote_warnings(&mut loaded, good);
    let mut loaded = Settling::new(loaded, good, elsewhere).settle(instance);
    restore_host_files(&mut loaded, good);
    compose::in_words(&mut loaded);
    problem::sort(&mut loaded.problems);
    loaded
}

/// Whether what was good once is of another folder or repository of the same name.
pub(crate) fn is_elsewhere(loaded: &Loaded, good: &Good) -> bool {
    !loaded.named && skiff_core::is_elsewhere(&loaded.roots, &good.roots)
}

impl Loaded {
    /// What a source said when it was last good, for commands that are not told where manifests are.
    pub fn remembered(source: &str, good: &Good) -> Self {
        let objects = good.objects.iter().map(|(key, good)| {
            let GoodObject { object, base, file, document, line, column } = good.clone();
            let origin = Origin { file, document, line, column, positions: None };
            (key.clone(), Declared { object, base, origin, last_good: true, written: None })
        });
        Self {
            source: source.to_owned(),
            named: true,
            roots: good.roots.clone(),
            revision: good.commit.as_ref().map(|commit| commit.id.to_string()).or_else(|| good.revision.clone()),
            commit: good.commit.clone(),
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
            let Declared { object, base, origin, last_good: _, written: _ } = declared;
            let Origin { file, document, line, column, positions: _ } = origin;
            let (object, base, file) = (object.clone(), base.clone(), self.located(file));
            (key.clone(), GoodObject { object, base, file, document: *document, line: *line, column: *column })
        });
        Good {
            roots: self.roots.clone(),
            commit: self.commit.clone(),
            revision: self.revision.clone().filter(|_| self.commit.is_none()),
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
        // What is odd in a Compose file says nothing of what it holds.
        let path = warning.file.as_deref().filter(|_| warning.reason != reason::INVALID_COMPOSE).map(absolute);
        path.is_some_and(|path| files.iter().any(|file| file.starts_with(&path)))
    };
    loaded.problems.extend(loaded.warnings.extract_if(.., is_mistake));
}

/// The files of restored objects; and those that have gone keep what they held, for their users would not start without.
pub(super) fn restore_host_files(loaded: &mut Loaded, good: &Good) {
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
