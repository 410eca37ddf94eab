//! A run of a job as it stands: its attempts, how many more are wanted, and whether it has ended.
//!
//! An attempt is one container, numbered from 1 within its run. What it came to is told by its container, and from the first look at
//! its end on by the history as well, so that containers may go. Where the history was lost, a number below the highest of which there
//! is no container was an attempt that failed: those that succeeded are kept for as long as the run goes on. So a run is understood
//! from what is left of it, whichever half was lost.
//!
//! What a process says that was told to stop is not believed: an attempt is given up in the history before it is stopped.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::crash::SKEW;
use crate::desired::Job;
use crate::history::{AttemptEnd, RunEnd, RunOutcome, RunRecord};
use crate::init::Preparations;
use crate::observed::{ContainerState, ObservedContainer};

/// How long to wait after a first attempt that failed; it doubles with each (as Kubernetes has it).
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(10);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(600);

/// A run of a job.
#[derive(Clone, Debug)]
pub(crate) struct Run<'a> {
    /// Its name; empty for the first run of a job.
    pub(crate) name: String,
    /// What is remembered of it.
    pub(crate) record: Option<&'a RunRecord>,
    /// Its attempts by number.
    pub(crate) attempts: BTreeMap<u32, Attempt<'a>>,
    /// Containers whose number another one has as well.
    pub(crate) doubles: Vec<&'a ObservedContainer>,
    /// When the first init container of an attempt that has not begun was started.
    prepared_since: Option<Timestamp>,
}

/// An attempt of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'a> {
    /// Its container, as long as it is there.
    pub(crate) container: Option<&'a ObservedContainer>,
    pub(crate) state: AttemptState,
}

/// How far an attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptState {
    /// Its container was made and not started.
    Waiting,
    /// It runs, or is paused.
    Active,
    /// It ended. What has ended has ended, even if somebody starts its container again.
    Ended(AttemptEnd),
    /// It was given up before it ended.
    GivenUp,
    /// Its container is being removed, and how it ended is not known.
    Going,
}

impl Attempt<'_> {
    /// Whether its container runs.
    pub(crate) fn runs(&self) -> bool {
        self.container.is_some_and(|container| AttemptState::of(container) == AttemptState::Active)
    }
}

impl<'a> Run<'a> {
    /// A run from what is remembered of it and its containers.
    pub(crate) fn new(
        name: String,
        record: Option<&'a RunRecord>,
        containers: impl IntoIterator<Item = &'a ObservedContainer>,
    ) -> Self {
        let ended = record.iter().flat_map(|record| &record.attempts);
        let remembered = |(number, end): (&u32, &AttemptEnd)| {
            let state = if end.given_up { AttemptState::GivenUp } else { AttemptState::Ended(*end) };
            (*number, Attempt { container: None, state })
        };
        let mut run =
            Self { name, record, attempts: ended.map(remembered).collect(), doubles: Vec::new(), prepared_since: None };
        for container in containers {
            run.add(container);
        }
        run
    }

    fn add(&mut self, container: &'a ObservedContainer) {
        let number = container.owner.labels().map_or(0, |labels| labels.ordinal);
        let seen = Attempt { container: Some(container), state: AttemptState::of(container) };
        match self.attempts.get_mut(&number) {
            None => drop(self.attempts.insert(number, seen)),
            Some(known) if known.container.is_none() => known.container = Some(container),
            Some(known) if known.state == AttemptState::Waiting => {
                self.doubles.extend(std::mem::replace(known, seen).container);
            }
            Some(_) => self.doubles.push(container),
        }
    }

    /// Takes in what was done before attempts that have not begun: one of which an init container failed has failed.
    pub(crate) fn prepare(&mut self, prepared: &Preparations<'_>) {
        for attempt in self.attempts.values_mut().filter(|attempt| attempt.state == AttemptState::Waiting) {
            let Some(done) = attempt.container.and_then(|container| prepared.get(container.id.as_str())) else {
                continue;
            };
            self.prepared_since = self.prepared_since.into_iter().chain(done.since).min();
            if let Some((code, at)) = done.failed {
                attempt.state = AttemptState::Ended(AttemptEnd { code, at, given_up: false, unprepared: true });
            }
        }
    }

    fn ends(&self) -> impl Iterator<Item = AttemptEnd> {
        self.attempts.values().filter_map(|attempt| match attempt.state {
            AttemptState::Ended(end) => Some(end),
            AttemptState::Waiting | AttemptState::Active | AttemptState::GivenUp | AttemptState::Going => None,
        })
    }

    /// How many attempts succeeded.
    pub(crate) fn succeeded(&self) -> u32 {
        count(self.ends().filter(|end| end.is_success()))
    }

    /// How many attempts failed, those included of which nothing else is known any more.
    pub(crate) fn failed(&self) -> u32 {
        count(self.ends().filter(|end| !end.is_success())).saturating_add(self.lost())
    }

    /// How many attempts failed of which nothing but their numbers is known: those below the highest, where nothing is remembered.
    pub(crate) fn lost(&self) -> u32 {
        let highest = self.attempts.last_key_value().map_or(0, |(number, _)| *number);
        self.record.map_or_else(|| highest.saturating_sub(count(self.attempts.range(1..))), |record| record.lost)
    }

    /// The attempts that are as far as this.
    pub(crate) fn in_state(&self, state: AttemptState) -> impl Iterator<Item = &'a ObservedContainer> {
        self.attempts.values().filter(move |attempt| attempt.state == state).filter_map(|attempt| attempt.container)
    }

    /// How many attempts run.
    pub(crate) fn active(&self) -> u32 {
        count(self.in_state(AttemptState::Active))
    }

    /// How many more attempts should run now than do.
    pub(crate) fn wanted(&self, job: &Job) -> u32 {
        let rest = job.completions.saturating_sub(self.succeeded());
        job.parallelism.min(rest).saturating_sub(self.active())
    }

    /// The number of the next attempt.
    pub(crate) fn next_number(&self) -> u32 {
        self.attempts.last_key_value().map_or(1, |(number, _)| number.saturating_add(1))
    }

    /// Whether an attempt of it was ever started.
    pub(crate) fn has_begun(&self) -> bool {
        self.since().is_some()
            || self.record.is_some_and(|record| record.suspended)
            || self.attempts.values().any(|attempt| attempt.state != AttemptState::Waiting)
    }

    /// Since when it has been active.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        let started = |attempt: &Attempt<'_>| attempt.container?.detail.as_ref()?.started_at;
        let remembered = self.record.map(|record| (record.since, record.suspended));
        match remembered {
            Some((Some(since), _)) => Some(since),
            Some((None, true)) => None,
            Some((None, false)) | None => self.attempts.values().filter_map(started).chain(self.prepared_since).min(),
        }
    }

    /// When it must have ended.
    pub(crate) fn deadline(&self, job: &Job) -> Option<Timestamp> {
        self.since()?.checked_add(job.active_deadline?).ok()
    }

    /// How it ended, if it has.
    pub(crate) fn end(&self, job: &Job, now: Timestamp) -> Option<RunEnd> {
        if let Some(end) = self.record.and_then(|record| record.end) {
            return Some(end);
        }
        let last = |success: bool| self.ends().filter(|end| end.is_success() == success).max_by_key(|end| end.at);
        let deadline = self.deadline(job).filter(|_| !job.suspend);
        let done_at = last(true).map_or(now, |end| end.at);
        // One that ended well when the deadline had passed was told to stop.
        if self.succeeded() >= job.completions && deadline.is_none_or(|deadline| done_at < deadline) {
            return Some(RunEnd { at: done_at, outcome: RunOutcome::Succeeded });
        }
        let failures = self.failed();
        if failures > job.backoff_limit {
            let (at, code) = last(false).map_or((now, 0), |end| (end.at, end.code));
            return Some(RunEnd { at, outcome: RunOutcome::Failed { failures, code } });
        }
        let deadline = deadline.filter(|deadline| *deadline <= now)?;
        Some(RunEnd { at: deadline, outcome: RunOutcome::DeadlineExceeded })
    }

    /// The failures since an attempt last succeeded: how many, the last one, and when the next attempt may be made. One that is much
    /// later than now was dated by a clock that was wrong, and is not waited for; a little later is what ended while the engine was asked.
    pub(crate) fn failing(&self, now: Timestamp) -> Option<(u32, AttemptEnd, Timestamp)> {
        let success = self.ends().filter(|end| end.is_success()).map(|end| end.at).max();
        let failures = || self.ends().filter(|end| !end.is_success() && success.is_none_or(|success| end.at > success));
        let last = failures().max_by_key(|end| end.at)?;
        let number = count(failures());
        let wait = FIRST_WAIT.checked_mul(1 << number.saturating_sub(1).min(6)).unwrap_or(LONGEST_WAIT);
        let until = last.at.saturating_add(wait.min(LONGEST_WAIT)).unwrap_or(Timestamp::MAX);
        Some((number, last, if last.at.duration_since(now) > SKEW { now } else { until }))
    }
}

impl AttemptState {
    pub(crate) fn of(container: &ObservedContainer) -> Self {
        let detail = container.detail.as_ref();
        match container.state {
            ContainerState::Created => Self::Waiting,
            ContainerState::Running | ContainerState::Paused | ContainerState::Restarting => Self::Active,
            ContainerState::Exited => {
                let at = detail.and_then(|detail| detail.finished_at).unwrap_or(Timestamp::UNIX_EPOCH);
                Self::Ended(AttemptEnd {
                    code: detail.map_or(0, |detail| detail.exit_code),
                    at,
                    given_up: false,
                    unprepared: false,
                })
            }
            ContainerState::Removing | ContainerState::Dead => Self::Going,
        }
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}

/// How a run ended, as it reads after "it".
impl fmt::Display for RunOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Succeeded => f.write_str("has completed"),
            Self::Failed { failures: 1, code } => write!(f, "has failed: its attempt exited with {code}"),
            Self::Failed { failures, code } => {
                write!(f, "has failed: {failures} attempts failed, the last one exited with {code}")
            }
            Self::DeadlineExceeded => f.write_str("has failed: it took longer than its activeDeadlineSeconds"),
            Self::Replaced => f.write_str("was replaced by the next run"),
            Self::Missed => f.write_str("never began"),
        }
    }
}
