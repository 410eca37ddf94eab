//! Follows a repository: asks it from time to time and whenever somebody says so, and reads each new commit.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use skiff_remote::Pace;
use skiff_remote::git::{CommitId, Obstacle};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::origin::GitOrigin;
use crate::cli::CliError;
use crate::git::Fetched;
use crate::source::{Loaded, Problem, reason};

/// Something has come of a source.
pub(super) struct Change {
    /// Which one.
    pub(super) slot: usize,
    /// What.
    pub(super) what: What,
    /// Who wants to know what becomes of it.
    pub(super) tell: Vec<oneshot::Sender<Synced>>,
}

/// What has come of a source.
pub(super) enum What {
    /// Files may have changed.
    Dirty,
    /// Something new was read; whether it is a commit that the one before does not lead to.
    Read(Box<Loaded>, bool),
    /// It was asked, and has nothing new.
    Same,
    /// It cannot be asked.
    Away(Problem),
}

/// What came of asking a repository at once: what is in force, or why that is not the newest.
pub(super) type Synced = Result<String, String>;

/// Somebody wants a repository asked at once.
pub(super) type Ask = oneshot::Sender<Synced>;

/// Follows one repository.
pub(super) struct Follower {
    pub(super) slot: usize,
    pub(super) origin: Arc<GitOrigin>,
    pub(super) changes: mpsc::Sender<Change>,
    pub(super) asks: mpsc::Receiver<Ask>,
    /// The commit that was read last.
    pub(super) commit: Option<CommitId>,
}

impl Follower {
    /// Follows until cancelled.
    pub(super) async fn run(mut self, cancel: CancellationToken) {
        let pace = Pace { interval: self.origin.repository.address().interval };
        // What a branch leads to is a commit itself: the one that is known already is not read twice.
        let (mut seen, mut failures) = (self.commit.clone(), 0_u32);
        let mut tell = Vec::new();
        loop {
            // Whoever asks wants it read again, too: what was wrong may have been something on this host.
            let known = seen.take().filter(|_| tell.is_empty());
            let what = tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                what = self.ask(known, &mut seen) => what,
            };
            failures = if matches!(what, What::Away(_)) { failures.saturating_add(1) } else { 0 };
            let change = Change { slot: self.slot, what, tell: std::mem::take(&mut tell) };
            if self.changes.send(change).await.is_err() {
                return;
            }
            tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                asked = self.asks.recv() => tell.extend(asked),
                () = tokio::time::sleep(pace.wait(failures, chance())) => {}
            }
            while let Ok(asked) = self.asks.try_recv() {
                tell.push(asked);
            }
        }
    }

    /// Asks once. `known` is what was found last; `seen` becomes what is found now, once it has been read.
    async fn ask(&mut self, known: Option<CommitId>, seen: &mut Option<CommitId>) -> What {
        match self.try_ask(known, seen).await {
            Ok(what) => what,
            Err(error) => {
                let problem = Problem::of_source(reason::SOURCE_UNAVAILABLE, error.to_string());
                What::Away(Problem { help: error.help().map(str::to_owned), ..problem })
            }
        }
    }

    async fn try_ask(&mut self, known: Option<CommitId>, seen: &mut Option<CommitId>) -> Result<What, CliError> {
        let found = match self.origin.repository.look().await {
            Ok(found) => found,
            Err(error) => {
                // What a branch that has gone led to is to be read again when it comes back.
                *seen = known.filter(|_| error.obstacle != Obstacle::Missing);
                return Err(error.into());
            }
        };
        if known.as_ref() == Some(&found.id) {
            *seen = known;
            return Ok(What::Same);
        }
        let Fetched { commit, rewritten } = self.origin.repository.fetch(&found, self.commit.as_ref()).await?;
        let id = commit.id.clone();
        let loaded = self.origin.read_found(&found, commit).await?;
        self.commit = Some(id);
        *seen = Some(found.id);
        Ok(What::Read(Box::new(loaded), rewritten))
    }
}

/// From 0 to 1: hosts that were started together must not ask together.
pub(super) fn chance() -> f64 {
    let drawn = RandomState::new().hash_one(0_u8);
    f64::from(u32::try_from(drawn & 0xffff_ffff).unwrap_or_default()) / f64::from(u32::MAX)
}
