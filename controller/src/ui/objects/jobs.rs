//! Jobs and schedules as rows of tables.

use jiff::{SignedDuration, Timestamp};

use super::{Shown, reason, status, verdict_style};
use crate::ui::age::{age, short};
use crate::ui::style::BAD;
use crate::ui::table::Cell;
use crate::view::{View, Workload};
use skiff_core::{RunOutcome, RunReport};

const NOTHING: &str = "-";

/// Completions, status, duration, age; reason, failed attempts, image, source.
pub(super) fn job_row(workload: &Workload, view: &View, shown: Shown) -> Vec<Cell> {
    let style = verdict_style(&workload.verdict());
    let job = workload.job.as_ref();
    let run = job.and_then(|job| job.runs.last());
    let completions = match (job, run) {
        (Some(job), Some(run)) => format!("{}/{}", run.succeeded, job.completions),
        _ => NOTHING.to_owned(),
    };
    vec![
        Cell::styled(style, completions),
        status(workload, view),
        run.and_then(|run| duration(run, shown.now)).map_or_else(|| NOTHING.to_owned(), short).into(),
        since(run.and_then(|run| run.since), shown.now),
        reason(view),
        run.map_or(0, |run| run.failed).into(),
        workload.image().into(),
        Cell::from(&view.source),
    ]
}

/// Schedule, status, active runs, the last moment and what came of it, the next moment; reason, image, source.
pub(super) fn cron_row(workload: &Workload, view: &View, shown: Shown) -> Vec<Cell> {
    let job = workload.job.as_ref();
    let schedule = job.and_then(|job| job.schedule.as_ref());
    let runs = job.map_or(&[][..], |job| job.runs.as_slice());
    let active = runs.iter().filter(|run| run.active > 0).count();
    let next = schedule.and_then(|schedule| schedule.next);
    let next = next.map_or_else(|| NOTHING.to_owned(), |next| format!("in {}", short(next.duration_since(shown.now))));
    vec![
        schedule.map_or_else(|| NOTHING.to_owned(), |schedule| schedule.schedule.clone()).into(),
        status(workload, view),
        active.into(),
        runs.last().map_or_else(|| Cell::from(NOTHING), |run| last(run, shown.now)),
        next.into(),
        reason(view),
        workload.image().into(),
        Cell::from(&view.source),
    ]
}

/// `12m (failed)`.
fn last(run: &RunReport, now: Timestamp) -> Cell {
    let began = run.due.or(run.since).map_or_else(|| NOTHING.to_owned(), |due| age(due, now));
    match run.end.map(|end| end.outcome) {
        Some(RunOutcome::Failed { .. } | RunOutcome::DeadlineExceeded) => {
            Cell::styled(BAD, format!("{began} (failed)"))
        }
        Some(RunOutcome::Missed | RunOutcome::Replaced) => Cell::from(format!("{began} (left)")),
        Some(RunOutcome::Succeeded) | None => Cell::from(began),
    }
}

/// How long a run took, or has taken so far.
fn duration(run: &RunReport, now: Timestamp) -> Option<SignedDuration> {
    Some(run.end.map_or(now, |end| end.at).duration_since(run.since?))
}

fn since(since: Option<Timestamp>, now: Timestamp) -> Cell {
    since.map_or_else(|| NOTHING.to_owned(), |since| age(since, now)).into()
}
