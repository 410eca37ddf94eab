//! What a job or a schedule has come to, as lines.

use std::fmt::Write as _;

use jiff::Timestamp;
use skiff_core::{JobReport, RunOutcome, RunReport, ScheduleReport};

use super::line;
use crate::ui::age::{age, short};
use crate::ui::style::{BAD, paint};

pub(super) fn of_job(text: &mut String, job: &JobReport, now: Timestamp) {
    match &job.schedule {
        Some(schedule) => of_schedule(text, schedule, now),
        None => of_only_run(text, job, now),
    }
}

fn of_only_run(text: &mut String, job: &JobReport, now: Timestamp) {
    let Some(run) = job.runs.last() else { return };
    line(text, 0, "Completions", format_args!("{} of {}, {} running", run.succeeded, job.completions, run.active));
    line(text, 0, "Failed", format_args!("{} ({} may)", run.failed, job.backoff_limit));
    if let Some(since) = run.since {
        line(text, 0, "Started", format_args!("{} ago", age(since, now)));
    }
    if let Some(words) = words(run, now) {
        line(text, 0, "Outcome", words);
    }
}

fn of_schedule(text: &mut String, schedule: &ScheduleReport, now: Timestamp) {
    let ScheduleReport { schedule, concurrency_policy, last, next } = schedule;
    line(text, 0, "Schedule", schedule);
    line(text, 0, "Concurrency", concurrency_policy);
    let last = last.map_or_else(|| "-".to_owned(), |last| format!("{last} ({} ago)", age(last, now)));
    line(text, 0, "Last due", last);
    let in_time = |next: Timestamp| format!("{next} (in {})", short(next.duration_since(now)));
    line(text, 0, "Next due", next.map_or_else(|| "-".to_owned(), in_time));
}

/// The runs of a schedule, a line each, the last one first.
pub(super) fn of_runs(text: &mut String, job: &JobReport, now: Timestamp) {
    of_last_runs(text, job, now, usize::MAX);
}

/// The same, of so many at most.
pub(super) fn of_last_runs(text: &mut String, job: &JobReport, now: Timestamp, most: usize) {
    if job.schedule.is_none() || job.runs.is_empty() {
        return;
    }
    super::heading(text, "Runs so far");
    for run in job.runs.iter().rev().take(most) {
        let began = run.due.or(run.since).map(|due| format!(" at {}", due.strftime("%FT%TZ"))).unwrap_or_default();
        let words = words(run, now).unwrap_or_else(|| format!("{} running, {} failed", run.active, run.failed));
        writeln!(text, "  {}{began}: {words}", run.name).ok();
    }
}

/// How a run ended, or what it waits for.
fn words(run: &RunReport, now: Timestamp) -> Option<String> {
    if let Some(at) = run.retry_at {
        return Some(format!("the next attempt comes in {}", short(at.duration_since(now))));
    }
    let end = run.end?;
    let words = format!("it {} ({} ago)", end.outcome, age(end.at, now));
    Some(if end.outcome == RunOutcome::Succeeded { words } else { paint(BAD, words) })
}
