//! What jobs and schedules have come to, for people and for whoever waits.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use skiff_api::ObjectKey;

use super::{Run, cron_runs, current_run, is_scheduled, of_jobs};
use crate::course::effective;
use crate::desired::{Cron, Desired, Job};
use crate::history::{ObjectHistory, RunEnd};
use crate::observed::{Observed, ObservedContainer};

/// What a job, or a schedule, has come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobReport {
    /// How many attempts of a run must succeed.
    pub completions: u32,
    /// How many may fail.
    pub backoff_limit: u32,
    /// Whether the manifest keeps it from running.
    pub suspended: bool,
    /// When it runs; none for a job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleReport>,
    /// Its runs, the last one last; of a job the one that it is in.
    pub runs: Vec<RunReport>,
}

/// When a schedule runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleReport {
    /// The schedule and its time zone, as the manifest writes them.
    pub schedule: String,
    /// What happens when a run is due and another has not ended.
    pub concurrency_policy: String,
    /// The last moment that had a run, as far as is known.
    pub last: Option<Timestamp>,
    /// The next moment.
    pub next: Option<Timestamp>,
}

/// What a run has come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// Its name; empty for the first run of a job.
    pub name: String,
    /// When it was to begin.
    pub due: Option<Timestamp>,
    /// Since when it has been active.
    pub since: Option<Timestamp>,
    /// Attempts that succeeded.
    pub succeeded: u32,
    /// Attempts that failed.
    pub failed: u32,
    /// Attempts that run.
    pub active: u32,
    /// When the next attempt comes, where one failed and it waits.
    pub retry_at: Option<Timestamp>,
    /// How it ended.
    pub end: Option<RunEnd>,
}

/// What every job and schedule that is declared has come to.
pub fn job_reports(desired: &Desired, observed: &Observed, now: Timestamp) -> BTreeMap<ObjectKey, JobReport> {
    let desired = &*effective(desired, &observed.history);
    let containers = of_jobs(observed);
    let of = |key: &ObjectKey| containers.get(key).map_or(&[][..], Vec::as_slice);
    let known = |key: &ObjectKey| observed.history.objects.get(key);
    let jobs = desired.jobs.iter().map(|(key, job)| {
        let run = current_run(job, known(key), of(key), now);
        (key.clone(), JobReport { runs: vec![of_run(job, &run, now)], ..of_job(job) })
    });
    let crons = desired.crons.iter().map(|(key, cron)| (key.clone(), of_cron(cron, known(key), of(key), now)));
    jobs.chain(crons).collect()
}

fn of_job(job: &Job) -> JobReport {
    JobReport {
        completions: job.completions,
        backoff_limit: job.backoff_limit,
        suspended: job.suspend,
        schedule: None,
        runs: Vec::new(),
    }
}

fn of_cron(cron: &Cron, known: Option<&ObjectHistory>, containers: &[&ObservedContainer], now: Timestamp) -> JobReport {
    let mut runs: Vec<RunReport> = cron_runs(known, containers).iter().map(|run| of_run(&cron.job, run, now)).collect();
    runs.sort_by_key(|run| (run.due.or(run.since), run.name.clone()));
    let until = known.and_then(|known| known.followed.as_ref()).map_or(now, |followed| followed.until.max(now));
    let schedule = ScheduleReport {
        schedule: cron.schedule.clone(),
        concurrency_policy: format!("{:?}", cron.concurrency),
        last: runs.iter().filter(|run| is_scheduled(&run.name)).filter_map(|run| run.due).max(),
        next: cron.timetable.as_ref().filter(|_| !cron.suspend).and_then(|timetable| timetable.next(until)),
    };
    JobReport { suspended: cron.suspend, schedule: Some(schedule), runs, ..of_job(&cron.job) }
}

fn of_run(job: &Job, run: &Run<'_>, now: Timestamp) -> RunReport {
    let end = run.end(job, now);
    let waits = end.is_none() && run.wanted(job) > 0;
    let retry = run.failing(now).map(|(_, _, until)| until).filter(|until| waits && *until > now);
    RunReport {
        name: run.name.clone(),
        due: run.record.and_then(|record| record.due).or_else(|| super::cron::moment_of(&run.name)),
        since: run.since(),
        succeeded: run.succeeded(),
        failed: run.failed(),
        active: run.active(),
        retry_at: retry,
        end,
    }
}
