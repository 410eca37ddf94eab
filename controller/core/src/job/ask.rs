//! A run that somebody asks for: beside what a schedule does, or another run of a job that has ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use skiff_api::ObjectKey;

use super::run_name_at;
use crate::desired::{Desired, Job};
use crate::history::{History, RunRecord};

/// Why no run is begun.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunRefused {
    /// No job or schedule of that name is declared.
    #[error("{0} is not declared")]
    NotDeclared(ObjectKey),
    /// Its manifest says so, or somebody.
    #[error("{0} is suspended")]
    Suspended(ObjectKey),
    /// A job runs once at a time.
    #[error("{0} has not ended")]
    NotEnded(ObjectKey),
}

/// Notes that a run is asked for, and returns its name. Asked for twice under one name it is one run.
///
/// # Errors
/// When there is nothing that could run, or a job has not ended.
pub fn ask_for_run(
    history: &mut Arc<History>,
    desired: &Desired,
    object: &ObjectKey,
    asked: Timestamp,
) -> Result<String, RunRefused> {
    let name = run_name_at(asked);
    let known = history.objects.get(object);
    if known.is_some_and(|known| known.runs.contains_key(&name)) {
        return Ok(name);
    }
    let record = |job: &Job| RunRecord {
        template_hash: job.workload.template.hash.clone(),
        due: Some(asked),
        ..RunRecord::default()
    };
    if let Some(cron) = desired.crons.get(object) {
        let record = record(&cron.job);
        Arc::make_mut(history).objects.entry(object.clone()).or_default().runs.insert(name.clone(), record);
        return Ok(name);
    }
    let job = desired.jobs.get(object).ok_or_else(|| RunRefused::NotDeclared(object.clone()))?;
    if job.suspend || known.is_some_and(|known| known.suspended) {
        return Err(RunRefused::Suspended(object.clone()));
    }
    let is_open = |record: &RunRecord| record.end.is_none() && record.template_hash == job.workload.template.hash;
    if known.is_some_and(|known| known.runs.values().any(is_open)) {
        return Err(RunRefused::NotEnded(object.clone()));
    }
    Arc::make_mut(history).objects.entry(object.clone()).or_default().runs =
        BTreeMap::from([(name.clone(), record(job))]);
    Ok(name)
}
