//! A commit that has been written out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use skiff_remote::git::{Commit, Oddity};

/// A commit's tree as plain files, which never change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// The commit.
    pub commit: Commit,
    /// The folder of the files, called as the repository is.
    pub tree: PathBuf,
    /// What was left out.
    pub odd: Vec<Oddity>,
    /// The id of each file and folder by its path: equal ids hold the same.
    pub ids: BTreeMap<String, String>,
}

impl Checkout {
    /// The path of a file within the commit.
    pub fn inner<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        path.strip_prefix(&self.tree).ok()
    }

    /// A file as git calls it, `1a2b3c4:manifests/web.yaml`: `git show` understands that.
    pub fn name(&self, path: &Path) -> Option<PathBuf> {
        let inner = self.inner(path)?;
        Some(format!("{}:{}", self.commit.id.short(), inner.display()).into())
    }
}
