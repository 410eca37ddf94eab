//! Clears up behind what has ended.
//!
//! What goes must have been remembered: a container is removed only when the history knows how it ended.

use std::cmp::Reverse;

use super::Course;
use crate::history::{AttemptEnd, RunEnd, RunOutcome};
use crate::job::AttemptState;
use crate::observed::{ContainerState, ObservedContainer};
use crate::plan::StepId;
use crate::plan::draft::Draft;
use crate::plan::removal::stop_where_it_runs;
use crate::reason::Reason;

/// So many failed attempts of a run are kept for their logs.
const KEPT_FAILURES: usize = 3;

impl<'a> Course<'_, 'a> {
    /// Stops what still runs, and removes what need not be kept.
    pub(super) fn clear_up(&self, draft: &mut Draft<'a>, end: RunEnd) -> Vec<StepId> {
        let run = self.run;
        let (active, useless): (Vec<_>, Vec<_>) =
            (run.in_state(AttemptState::Active).collect(), self.useless().collect());
        let mut steps = match end.outcome {
            RunOutcome::Replaced => {
                let all: Vec<_> = run.attempts.values().filter_map(|attempt| attempt.container).collect();
                return self.remove(draft, &all, &Reason::Replaced);
            }
            RunOutcome::Succeeded | RunOutcome::Missed => self.remove(draft, &active, &Reason::Surplus),
            // They are kept for their logs.
            RunOutcome::Failed { .. } => self.stop(draft, &active, &Reason::Surplus),
            RunOutcome::DeadlineExceeded => self.stop(draft, &active, &Reason::DeadlineExceeded),
        };
        steps.extend(self.remove(draft, &useless, &Reason::Surplus));
        self.remove_broken(draft);
        for (container, reason) in &self.earlier {
            self.remove(draft, &[container], reason);
        }
        if !self.expire(draft, end) {
            self.trim(draft);
        }
        steps
    }

    /// Containers that say nothing: never started, or given up.
    pub(super) fn useless(&self) -> impl Iterator<Item = &ObservedContainer> {
        let states = [AttemptState::Waiting, AttemptState::GivenUp];
        states.into_iter().flat_map(|state| self.run.in_state(state))
    }

    fn stop(&self, draft: &mut Draft<'a>, containers: &[&ObservedContainer], reason: &Reason) -> Vec<StepId> {
        let key = &self.job.workload.key;
        match draft.back_off(key, self.hash()) {
            Some(back_off) if !containers.is_empty() => {
                draft.hold(key, back_off);
                Vec::new()
            }
            _ => containers
                .iter()
                .filter_map(|one| stop_where_it_runs(draft, key, self.hash(), one, reason, &[]))
                .collect(),
        }
    }

    /// Removes all containers when their time is over, and looks again when it will be.
    fn expire(&self, draft: &mut Draft<'a>, end: RunEnd) -> bool {
        let expires = self.job.ttl.and_then(|ttl| end.at.checked_add(ttl).ok());
        let Some(expires) = expires.filter(|_| !self.kept().is_empty()) else { return false };
        if expires > draft.now {
            draft.wake(expires);
            return false;
        }
        if self.run.record.is_some_and(|record| record.end.is_some()) {
            self.remove(draft, &self.kept(), &Reason::Expired);
        }
        true
    }

    /// Containers of attempts that have ended and are known to have.
    fn kept(&self) -> Vec<&ObservedContainer> {
        self.ended().map(|(container, _)| container).collect()
    }

    fn ended(&self) -> impl Iterator<Item = (&ObservedContainer, AttemptEnd)> {
        let remembered = |number: &u32| self.run.record.is_some_and(|record| record.attempts.contains_key(number));
        self.run.attempts.iter().filter(move |(number, _)| remembered(number)).filter_map(|(_, attempt)| {
            let AttemptState::Ended(end) = attempt.state else { return None };
            // One that somebody started again runs for them.
            let at_rest = |one: &&ObservedContainer| {
                one.state == ContainerState::Exited || (end.unprepared && one.state == ContainerState::Created)
            };
            Some((attempt.container.filter(at_rest)?, end))
        })
    }

    /// Removes failed attempts but for the last ones.
    pub(super) fn trim(&self, draft: &mut Draft<'a>) {
        let mut failed: Vec<_> =
            self.ended().filter(|(_, end)| end.code != 0).map(|(container, _)| container).collect();
        failed.sort_by_key(|container| Reverse(container.owner.labels().map_or(0, |labels| labels.ordinal)));
        self.remove(draft, failed.get(KEPT_FAILURES..).unwrap_or_default(), &Reason::Surplus);
    }

    /// Removes every container of a run that is not kept any longer.
    pub(in crate::plan) fn forget(&self, draft: &mut Draft<'a>) {
        self.remove(draft, &self.kept(), &Reason::Surplus);
    }
}
