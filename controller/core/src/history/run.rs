//! What is remembered of jobs: what each attempt of a run came to, what the run came to, and up to when a schedule has been followed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What is remembered of a run of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRecord {
    /// The template that it was begun with.
    pub template_hash: String,
    /// When it was to begin, by the schedule or by whoever asked for it; none for what a job does when it is declared.
    #[serde(default)]
    pub due: Option<Timestamp>,
    /// Since when it has been active: since its first attempt was started, or since it was resumed.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// Whether it is suspended.
    #[serde(default)]
    pub suspended: bool,
    /// The attempts that have ended, by number.
    #[serde(default)]
    pub attempts: BTreeMap<u32, AttemptEnd>,
    /// How many attempts failed of which nothing else was left when the record was begun.
    #[serde(default)]
    pub lost: u32,
    /// How it ended.
    #[serde(default)]
    pub end: Option<RunEnd>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptEnd {
    /// With which exit code.
    pub code: i64,
    /// When.
    pub at: Timestamp,
    /// Whether it was given up, so that what it says does not count: what is told to stop may end well.
    #[serde(default)]
    pub given_up: bool,
    /// Whether it never began, as an init container failed with this code.
    #[serde(default)]
    pub unprepared: bool,
}

impl AttemptEnd {
    /// Whether it ended well.
    pub const fn is_success(self) -> bool {
        self.code == 0 && !self.given_up
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunEnd {
    /// When.
    pub at: Timestamp,
    /// How.
    pub outcome: RunOutcome,
}

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "is")]
pub enum RunOutcome {
    /// As many attempts succeeded as are wanted.
    Succeeded,
    /// More attempts failed than may.
    Failed {
        /// How many.
        failures: u32,
        /// The exit code of the last one.
        code: i64,
    },
    /// It took too long.
    DeadlineExceeded,
    /// The next run of the schedule took its place.
    Replaced,
    /// It never began, and it is too late now.
    Missed,
}

impl RunOutcome {
    /// One `PascalCase` word for programs, Kubernetes' own where it has one.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Succeeded => "Completed",
            Self::Failed { .. } => "BackoffLimitExceeded",
            Self::DeadlineExceeded => "DeadlineExceeded",
            Self::Replaced => "Replaced",
            Self::Missed => "Missed",
        }
    }
}

/// Up to when a schedule has been followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Followed {
    /// The schedule with its time zone: another one is followed from now on.
    pub schedule: String,
    /// Every moment of it that is not later has had its run, or has been left out for a reason.
    pub until: Timestamp,
}
