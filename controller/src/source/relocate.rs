//! `skiff.dev/paths-relative-to`: documents whose relative paths start in another folder than their own, as imported ones do.
//!
//! Only where paths start is another folder. What is recorded of a container is the path as it is written, so that whoever moves manifests
//! and says where they were makes nothing anew. The annotation is a way from the document's file, of the lowest layer where there are
//! overlays; the two move together.

use std::fs;
use std::path::{Component, Path, PathBuf};

use skiff_api::{ObjectKey, annotation};

use super::{Declared, Loaded, Problem, SourceOptions, reason};

/// Why a way leads nowhere, and what to do.
type Refusal = (String, &'static str);

/// Gives every object whose paths start elsewhere that folder; those for which it has no meaning are left out.
pub(super) fn settle(loaded: &mut Loaded, options: &SourceOptions) {
    let mut refused: Vec<(ObjectKey, Refusal)> = Vec::new();
    for (key, declared) in &mut loaded.objects {
        let Some(way) = declared.object.metadata().annotations.get(annotation::PATHS_RELATIVE_TO) else { continue };
        match start(&declared.base, way, options) {
            Ok(base) => declared.base = base,
            Err(refusal) => refused.push((key.clone(), refusal)),
        }
    }
    for (key, (message, help)) in refused {
        let Some(declared) = loaded.objects.remove(&key) else { continue };
        let problem = Problem::new(reason::MOUNT_REFUSED, message).about(&key).with_help(help);
        let problem = placed(problem, &declared, loaded);
        loaded.problems.push(problem);
    }
}

/// The folder that a way leads to.
fn start(base: &Path, way: &str, options: &SourceOptions) -> Result<PathBuf, Refusal> {
    let name = annotation::PATHS_RELATIVE_TO;
    if options.given.is_some() {
        let help = "take it out, and name folders of the host from the root";
        return Err((format!("`{name}` is relative, and a document in etcd has no folder"), help));
    }
    let out = |what: &str| Err((format!("`{name}: {way}` leads out of the {what}"), "write a way that stays inside"));
    match &options.tree {
        Some(tree) => match normal(&base.join(way)).filter(|start| tree.checkout.inner(start).is_some()) {
            Some(start) => Ok(start),
            None => out("repository"),
        },
        // A folder that is a link has the parent of what it leads to.
        None => match normal(&fs::canonicalize(base).unwrap_or_else(|_| base.to_owned()).join(way)) {
            Some(start) => Ok(start),
            None => out("root"),
        },
    }
}

/// The path without `.` and `..`; none where it would lead above the root.
pub(super) fn normal(path: &Path) -> Option<PathBuf> {
    path.components().try_fold(PathBuf::new(), |mut normal, part| {
        match part {
            Component::CurDir => {}
            Component::ParentDir => return normal.pop().then_some(normal),
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => normal.push(part),
        }
        Some(normal)
    })
}

fn placed(problem: Problem, declared: &Declared, loaded: &Loaded) -> Problem {
    let pointer = format!("/metadata/annotations/{}", annotation::PATHS_RELATIVE_TO.replace('/', "~1"));
    match declared.origin.place(&pointer, false) {
        Some(span) => problem.at(span, &loaded.texts),
        None => problem.in_file(&declared.origin.file),
    }
}

#[cfg(test)]
mod tests;
