//! One run of a job: heals its attempts, makes more where they are wanted, and clears up behind what has ended.

mod clear;

use skiff_api::{Component, Kind, naming};

use super::StepId;
use super::create::{Place, create, lay_ground, restore_files};
use super::draft::{Draft, observed_ref};
use super::drift::adjust;
use super::init;
use super::removal::remove;
use super::replica::classify;
use super::workload::obstacle;
use crate::action::Action;
use crate::desired::Job;
use crate::held::{HeldReason, Pending};
use crate::job::{AttemptState, Run};
use crate::observed::{ContainerState, ObservedContainer};
use crate::reason::Reason;

/// What is done about a run.
pub(super) struct Course<'d, 'a> {
    pub(super) job: &'d Job,
    pub(super) run: &'d Run<'a>,
    /// Containers of earlier runs, which must go before an attempt is made, and why.
    pub(super) earlier: Vec<(&'a ObservedContainer, Reason)>,
    /// Steps that must have succeeded before an attempt is made.
    pub(super) after: Vec<StepId>,
}

impl<'a> Course<'_, 'a> {
    /// Plans a run; returns the steps that end what is left of one that has ended.
    pub(super) fn plan(&self, draft: &mut Draft<'a>) -> Vec<StepId> {
        match self.run.end(self.job, draft.now) {
            Some(end) => return self.clear_up(draft, end),
            None if self.job.suspend => self.suspend(draft),
            None => self.go_on(draft),
        }
        Vec::new()
    }

    fn hash(&self) -> &str {
        &self.job.workload.template.hash
    }

    /// Removes containers, unless work on the object failed lately; it is said then.
    fn remove(&self, draft: &mut Draft<'a>, containers: &[&ObservedContainer], reason: &Reason) -> Vec<StepId> {
        let key = &self.job.workload.key;
        match draft.back_off(key, self.hash()) {
            Some(back_off) if !containers.is_empty() => {
                draft.hold(key, back_off);
                Vec::new()
            }
            _ => containers.iter().map(|container| remove(draft, key, self.hash(), container, reason, &[])).collect(),
        }
    }

    fn suspend(&self, draft: &mut Draft<'a>) {
        let going: Vec<_> = self.run.in_state(AttemptState::Active).chain(self.useless()).collect();
        self.remove(draft, &going, &Reason::Suspended);
        self.remove_broken(draft);
        draft.hold(&self.job.workload.key, HeldReason::Suspended);
    }

    fn go_on(&self, draft: &mut Draft<'a>) {
        let (job, run) = (self.job, self.run);
        if let Some(deadline) = run.deadline(job) {
            draft.wake(deadline);
        }
        self.remove_broken(draft);
        let given_up: Vec<_> = run.in_state(AttemptState::GivenUp).collect();
        self.remove(draft, &given_up, &Reason::Surplus);
        self.heal(draft);
        self.trim(draft);
        let wanted = usize::try_from(run.wanted(job)).unwrap_or(usize::MAX);
        if wanted == 0 {
            return;
        }
        let waiting: Vec<_> = run.in_state(AttemptState::Waiting).take(wanted).collect();
        let missing = wanted - waiting.len();
        match self.obstacle(draft) {
            Err(why) => draft.hold_with(&job.workload.key, why, self.pending(draft, &waiting, missing)),
            Ok(gate) => {
                for container in &waiting {
                    self.start(draft, container, gate.clone());
                }
                if missing > 0 {
                    self.create(draft, missing, gate);
                }
            }
        }
    }

    fn remove_broken(&self, draft: &mut Draft<'a>) {
        self.remove(draft, &self.run.doubles, &Reason::Surplus);
        for container in self.run.attempts.values().filter_map(|attempt| attempt.container) {
            match container.state {
                ContainerState::Dead => drop(self.remove(draft, &[container], &Reason::Dead)),
                ContainerState::Removing => {
                    let container = container.name.clone();
                    draft.hold(&self.job.workload.key, HeldReason::Removing { container });
                }
                ContainerState::Created
                | ContainerState::Running
                | ContainerState::Paused
                | ContainerState::Restarting
                | ContainerState::Exited => {}
            }
        }
    }

    /// Puts right what runs and was changed by hand.
    fn heal(&self, draft: &mut Draft<'a>) {
        let workload = &self.job.workload;
        for container in self.run.in_state(AttemptState::Active) {
            if container.state == ContainerState::Paused {
                let action = Action::UnpauseContainer { container: observed_ref(container) };
                draft.step(&workload.key, self.hash(), action, Reason::Paused, []);
            }
            let replica = classify(draft, workload, container);
            adjust(draft, workload, &replica);
        }
    }

    /// What keeps an attempt from being made now, or the steps that it follows.
    fn obstacle(&self, draft: &Draft<'a>) -> Result<Vec<StepId>, HeldReason> {
        if let Some((failures, last, until)) = self.run.failing(draft.now).filter(|(_, _, until)| *until > draft.now) {
            let limit = self.job.backoff_limit;
            return Err(HeldReason::Retry { until, failures, limit, code: last.code });
        }
        let after = obstacle(draft, &self.job.workload, || self.run.has_begun())?;
        Ok(after.into_iter().chain(self.after.iter().copied()).collect())
    }

    fn pending(&self, draft: &Draft<'a>, waiting: &[&ObservedContainer], missing: usize) -> Vec<Pending> {
        let started = waiting.iter().map(|container| Pending {
            verb: "start container",
            target: container.name.clone(),
            reason: Reason::NotStarted,
        });
        let made = self.numbers(missing).map(|number| Pending {
            verb: "create container",
            target: self.name(draft, number),
            reason: self.reason(number),
        });
        started.chain(made).collect()
    }

    fn numbers(&self, missing: usize) -> impl Iterator<Item = u32> {
        (self.run.next_number()..=u32::MAX).take(missing)
    }

    /// Docker's name of an attempt: with the run in it where an object has several.
    fn name(&self, draft: &Draft<'a>, number: u32) -> String {
        let (workload, instance) = (&self.job.workload, &draft.desired.instance);
        let pod = &workload.template.pod;
        if workload.key.kind == Kind::CronJob {
            naming::run_container_name(instance, &workload.key, pod, &self.run.name, number)
        } else {
            naming::container_name(instance, &workload.key, pod, number)
        }
    }

    fn reason(&self, number: u32) -> Reason {
        let failures = self.run.failed();
        let due = self.run.record.and_then(|record| record.due);
        match due {
            _ if failures > 0 => Reason::Retried { number, failures },
            Some(at) if self.run.name.starts_with("now-") => Reason::Asked { at },
            Some(at) => Reason::Due { at },
            None => Reason::Missing,
        }
    }

    /// Starts an attempt that was made and not started.
    fn start(&self, draft: &mut Draft<'a>, container: &'a ObservedContainer, mut after: Vec<StepId>) {
        let workload = &self.job.workload;
        if !init::are_done(draft, workload, container, &after) {
            return;
        }
        let replica = classify(draft, workload, container);
        after.extend(adjust(draft, workload, &replica));
        after.extend(restore_files(draft, workload, container));
        let action = Action::StartContainer { container: observed_ref(container) };
        let step = draft.step(&workload.key, self.hash(), action, Reason::NotStarted, after);
        draft.starts.entry(workload.key.clone()).or_default().0.push(step);
    }

    fn create(&self, draft: &mut Draft<'a>, missing: usize, gate: Vec<StepId>) {
        let workload = &self.job.workload;
        let ground = match lay_ground(draft, workload, gate) {
            Ok(ground) => ground,
            Err(why) => {
                let pending = self.pending(draft, &[], missing);
                return draft.hold_with(&workload.key, why, pending);
            }
        };
        let pulled: Vec<StepId> = ground.got.into_iter().collect();
        let gone: Vec<StepId> = self
            .earlier
            .iter()
            .map(|(container, reason)| remove(draft, &workload.key, self.hash(), container, reason, &pulled))
            .collect();
        // One after the other, so that no number is passed over.
        let mut before = None;
        for number in self.numbers(missing) {
            let run = Some(self.run.name.clone()).filter(|name| !name.is_empty());
            let name = self.name(draft, number);
            let place = Place { name, ordinal: number, revision: 0, component: Component::Main, run, handover: None };
            let mut after: Vec<StepId> = gone.iter().copied().chain(before).collect();
            after.extend(self.free_name(draft, &place.name, &pulled));
            let made = create(draft, workload, &ground, place, &self.reason(number), &after);
            before = Some(made.created);
            draft.starts.entry(workload.key.clone()).or_default().0.extend(made.started);
        }
    }

    /// Removes an attempt that has ended and has the fixed name that the next one shall have.
    fn free_name(&self, draft: &mut Draft<'a>, name: &str, pulled: &[StepId]) -> Option<StepId> {
        let key = &self.job.workload.key;
        let holder = draft.named(name).filter(|holder| {
            let own = holder.owner.labels().is_some_and(|labels| labels.object == *key);
            let ended = matches!(holder.state, ContainerState::Exited | ContainerState::Created);
            own && ended && !draft.removals.contains_key(&holder.id)
        })?;
        Some(remove(draft, key, self.hash(), holder, &Reason::Surplus, pulled))
    }
}
