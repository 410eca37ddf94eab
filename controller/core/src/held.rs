//! What is not done now, and why: waiting for something, or on purpose.

mod nature;
mod news;
mod remedy;
mod text;
mod word;

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;
use skiff_api::{DependencyCondition, ObjectKey};

use crate::course::Way;
use crate::history::{RunOutcome, Why};
use crate::probe::ProbeKind;
use crate::reason::{Change, Reason};
pub use news::{HoldNews, hold_news};

/// Something that is not done now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// The object.
    pub object: ObjectKey,
    /// Why.
    pub why: HeldReason,
    /// What will be done when it no longer holds, so that a plan shows a rollout whole.
    pub pending: Vec<Pending>,
}

impl Held {
    /// Whether it is not done yet, and will be once something else is.
    pub fn is_coming(&self) -> bool {
        self.why.is_waiting() && !self.pending.is_empty()
    }

    /// Whether it only says something, and keeps nothing from being as declared.
    pub fn is_note(&self) -> bool {
        self.pending.is_empty()
            && matches!(
                self.why,
                HeldReason::NotRun { .. } | HeldReason::ContentUnknown { .. } | HeldReason::Unpaced { .. }
            )
    }
}

/// A change that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pending {
    /// What will be done, `replace container`.
    pub verb: &'static str,
    /// To what, by Docker's name.
    pub target: String,
    /// Why.
    pub reason: Reason,
}

/// Why something is not done now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "held")]
pub enum HeldReason {
    /// A dependency does not meet its condition.
    WaitingFor {
        /// The dependency.
        dependency: ObjectKey,
        /// The condition.
        condition: DependencyCondition,
    },
    /// A dependency cannot meet its condition, because its own manifest keeps it from running.
    DependencyIdle {
        /// The dependency.
        dependency: ObjectKey,
        /// The condition.
        condition: DependencyCondition,
        /// Whether it is suspended; otherwise it is scaled to 0.
        suspended: bool,
    },
    /// A rollout goes on when this replica is Ready.
    WaitingReady {
        /// The replica's container.
        container: String,
        /// When it has been Ready for long enough, where only time is missing.
        until: Option<Timestamp>,
    },
    /// It failed lately.
    BackOff {
        /// When it is tried again.
        until: Timestamp,
        /// How often in a row.
        attempts: u32,
        /// The last error.
        error: String,
    },
    /// Its image could not be had lately; what runs goes on running.
    ImagePullBackOff {
        /// When it is tried again.
        until: Timestamp,
        /// How often in a row.
        attempts: u32,
        /// What the engine or the registry said.
        error: String,
    },
    /// Its image could not be built lately; what runs goes on running.
    ImageBuildBackOff {
        /// When it is tried again.
        until: Timestamp,
        /// How often in a row.
        attempts: u32,
        /// Which step failed, and how.
        error: String,
    },
    /// It ends again and again, and waits before it is started again.
    CrashLoop {
        /// The container.
        container: String,
        /// How its last run ended, where that was seen.
        code: Option<i64>,
        /// How often it ended.
        exits: u32,
        /// When it is started again.
        until: Timestamp,
    },
    /// It ended again and again, and runs once more: not for long enough to be believed.
    Settling {
        /// The container.
        container: String,
        /// How its last run ended, where that was seen.
        code: Option<i64>,
        /// How often it ended.
        exits: u32,
        /// When it is taken for Ready.
        until: Timestamp,
    },
    /// It ended as often as `restart.maxAttempts` allows.
    GaveUp {
        /// The container.
        container: String,
        /// How its last run ended.
        code: i64,
        /// How often it was restarted.
        attempts: u32,
    },
    /// Its restarts are to be paced as Docker cannot, and nobody stays who does.
    Unpaced {
        /// The fields that ask for it.
        fields: Vec<&'static str>,
        /// What Docker does instead.
        engine: String,
    },
    /// A probe that was changed fails and has not passed once: it is not restarted for it.
    ProbeUnproven {
        /// The container.
        container: String,
        /// Which probe.
        probe: ProbeKind,
        /// What it said last.
        message: String,
    },
    /// The declared revision failed.
    RevisionFailed {
        /// Its number.
        revision: u64,
        /// Why.
        why: Why,
        /// What became of the deployment.
        way: Way,
    },
    /// An init container runs before it.
    Initializing {
        /// The container that waits.
        container: String,
        /// The init container's name in the manifest.
        init: String,
    },
    /// An init container failed, and waits before it runs again.
    InitFailed {
        /// The init container.
        container: String,
        /// Its name in the manifest.
        init: String,
        /// How it ended.
        code: i64,
        /// How often it has failed.
        attempts: u32,
        /// When it runs again.
        until: Timestamp,
    },
    /// A container that is being removed has its name.
    Removing {
        /// The container.
        container: String,
    },
    /// The engine starts it again by itself.
    Restarting {
        /// The container.
        container: String,
        /// How its last run ended.
        code: i64,
    },
    /// A container, network or volume that is not ours has the name.
    NameTaken {
        /// The name.
        name: String,
        /// Who has it.
        by: String,
    },
    /// A container that is not ours publishes the port.
    PortTaken {
        /// The host's port with address and protocol.
        port: String,
        /// Who has it.
        by: String,
    },
    /// A network or volume that is declared external does not exist.
    ExternalMissing {
        /// Docker's name.
        name: String,
    },
    /// The definition of a volume changed. Volumes are never made anew.
    VolumeChanged {
        /// What changed.
        changes: Vec<Change>,
    },
    /// Most of a source would be removed, which must be confirmed.
    PruneUnconfirmed {
        /// The source.
        source: String,
        /// How many objects would go.
        removed: usize,
        /// Of how many.
        total: usize,
    },
    /// It was declared in a folder that is not what is loaded now under its source's name.
    DeclaredElsewhere {
        /// The source.
        source: String,
        /// Where it was declared.
        roots: Vec<PathBuf>,
    },
    /// An object of another source, which is not loaded now, needs it.
    Needed {
        /// The object that needs it.
        by: ObjectKey,
        /// The source of that one.
        source: String,
    },
    /// A network or volume that another source declares, which is not loaded now, does not exist.
    NotMadeBeside {
        /// Docker's name.
        name: String,
        /// The source that makes it.
        source: String,
    },
    /// The source has mistakes, and nothing of it is pruned meanwhile.
    SourceHasProblems {
        /// The source.
        source: String,
        /// How many.
        problems: usize,
    },
    /// `skiff.dev/prune: "false"`.
    Protected,
    /// Containers that stay are on the network.
    NetworkInUse {
        /// Which.
        containers: Vec<String>,
    },
    /// Containers that stay have the volume.
    VolumeInUse {
        /// Which.
        containers: Vec<String>,
    },
    /// The engine cannot do it.
    Unsupported {
        /// The field.
        field: String,
        /// The API version that can.
        needs: String,
        /// The API version of the engine.
        has: String,
    },
    /// It is declared and not run.
    NotRun {
        /// Why.
        why: String,
    },
    /// The rollout is paused.
    Paused,
    /// The manifest keeps it from running.
    Suspended,
    /// An attempt of a job failed, and the next one waits.
    Retry {
        /// When it is made.
        until: Timestamp,
        /// How many failed in a row.
        failures: u32,
        /// How many may fail.
        limit: u32,
        /// The exit code of the last one.
        code: i64,
    },
    /// A job has failed, and is not run again by itself.
    RunFailed {
        /// How.
        outcome: RunOutcome,
    },
    /// The disk is nearly full: nothing is replaced, restarted or pulled.
    DiskPressure {
        /// Bytes that are free.
        free: u64,
    },
    /// Whether secret content changed cannot be told: its digest was made with another key.
    ContentUnknown {
        /// The objects.
        objects: Vec<String>,
    },
    /// It carries our labels and they cannot be read.
    LabelsUnreadable {
        /// The container, network or volume.
        name: String,
        /// What is wrong.
        error: String,
    },
    /// A volume that was declared is kept with its data.
    Retained {
        /// Docker's name.
        name: String,
    },
}

impl Pending {
    /// Whether a container will make room for another one.
    pub fn is_replacement(&self) -> bool {
        self.verb == "replace container"
    }
}
