//! The plan: single steps, each with its reason and what it follows, and what is held.
//!
//! Total and deterministic: the same inputs give the same plan, byte for byte, and nothing is decided anywhere else.

mod beside;
mod besides;
mod checks;
mod create;
mod dependency;
mod draft;
mod drift;
mod facts;
mod hook;
mod init;
mod job;
mod joined;
mod leave;
mod leftovers;
mod nameless;
mod network;
mod once;
mod origin;
mod prune;
mod rejudged;
mod removal;
mod replica;
mod restart;
mod rollout;
mod run;
mod superseded;
mod volume;
mod workload;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use skiff_api::{Kind, ObjectKey};

use crate::action::Action;
use crate::course::effective;
use crate::desired::{Desired, Intent, StopFirst};
use crate::engine::EngineError;
use crate::event::{Event, Severity};
use crate::held::Held;
use crate::observed::Observed;
use crate::reason::Reason;
pub(crate) use checks::POST_START;
use draft::Draft;
pub(crate) use facts::{Facts, replica_facts};
pub use hook::hook_complaints;
pub use leave::plan_leave;
pub use once::{Once, OncePlan, plan_once};
pub use rejudged::{Rejudged, rejudged};
pub use restart::plan_restart;

/// The number of a step in its plan, counted from 0 in the order in which steps are best begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct StepId(pub usize);

/// One effect, why, and after which others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number.
    pub id: StepId,
    /// The object that it is for.
    pub object: ObjectKey,
    /// The hash of the template that it works towards: a failure is remembered with it, so that another one is tried at once.
    pub hash: String,
    /// What is done.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// The steps that must have succeeded before; all have smaller numbers.
    pub after: Vec<StepId>,
}

impl Step {
    /// What is told of it once it has been done.
    pub fn done(&self, at: Timestamp) -> Event {
        let message = format!("{} {} ({})", self.action.verb(), self.action.target(), self.reason);
        let severity = if self.mends_a_failure() { Severity::Warning } else { Severity::Normal };
        Event { severity, ..Event::normal(at, &self.object, self.action.done(), message) }
    }

    /// Whether it was needed because a container failed: a check of it, or its own process.
    fn mends_a_failure(&self) -> bool {
        match (&self.action, &self.reason) {
            (Action::StopContainer(_), Reason::Unhealthy { .. }) => true,
            (Action::StartContainer { .. }, Reason::Exited { code, .. }) => *code != 0,
            _ => false,
        }
    }

    /// What is told of it where it was done otherwise than it was meant.
    pub fn warned(&self, warnings: &[String], at: Timestamp) -> Vec<Event> {
        let (verb, target) = (self.action.verb(), self.action.target());
        let event =
            |warning: &String| Event::warning(at, &self.object, "Warned", format!("{verb} {target}: {warning}"));
        warnings.iter().map(event).collect()
    }

    /// What is told of it when it failed.
    pub fn failed(&self, error: &EngineError, at: Timestamp) -> Event {
        let message = format!("{} {} ({}) failed: {error}", self.action.verb(), self.action.target(), self.reason);
        Event::warning(at, &self.object, error.reason(), message)
    }
}

/// What is to be done now, what is not, and when time alone will change that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is to be done.
    pub steps: Vec<Step>,
    /// What is not done, and why.
    pub held: Vec<Held>,
    /// What changes without a step; nothing of it where it was learnt before.
    pub rejudged: Vec<Rejudged>,
    /// The objects of which replicas go before their successors come, and why they must.
    pub old_first: BTreeMap<ObjectKey, StopFirst>,
    /// When time alone will change the answer.
    pub wake_at: Option<Timestamp>,
}

impl Plan {
    /// Whether there is nothing to do and nothing that waits.
    pub fn is_settled(&self) -> bool {
        self.steps.is_empty() && !self.is_waiting()
    }

    /// Whether something is held that time or another step will end.
    pub fn is_waiting(&self) -> bool {
        self.held.iter().any(|held| held.why.is_waiting())
    }
}

/// Decides what leads from what is observed to what is desired.
pub fn plan(desired: &Desired, observed: &Observed, now: Timestamp) -> Plan {
    let desired = &*effective(desired, &observed.history);
    let mut draft = Draft::new(desired, observed, now);
    removal::plan_removals(&mut draft);
    once::plan_left_behind(&mut draft);
    if desired.intent == Intent::Run {
        network::plan_networks(&mut draft);
        volume::plan_volumes(&mut draft);
        for workload in dependency::order(desired) {
            match workload.key.kind {
                Kind::Job => job::plan_job(&mut draft, &workload.key),
                Kind::CronJob => job::plan_cron(&mut draft, &workload.key),
                Kind::Deployment | Kind::Network | Kind::Volume | Kind::ConfigMap | Kind::Secret => {
                    workload::plan_workload(&mut draft, workload);
                }
            }
        }
    }
    init::plan_leftovers(&mut draft);
    leftovers::plan_leftovers(&mut draft);
    superseded::plan_superseded(&mut draft);
    draft.finish()
}

/// A container of a workload as the planner sees it, for whoever reports.
pub(crate) struct ReplicaView {
    pub(crate) status: crate::status::ReplicaStatus,
    /// The exit code of one that has ended for good.
    pub(crate) finished: Option<i64>,
    pub(crate) is_unhealthy: bool,
}

/// The containers of every workload as the planner sees them.
pub(crate) fn replica_views(
    desired: &Desired,
    observed: &Observed,
    now: Timestamp,
) -> BTreeMap<ObjectKey, Vec<ReplicaView>> {
    let desired = &*effective(desired, &observed.history);
    let draft = Draft::new(desired, observed, now);
    let views = |workload: &crate::Workload| {
        let containers = draft.containers(&workload.key).iter();
        containers.map(|container| view(&replica::classify(&draft, workload, container))).collect()
    };
    desired.workloads.iter().map(|(key, workload)| (key.clone(), views(workload))).collect()
}

fn view(replica: &replica::Replica<'_>) -> ReplicaView {
    let status = crate::status::ReplicaStatus {
        name: replica.container.name.clone(),
        id: replica.container.id.clone(),
        ordinal: replica.labels.ordinal,
        revision: replica.labels.revision,
        state: replica.container.state,
        health: replica.container.health,
        updated: replica.outdated.is_none(),
        ready: replica.condition.is_ready() && !replica.settles,
        complaint: replica.complaint.as_ref().map(checks::Complaint::text),
    };
    ReplicaView {
        status,
        finished: replica.condition.exit_code(),
        is_unhealthy: replica.condition == replica::Condition::Unhealthy,
    }
}

#[cfg(test)]
mod tests;
