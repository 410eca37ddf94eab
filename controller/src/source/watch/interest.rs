//! Which folders to watch, and which of their entries matter.
//!
//! In the folders of the source, and of what images are built from, everything does. Of the folders above it only the way down does: it may be taken away and put
//! back. The same holds for the folders that links lead to, and for single files.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use notify::Event;

use super::WatchOptions;
use crate::source::{Beside, absolute, walk};

/// Folders, and the entries that matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Interest(BTreeMap<PathBuf, Entries>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entries {
    All,
    Only(BTreeSet<OsString>),
}

/// More links in a row are a loop.
const MOST_LINKS: usize = 40;

impl Interest {
    /// What matters now. Folders that are not there are stood in for by the nearest one above them that is.
    pub(super) fn of(options: &WatchOptions, beside: &Beside) -> Self {
        let mut interest = Self::default();
        let roots: Vec<PathBuf> =
            options.roots.iter().filter(|root| root.as_path() != Path::new("-")).map(|root| absolute(root)).collect();
        for root in &roots {
            let found = walk::walk(std::slice::from_ref(root), &BTreeSet::new(), &options.limits);
            for folder in found.folders {
                interest.0.insert(folder, Entries::All);
            }
            found.links.iter().for_each(|link| interest.entry(link));
        }
        for folder in beside.folders.iter().filter(|folder| folder.is_dir()) {
            interest.0.insert(folder.clone(), Entries::All);
        }
        roots.iter().chain(&beside.files).for_each(|path| interest.entry(path));
        interest
    }

    /// The folders to watch.
    pub(super) fn folders(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// Whether an event is about something that matters.
    pub(super) fn concerns(&self, event: &Event) -> bool {
        event.need_rescan() || event.paths.is_empty() || event.paths.iter().any(|path| self.matters(path))
    }

    fn matters(&self, path: &Path) -> bool {
        let as_entry = path.parent().zip(path.file_name()).is_some_and(|(folder, name)| match self.0.get(folder) {
            Some(Entries::All) => true,
            Some(Entries::Only(names)) => names.contains(name),
            None => false,
        });
        as_entry || matches!(self.0.get(path), Some(Entries::All))
    }

    /// An entry of a folder, every folder and link on the way to it, and where those links lead.
    fn entry(&mut self, path: &Path) {
        let mut pending = vec![path.to_owned()];
        for _ in 0..MOST_LINKS {
            let Some(path) = pending.pop() else { return };
            let steps: Vec<&Path> = path.ancestors().collect();
            for step in steps.into_iter().rev() {
                let (Some(folder), Some(name)) = (step.parent(), step.file_name()) else { continue };
                if let Ok(target) = fs::read_link(step) {
                    self.add(folder, name);
                    let rest = path.strip_prefix(step).unwrap_or(Path::new(""));
                    pending.push(folder.join(target).join(rest).components().collect());
                } else if step == path || !step.exists() || is_watched_parent(step, &path) {
                    self.add(folder, name);
                }
            }
        }
    }

    fn add(&mut self, folder: &Path, name: &OsStr) {
        if !folder.is_dir() {
            return;
        }
        let entries = self.0.entry(folder.to_owned()).or_insert_with(|| Entries::Only(BTreeSet::new()));
        if let Entries::Only(names) = entries {
            names.insert(name.to_owned());
        }
    }
}

/// Whether a folder is the one that the path stands in: it may be renamed as a whole.
fn is_watched_parent(step: &Path, path: &Path) -> bool {
    path.parent() == Some(step)
}
