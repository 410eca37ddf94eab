//! What the commands that act share: the engine, the state directory, the lock, and the way from manifests to a target.

mod asking;
mod beside;
mod bring;
mod candidacy;
mod etcd;
mod faults;
mod feeds;
mod following;
mod holds;
mod keep;
mod origin;
mod private;
mod recall;
mod reporting;
mod slot;
mod sweeping;
mod syncing;
mod target;
mod turns;
mod verdicts;
mod watching;

use std::sync::Arc;
use std::time::Duration;

use skiff_core::{Failures, Observed, Plan, Timestamp, archived, effective, learn, notice_crashes, plan, rejudged};
use tokio_util::sync::CancellationToken;

pub use beside::{forget_taken_down, needed_by_others, save};
pub use bring::{AskedRun, Bring, bring};
pub use etcd::read_documents;
pub use holds::tell_holds;
pub use keep::{Keep, keep};
pub use origin::{make_mounts, named_by_address, read_all, read_here};
pub(crate) use private::{warn_if_open, warn_of_open};
pub use recall::{Recalled, recall, recall_from};
pub(crate) use syncing::{Syncer, hand_over_sync};
pub use target::{TargetOptions, remembered, target};
pub use turns::{Turns, electing, take_turns};
pub use verdicts::Onlooker;

use crate::cli::{CliError, Settings, engine};
use crate::clock::Clock;
use crate::controller::{self, Target};
use crate::engine::docker::Docker;
use crate::engine::{Engine, Look};
use crate::fail_point::FailPoint;
use crate::lock::{self, Candidate, Lock, LockError, LockHeld};
use crate::mandate::Mandate;
use crate::source::{Loaded, SourceOptions};
use crate::state::State;
use crate::ui::{Ui, problem};

/// An engine and the state directory of an instance.
#[derive(Debug)]
pub struct Session {
    /// The engine.
    pub docker: Arc<Docker>,
    /// What Docker cannot remember.
    pub state: State,
    /// The settings of the process.
    pub settings: Settings,
    /// Whether it acts.
    access: Access,
    /// Until when.
    mandate: Mandate,
}

/// Whether a command only looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing is written, to the engine or the disk.
    Read,
    /// The command acts.
    Act,
}

impl Session {
    /// Opens the state directory, connects to the engine and begins to look at it: while manifests are read, the engine answers.
    ///
    /// # Errors
    /// When either cannot be had, with what to do about it.
    pub async fn open(settings: &Settings, access: Access) -> Result<Self, CliError> {
        Self::open_under(settings, access, Mandate::for_good()).await
    }

    /// As [`Self::open`], for one that acts only while there is leave to.
    ///
    /// # Errors
    /// When either cannot be had, with what to do about it.
    pub async fn open_under(settings: &Settings, access: Access, mandate: Mandate) -> Result<Self, CliError> {
        let folders = engine::folders(settings);
        let state = match access {
            Access::Read => State::read_only(folders),
            Access::Act => State::open(folders),
        };
        let state = state.map_err(|error| CliError::state("cannot open the state directory", error))?;
        for warning in state.warnings() {
            tracing::warn!("{warning}");
        }
        let docker = Arc::new(engine::connect_under(access, settings, mandate.clone()).await?);
        docker.look_ahead(&settings.instance);
        Ok(Self { docker, state, settings: settings.clone(), access, mandate })
    }

    /// Looks at everything.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn observe(&self) -> Result<Observed, CliError> {
        Ok(self.docker.observe(&self.settings.instance, Look::Full).await?)
    }

    /// Where nothing is remembered, hears from the containers what they were made from: that can be gone back to then.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn hear_traces(&mut self) -> Result<(), CliError> {
        if self.state.is_forgetful() {
            let observed = self.observe().await?;
            self.state.take_traces(&observed);
        }
        Ok(())
    }

    /// Looks at everything, and learns from it what a controller learns before it plans: which runs have ended, and which are due.
    ///
    /// # Errors
    /// When the engine does not answer, or the history cannot be read.
    pub async fn look(&self, target: &Target) -> Result<(Observed, Timestamp), CliError> {
        // What is seen was so when it was asked for.
        let now = Timestamp::now();
        let mut observed = self.observe().await?;
        observed.hear_health(&target.content);
        let history = self.state.chronicle().history();
        let history = history.map_err(|error| CliError::failed("cannot read the history", error))?;
        let mut history = Arc::new(history);
        let mut crashes = history.crashes.clone();
        notice_crashes(&mut crashes, &effective(&target.desired, &history), &observed, now);
        observed.crashes = crashes;
        observed.failures = self.failures_of_controller(&observed);
        learn(&mut history, &target.desired, &observed, now);
        observed.history = history;
        let of = (target, &self.settings.instance);
        observed.probes = Onlooker::once().verdicts(&self.docker, &self.state, of, &observed, now).await;
        Ok((observed, now))
    }

    /// What went wrong lately for another process that acts: who plans beside it waits as it does. Nothing where none acts.
    fn failures_of_controller(&self, observed: &Observed) -> Failures {
        let holder = Lock::holder(&self.state.folders().run, &observed.engine.id, &self.settings.instance);
        let another = holder.filter(|holder| holder.pid != std::process::id());
        another.map(|_| self.state.chronicle().failures()).unwrap_or_default()
    }

    /// What would lead to a target, now.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn plan(&self, target: &Target) -> Result<Plan, CliError> {
        let rejudged = rejudged(&target.desired, &self.state.history());
        let (observed, now) = self.look(target).await?;
        Ok(Plan { rejudged, ..plan(&target.desired, &observed, now) })
    }

    /// Keeps the content that a target uses, for as long as it may be gone back to.
    pub fn keep_archive(&mut self, target: &Target) {
        let history = self.state.history();
        let archive = archived(&target.desired, &target.content, &history, self.state.archive());
        self.state.keep_archive(archive);
    }

    /// Who acts for the instance now; `None` where nobody does.
    ///
    /// # Errors
    /// When the engine does not say which one it is.
    pub async fn holder(&self) -> Result<Option<LockHeld>, CliError> {
        let engine = self.docker.id().await?;
        Ok(Lock::holder(&self.state.folders().run, engine, &self.settings.instance))
    }

    /// Whether `skiff run` acts for the instance now, and stays.
    ///
    /// # Errors
    /// When the engine does not say which one it is.
    pub async fn is_kept(&self) -> Result<bool, CliError> {
        Ok(self.holder().await?.is_some_and(|holder| holder.command == "skiff run"))
    }

    /// Whether controllers of the instance are here that are elected.
    ///
    /// # Errors
    /// When the engine does not say who it is.
    pub async fn has_candidates(&self) -> Result<bool, CliError> {
        let engine = self.docker.id().await?;
        Ok(Lock::has_candidates(&self.state.folders().run, engine))
    }

    /// Makes this process the one that acts for the instance.
    ///
    /// # Errors
    /// When another one does: who, and what to do instead.
    pub async fn lock(&self, command: &str) -> Result<Lock, CliError> {
        self.lock_for(command, "change the manifests that it watches, or stop it first").await
    }

    /// As [`Self::lock`], with what to do where `skiff run` has it.
    ///
    /// # Errors
    /// When another process has it.
    pub async fn lock_for(&self, command: &str, beside_run: &str) -> Result<Lock, CliError> {
        let engine = self.docker.id().await?;
        let run = &self.state.folders().run;
        lock::acquire(run, engine, &self.settings.instance, command).map_err(|error| refused(error, beside_run))
    }

    /// Makes this process one of those that are elected to act for the instance.
    ///
    /// # Errors
    /// When one acts without an election.
    pub async fn stand(&self) -> Result<Candidate, CliError> {
        let engine = self.docker.id().await?;
        let stood = Candidate::stand(&self.state.folders().run, engine, &self.settings.instance);
        stood.map_err(|error| refused(error, "stop it, or give it the same address in etcd"))
    }
}

/// Why a lock was not got, with what to do where `skiff run` has it.
fn refused(error: LockError, beside_run: &str) -> CliError {
    let message = error.to_string();
    let help = match error {
        LockError::Held(held) if held.command == "skiff run" => beside_run,
        LockError::Held(_) => "wait until it has ended",
        LockError::StandsBy { .. } => "wait until one leads (`skiff doctor` says who), or stop it first",
        error @ LockError::Io { .. } => return CliError::failed("cannot take the lock", error),
    };
    CliError::refused(message, format!("{help}; another `--instance` has objects of its own"))
}

/// The settings of a loop that acts until then, on the clock of the host.
fn loop_settings(settings: &Settings, tick: Duration, mandate: &Mandate) -> controller::Settings {
    controller::Settings {
        instance: settings.instance.clone(),
        tick,
        clock: Clock::System,
        mandate: mandate.clone(),
        fail_point: FailPoint::after(settings.abort_after_steps),
    }
}

/// Reads the manifests of all sources, and completes them by the last good state, beside what other sources are known to have.
///
/// # Errors
/// When a repository does not give what was asked of it, or it is cancelled. Never for what the manifests say: what is wrong with them is in what is loaded.
pub async fn load(
    session: &Session,
    options: SourceOptions,
    cancel: &CancellationToken,
) -> Result<Vec<Loaded>, CliError> {
    let loads = read_all(&options, session.state.folders(), session.access, cancel).await?;
    Ok(beside::complete(loads, &session.state, &session.settings.instance))
}

/// Shows what is wrong or odd with loads, and refuses them where that is more than odd.
///
/// # Errors
/// When there is a mistake.
pub fn refuse_mistakes(loads: &[Loaded], ui: &mut Ui) -> Result<(), CliError> {
    let mistakes: Vec<_> = loads.iter().flat_map(problem::mistakes).collect();
    if mistakes.is_empty() {
        return Ok(());
    }
    let shown = if ui.stderr_is_terminal { problem::graphical(&mistakes, ui.width) } else { problem::plain(&mistakes) };
    ui.say(&shown);
    if loads.iter().all(|loaded| loaded.problems.is_empty()) { Ok(()) } else { Err(CliError::Reported) }
}
