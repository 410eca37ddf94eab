//! Controllers that are elected: any number of them are here at once, and whoever acts without an election stays out.
//!
//! They share the gate. Who leads is no matter of locks: one that was frozen still holds its own when another leads by then. So the leader
//! puts a file of its own, which it has locked, in the place of the one that named the leader before.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use skiff_core::Instance;
use skiff_remote::etcd::Moment;

use super::leases::draft;
use super::{Elected, Leases, Lock, LockError, LockHeld, gate_path, open, path, read, write};

/// A controller that is elected, or stands by to be; until it is dropped or the process ends.
#[derive(Debug)]
pub struct Candidate {
    /// Shared with the others.
    gate: File,
    mark: File,
    /// Which file names the leader.
    name: PathBuf,
    run: PathBuf,
    engine: String,
    instance: Instance,
}

/// Leads, until it is dropped or the process ends.
#[derive(Debug)]
pub struct Leading {
    name: File,
}

impl Candidate {
    /// Stands for an engine and instance; the folder must exist and be private.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process acts without an election.
    pub fn stand(run_dir: &Path, engine_id: &str, instance: &Instance) -> Result<Self, LockError> {
        let (at_gate, name) = (gate_path(run_dir, engine_id), path(run_dir, engine_id));
        let at_mark = name.with_extension("candidates");
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| LockError::Io { path, source }
        };
        let gate = open(&at_gate).map_err(failed(&at_gate))?;
        match gate.try_lock_shared() {
            Ok(()) => {}
            Err(TryLockError::Error(source)) => return Err(failed(&at_gate)(source)),
            Err(TryLockError::WouldBlock) => {
                let mut file = open(&name).map_err(failed(&name))?;
                return Err(LockError::Held(read(&mut file, instance)));
            }
        }
        let mark = open(&at_mark).map_err(failed(&at_mark))?;
        // Nobody has it for longer than it takes to look.
        mark.lock_shared().map_err(failed(&at_mark))?;
        let (run, engine) = (run_dir.to_owned(), engine_id.to_owned());
        Ok(Self { gate, mark, name, run, engine, instance: instance.clone() })
    }

    /// Where the candidates of an election that are on this host note their leases.
    pub fn leases(&self, election: &str) -> Leases {
        Leases::new(&self.name, election)
    }

    /// Whoever acts on this host, where one does by another lease than this one when asked and goes on to: it was elected by another
    /// cluster. Whom the same cluster has passed over renews nothing any more.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process goes on to act.
    pub fn outlasts(&self, lease: i64, since: Option<Moment>, now: Moment) -> Result<Option<Moment>, LockError> {
        let until = self.leases("").another_acts_until(lease, now);
        match (since, until) {
            (Some(since), Some(until)) if until > since => {
                let mut file = open(&self.name).map_err(|source| LockError::Io { path: self.name.clone(), source })?;
                Err(LockError::Held(read(&mut file, &self.instance)))
            }
            (Some(since), Some(_)) => Ok(Some(since)),
            (_, until) => Ok(until),
        }
    }

    /// Names itself the leader, whoever was named before.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process leads by another election: both have a right to act, and they must not.
    pub fn lead(&self, command: &str, elected: Elected) -> Result<Leading, LockError> {
        let holder = Lock::holder(&self.run, &self.engine, &self.instance);
        let elsewhere = |held: &LockHeld| held.elected.as_ref().is_some_and(|other| other.election != elected.election);
        if let Some(held) = holder.filter(elsewhere) {
            return Err(LockError::Held(held));
        }
        let held = LockHeld { elected: Some(elected), ..LockHeld::now(&self.instance, command) };
        let name = draft(&self.name, |file| write(file, &held));
        let name = name.map_err(|source| LockError::Io { path: self.name.clone(), source })?;
        Ok(Leading { name })
    }
}

impl Drop for Candidate {
    fn drop(&mut self) {
        self.mark.unlock().ok();
        self.gate.unlock().ok();
    }
}

impl Drop for Leading {
    fn drop(&mut self) {
        // Whoever gives it back leaves nothing behind.
        self.name.set_len(0).ok();
        self.name.unlock().ok();
    }
}
