//! `skiff sync` and webhooks: repositories that are asked at once, and what came of it.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::Session;
use super::asking::hand_over;
use super::following::{Ask, Synced};
use crate::cli::CliError;
use crate::lock::LockHeld;
use crate::role::Relay;
use crate::state::{Answer, Requests, SyncRequest};

/// How long a command waits for what comes of it: a fetch may take its time.
const PATIENCE: Duration = Duration::from_secs(120);

/// By whom repositories are asked at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Syncer(BTreeMap<String, mpsc::Sender<Ask>>);

impl Syncer {
    pub(super) const fn new(asks: BTreeMap<String, mpsc::Sender<Ask>>) -> Self {
        Self(asks)
    }

    /// Has one source, or all, asked at once; returns what came of each.
    pub(super) async fn sync(&self, source: Option<&str>) -> Vec<Synced> {
        let meant = self.0.iter().filter(|(name, _)| source.is_none_or(|source| source == name.as_str()));
        let mut answers = Vec::new();
        for (name, asks) in meant {
            let (ask, answer) = oneshot::channel();
            // One that has ended answers by that.
            asks.send(ask).await.ok();
            answers.push((name, answer));
        }
        let mut synced = Vec::new();
        for (name, answer) in answers {
            synced.push(answer.await.unwrap_or_else(|_| Err(format!("source {name}: the controller is ending"))));
        }
        synced
    }

    /// Has all asked, and waits for nothing.
    pub(crate) fn nudge(&self) {
        for asks in self.0.values() {
            // One that waits to be taken up says the same.
            asks.try_send(oneshot::channel().0).ok();
        }
    }

    /// Answers a request of another process.
    pub(super) async fn answer(self, request: SyncRequest) -> Answer {
        let synced = self.sync(request.source.as_deref()).await;
        let lines =
            |of: fn(&Synced) -> Option<&String>| synced.iter().filter_map(of).cloned().collect::<Vec<_>>().join("\n");
        if synced.is_empty() {
            let message = match request.source {
                Some(source) => format!("`{source}` is no repository that is followed"),
                None => "no repository is followed".to_owned(),
            };
            let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
            let help = match known.as_slice() {
                [] => "`skiff run git+https://host/shop.git` follows one; files are watched anyway".to_owned(),
                names => format!("followed are {}", names.join(", ")),
            };
            return Answer::Refused { message, help };
        }
        if synced.iter().any(Result::is_err) {
            let message = lines(|synced| synced.as_ref().err());
            return Answer::Refused { message, help: "`skiff get` and `skiff events` say more".to_owned() };
        }
        Answer::Granted { message: lines(|synced| synced.as_ref().ok()) }
    }
}

/// Leaves it to the process that acts to ask all repositories, and waits for what comes of it.
///
/// # Errors
/// When it does not answer, or the newest commit is not in force.
pub(crate) async fn hand_over_sync(requests: &Requests<SyncRequest>, holder: &LockHeld) -> Result<String, CliError> {
    hand_over(requests, &SyncRequest::default(), holder, PATIENCE).await
}

impl Session {
    /// What passes on to whoever leads what calls this process.
    ///
    /// # Errors
    /// When the engine does not say which one it is.
    pub(crate) async fn relay(&self) -> Result<Relay, CliError> {
        let engine = self.docker.id().await?.to_owned();
        Ok(Relay::new(self.state.syncs(), self.state.folders().clone(), engine, self.settings.instance.clone()))
    }

    /// Has the controller that runs ask its repositories at once. Returns what is in force then.
    ///
    /// # Errors
    /// When none runs, or the newest commit is not in force.
    pub async fn sync(&self, request: &SyncRequest) -> Result<String, CliError> {
        let Some(holder) = self.holder().await? else {
            if self.has_candidates().await? {
                let help = "whoever is elected asks all repositories anew; `skiff get` says why nobody leads";
                return Err(CliError::refused("controllers of this instance run, and none of them leads now", help));
            }
            let help = "`skiff run git+https://host/shop.git` follows a repository, `skiff up` applies it once";
            return Err(CliError::refused("no controller runs for this instance", help));
        };
        hand_over(&self.state.syncs(), request, &holder, PATIENCE).await
    }
}
