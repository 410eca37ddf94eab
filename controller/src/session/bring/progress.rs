//! What the live view is told: each thing that happens to an object, once.

use std::collections::BTreeMap;
use std::time::Duration;

use skiff_api::ObjectKey;
use skiff_core::{Action, Desired, Phase};

use super::verdict::Verdict;
use crate::controller::Snapshot;
use crate::executor::Report;
use crate::ui::age;
use crate::ui::live::{ObjectEvent, State};

/// What was told last of each object.
#[derive(Debug, Default)]
pub(super) struct Progress {
    told: BTreeMap<ObjectKey, (State, String)>,
}

impl Progress {
    /// What a report says of an object.
    pub(super) fn of_report(&mut self, report: &Report) -> Option<ObjectEvent> {
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
            let (state, what) = match status.phase {
                Phase::Ready => (State::Ready, "ready".to_owned()),
                Phase::Finished => (State::Ready, "finished".to_owned()),
                Phase::Degraded => (State::Failed, status.message.clone()),
                Phase::Progressing if verdict.unready.contains_key(key) => (State::Failed, status.message.clone()),
                Phase::Waiting | Phase::Progressing => (State::Waiting, status.message.clone()),
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

/// The verb of an action while it is done: `creating container shop-api-1`.
fn doing(action: &Action) -> String {
    let (verb, rest) = action.verb().split_once(' ').unwrap_or((action.verb(), ""));
    let doing = match verb {
        "create" => "creating",
        "remove" => "removing",
        "write" => "writing",
        "rename" => "renaming",
        "update" => "updating",
        "stop" => "stopping",
        other => return format!("{other}ing {rest} {}", action.target()).replace("  ", " "),
    };
    format!("{doing} {rest} {}", action.target())
}

/// `3 objects gone in 1.2 s`.
pub(super) fn gone(total: usize, took: Duration) -> String {
    format!("{total} object{} gone in {}", if total == 1 { "" } else { "s" }, age::took(took))
}
