//! Follows schedules: which moment has come, whether its run begins, is left out or takes the place of another.
//!
//! A run is named after its moment, so that no moment has two. Of moments that were missed the last one is made up for, if it is not
//! too late for it and there are not too many. A clock that is put back finds its moments dealt with; one that is put back by more
//! than a day is believed to have been wrong before. A schedule that is new, or is changed, is followed from now on.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use skiff_api::ConcurrencyPolicy;

use super::learn::{tell, told};
use super::{Run, is_of, run_name};
use crate::desired::Cron;
use crate::event::Event;
use crate::history::{Followed, ObjectHistory, RunEnd, RunOutcome, RunRecord};
use crate::observed::ObservedContainer;
use crate::schedule::Timetable;

/// More missed moments than this and something else is wrong: none is made up for (as Kubernetes has it).
const TOO_MANY: usize = 100;
/// A clock that is put back by more was wrong before.
const WRONG_CLOCK: SignedDuration = SignedDuration::from_hours(24);

/// The runs of a schedule, the earliest first: those that are remembered and those of which there are containers.
pub(crate) fn cron_runs<'a>(known: Option<&'a ObjectHistory>, containers: &[&'a ObservedContainer]) -> Vec<Run<'a>> {
    let record = |name: &str| known.and_then(|known| known.runs.get(name));
    let seen = containers.iter().filter_map(|container| container.owner.labels().map(run_name));
    let remembered = known.into_iter().flat_map(|known| known.runs.keys().map(String::as_str));
    let names: BTreeSet<&str> = seen.chain(remembered).collect();
    let of = |name: &str| {
        let own = containers.iter().copied().filter(|container| is_of(container, |labels| run_name(labels) == name));
        Run::new(name.to_owned(), record(name), own)
    };
    names.into_iter().map(of).collect()
}

/// When time alone changes what a schedule does: its next moment, or the last one for a run that waits.
pub(crate) fn next_look(cron: &Cron, known: Option<&ObjectHistory>, now: Timestamp) -> Option<Timestamp> {
    let until = known.and_then(|known| known.followed.as_ref()).map_or(now, |followed| followed.until.max(now));
    let next = cron.timetable.as_ref().filter(|_| cron.followed).and_then(|timetable| timetable.next(until));
    let runs = known.into_iter().flat_map(|known| &known.runs);
    let waiting = runs.filter(|(_, record)| record.end.is_none() && record.since.is_none());
    let too_late = waiting.filter_map(|(name, _)| too_late(cron, name));
    too_late.filter(|at| *at > now).chain(next).min()
}

/// When a run of the schedule that waits to begin need not begin any more.
fn too_late(cron: &Cron, name: &str) -> Option<Timestamp> {
    moment_of(name)?.checked_add(cron.starting_deadline?).ok()
}

/// The name of a schedule's run: its moment in minutes, so that a second one of the same moment is a conflict.
fn name_of(moment: Timestamp) -> String {
    (moment.as_second().div_euclid(60)).to_string()
}

/// What is remembered of a schedule from now on. With work under way on it, only what ended is taken in.
pub(super) fn follow(
    cron: &Cron,
    known: &ObjectHistory,
    runs: Vec<Run<'_>>,
    is_free: bool,
    now: Timestamp,
    events: &mut Vec<Event>,
) -> ObjectHistory {
    let key = &cron.job.workload.key;
    let mut follower = Follower { cron, now, runs: BTreeMap::new(), begun: BTreeSet::new(), events };
    for run in &runs {
        let record = run.learned(&cron.job, is_free, now);
        if run.record != Some(&record) {
            tell(key, &cron.job, run, &record, now, follower.events);
        }
        if run.has_begun() {
            follower.begun.insert(run.name.clone());
        }
        follower.runs.insert(run.name.clone(), record);
    }
    let mut followed = known.followed.clone();
    if is_free {
        follower.give_up_late();
        let timetable = cron.timetable.as_ref().filter(|_| cron.followed);
        followed = timetable.map(|timetable| follower.follow(timetable, known, &runs)).or(followed);
    }
    let there = runs.iter().filter(|run| run.attempts.values().any(|attempt| attempt.container.is_some()));
    let there: BTreeSet<&str> = there.map(|run| run.name.as_str()).collect();
    let kept = kept(cron, &follower.runs);
    let mut learned = follower.runs;
    learned.retain(|name, record| record.end.is_none() || kept.contains(name) || there.contains(name.as_str()));
    ObjectHistory { runs: learned, followed, anew: false, ..known.clone() }
}

/// The names of ended runs that the limits of the history keep: the last ones that succeeded and that failed.
pub(crate) fn kept(cron: &Cron, runs: &BTreeMap<String, RunRecord>) -> BTreeSet<String> {
    let mut ended: Vec<(&String, RunEnd)> =
        runs.iter().filter_map(|(name, record)| Some((name, record.end?))).collect();
    ended.sort_by_key(|(name, end)| (end.at, *name));
    let last = |most: u32, wanted: fn(RunOutcome) -> bool| {
        let of_kind = ended.iter().rev().filter(move |(_, end)| wanted(end.outcome));
        of_kind.take(usize::try_from(most).unwrap_or(usize::MAX)).map(|(name, _)| (*name).clone()).collect::<Vec<_>>()
    };
    let succeeded = last(cron.kept_succeeded, |outcome| outcome == RunOutcome::Succeeded);
    let failed =
        last(cron.kept_failed, |outcome| matches!(outcome, RunOutcome::Failed { .. } | RunOutcome::DeadlineExceeded));
    succeeded.into_iter().chain(failed).collect()
}

struct Follower<'a> {
    cron: &'a Cron,
    now: Timestamp,
    runs: BTreeMap<String, RunRecord>,
    /// The names of runs of which an attempt was started.
    begun: BTreeSet<String>,
    events: &'a mut Vec<Event>,
}

impl Follower<'_> {
    fn warn(&mut self, reason: &str, message: String) {
        self.events.push(Event::warning(self.now, &self.cron.job.workload.key, reason, message));
    }

    /// Ends runs that have not begun and need not begin any more.
    fn give_up_late(&mut self) {
        let (cron, now) = (self.cron, self.now);
        self.end_waiting(|name| too_late(cron, name).is_some_and(|at| at <= now), "it is too late for it now");
    }

    fn end_waiting(&mut self, wanted: impl Fn(&str) -> bool, why: &str) {
        let key = &self.cron.job.workload.key;
        for (name, record) in &mut self.runs {
            if record.end.is_none() && !self.begun.contains(name) && wanted(name) {
                record.end = Some(RunEnd { at: self.now, outcome: RunOutcome::Missed });
                let run =
                    moment_of(name).map_or_else(|| format!("run {name}"), |moment| format!("the run of {moment}"));
                let message = format!("{run} never began, and {why}");
                self.events.push(told(key, RunOutcome::Missed, message, self.now));
            }
        }
    }

    fn follow(&mut self, timetable: &Timetable, known: &ObjectHistory, runs: &[Run<'_>]) -> Followed {
        let base = self.base(known, runs);
        let moment = timetable.last(self.now).filter(|moment| *moment > base);
        if let Some(moment) = moment.filter(|_| !self.cron.suspend) {
            self.come(timetable, base, moment);
        }
        Followed { schedule: self.cron.schedule.clone(), until: moment.unwrap_or(base) }
    }

    /// Up to when the schedule has been followed so far.
    fn base(&mut self, known: &ObjectHistory, runs: &[Run<'_>]) -> Timestamp {
        let base = match &known.followed {
            Some(followed) if followed.schedule == self.cron.schedule => followed.until,
            Some(_) => self.now,
            // What is remembered was lost, or it is new: its last run says how far it was followed.
            None => runs.iter().filter_map(|run| moment_of(&run.name)).max().unwrap_or(self.now),
        };
        let ahead = base.duration_since(self.now);
        if ahead <= WRONG_CLOCK {
            return base;
        }
        let message =
            format!("the clock was put back by {} hours; the schedule is followed from now on", ahead.as_hours());
        self.warn("ClockPutBack", message);
        self.now
    }

    /// A moment has come, and perhaps others before it that nobody saw.
    fn come(&mut self, timetable: &Timetable, base: Timestamp, moment: Timestamp) {
        let oldest = self.cron.starting_deadline.and_then(|late| self.now.checked_sub(late).ok());
        let base = oldest.map_or(base, |oldest| oldest.max(base));
        let missed = timetable.count(base, moment, TOO_MANY);
        if missed == 0 {
            let message = format!("the run of {moment} was missed, and it is too late for it now");
            self.warn("Missed", message);
        } else if missed > TOO_MANY {
            let message = format!("more than {TOO_MANY} runs were missed since {base}; none is made up for");
            self.warn("TooManyMissed", message);
        } else {
            if missed > 1 {
                let first = timetable.next(base).unwrap_or(moment);
                let message = match missed - 1 {
                    1 => format!("the run of {first} was missed; that of {moment} is made up for"),
                    others => format!("{others} runs from {first} on were missed; that of {moment} is made up for"),
                };
                self.warn("Missed", message);
            }
            self.begin(moment);
        }
    }

    fn begin(&mut self, moment: Timestamp) {
        let name = name_of(moment);
        if self.runs.contains_key(&name) {
            return;
        }
        // One that has not begun when the next is due would only add to a queue.
        self.end_waiting(is_scheduled, "the next run is due");
        let active: Vec<String> =
            self.runs.iter().filter(|(_, record)| record.end.is_none()).map(|(name, _)| name.clone()).collect();
        match (self.cron.concurrency, active.first()) {
            (ConcurrencyPolicy::Forbid, Some(running)) => {
                let message = format!("the run of {moment} is left out: run {running} has not ended");
                return self.warn("LeftOut", message);
            }
            (ConcurrencyPolicy::Replace, Some(_)) => self.replace(&active),
            (ConcurrencyPolicy::Replace | ConcurrencyPolicy::Forbid, None) | (ConcurrencyPolicy::Allow, _) => {}
        }
        let template_hash = self.cron.job.workload.template.hash.clone();
        self.runs.insert(name, RunRecord { template_hash, due: Some(moment), ..RunRecord::default() });
    }

    fn replace(&mut self, active: &[String]) {
        let key = &self.cron.job.workload.key;
        for name in active {
            if let Some(record) = self.runs.get_mut(name) {
                record.end = Some(RunEnd { at: self.now, outcome: RunOutcome::Replaced });
            }
            let message = format!("run {name} {}", RunOutcome::Replaced);
            self.events.push(told(key, RunOutcome::Replaced, message, self.now));
        }
    }
}

/// Whether a run is one of the schedule, and not one that somebody asked for.
pub(crate) fn is_scheduled(run: &str) -> bool {
    moment_of(run).is_some()
}

/// The moment that a run is named after.
pub(super) fn moment_of(name: &str) -> Option<Timestamp> {
    Timestamp::from_second(name.parse::<i64>().ok()?.checked_mul(60)?).ok()
}
