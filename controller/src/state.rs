//! The state directory: what Docker cannot hold. Losing it loses history, never workloads.
//!
//! For each source it keeps the last good objects, which a mistake in a manifest falls back to, and what is remembered of
//! objects that have left; besides that, the key for digests of secrets. Everything is kept in memory as well: where the
//! disk is full or read-only the old files stay whole, [`State::degraded`] says so, and work goes on.
//! Secrets and host files are written to the run folder only, and only where that is memory.

mod adopted;
mod archive;
mod chronicle;
mod commits;
mod digest_key;
mod error;
mod faults;
mod file;
mod folders;
mod good;
mod leader;
mod record;
mod requests;
mod sources;
#[cfg(test)]
mod tests;
mod troubles;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use skiff_api::ObjectKey;
use skiff_core::{Adopted, Archive, Departed, DigestKey, History, Observed, Traces, traces};

pub use adopted::adopted;
use archive::ArchiveRecord;
pub use chronicle::Chronicle;
use commits::Commits;
pub use error::StateError;
pub use faults::{Fault, Faults, INVALID_MANIFEST, Place};
pub use folders::{Folders, Surroundings};
pub use good::{Good, GoodObject};
pub use leader::Leader;
use record::{Content, Record};
pub use requests::{Answer, Made, Requests, SyncRequest};
pub use troubles::{Trouble, Troubles, troubles};

/// What is known of one source.
#[derive(Clone, Debug, Default)]
struct Known {
    good: Good,
    departed: BTreeMap<ObjectKey, Departed>,
    /// Whether the disk does not have it yet.
    unsaved: bool,
}

/// The state of one instance.
#[derive(Debug)]
pub struct State {
    folders: Folders,
    writable: bool,
    keeps_secrets: bool,
    digest_key: DigestKey,
    history: Arc<History>,
    traces: Traces,
    archive: Archive,
    sources: BTreeMap<String, Known>,
    commits: Commits,
    warnings: Vec<String>,
    degraded: Option<String>,
}

impl State {
    /// Opens the state for work: makes the folders, reads everything, and sets damaged files aside.
    ///
    /// # Errors
    /// When a newer version wrote it, when the folders are somebody else's, or when the run folder cannot be made. A full
    /// or read-only disk is no error.
    pub fn open(folders: Folders) -> Result<Self, StateError> {
        folders::make_private(&folders.run)?;
        let degraded = folders::make_private_or_degrade(&folders.state.join(SOURCES))?;
        let mut state = Self::load(folders, true)?;
        state.degraded = degraded.or(state.degraded);
        if !state.keeps_secrets {
            let run = state.folders.run.display();
            state
                .warnings
                .push(format!("{run} is not in memory: the last good version of secrets is kept by this process only"));
        }
        Ok(state)
    }

    /// Opens the state to look at it: nothing on the disk is made or changed, now or later.
    ///
    /// # Errors
    /// When a newer version wrote it or when it cannot be read.
    pub fn read_only(folders: Folders) -> Result<Self, StateError> {
        Self::load(folders, false)
    }

    fn load(folders: Folders, writable: bool) -> Result<Self, StateError> {
        let mut warnings = Vec::new();
        let (digest_key, degraded) = digest_key::load(&folders.state, writable, &mut warnings)?;
        let keeps_secrets = folders::is_memory(&folders.run);
        let history = Chronicle::of(&folders).load(writable, &mut warnings)?;
        let mut state = Self {
            folders,
            writable,
            keeps_secrets,
            digest_key,
            history: Arc::new(history),
            traces: Traces::default(),
            archive: Archive::default(),
            sources: BTreeMap::new(),
            commits: Commits::default(),
            warnings,
            degraded,
        };
        state.load_archive()?;
        state.load_commits()?;
        for path in file::list(&state.folders.state.join(SOURCES))? {
            state.load_source(&path)?;
        }
        Ok(state)
    }

    fn load_archive(&mut self) -> Result<(), StateError> {
        for path in self.archive_paths() {
            let record = file::read::<ArchiveRecord>(&path, self.writable, &mut self.warnings)?;
            record.unwrap_or_default().restore(&mut self.archive);
        }
        Ok(())
    }

    fn load_source(&mut self, path: &Path) -> Result<(), StateError> {
        let Some(record) = file::read::<Record>(path, self.writable, &mut self.warnings)? else { return Ok(()) };
        let content = file::read::<Content>(&self.content_path(&record.source), self.writable, &mut self.warnings)?;
        let source = record.source.clone();
        let (good, departed) = record.into_good(content.unwrap_or_default(), &mut self.warnings);
        self.sources.insert(source, Known { good, departed, unsaved: false });
        Ok(())
    }

    /// Where things are.
    pub const fn folders(&self) -> &Folders {
        &self.folders
    }

    /// The key for digests of secrets.
    pub fn digest_key(&self) -> DigestKey {
        self.digest_key.clone()
    }

    /// What was taken over from others.
    pub fn adopted(&self) -> Adopted {
        adopted(&self.folders)
    }

    /// Records what is taken over from others; it is on the disk before anything is done about it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save_adopted(&self, taken: &Adopted) -> Result<(), StateError> {
        adopted::save(&self.folders, taken)
    }

    /// What was remembered of each object when the state was opened.
    pub fn history(&self) -> Arc<History> {
        Arc::clone(&self.history)
    }

    /// Whether nothing at all is remembered of what ran before: the history was lost, or never was.
    pub fn is_forgetful(&self) -> bool {
        self.history.objects.is_empty()
    }

    /// Takes what containers tell of earlier revisions, where nothing is remembered.
    pub fn take_traces(&mut self, observed: &Observed) {
        self.traces = traces(&self.history, observed);
    }

    /// What containers told of earlier revisions.
    pub const fn traces(&self) -> &Traces {
        &self.traces
    }

    /// Where the history and the events are written.
    pub fn chronicle(&self) -> Chronicle {
        Chronicle::of(&self.folders)
    }

    /// Where requests to a controller are left.
    pub fn requests(&self) -> Requests {
        Requests::of(&self.folders.run, "requests")
    }

    /// Where it is asked that repositories be looked at.
    pub fn syncs(&self) -> Requests<SyncRequest> {
        Requests::of(&self.folders.run, "syncs")
    }

    /// The content of kept revisions.
    pub const fn archive(&self) -> &Archive {
        &self.archive
    }

    /// Keeps the content of revisions, configs on the disk, secrets in memory. Writes only where something changed.
    pub fn keep_archive(&mut self, archive: Archive) {
        if self.archive == archive {
            return;
        }
        self.archive = archive;
        if self.writable {
            let [configs, secrets] = self.archive_paths();
            let mut written = file::write(&configs, &ArchiveRecord::of(&self.archive, false));
            if self.keeps_secrets {
                written = written.and_then(|()| file::write(&secrets, &ArchiveRecord::of(&self.archive, true)));
            }
            self.note(written);
        }
    }

    /// Why the disk does not have everything; `None` when it does.
    pub fn degraded(&self) -> Option<&str> {
        self.degraded.as_deref()
    }

    /// What was odd when the state was opened: damaged files that were set aside, secrets that were lost.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn note(&mut self, written: Result<(), StateError>) {
        self.degraded = written.err().map(|error| describe(&error));
    }

    /// The files of configs and of secrets.
    fn archive_paths(&self) -> [PathBuf; 2] {
        [self.folders.state.join("archive.json"), self.folders.run.join("archive.json")]
    }
}

const SOURCES: &str = "sources";

/// An error with its cause, in one line.
fn describe(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}
