//! What containers mount or are built from is theirs: a database's folder that nobody may enter, or a tool's YAML with tags of its
//! own, is no mistake of the source.
//!
//! A mount that holds manifests counts for nothing here, and neither does it when the last good state knows objects of the file
//! (see `last_good`): no manifest is ever passed over because something uses the folder that it stands in.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use skiff_yaml::FileId;

use super::{Loaded, Problem, absolute, builds, host_files, reason};
use crate::context;

/// Makes warnings of the problems of files that containers mount or are built from and that declare nothing. `declaring` are the files that do.
pub(super) fn demote(loaded: &mut Loaded, declaring: &BTreeSet<FileId>) {
    let manifests: Vec<PathBuf> = declaring.iter().map(|file| real(&loaded.texts.path(*file))).collect();
    let mounts: BTreeSet<PathBuf> = loaded
        .objects
        .values()
        .flat_map(|declared| {
            let mounts = host_files::all(&declared.object).map(|host| declared.base.join(&host.path));
            let profiles = host_files::profiles(&declared.object).map(|path| declared.base.join(path));
            mounts.chain(profiles).chain(builds::build(declared).map(|build| context::folder(&build)))
        })
        .map(|used| real(&used))
        .filter(|mount| !manifests.iter().any(|manifest| manifest.starts_with(mount)))
        .collect();
    if mounts.is_empty() {
        return;
    }
    let is_of_a_mount = |problem: &mut Problem| {
        let Some(file) = problem.file.as_deref().filter(|_| concerns_one_file(problem, declaring)) else {
            return false;
        };
        let file = real(file);
        mounts.iter().any(|mount| file.starts_with(mount))
    };
    loaded.warnings.extend(loaded.problems.extract_if(.., is_of_a_mount));
}

fn concerns_one_file(problem: &Problem, declaring: &BTreeSet<FileId>) -> bool {
    let declares = problem.span.is_some_and(|span| declaring.contains(&span.file));
    !declares && problem.object.is_none() && ![reason::TOO_MANY, reason::SOURCE_UNAVAILABLE].contains(&problem.reason)
}

fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| absolute(path))
}
