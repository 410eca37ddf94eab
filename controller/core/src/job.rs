//! Runs of jobs: which one a job is in, how it stands, and what they are called.
//!
//! A run has a name, so that containers of an earlier one are not taken for its own.

mod ask;
mod cron;
mod learn;
mod report;
mod run;
mod suspended;

use jiff::Timestamp;
use skiff_api::OwnerLabels;

use crate::desired::Job;
use crate::history::ObjectHistory;
use crate::observed::ObservedContainer;

pub use ask::{RunRefused, ask_for_run};
pub(crate) use cron::{cron_runs, is_scheduled, kept, next_look};
pub(crate) use learn::{learn, of_jobs};
pub use report::{JobReport, RunReport, ScheduleReport, job_reports};
pub(crate) use run::{AttemptState, Run};
pub(crate) use suspended::suspended;

/// The run that a job is in: the one that is remembered for the declared template; else a new one where something is remembered,
/// or the one that its containers tell of.
pub(crate) fn current_run<'a>(
    job: &Job,
    known: Option<&'a ObjectHistory>,
    containers: &[&'a ObservedContainer],
    now: Timestamp,
) -> Run<'a> {
    let hash = &job.workload.template.hash;
    let own = || containers.iter().copied().filter(|one| is_of(one, |labels| labels.template_hash == *hash));
    let (name, record) = match known {
        Some(known) if known.anew || !known.runs.is_empty() => {
            let current = known.runs.iter().rfind(|(_, record)| record.template_hash == *hash);
            current.map_or_else(|| (run_name_at(now), None), |(name, record)| (name.clone(), Some(record)))
        }
        Some(_) | None => {
            let seen = own().filter_map(|container| container.owner.labels().map(run_name)).max();
            (seen.unwrap_or_default().to_owned(), None)
        }
    };
    let of_run = own().filter(|container| is_of(container, |labels| run_name(labels) == name));
    Run::new(name.clone(), record, of_run.collect::<Vec<_>>())
}

/// The name of a run that begins now, be it that somebody asks for it or that the template has changed.
pub fn run_name_at(moment: Timestamp) -> String {
    format!("now-{}", moment.as_millisecond())
}

/// The name of the run that labels say, empty where they say none.
pub(crate) fn run_name(labels: &OwnerLabels) -> &str {
    labels.run.as_deref().unwrap_or_default()
}

pub(crate) fn is_of(container: &ObservedContainer, test: impl FnOnce(&OwnerLabels) -> bool) -> bool {
    container.owner.labels().is_some_and(test)
}
