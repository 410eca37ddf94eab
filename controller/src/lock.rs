//! One controller per engine and instance: a file lock that the kernel releases however its holder ends.
//!
//! Two files: whoever wants to act takes the gate, which nobody takes to ask; whoever holds the gate is named in the other file, and
//! has it locked, so that one can ask without being in anybody's way. The files are left behind when the lock is released, for
//! removing them would race with the next holder. Controllers that are elected share the gate (see [`Candidate`]).

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use skiff_core::Instance;

pub use candidate::{Candidate, Leading};
pub use leases::{Leases, LeftLease, NotedLease};

mod candidate;
mod leases;
#[cfg(test)]
mod tests;

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LockHeld {
    /// The process.
    pub pid: u32,
    /// What it was started as, `skiff run`.
    pub command: String,
    /// Since when.
    pub since: Timestamp,
    /// Its instance.
    pub instance: String,
    /// By which election, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elected: Option<Elected>,
}

/// An election that was won.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Elected {
    /// The election's name.
    pub election: String,
    /// The lease that it was won by.
    pub lease: i64,
}

/// Why a lock was not got.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another controller has it.
    #[error(
        "`{}` (process {}) works on instance `{}` of this engine since {}: stop it, or choose another --instance",
        .0.command, .0.pid, .0.instance, .0.since.strftime("%Y-%m-%d %H:%M:%SZ")
    )]
    Held(LockHeld),
    /// Controllers stand by to be elected.
    #[error("`skiff run` stands by for instance `{instance}` of this engine, and acts as soon as it is elected")]
    StandsBy {
        /// Their instance.
        instance: String,
    },
    /// The file could not be used.
    #[error("the lock file {} cannot be used", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// A lock, held until it is dropped or the process ends.
#[derive(Debug)]
pub struct Lock {
    gate: File,
    name: File,
}

/// Takes the lock for an engine and instance; the folder must exist and be private.
///
/// # Errors
/// [`LockError::Held`] when another process has it.
pub fn acquire(run_dir: &Path, engine_id: &str, instance: &Instance, command: &str) -> Result<Lock, LockError> {
    let (at_gate, at_name) = (gate_path(run_dir, engine_id), path(run_dir, engine_id));
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| LockError::Io { path, source }
    };
    let gate = open(&at_gate).map_err(failed(&at_gate))?;
    let mut name = open(&at_name).map_err(failed(&at_name))?;
    match gate.try_lock() {
        Ok(()) => {}
        Err(TryLockError::Error(source)) => return Err(failed(&at_gate)(source)),
        Err(TryLockError::WouldBlock) if waits_idly(run_dir, engine_id, instance) => {
            return Err(LockError::StandsBy { instance: instance.to_string() });
        }
        Err(TryLockError::WouldBlock) => return Err(LockError::Held(read(&mut name, instance))),
    }
    // Behind the gate nobody else wants it for longer than it takes to look.
    name.lock().map_err(failed(&at_name))?;
    write(&mut name, &LockHeld::now(instance, command)).map_err(failed(&at_name))?;
    Ok(Lock { gate, name })
}

/// Whether controllers stand by, and none of them leads.
fn waits_idly(run_dir: &Path, engine_id: &str, instance: &Instance) -> bool {
    Lock::has_candidates(run_dir, engine_id) && Lock::holder(run_dir, engine_id, instance).is_none()
}

impl LockHeld {
    /// This process, from now on.
    fn now(instance: &Instance, command: &str) -> Self {
        Self {
            pid: std::process::id(),
            command: command.to_owned(),
            since: Timestamp::now(),
            instance: instance.to_string(),
            elected: None,
        }
    }
}

impl Lock {
    /// Who holds the lock now; `None` where nobody does. Takes nothing and writes nothing.
    pub fn holder(run_dir: &Path, engine_id: &str, instance: &Instance) -> Option<LockHeld> {
        let mut file = File::open(path(run_dir, engine_id)).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(read(&mut file, instance)),
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }

    /// Whether controllers of the instance are here that are elected. Takes nothing and writes nothing.
    pub fn has_candidates(run_dir: &Path, engine_id: &str) -> bool {
        let file = File::open(path(run_dir, engine_id).with_extension("candidates"));
        file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // An old name in a file that nobody has locked would harm nobody; it would only confuse who reads it.
        self.name.set_len(0).ok();
        self.name.unlock().ok();
        self.gate.unlock().ok();
    }
}

fn gate_path(run_dir: &Path, engine_id: &str) -> PathBuf {
    path(run_dir, engine_id).with_extension("gate")
}

/// The file that names the holder; characters of the engine's id that are no part of a file's name become hyphens.
fn path(run_dir: &Path, engine_id: &str) -> PathBuf {
    let id: String = engine_id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(200).collect();
    run_dir.join(format!("lock-{id}"))
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options.custom_flags(i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default());
    options.open(path)
}

/// What the file says; its holder may just be writing it.
fn read(file: &mut File, instance: &Instance) -> LockHeld {
    let mut text = String::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.take(4096).read_to_string(&mut text));
    read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_else(|| LockHeld {
        pid: 0,
        command: "another skiff".to_owned(),
        since: Timestamp::UNIX_EPOCH,
        instance: instance.to_string(),
        elected: None,
    })
}

fn write(file: &mut File, held: &LockHeld) -> std::io::Result<()> {
    let text = serde_json::to_vec(held)?;
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&text)
}
