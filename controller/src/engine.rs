//! What the controller needs of an engine: to look, to act, and to be told when to look again.

pub mod docker;

use std::future::Future;
use std::sync::Arc;

use skiff_core::{Action, ContentStore, EngineError, Instance, Observed, Outcome};
use tokio::sync::mpsc;

/// How closely to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// List everything and inspect every container of ours.
    Full,
    /// List everything, inspect what changed since the last look and a tenth of the rest in turn.
    Changed,
}

/// Something that has happened while an action was going on, for whoever watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is going on, `postgres:16: downloading`.
    pub what: String,
    /// How much of how much, in bytes, where it is known.
    pub bytes: Option<(u64, u64)>,
}

/// Why to look again. It carries no data into a decision: a pass looks at everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The engine reported an event of a container, network or volume: its action and the name it is about.
    Event {
        /// `die`, `health_status: healthy`, ….
        action: String,
        /// Docker's name.
        name: String,
    },
    /// The stream of events broke or was opened again: nothing that was known may be relied on.
    Reconnected,
}

/// An engine: Docker, or one that follows its rules.
pub trait Engine: Send + Sync + 'static {
    /// Reports what there is. Failures and work in flight are the caller's to fill in.
    ///
    /// # Errors
    /// When the engine does not answer in time or answers something that cannot be read. Never an empty list instead.
    fn observe(&self, instance: &Instance, look: Look) -> impl Future<Output = Result<Observed, EngineError>> + Send;

    /// Performs one action; harmless to repeat.
    ///
    /// # Errors
    /// What [`EngineError`] says, sorted by what to do next.
    fn perform(
        &self,
        action: &Action,
        content: &ContentStore,
        progress: mpsc::UnboundedSender<Progress>,
    ) -> impl Future<Output = Result<Outcome, EngineError>> + Send;

    /// Sends a wake for each event until the receiver is dropped; connects again by itself.
    fn watch(self: Arc<Self>, instance: Instance, wakes: mpsc::Sender<Wake>) -> impl Future<Output = ()> + Send;
}
