//! Jobs and schedules, compiled.

use jiff::SignedDuration;
use skiff_api::ConcurrencyPolicy;

use super::Workload;
use crate::schedule::Timetable;

/// A job, compiled; of a schedule, what each of its runs is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// What its containers are made from, compiled as a deployment's. Docker restarts none of them, and what it says of replicas
    /// and rollouts means nothing.
    pub workload: Workload,
    /// How many attempts must succeed.
    pub completions: u32,
    /// How many attempts may run at the same time.
    pub parallelism: u32,
    /// How many attempts may fail before the job has failed.
    pub backoff_limit: u32,
    /// How long a run may take.
    pub active_deadline: Option<SignedDuration>,
    /// How long containers are kept once a run has ended.
    pub ttl: Option<SignedDuration>,
    /// Whether it is kept from running.
    pub suspend: bool,
}

/// A schedule, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    /// What each run is.
    pub job: Job,
    /// When it runs; `None` where this version cannot read it.
    pub timetable: Option<Timetable>,
    /// Schedule and time zone as the manifest writes them: another text is another schedule.
    pub schedule: String,
    /// What happens when a run is due and an earlier one has not ended.
    pub concurrency: ConcurrencyPolicy,
    /// How late a run may begin.
    pub starting_deadline: Option<SignedDuration>,
    /// Whether no run begins.
    pub suspend: bool,
    /// Whether its moments are followed at all; not by a process that is only there for a run which somebody asked for.
    pub followed: bool,
    /// How many runs that succeeded are kept.
    pub kept_succeeded: u32,
    /// How many runs that failed are kept.
    pub kept_failed: u32,
}
