//! All that went wrong lately: with objects, and with single replicas.
//!
//! A replica that cannot be started, or whose checks fail, waits by itself: the others of its object are healed at once meanwhile.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use skiff_api::{Kind, ObjectKey};

use super::{Failure, failure_behind};
use crate::action::Action;
use crate::engine::EngineError;
use crate::plan::Step;
use crate::reason::Reason;

/// A failure is forgotten after so long without another: no back-off is as long.
const LAST: SignedDuration = SignedDuration::from_mins(20);

/// The failures of objects, and of replicas.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Failures {
    objects: BTreeMap<ObjectKey, Failure>,
    /// By the container's name, which the one that takes its place has as well.
    replicas: BTreeMap<String, (ObjectKey, Failure)>,
}

impl Failures {
    /// A step failed.
    pub fn failed(&mut self, step: &Step, error: &EngineError, now: Timestamp) {
        if let Some(name) = replica_of(step) {
            let failure = Failure::of(self.of_replica(name), name, step, error, now);
            self.replicas.insert(name.to_owned(), (step.object.clone(), failure));
        } else {
            let failure = Failure::of(self.objects.get(&step.object), &step.object.to_string(), step, error, now);
            self.objects.insert(step.object.clone(), failure);
        }
    }

    /// A step was done, which may say that a replica has failed.
    pub fn done(&mut self, step: &Step, now: Timestamp) {
        let Some(why) = failure_behind(step) else { return };
        let Some(name) = replica_of(step) else { return };
        let why = format!("{name}: {why}");
        let failure = Failure::after(self.of_replica(name), name, &step.hash, why, now);
        self.replicas.insert(name.to_owned(), (step.object.clone(), failure));
    }

    /// What went wrong with an object as a whole.
    pub fn of_object(&self, object: &ObjectKey) -> Option<&Failure> {
        self.objects.get(object)
    }

    /// What went wrong with the replica of a name.
    pub fn of_replica(&self, name: &str) -> Option<&Failure> {
        self.replicas.get(name).map(|(_, failure)| failure)
    }

    /// The last of what went wrong with an object or one of its replicas.
    pub fn latest(&self, object: &ObjectKey) -> Option<&Failure> {
        let of_replicas = self.replicas.values().filter(|(of, _)| of == object).map(|(_, failure)| failure);
        self.objects.get(object).into_iter().chain(of_replicas).max_by_key(|failure| failure.at)
    }

    /// Drops what is long ago, or later than now because the clock was put back.
    pub fn forget(&mut self, now: Timestamp) {
        let lasts = |failure: &Failure| (SignedDuration::ZERO..LAST).contains(&now.duration_since(failure.at));
        self.objects.retain(|_, failure| lasts(failure));
        self.replicas.retain(|_, (_, failure)| lasts(failure));
    }

    /// Whether nothing went wrong.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.replicas.is_empty()
    }
}

/// The replica that a step is about alone: what it fails of says nothing of the others.
fn replica_of(step: &Step) -> Option<&str> {
    if step.object.kind != Kind::Deployment {
        return None;
    }
    match (&step.action, &step.reason) {
        (Action::StartContainer { container }, _) => Some(&container.name),
        (Action::RunHook(hook), _) => Some(&hook.container.name),
        (Action::StopContainer(stop), Reason::Unhealthy { .. }) => Some(&stop.container.name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ContainerRef;
    use crate::plan::StepId;

    #[test]
    fn what_replicas_fail_of_is_read_as_it_was_written() {
        let container = ContainerRef { id: None, name: "shop-web-1".to_owned() };
        let step = Step {
            id: StepId(0),
            object: ObjectKey::new(Kind::Deployment, "shop", "web"),
            hash: "v1:a".to_owned(),
            action: Action::StartContainer { container },
            reason: Reason::Missing,
            after: Vec::new(),
        };
        let mut failures = Failures::default();
        failures.failed(&step, &EngineError::Invalid("no such user".to_owned()), Timestamp::UNIX_EPOCH);
        let written = serde_json::to_string(&failures).expect("plain data");
        let read: Failures = serde_json::from_str(&written).expect("what was written");
        assert!(read == failures && read.of_replica("shop-web-1").is_some(), "{written}");
    }
}
