//! Jobs and schedules: numbers with their defaults, around what their containers are made from.

use jiff::SignedDuration;
use skiff_api::{CronJobSpec, JobSpec, RestartPolicy};

use super::workload::{Origin, workload};
use crate::desired::{Cron, EngineRestart, InPlace, Job, Template, Workload};
use crate::schedule::Timetable;

const DEFAULT_BACKOFF_LIMIT: u32 = 6;
const DEFAULT_KEPT_SUCCEEDED: u32 = 3;
const DEFAULT_KEPT_FAILED: u32 = 1;

pub(super) fn job(origin: &Origin<'_>, spec: &JobSpec) -> Job {
    let compiled = workload(origin, &spec.template, &spec.depends_on);
    // An attempt ends once: whether another one follows is Skiff's to say.
    let restart_policy = RestartPolicy::Never;
    let in_place = InPlace { restart_policy: Some(EngineRestart::Never), ..compiled.in_place };
    let template = Template { in_place: in_place.clone(), ..Template::clone(&compiled.template) };
    let parallelism = spec.parallelism.unwrap_or(1);
    Job {
        workload: Workload { replicas: parallelism, restart_policy, in_place, template: template.into(), ..compiled },
        completions: spec.completions.unwrap_or(1),
        parallelism,
        backoff_limit: spec.backoff_limit.unwrap_or(DEFAULT_BACKOFF_LIMIT),
        active_deadline: spec.active_deadline_seconds.map(seconds),
        ttl: spec.ttl_seconds_after_finished.map(seconds),
        suspend: spec.suspend,
    }
}

pub(super) fn cron(origin: &Origin<'_>, spec: &CronJobSpec) -> Cron {
    let zone = spec.time_zone.as_deref();
    Cron {
        job: job(origin, &spec.job_template.spec),
        timetable: Timetable::new(&spec.schedule, zone),
        schedule: format!("{} {}", spec.schedule, zone.unwrap_or("UTC")),
        concurrency: spec.concurrency_policy,
        starting_deadline: spec.starting_deadline_seconds.map(seconds),
        suspend: spec.suspend,
        followed: true,
        kept_succeeded: spec.successful_jobs_history_limit.unwrap_or(DEFAULT_KEPT_SUCCEEDED),
        kept_failed: spec.failed_jobs_history_limit.unwrap_or(DEFAULT_KEPT_FAILED),
    }
}

fn seconds(seconds: u32) -> SignedDuration {
    SignedDuration::from_secs(i64::from(seconds))
}
