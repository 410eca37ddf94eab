//! What is not done now, and why: waiting for something, or on purpose.

mod news;
mod remedy;
mod word;

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;
use skiff_api::{DependencyCondition, ObjectKey};

use crate::history::RunOutcome;
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
    /// Whether it only says something, and keeps nothing from being as declared.
    pub fn is_note(&self) -> bool {
        self.pending.is_empty() && matches!(self.why, HeldReason::NotRun { .. } | HeldReason::ContentUnknown { .. })
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
        /// How its last run ended.
        code: i64,
        /// How often it ended.
        exits: u32,
        /// When it is started again.
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
    /// The declared revision failed.
    RevisionFailed {
        /// Its number.
        revision: u64,
        /// Why.
        why: String,
        /// The revision that it went back to; nowhere where the rollout is stopped.
        back_to: Option<u64>,
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

impl HeldReason {
    /// Whether time or another step will end it. What is held on purpose is not a change that waits.
    pub const fn is_waiting(&self) -> bool {
        match self {
            Self::WaitingFor { .. }
            | Self::WaitingReady { .. }
            | Self::BackOff { .. }
            | Self::ImagePullBackOff { .. }
            | Self::ImageBuildBackOff { .. }
            | Self::CrashLoop { .. }
            | Self::Initializing { .. }
            | Self::InitFailed { .. }
            | Self::Retry { .. }
            | Self::Removing { .. }
            | Self::Restarting { .. } => true,
            Self::DependencyIdle { .. }
            | Self::GaveUp { .. }
            | Self::RevisionFailed { .. }
            | Self::NameTaken { .. }
            | Self::PortTaken { .. }
            | Self::ExternalMissing { .. }
            | Self::VolumeChanged { .. }
            | Self::PruneUnconfirmed { .. }
            | Self::DeclaredElsewhere { .. }
            | Self::SourceHasProblems { .. }
            | Self::Protected
            | Self::NetworkInUse { .. }
            | Self::VolumeInUse { .. }
            | Self::Unsupported { .. }
            | Self::NotRun { .. }
            | Self::Paused
            | Self::Suspended
            | Self::RunFailed { .. }
            | Self::DiskPressure { .. }
            | Self::ContentUnknown { .. }
            | Self::LabelsUnreadable { .. }
            | Self::Retained { .. } => false,
        }
    }
}

impl fmt::Display for HeldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WaitingFor { dependency, condition } => write!(f, "waiting for {dependency} to be {condition:?}"),
            Self::DependencyIdle { dependency, condition, suspended } => {
                let idle = if *suspended { "suspended" } else { "scaled to 0" };
                write!(f, "needs {dependency} to be {condition:?}, and that is {idle}")
            }
            Self::WaitingReady { container, until: None } => write!(f, "waiting for {container} to be Ready"),
            Self::WaitingReady { container, until: Some(until) } => {
                write!(f, "waiting for {container} to stay Ready until {}", clock(*until))
            }
            Self::BackOff { until, attempts, error } => {
                write!(f, "back-off until {} after {attempts} failed attempts: {error}", clock(*until))
            }
            Self::ImagePullBackOff { until, attempts, error } => {
                write!(f, "back-off until {} after {attempts} failed pulls: {error}", clock(*until))
            }
            Self::ImageBuildBackOff { until, attempts, error } => {
                write!(f, "back-off until {} after {attempts} failed builds: {error}", clock(*until))
            }
            Self::CrashLoop { container, code, exits, until } => {
                write!(f, "{container} ended {exits} times, last with {code}: it is started again at {}", clock(*until))
            }
            Self::GaveUp { container, code, attempts } => write!(
                f,
                "{container} ended with {code} and was restarted {attempts} times, which is all that restart.maxAttempts allows"
            ),
            Self::RevisionFailed { revision, why, back_to: Some(back_to) } => write!(
                f,
                "revision {revision} failed: {why}; it went back to revision {back_to} and waits for another manifest"
            ),
            Self::RevisionFailed { revision, why, back_to: None } => {
                write!(f, "revision {revision} failed: {why}; the rollout is stopped and waits for another manifest")
            }
            Self::Initializing { container, init } => {
                write!(f, "waiting for init container {init} of {container} to succeed")
            }
            Self::InitFailed { container, init: _, code, attempts, until } => write!(
                f,
                "init container {container} exited with {code}, attempt {attempts}: it runs again at {}",
                clock(*until)
            ),
            Self::Removing { container } => write!(f, "waiting for {container} to be removed"),
            Self::Restarting { container, code } => {
                write!(f, "{container} exited with {code} and is being restarted by Docker")
            }
            Self::NameTaken { name, by } => write!(f, "the name {name} is taken by {by}, which is not ours"),
            Self::PortTaken { port, by } => write!(f, "port {port} of the host is taken by {by}"),
            Self::ExternalMissing { name } => write!(f, "{name} is declared external and does not exist"),
            Self::VolumeChanged { changes } => {
                let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
                write!(f, "a volume is never made anew, and its definition changed: {}", changes.join("; "))
            }
            Self::PruneUnconfirmed { source, removed, total } => write!(
                f,
                "{removed} of {total} objects of source {source} would be removed: confirm with --confirm-prune"
            ),
            Self::DeclaredElsewhere { source, roots } => {
                let names = roots
                    .iter()
                    .map(|root| if root.as_os_str() == "-" { "stdin".to_owned() } else { root.display().to_string() });
                let roots = names.collect::<Vec<_>>().join(", ");
                write!(f, "declared in {roots}, which is not what is loaded as source {source} now")
            }
            Self::SourceHasProblems { source, problems } => {
                write!(f, "source {source} has {problems} problems; nothing of it is removed until they are mended")
            }
            Self::Protected => f.write_str("protected by skiff.dev/prune: \"false\""),
            Self::NetworkInUse { containers } | Self::VolumeInUse { containers } => {
                write!(f, "in use by {}", containers.join(", "))
            }
            Self::Unsupported { field, needs, has } => {
                write!(f, "{field} needs Docker's API {needs}, this engine has {has}")
            }
            Self::NotRun { why } => f.write_str(why),
            Self::Paused => f.write_str("the rollout is paused"),
            Self::Suspended => f.write_str("it is suspended"),
            Self::Retry { until, failures, limit, code } => write!(
                f,
                "the last attempt exited with {code}; the next one comes at {} ({failures} failed, {limit} may)",
                clock(*until)
            ),
            Self::RunFailed { outcome } => write!(f, "it {outcome}"),
            Self::DiskPressure { free } => write!(f, "the disk is nearly full: {} MiB free", free >> 20),
            Self::ContentUnknown { objects } => {
                write!(f, "whether {} changed cannot be told: digested with another key", objects.join(", "))
            }
            Self::LabelsUnreadable { name, error } => write!(f, "{name} is left alone: {error}"),
            Self::Retained { name } => write!(f, "volume {name} is kept with its data"),
        }
    }
}

/// The time of day in UTC, as a person reads it in a plan.
fn clock(moment: Timestamp) -> String {
    moment.strftime("%H:%M:%SZ").to_string()
}
