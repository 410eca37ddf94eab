//! The history of an instance and its events on the disk. One process writes them, others may read.
//!
//! The history is old or new after a crash, never torn. Events are lines that are added; when their file has grown it begins anew and
//! the one before is kept, so that there are always some and never too many.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use skiff_core::{Event, Failures, History, ProbeVerdicts};

use super::{Faults, Folders, Leader, StateError, Troubles, file};
use crate::lock::LockHeld;

/// How many bytes of events a file holds, about 5,000 of them.
const LARGEST: u64 = 1 << 20;

/// The file that says who leads.
const LEADER: &str = "leader.json";
/// The file that says what went wrong lately.
const FAILURES: &str = "failures.json";
/// The file that says what probes have come to.
const VERDICTS: &str = "probes.json";

/// Where history and events are.
#[derive(Clone, Debug)]
pub struct Chronicle {
    folder: PathBuf,
    run: PathBuf,
    /// Who writes, where several take turns.
    by: Option<String>,
}

impl Chronicle {
    pub(super) fn of(folders: &Folders) -> Self {
        Self { folder: folders.state.clone(), run: folders.run.clone(), by: None }
    }

    /// The same, whose events say who wrote them.
    #[must_use]
    pub fn signed(self, by: Option<&str>) -> Self {
        Self { by: by.map(ToOwned::to_owned), ..self }
    }

    /// The history; a damaged one is set aside, and its loss costs nothing that runs.
    pub(super) fn load(&self, writable: bool, warnings: &mut Vec<String>) -> Result<History, StateError> {
        Ok(file::read(&self.history_path(), writable, warnings)?.unwrap_or_default())
    }

    /// The history as it stands on the disk now, for whoever only looks.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn history(&self) -> Result<History, StateError> {
        self.load(false, &mut Vec::new())
    }

    /// Writes the history whole or not at all.
    ///
    /// # Errors
    /// When the disk is full or read-only; the old history stays then.
    pub fn save(&self, history: &History) -> Result<(), StateError> {
        file::write(&self.history_path(), history)
    }

    /// Writes what is not as it should be now.
    ///
    /// # Errors
    /// When the run folder is full or read-only.
    pub fn save_troubles(&self, troubles: &Troubles) -> Result<(), StateError> {
        file::write(&self.troubles_path(), troubles)
    }

    /// What is not as it should be, as the last pass of a controller saw it; nothing where that cannot be read.
    pub fn troubles(&self) -> Troubles {
        file::read(&self.troubles_path(), false, &mut Vec::new()).ok().flatten().unwrap_or_default()
    }

    /// Writes what went wrong lately.
    ///
    /// # Errors
    /// When the run folder is full or read-only.
    pub fn save_failures(&self, failures: &Failures) -> Result<(), StateError> {
        file::write(&self.run.join(FAILURES), failures)
    }

    /// What went wrong lately, as the last pass of a controller had it; nothing where that cannot be read.
    pub fn failures(&self) -> Failures {
        file::read(&self.run.join(FAILURES), false, &mut Vec::new()).ok().flatten().unwrap_or_default()
    }

    /// Writes what is wrong with the manifests of each source.
    ///
    /// # Errors
    /// When the run folder is full or read-only.
    pub fn save_faults(&self, faults: &Faults) -> Result<(), StateError> {
        file::write(&self.faults_path(), faults)
    }

    /// What is wrong with the manifests, as the last load of a controller found it; nothing where that cannot be read.
    pub fn faults(&self) -> Faults {
        file::read(&self.faults_path(), false, &mut Vec::new()).ok().flatten().unwrap_or_default()
    }

    /// Writes what probes have come to, as whoever holds the lock says.
    ///
    /// # Errors
    /// When the run folder is full or read-only.
    pub fn save_verdicts(&self, by: &LockHeld, verdicts: &ProbeVerdicts) -> Result<(), StateError> {
        file::write(&self.run.join(VERDICTS), &(by, verdicts))
    }

    /// What probes have come to, where whoever holds the lock has said so.
    pub fn verdicts(&self, holder: &LockHeld) -> Option<ProbeVerdicts> {
        let told = file::read::<(LockHeld, _)>(&self.run.join(VERDICTS), false, &mut Vec::new()).ok()?;
        told.filter(|(by, _)| by == holder).map(|(_, verdicts)| verdicts)
    }

    /// Writes who leads.
    ///
    /// # Errors
    /// When the run folder is full or read-only.
    pub fn save_leader(&self, leader: &Leader) -> Result<(), StateError> {
        file::write(&self.run.join(LEADER), leader)
    }

    /// Who leads, as was written last; nothing where that cannot be read.
    pub fn leader(&self) -> Option<Leader> {
        file::read(&self.run.join(LEADER), false, &mut Vec::new()).ok().flatten()
    }

    /// Adds events.
    ///
    /// # Errors
    /// When the disk is full or read-only.
    pub fn append(&self, events: &[Event]) -> Result<(), StateError> {
        self.add(events).map_err(|source| StateError::Io { path: self.events_path(), source })
    }

    fn add(&self, events: &[Event]) -> io::Result<()> {
        let path = self.events_path();
        if fs::metadata(&path).is_ok_and(|found| found.len() > LARGEST) {
            fs::rename(&path, self.older_path())?;
        }
        let mut lines = Vec::new();
        for event in events {
            let by = self.by.clone().or_else(|| event.by.clone());
            serde_json::to_writer(&mut lines, &Event { by, ..event.clone() })?;
            lines.push(b'\n');
        }
        OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?.write_all(&lines)
    }

    /// The events that are kept, the oldest first. A line that was cut off by a crash is passed over.
    ///
    /// # Errors
    /// When a file is there and cannot be read.
    pub fn events(&self) -> Result<Vec<Event>, StateError> {
        let mut events = Vec::new();
        for path in [self.older_path(), self.events_path()] {
            let text = match fs::read(&path) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(StateError::Io { path, source }),
            };
            events.extend(text.lines().filter_map(|line| serde_json::from_str::<Event>(line).ok()));
        }
        Ok(events)
    }

    /// The file that grows with each event: whoever follows them looks at it.
    pub fn events_path(&self) -> PathBuf {
        self.folder.join("events.jsonl")
    }

    fn older_path(&self) -> PathBuf {
        self.folder.join("events.1.jsonl")
    }

    fn troubles_path(&self) -> PathBuf {
        self.run.join("troubles.json")
    }

    fn faults_path(&self) -> PathBuf {
        self.run.join("faults.json")
    }

    fn history_path(&self) -> PathBuf {
        self.folder.join("history.json")
    }
}
