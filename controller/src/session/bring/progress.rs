//! What the live view is told: each thing that happens to an object, once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use skiff_api::{ObjectKey, PullPolicy};
use skiff_core::{Action, Desired, Outcome, Phase, Reason};

use super::verdict::Verdict;
use crate::controller::Snapshot;
use crate::executor::Report;
use crate::ui::age;
use crate::ui::live::{ObjectEvent, State};

/// What was told last of each object.
#[derive(Debug, Default)]
pub(super) struct Progress {
    told: BTreeMap<ObjectKey, (State, String)>,
    /// The objects of which something was removed.
    removed: BTreeSet<ObjectKey>,
}

impl Progress {
    /// Of how many objects something was removed.
    pub(super) fn removed(&self) -> usize {
        self.removed.len()
    }

    /// What a report says of an object.
    pub(super) fn of_report(&mut self, report: &Report) -> Option<ObjectEvent> {
        if let Report::Ended { step, result: Ok(_) } = report
            && is_removal(&step.action)
        {
            self.removed.insert(step.object.clone());
        }
        match report {
            Report::Began(step) if step.object.kind.is_workload() => {
                self.told(&step.object, State::Working, doing(&step.action), None)
            }
            Report::Progress { object, progress } => {
                self.told(object, State::Working, progress.what.clone(), progress.bytes)
            }
            Report::Ended { step, result: Err(error) } => {
                self.told(&step.object, State::Failed, error.to_string(), None)
            }
            Report::Ended { step, result: Ok(outcome @ Outcome::Warned { .. }) } => {
                let warnings = outcome.warnings().join("; ");
                self.told(
                    &step.object,
                    State::Working,
                    format!("{} {}, with a warning: {warnings}", step.action.verb(), step.action.target()),
                    None,
                )
            }
            Report::Began(_) | Report::Ended { .. } | Report::Free(_) => None,
        }
    }

    /// What a pass says of all objects.
    pub(super) fn of_snapshot(
        &mut self,
        desired: &Desired,
        snapshot: &Snapshot,
        verdict: &Verdict,
    ) -> Vec<ObjectEvent> {
        let mut events = Vec::new();
        for (key, status) in &snapshot.status {
            if snapshot.observed.in_flight.contains(key) || snapshot.plan.steps.iter().any(|step| step.object == *key) {
                continue;
            }
            // What is as declared may have to be replaced all the same, as what it joins is.
            let coming = snapshot.plan.held.iter().find(|held| held.object == *key && held.is_coming());
            let (state, what) = match (status.phase, coming) {
                (Phase::Ready, Some(held)) => (State::Waiting, held.why.to_string()),
                (Phase::Ready, None) => (State::Ready, "ready".to_owned()),
                (Phase::Finished, _) => (State::Ready, "finished".to_owned()),
                (Phase::Degraded, _) => (State::Failed, status.message.clone()),
                (Phase::Progressing, _) if verdict.unready.contains_key(key) => (State::Failed, status.message.clone()),
                (Phase::Waiting | Phase::Progressing, _) => (State::Waiting, status.message.clone()),
            };
            let intended = desired.intent == skiff_core::Intent::Run;
            events.extend(intended.then(|| self.told(key, state, what, None)).flatten());
        }
        if desired.intent != skiff_core::Intent::Run {
            events.extend(self.gone(snapshot));
        }
        events
    }

    /// The objects that were worked on and of which nothing is left.
    fn gone(&mut self, snapshot: &Snapshot) -> Vec<ObjectEvent> {
        let left = |key: &ObjectKey| {
            let labels = snapshot.observed.containers.iter().filter_map(|container| container.owner.labels());
            labels.map(|labels| &labels.object).any(|object| object == key)
        };
        let gone: Vec<ObjectKey> =
            self.told.keys().filter(|key| key.kind.is_workload() && !left(key)).cloned().collect();
        gone.into_iter().filter_map(|key| self.told(&key, State::Ready, "gone".to_owned(), None)).collect()
    }

    fn told(
        &mut self,
        object: &ObjectKey,
        state: State,
        what: String,
        progress: Option<(u64, u64)>,
    ) -> Option<ObjectEvent> {
        let news = (state, what.clone());
        if progress.is_none() && self.told.get(object) == Some(&news) {
            return None;
        }
        self.told.insert(object.clone(), news);
        Some(ObjectEvent { object: object.clone(), what, state, progress })
    }
}

/// Whether a report says that a container was started.
pub(super) fn is_start(report: &Report) -> bool {
    matches!(report, Report::Ended { step, result: Ok(_) } if matches!(step.action, Action::StartContainer { .. }))
}

/// What is said of a container whose restarts were left to Docker at the end.
pub(super) fn left(report: &Report) -> Option<String> {
    let Report::Ended { step, result: Ok(_) } = report else { return None };
    let is_given = step.reason == Reason::Left && matches!(step.action, Action::UpdateContainer(_));
    is_given.then(|| format!("{}: Docker restarts it from here on", step.action.target()))
}

/// Whether an action takes away what an object is made of.
const fn is_removal(action: &Action) -> bool {
    matches!(action, Action::RemoveContainer { .. } | Action::RemoveNetwork { .. } | Action::RemoveVolume { .. })
}

/// The verb of an action while it is done: `creating container shop-api-1`.
fn doing(action: &Action) -> String {
    if let Action::PullImage(pull) = action
        && pull.policy != PullPolicy::Always
    {
        // Most often it is there; a pull that begins says so.
        return format!("looking for image {}", pull.image);
    }
    let (verb, rest) = action.verb().split_once(' ').unwrap_or((action.verb(), ""));
    let doing = match verb {
        "create" => "creating",
        "remove" => "removing",
        "write" => "writing",
        "rename" => "renaming",
        "update" => "updating",
        "stop" => "stopping",
        "run" => "running",
        other => return format!("{other}ing {rest} {}", action.target()).replace("  ", " "),
    };
    format!("{doing} {rest} {}", action.target())
}

/// `3 objects gone in 1.2 s`.
pub(super) fn gone(total: usize, took: Duration) -> String {
    format!("{total} object{} gone in {}", if total == 1 { "" } else { "s" }, age::took(took))
}

#[cfg(test)]
mod tests {
    use skiff_api::{DependencyCondition, Kind};
    use skiff_core::{ContainerRef, EngineError, Held, HeldReason, ObjectStatus, Outcome, Pending, Step, StepId};

    use super::*;

    fn key() -> ObjectKey {
        ObjectKey::new(Kind::Deployment, "shop", "web")
    }

    fn start() -> Box<Step> {
        let container = ContainerRef { id: None, name: "shop-web-1".to_owned() };
        let (object, hash, reason) = (key(), String::new(), Reason::Missing);
        Box::new(Step {
            id: StepId(0),
            object,
            hash,
            action: Action::StartContainer { container },
            reason,
            after: Vec::new(),
        })
    }

    fn seen(phase: Phase) -> Snapshot {
        let (object, message, containers) = (key(), "unhealthy".to_owned(), Vec::new());
        let status = ObjectStatus {
            object,
            phase,
            replicas: 1,
            current: 1,
            ready: 0,
            updated: 1,
            reason: "",
            message,
            containers,
        };
        Snapshot { status: BTreeMap::from([(key(), status)]), ..Snapshot::default() }
    }

    #[test]
    fn a_step_is_told_when_it_begins_and_when_it_fails_but_not_when_it_ends_well() {
        let mut progress = Progress::default();
        let began = progress.of_report(&Report::Began(start())).expect("it is told");
        assert_eq!((began.state, began.what.as_str()), (State::Working, "starting container shop-web-1"));
        let ended = Report::Ended { step: start(), result: Ok(Outcome::Done) };
        assert!(is_start(&ended) && progress.of_report(&ended).is_none());
        let failed = Report::Ended { step: start(), result: Err(EngineError::Failed("no".to_owned())) };
        let told = progress.of_report(&failed).expect("it is told");
        assert!(told.state == State::Failed && told.what == "no" && !is_start(&failed));
    }

    #[test]
    fn what_has_not_changed_is_told_once() {
        let mut progress = Progress::default();
        let (desired, verdict) = (Desired::default(), Verdict::default());
        let states = |progress: &mut Progress, phase| {
            let events = progress.of_snapshot(&desired, &seen(phase), &verdict);
            events.into_iter().map(|event| event.state).collect::<Vec<_>>()
        };
        assert_eq!(states(&mut progress, Phase::Degraded), [State::Failed]);
        assert_eq!(states(&mut progress, Phase::Degraded), []);
        assert_eq!(states(&mut progress, Phase::Ready), [State::Ready]);
        assert_eq!(states(&mut progress, Phase::Ready), []);
    }

    #[test]
    fn what_will_be_replaced_as_what_it_joins_is_waits_for_that_and_is_not_ready_before() {
        let mut snapshot = seen(Phase::Ready);
        let dependency = ObjectKey::new(Kind::Deployment, "shop", "host");
        let why = HeldReason::WaitingFor { dependency, condition: DependencyCondition::Started };
        let reason = Reason::SourceReplaced { name: "host".to_owned() };
        let pending = vec![Pending { verb: "replace container", target: "shop-web-1".to_owned(), reason }];
        snapshot.plan.held.push(Held { object: key(), why, pending });
        let mut progress = Progress::default();
        let mut told = |snapshot: &Snapshot| {
            let events = progress.of_snapshot(&Desired::default(), snapshot, &Verdict::default());
            events.into_iter().map(|event| (event.state, event.what)).collect::<Vec<_>>()
        };
        let waiting = "waiting for deployment/shop/host to be Started".to_owned();
        assert_eq!(told(&snapshot), [(State::Waiting, waiting)]);
        snapshot.plan.held.clear();
        assert_eq!(told(&snapshot), [(State::Ready, "ready".to_owned())]);
    }

    #[test]
    fn an_image_is_pulled_for_certain_only_where_it_always_is() {
        let pull =
            |policy| Action::PullImage(skiff_core::PullImage { image: "app:1".to_owned(), platform: None, policy });
        assert_eq!(doing(&pull(PullPolicy::IfNotPresent)), "looking for image app:1");
        assert_eq!(doing(&pull(PullPolicy::Always)), "pulling image app:1");
    }

    #[test]
    fn an_object_on_which_steps_are_under_way_is_told_of_by_its_steps() {
        let mut snapshot = seen(Phase::Progressing);
        snapshot.observed.in_flight.insert(key());
        let told = Progress::default().of_snapshot(&Desired::default(), &snapshot, &Verdict::default());
        assert_eq!(told, []);
    }
}
