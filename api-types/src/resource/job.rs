//! `Job` and `CronJob`: containers that run to completion, once or on a schedule.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::template::{Dependency, PodTemplate};
use crate::{ObjectMeta, is_default};

/// A container that runs to completion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Job {
    /// Name, namespace, labels and annotations.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: JobSpec,
}

/// What is wanted of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JobSpec {
    /// How many runs must succeed. 1 unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub completions: Option<u32>,
    /// How many may run at the same time. 1 unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub parallelism: Option<u32>,
    /// How many attempts may fail before the job has failed. 6 unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub backoff_limit: Option<u32>,
    /// How long the whole job may take, all attempts together, in seconds; then what runs is stopped and the job has failed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub active_deadline_seconds: Option<u32>,
    /// How long containers are kept once the job has ended, in seconds; for good unless said otherwise. That it has ended is remembered.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ttl_seconds_after_finished: Option<u32>,
    /// Whether the job is kept from running; what runs is stopped, and begins anew when the job is resumed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub suspend: bool,
    /// What must be there before it starts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub depends_on: Vec<Dependency>,
    /// The container, its networks and its volumes. A change in here runs the job again.
    pub template: PodTemplate,
}

/// A job on a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CronJob {
    /// Name, namespace, labels and annotations.
    pub metadata: ObjectMeta,
    /// What is wanted.
    pub spec: CronJobSpec,
}

/// What is wanted of a job on a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CronJobSpec {
    /// When it runs: minute, hour, day of month, month, day of week, as in crontab(5); or `@hourly`, `@daily`, …. What falls into an
    /// hour that the clock skips happens right after it, what falls into one that comes twice happens once.
    pub schedule: String,
    /// The time zone of the schedule, `Europe/Berlin`. UTC unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub time_zone: Option<String>,
    /// What happens when the last run has not ended. `Allow` unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub concurrency_policy: ConcurrencyPolicy,
    /// How late a run may still start, in seconds. Of runs that were missed at most the last one is made up for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub starting_deadline_seconds: Option<u32>,
    /// Whether no run is started. Runs that go on are left alone, and none is made up for later.
    #[serde(default, skip_serializing_if = "is_default")]
    pub suspend: bool,
    /// How many runs that succeeded are kept. 3 unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub successful_jobs_history_limit: Option<u32>,
    /// How many runs that failed are kept. 1 unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub failed_jobs_history_limit: Option<u32>,
    /// The job that each run is. A change in here is for runs to come.
    pub job_template: JobTemplate,
}

/// The job that each run of a schedule is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JobTemplate {
    /// What is wanted of each run.
    pub spec: JobSpec,
}

/// What happens when a run is due and the last one has not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ConcurrencyPolicy {
    /// Both run.
    #[default]
    Allow,
    /// The new one is left out.
    Forbid,
    /// The old one is stopped.
    Replace,
}
