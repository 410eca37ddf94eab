//! What goes into the loop and what comes out of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use skiff_api::{Instance, ObjectKey};
use skiff_core::{
    ContentStore, Desired, EngineError, History, ObjectStatus, Observed, Plan, ProbeVerdicts, Refusal, Request,
    TagAnswers,
};
use tokio::sync::{mpsc, oneshot, watch};

use crate::clock::Clock;
use crate::engine::Wake;
use crate::executor::Report;
use crate::fail_point::FailPoint;
use crate::mandate::Mandate;
use crate::scribe::Notes;

/// What is declared, with the content that it uses.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// What is declared.
    pub desired: Desired,
    /// The content of configs and secrets.
    pub content: Arc<ContentStore>,
}

/// What one pass saw and decided, whole.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The number of the pass, from 1.
    pub pass: u64,
    /// How long all passes have taken so far.
    pub spent: Duration,
    /// What it worked towards.
    pub target: Arc<Target>,
    /// What was observed, with failures and what is in flight.
    pub observed: Observed,
    /// What was decided.
    pub plan: Plan,
    /// What each object has come to.
    pub status: BTreeMap<ObjectKey, ObjectStatus>,
    /// Why nothing could be observed; the rest is then as it was before.
    pub engine_error: Option<EngineError>,
}

/// The loop's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whose labels count.
    pub instance: Instance,
    /// How long to rest when nothing happens.
    pub tick: Duration,
    /// Where the time comes from.
    pub clock: Clock,
    /// Until when it may act.
    pub mandate: Mandate,
    /// Where the process ends, in a test.
    pub fail_point: FailPoint,
}

/// The loop's ends: what comes in, and what goes out.
#[derive(Debug)]
pub struct Wiring {
    /// What is declared, as it changes.
    pub target: watch::Receiver<Arc<Target>>,
    /// The engine's events.
    pub wakes: mpsc::Receiver<Wake>,
    /// What the probes come to, as it changes.
    pub verdicts: watch::Receiver<Arc<ProbeVerdicts>>,
    /// What registries say of tags that are followed, as it changes.
    pub tags: watch::Receiver<Arc<TagAnswers>>,
    /// Each pass's snapshot.
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    /// What happens to steps, for whoever watches.
    pub reports: Option<mpsc::UnboundedSender<Report>>,
    /// What is to be written down.
    pub notes: Option<Notes>,
    /// What people ask.
    pub asked: mpsc::Receiver<Asked>,
    /// What was remembered when it started.
    pub history: Arc<History>,
}

/// Something that is asked of the loop, and where the answer goes.
#[derive(Debug)]
pub struct Asked {
    /// What.
    pub request: Request,
    /// What happens now, or why not.
    pub reply: oneshot::Sender<Result<String, Refusal>>,
}
