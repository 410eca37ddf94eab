//! What this process is to its instance now: it acts, or another one does. Whatever answers at its doors answers from this, and the doors
//! are open for as long as the process lives, whoever leads.

use std::sync::Arc;

use skiff_api::Instance;
use tokio::sync::{Semaphore, watch};

use crate::lock::Lock;
use crate::monitor::Watched;
use crate::session::{Syncer, hand_over_sync};
use crate::state::{Folders, Requests, SyncRequest};

/// What it is now.
#[derive(Clone, Debug, Default)]
pub(crate) enum Role {
    /// It has only just begun.
    #[default]
    Beginning,
    /// It acts, as far as it has leave to.
    Acting(Box<Acting>),
    /// Another one leads, or nobody does.
    StandingBy(StandingBy),
}

/// What is known while it acts.
#[derive(Clone, Debug)]
pub(crate) struct Acting {
    /// What every pass sees, and what is known of the sources.
    pub(crate) watched: Watched,
    /// By whom repositories are asked at once.
    pub(crate) syncer: Syncer,
}

/// What is known while another one leads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StandingBy {
    /// Who does, where anybody does.
    pub(crate) leader: Option<String>,
    /// Why nobody leads, or why this one could not.
    pub(crate) trouble: Option<String>,
}

/// Who tells what it is.
pub(crate) type Roles = watch::Sender<Arc<Role>>;

impl StandingBy {
    /// Who leads, in words.
    pub(crate) fn words(&self) -> String {
        match (&self.leader, &self.trouble) {
            (Some(leader), None) => format!("{leader} leads, this one stands by"),
            (Some(leader), Some(trouble)) => format!("{leader} leads, and this one is not ready to: {trouble}"),
            (None, Some(trouble)) => format!("nobody leads, as far as is known here: {trouble}"),
            (None, None) => "nobody leads yet, as far as is known here".to_owned(),
        }
    }

    /// Whether another one leads, and this one could.
    pub(crate) const fn is_ready(&self) -> bool {
        self.leader.is_some() && self.trouble.is_none()
    }
}

/// Passes on to whoever leads on this host what calls this process.
#[derive(Clone, Debug)]
pub(crate) struct Relay {
    requests: Requests<SyncRequest>,
    folders: Folders,
    engine: String,
    instance: Instance,
    under_way: Arc<Semaphore>,
}

/// Of so many that wait for the leader at least one has not been taken up: it says the same as another one would.
const UNDER_WAY: usize = 2;

impl Relay {
    pub(crate) fn new(requests: Requests<SyncRequest>, folders: Folders, engine: String, instance: Instance) -> Self {
        Self { requests, folders, engine, instance, under_way: Arc::new(Semaphore::new(UNDER_WAY)) }
    }

    /// Has the leader ask all repositories. Whether it is one that can be told.
    pub(crate) fn nudge(&self) -> bool {
        let Some(holder) = Lock::holder(&self.folders.run, &self.engine, &self.instance) else { return false };
        if let Ok(place) = Arc::clone(&self.under_way).try_acquire_owned() {
            let requests = self.requests.clone();
            tokio::spawn(async move {
                let _place = place;
                if let Err(error) = hand_over_sync(&requests, &holder).await {
                    let error = in_one_line(&error.to_string());
                    tracing::warn!(error, "a webhook was passed on to the leader, and not all is in force");
                }
            });
        }
        true
    }
}

/// What was told in a line for each source, for a log that has one for all.
fn in_one_line(told: &str) -> String {
    told.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_log_has_one_line_for_all_sources() {
        assert_eq!(super::in_one_line("shop: away\nblog: no answer\n"), "shop: away; blog: no answer");
    }
}
