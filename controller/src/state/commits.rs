//! The commits that were in force, for people: labels and revisions name them by their ids alone.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use skiff_remote::git::Commit;

use super::{State, StateError, file};

/// How many are kept.
const MOST: usize = 500;

/// The commits, the newest last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Commits {
    commits: Vec<Commit>,
}

impl State {
    /// Keeps a commit that is in force. Writes only where it is new.
    pub fn keep_commit(&mut self, commit: &Commit) {
        let commits = &mut self.commits.commits;
        if commits.last().is_some_and(|last| last.id == commit.id) || commits.iter().any(|known| known == commit) {
            return;
        }
        commits.push(commit.clone());
        let surplus = commits.len().saturating_sub(MOST);
        commits.drain(..surplus);
        if self.writable {
            let written = file::write(&self.commits_path(), &self.commits);
            self.note(written);
        }
    }

    /// The commit that a label or revision names, where it is remembered.
    pub fn commit(&self, id: &str) -> Option<&Commit> {
        self.commits.commits.iter().find(|commit| commit.id.as_str() == id)
    }

    pub(super) fn load_commits(&mut self) -> Result<(), StateError> {
        let commits = file::read(&self.commits_path(), self.writable, &mut self.warnings)?;
        self.commits = commits.unwrap_or_default();
        Ok(())
    }

    fn commits_path(&self) -> PathBuf {
        self.folders.state.join("commits.json")
    }
}
