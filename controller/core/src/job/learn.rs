//! Takes into the history what can be seen of jobs: ends of attempts, ends of runs, moments of schedules.
//!
//! Everything that a later pass must not forget is in the history before anything is done about it: a container goes only when its
//! end is remembered, and a run of a schedule is begun only when it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use skiff_api::{Component, Kind, ObjectKey};

use super::cron::{cron_runs, follow};
use super::{AttemptState, Run, current_run};
use crate::desired::{Desired, Intent, Job};
use crate::event::Event;
use crate::history::{AttemptEnd, History, ObjectHistory, RunOutcome, RunRecord};
use crate::init::{Preparations, preparations};
use crate::observed::{Observed, ObservedContainer};

/// Brings what is remembered of jobs and schedules up to date.
pub(crate) fn learn(
    history: &mut Arc<History>,
    desired: &Desired,
    observed: &Observed,
    now: Timestamp,
    events: &mut Vec<Event>,
) {
    forget_what_went(history, desired);
    if desired.intent != Intent::Run || (desired.jobs.is_empty() && desired.crons.is_empty()) {
        return;
    }
    let containers = of_jobs(observed);
    let of = |key: &ObjectKey| containers.get(key).map_or(&[][..], Vec::as_slice);
    let prepared = preparations(observed);
    let is_free = |key: &ObjectKey| !observed.in_flight.contains(key);
    for (key, job) in &desired.jobs {
        let mut run = current_run(job, history.objects.get(key), of(key), now);
        run.prepare(&prepared);
        let record = run.learned(job, is_free(key), now);
        if run.record != Some(&record) {
            tell(key, job, &run, &record, now, events);
            let runs = BTreeMap::from([(run.name, record)]);
            let known = entry(history, key);
            (known.runs, known.anew) = (runs, false);
        }
    }
    for (key, cron) in &desired.crons {
        let known = history.objects.get(key).cloned().unwrap_or_default();
        let learned = follow(cron, &known, runs_of(&known, of(key), &prepared), is_free(key), now, events);
        if learned != known {
            *entry(history, key) = learned;
        }
    }
}

/// The runs of a schedule, with what was done before their attempts.
fn runs_of<'a>(
    known: &'a ObjectHistory,
    containers: &[&'a ObservedContainer],
    prepared: &Preparations<'_>,
) -> Vec<Run<'a>> {
    let mut runs = cron_runs(Some(known), containers);
    for run in &mut runs {
        run.prepare(prepared);
    }
    runs
}

fn entry<'a>(history: &'a mut Arc<History>, key: &ObjectKey) -> &'a mut ObjectHistory {
    Arc::make_mut(history).objects.entry(key.clone()).or_default()
}

/// What is declared no more, or shall go, has no runs: when it comes back it runs again, whatever was left behind.
fn forget_what_went(history: &mut Arc<History>, desired: &Desired) {
    let remembers = |known: &ObjectHistory| !known.runs.is_empty() || known.followed.is_some();
    let gone = history.objects.iter().filter(|(key, known)| remembers(known) && desired.lets_go(key));
    for key in gone.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
        let known = entry(history, &key);
        (known.runs, known.followed, known.anew) = (BTreeMap::new(), None, true);
    }
}

/// The containers of jobs and schedules by object.
pub(crate) fn of_jobs(observed: &Observed) -> BTreeMap<&ObjectKey, Vec<&ObservedContainer>> {
    let mut containers: BTreeMap<&ObjectKey, Vec<&ObservedContainer>> = BTreeMap::new();
    for container in &observed.containers {
        let Some(labels) = container.owner.labels() else { continue };
        if labels.component == Component::Main && matches!(labels.object.kind, Kind::Job | Kind::CronJob) {
            containers.entry(&labels.object).or_default().push(container);
        }
    }
    containers
}

impl Run<'_> {
    /// What is remembered of it from now on. An attempt is given up, or taken back, only while nothing is under way on it.
    pub(super) fn learned(&self, job: &Job, is_free: bool, now: Timestamp) -> RunRecord {
        let hash = || job.workload.template.hash.clone();
        let mut record = self.record.cloned().unwrap_or_else(|| RunRecord {
            template_hash: hash(),
            lost: self.lost(),
            ..RunRecord::default()
        });
        record.end = self.end(job, now);
        let goes_on = record.end.is_none() && !job.suspend;
        for (number, attempt) in &self.attempts {
            match attempt.state {
                AttemptState::Ended(end) => drop(record.attempts.insert(*number, end)),
                AttemptState::Active if job.suspend && record.end.is_none() && is_free => {
                    record.attempts.insert(*number, AttemptEnd { code: 0, at: now, given_up: true, unprepared: false });
                }
                AttemptState::GivenUp if goes_on && is_free && attempt.runs() => {
                    record.attempts.remove(number);
                }
                AttemptState::Waiting | AttemptState::Active | AttemptState::GivenUp | AttemptState::Going => {}
            }
        }
        if record.end.is_none() {
            record.since = match (job.suspend, record.suspended) {
                (true, _) => None,
                (false, true) => Some(now),
                (false, false) => self.since(),
            };
            record.suspended = job.suspend && (record.suspended || self.has_begun());
        }
        record
    }
}

/// What is worth telling of a run: what ended since the last look.
pub(super) fn tell(
    key: &ObjectKey,
    job: &Job,
    run: &Run<'_>,
    learned: &RunRecord,
    now: Timestamp,
    events: &mut Vec<Event>,
) {
    // What ended before anything was remembered is no news.
    if run.record.is_none() && learned.end.is_some() || run.record.is_some_and(|record| record.end.is_some()) {
        return;
    }
    let name = if key.kind == Kind::CronJob { Some(&run.name) } else { None };
    let of = name.map(|name| format!(" of run {name}")).unwrap_or_default();
    let is_new = |number: &u32| run.record.is_none_or(|record| !record.attempts.contains_key(number));
    let ended = learned.attempts.iter().filter(|(number, end)| is_new(number) && !end.given_up);
    for (number, end) in ended {
        if !end.is_success() {
            let (failed, limit) = (run.failed(), job.backoff_limit);
            let what = if end.unprepared { "did not begin: an init container exited" } else { "exited" };
            let message = format!("attempt {number}{of} {what} with {} ({failed} failed, {limit} may)", end.code);
            events.push(Event::warning(now, key, "AttemptFailed", message));
        } else if job.completions > 1 {
            let message = format!("attempt {number}{of} succeeded, {} of {}", run.succeeded(), job.completions);
            events.push(Event::normal(now, key, "AttemptSucceeded", message));
        }
    }
    if let Some(end) = learned.end {
        let subject = name.map_or_else(|| "it".to_owned(), |name| format!("run {name}"));
        events.push(told(key, end.outcome, format!("{subject} {}", end.outcome), now));
    }
}

/// An end as an event.
pub(super) fn told(key: &ObjectKey, outcome: RunOutcome, message: String, now: Timestamp) -> Event {
    match outcome {
        RunOutcome::Succeeded => Event::normal(now, key, "Completed", message),
        RunOutcome::Replaced => Event::normal(now, key, "Replaced", message),
        RunOutcome::Failed { .. } => Event::warning(now, key, "BackoffLimitExceeded", message),
        RunOutcome::DeadlineExceeded => Event::warning(now, key, "DeadlineExceeded", message),
        RunOutcome::Missed => Event::warning(now, key, "Missed", message),
    }
}
