//! Init containers: one after the other, each to exit 0, between the making of a container and its first start.
//!
//! The container that they are for is made first, so that all they come to is told by containers: a label of each says for which
//! container it ran, which one it is, and which attempt. So a controller that begins anew knows what has been done, and what was done
//! for a container that has gone counts no more. One that fails is made anew behind a back-off, and its container waits.

use jiff::{SignedDuration, Timestamp};
use skiff_api::{Component, ObjectKey, OwnerLabels, naming};

use super::StepId;
use super::beside::beside;
use super::create::{Place, create, lay_ground, restore_files};
use super::draft::{Draft, observed_ref};
use super::drift::{adjust, put_right};
use super::removal::remove;
use super::replica::classify;
use crate::action::Action;
use crate::desired::{Init, Intent, Template, Workload};
use crate::held::{HeldReason, Pending};
use crate::init::InitMark;
use crate::observed::{ContainerState, ObservedContainer};
use crate::reason::Reason;

/// How long to wait after a first attempt that failed; it doubles with each, as Kubernetes has it.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(1);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(5);

/// A container that was made and not started, with those that run before it.
struct Course<'d> {
    workload: &'d Workload,
    main: &'d ObservedContainer,
    labels: &'d OwnerLabels,
    /// The steps that the first of them follows.
    gate: &'d [StepId],
}

/// Whether everything that runs before a container has succeeded, so that it may be started; else goes on with it.
pub(super) fn are_done(draft: &mut Draft<'_>, workload: &Workload, main: &ObservedContainer, gate: &[StepId]) -> bool {
    let Some(labels) = main.owner.labels() else { return true };
    let course = Course { workload, main, labels, gate };
    workload.inits.iter().enumerate().all(|(index, init)| course.is_done(draft, index, init))
}

impl Course<'_> {
    /// Whether one of them has succeeded; else the next step towards it.
    fn is_done(&self, draft: &mut Draft<'_>, index: usize, init: &Init) -> bool {
        let (key, hash) = (&self.workload.key, &self.workload.template.hash);
        let Some((last, attempt)) = self.last(draft, index) else {
            self.make(draft, index, init, 1, &[]);
            return false;
        };
        match last.state {
            ContainerState::Exited => return self.has_succeeded(draft, index, init, last, attempt),
            ContainerState::Created | ContainerState::Paused | ContainerState::Running | ContainerState::Restarting => {
                self.go_on(draft, init, last);
            }
            ContainerState::Removing => draft.hold(key, HeldReason::Removing { container: last.name.clone() }),
            ContainerState::Dead => drop::<StepId>(remove(draft, key, hash, last, &Reason::Dead, &[])),
        }
        false
    }

    /// Starts one that was made, and puts right what was changed by hand. One that cannot be put right is made anew.
    fn go_on<'a>(&self, draft: &mut Draft<'a>, init: &Init, last: &'a ObservedContainer) {
        let (key, hash) = (&self.workload.key, &self.workload.template.hash);
        let workload = beside(self.workload, template(init));
        let replica = classify(draft, &workload, last);
        if let Some(outdated) = &replica.outdated {
            remove(draft, key, hash, last, outdated, &[]);
            return self.wait(draft, init);
        }
        // It keeps its name until it has ended: the name says nothing.
        let mut after = if last.state == ContainerState::Restarting {
            put_right(draft, &workload, &replica)
        } else {
            adjust(draft, &workload, &replica)
        };
        let container = observed_ref(last);
        if last.state == ContainerState::Created {
            after.extend(restore_files(draft, &workload, last));
            draft.step(key, hash, Action::StartContainer { container }, Reason::NotStarted, after);
        } else if last.state == ContainerState::Paused {
            draft.step(key, hash, Action::UnpauseContainer { container }, Reason::Paused, []);
        }
        self.wait(draft, init);
    }

    fn has_succeeded(
        &self,
        draft: &mut Draft<'_>,
        index: usize,
        init: &Init,
        last: &ObservedContainer,
        attempt: u32,
    ) -> bool {
        let (key, hash) = (&self.workload.key, &self.workload.template.hash);
        let code = last.detail.as_ref().map_or(0, |detail| detail.exit_code);
        if code == 0 {
            return true;
        }
        let until = retry_at(last.detail.as_ref().and_then(|detail| detail.finished_at), attempt, draft.now);
        if until > draft.now {
            let (container, init) = (last.name.clone(), init.name.clone());
            let why = HeldReason::InitFailed { container, init, code, attempts: attempt, until };
            draft.hold_with(key, why, vec![self.start_of_main()]);
        } else {
            let oom_killed = last.detail.as_ref().is_some_and(|detail| detail.oom_killed);
            let reason = Reason::Exited { code, error: String::new(), oom_killed };
            let gone = remove(draft, key, hash, last, &reason, &[]);
            self.make(draft, index, init, attempt.saturating_add(1), &[gone]);
        }
        false
    }

    /// The latest attempt of one of them for this container.
    fn last<'a>(&self, draft: &Draft<'a>, index: usize) -> Option<(&'a ObservedContainer, u32)> {
        let inits = draft.inits.get(&self.workload.key).into_iter().flatten().copied();
        let of_it = inits.filter_map(|container| Some((container, InitMark::of(container)?)));
        let own = of_it.filter(|(_, mark)| mark.main == self.main.id.as_str() && mark.index == index);
        own.map(|(container, mark)| (container, mark.attempt)).max_by_key(|(_, attempt)| *attempt)
    }

    fn make(&self, draft: &mut Draft<'_>, index: usize, init: &Init, attempt: u32, after: &[StepId]) {
        let key = &self.workload.key;
        let workload = beside(self.workload, template(init));
        let ground = match lay_ground(draft, &workload, self.gate.to_vec()) {
            Ok(ground) => ground,
            Err(why) => return draft.hold_with(key, why, vec![self.start_of_main()]),
        };
        let mark = InitMark { main: self.main.id.as_str(), index, attempt };
        let name = naming::init_container_name(&self.main.name, &init.name);
        let mut follows = after.to_vec();
        // What an earlier container has left behind goes first.
        let left = draft.named(&name).filter(|holder| InitMark::of(holder).is_some());
        if let Some(left) = left.filter(|holder| !draft.removals.contains_key(&holder.id)) {
            follows.push(remove(draft, key, &workload.template.hash, left, &Reason::Surplus, &[]));
        }
        let place = Place {
            name,
            ordinal: self.labels.ordinal,
            revision: self.labels.revision,
            component: Component::Init,
            run: Some(mark.text()),
            handover: None,
        };
        create(draft, &workload, &ground, place, &Reason::Needed, &follows);
        self.wait(draft, init);
    }

    fn wait(&self, draft: &mut Draft<'_>, init: &Init) {
        let (container, init) = (self.main.name.clone(), init.name.clone());
        draft.hold_with(&self.workload.key, HeldReason::Initializing { container, init }, vec![self.start_of_main()]);
    }

    fn start_of_main(&self) -> Pending {
        Pending { verb: "start container", target: self.main.name.clone(), reason: Reason::NotStarted }
    }
}

/// Removes init containers that are no use any more: whose container has been started, or has gone.
pub(super) fn plan_leftovers(draft: &mut Draft<'_>) {
    let inits: Vec<(&ObjectKey, &ObservedContainer)> =
        draft.inits.iter().flat_map(|(key, inits)| inits.iter().map(move |init| (*key, *init))).collect();
    for (key, init) in inits {
        let declared = draft.desired.intent == Intent::Run && draft.desired.containers_of(key).is_some();
        let is_left_alone = draft.in_flight(key) || !(declared || draft.going.contains(key));
        if is_left_alone || draft.removals.contains_key(&init.id) || is_needed(draft, init) {
            continue;
        }
        match draft.back_off(key, "") {
            Some(back_off) => draft.hold(key, back_off),
            None => drop::<StepId>(remove(draft, key, "", init, &Reason::Surplus, &[])),
        }
    }
}

fn is_needed(draft: &Draft<'_>, container: &ObservedContainer) -> bool {
    let Some(mark) = InitMark::of(container).filter(|_| draft.desired.intent == Intent::Run) else { return false };
    let waits = |main: &ObservedContainer| {
        main.state == ContainerState::Created && main.id == mark.main && !draft.removals.contains_key(&main.id)
    };
    draft.observed.containers.iter().any(waits)
}

fn template(init: &Init) -> Template {
    Template::clone(&init.template)
}

/// When the next attempt may be made. An end that is later than now was dated by a clock that was wrong, and is not waited for.
fn retry_at(finished_at: Option<Timestamp>, attempt: u32, now: Timestamp) -> Timestamp {
    let wait = FIRST_WAIT.checked_mul(1 << attempt.saturating_sub(1).min(10)).unwrap_or(LONGEST_WAIT);
    let finished_at = finished_at.filter(|at| *at <= now);
    finished_at.map_or(now, |at| at.saturating_add(wait.min(LONGEST_WAIT)).unwrap_or(Timestamp::MAX))
}
