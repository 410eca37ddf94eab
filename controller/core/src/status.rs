//! What an object has come to, in words and numbers, for people and for whoever waits.

mod job;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use skiff_api::ObjectKey;

use crate::desired::Desired;
use crate::engine::EngineError;
use crate::failure::{Failure, UNHEALTHY};
use crate::held::{Held, HeldReason};
use crate::observed::{ContainerState, Health, Observed};
use crate::plan::{Plan, ReplicaView, replica_views};

/// How far an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Phase {
    /// All of it is as declared and Ready.
    Ready,
    /// Its work is done and it is not to run again.
    Finished,
    /// It is on its way.
    Progressing,
    /// It waits for something else.
    Waiting,
    /// It fails, or something on purpose keeps it from being as declared.
    Degraded,
}

/// The reason of what ended with a failure and is not to be started again.
const FAILED: &str = "Failed";

/// The state of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectStatus {
    /// The object.
    pub object: ObjectKey,
    /// How far it is.
    pub phase: Phase,
    /// Replicas declared.
    pub replicas: u32,
    /// Replicas that exist.
    pub current: u32,
    /// Replicas that are Ready.
    pub ready: u32,
    /// Replicas of the declared template.
    pub updated: u32,
    /// One `PascalCase` word for programs, why it is in this phase; empty when all is well.
    pub reason: &'static str,
    /// A sentence for people; empty when all is well.
    pub message: String,
    /// The containers.
    pub containers: Vec<ReplicaStatus>,
}

/// The state of one replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaStatus {
    /// Docker's name.
    pub name: String,
    /// Docker's id.
    pub id: String,
    /// The ordinal.
    pub ordinal: u32,
    /// The revision.
    pub revision: u64,
    /// Docker's state.
    pub state: ContainerState,
    /// The verdict of its health check.
    pub health: Option<Health>,
    /// Whether it is of the declared template.
    pub updated: bool,
    /// Whether it is Ready.
    pub ready: bool,
    /// What its checks say, where they keep it from being Ready.
    pub complaint: Option<String>,
}

impl ObjectStatus {
    /// Whether a replica ended with a failure and is not to be started again, so that nothing but a change will help.
    pub fn has_failed(&self) -> bool {
        self.reason == FAILED
    }
}

/// The state of every object with containers that is declared, as the plan made from the same inputs sees it.
pub fn status(
    desired: &Desired,
    observed: &Observed,
    plan: &Plan,
    now: Timestamp,
) -> BTreeMap<ObjectKey, ObjectStatus> {
    let views = replica_views(desired, observed, now);
    desired
        .workloads
        .iter()
        .map(|(key, workload)| {
            let replicas = views.get(key).map_or(&[][..], Vec::as_slice);
            (key.clone(), object_status(key, workload.replicas, replicas, plan, observed))
        })
        .chain(job::statuses(desired, observed, plan, now))
        .collect()
}

/// So often in a row something may have changed between a look and a step, which says nothing but that it is looked at again.
const MAY_BE_STALE: u32 = 2;

/// The failure of an object that is told of it.
fn told_failure<'o>(observed: &'o Observed, key: &ObjectKey) -> Option<&'o Failure> {
    let failure = observed.failures.latest(key);
    failure.filter(|failure| failure.reason != EngineError::STALE || failure.attempts > MAY_BE_STALE)
}

fn object_status(
    key: &ObjectKey,
    wanted: u32,
    replicas: &[ReplicaView],
    plan: &Plan,
    observed: &Observed,
) -> ObjectStatus {
    let count =
        |test: &dyn Fn(&&ReplicaView) -> bool| u32::try_from(replicas.iter().filter(test).count()).unwrap_or(u32::MAX);
    let ready = count(&|view| view.status.ready && view.status.updated);
    let finished = count(&|view| view.finished.is_some() && view.status.updated);
    let failed =
        replicas.iter().filter(|view| view.status.updated).find_map(|view| view.finished.filter(|code| *code != 0));
    let updated = count(&|view| view.status.updated);
    let current = count(&|_| true);
    let failure = told_failure(observed, key);
    let is_told = |held: &Held| !matches!(held.why, HeldReason::BackOff { .. }) || failure.is_some();
    let held = plan.held.iter().find(|held| held.object == *key && !held.is_note() && is_told(held));
    let busy = observed.in_flight.contains(key) || plan.steps.iter().any(|step| step.object == *key);
    let whole = ready + finished >= wanted && updated == current && current == wanted && !busy;
    let phase = match held.map(|held| &held.why) {
        _ if whole && failed.is_some() => Phase::Degraded,
        None if whole && finished > 0 => Phase::Finished,
        _ if whole => Phase::Ready,
        Some(why) if why.is_failing() || !why.is_waiting() => Phase::Degraded,
        Some(HeldReason::WaitingFor { .. }) => Phase::Waiting,
        _ if replicas.iter().any(|view| view.is_unhealthy) => Phase::Degraded,
        _ => Phase::Progressing,
    };
    let complaint = replicas.iter().find_map(|view| view.status.complaint.as_deref());
    let (reason, message) = match (held, failure) {
        (Some(held), _) if phase != Phase::Ready || held.why.is_said_of_ready() => {
            (held.why.word(), held.why.to_string())
        }
        (None, Some(failure)) if phase != Phase::Ready && phase != Phase::Finished => {
            (failure.reason, failure.error.clone())
        }
        _ if phase == Phase::Progressing => {
            let complaint = complaint.map(|complaint| format!(": {complaint}")).unwrap_or_default();
            ("Progressing", format!("{ready} of {wanted} Ready{complaint}"))
        }
        _ if phase == Phase::Degraded
            && whole
            && let Some(code) = failed =>
        {
            (FAILED, format!("ended with {code} and is not to be started again"))
        }
        _ if phase == Phase::Degraded => (UNHEALTHY, complaint.unwrap_or("unhealthy").to_owned()),
        _ => ("", String::new()),
    };
    let containers = replicas.iter().map(|view| view.status.clone()).collect();
    ObjectStatus { object: key.clone(), phase, replicas: wanted, current, ready, updated, reason, message, containers }
}
