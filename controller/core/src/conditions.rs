//! What an object has come to, as Kubernetes tells it: conditions, each with a reason and a sentence that says why.
//!
//! Since when a condition holds is told only where the history knows it: where its change was seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use skiff_api::ObjectKey;

use crate::course::Way;
use crate::desired::Desired;
use crate::history::{Back, History, ObjectHistory, Revision, RunOutcome, Standing, Why};
use crate::job::JobReport;
use crate::revision::told_lost;
use crate::status::ObjectStatus;

/// A condition of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Which, by Kubernetes' name: `Available`, `Progressing`; of a job `Complete`, `Failed`, `Suspended`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Whether it holds.
    pub status: Truth,
    /// One `PascalCase` word for programs.
    pub reason: &'static str,
    /// A sentence for people.
    pub message: String,
    /// Since when it holds or does not, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Timestamp>,
}

/// What a condition last was, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// Whether it held.
    pub status: Truth,
    /// When it changed to that; nothing where it was so when it was first looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Truth {
    /// It does.
    True,
    /// It does not.
    False,
    /// It cannot be told, as somebody holds it up on purpose.
    Unknown,
}

/// How many replicas of a deployment there are and should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// That are Ready.
    pub ready: u32,
    /// That are declared.
    pub wanted: u32,
    /// That may be missing.
    pub max_unavailable: u32,
}

/// The conditions of a deployment. `paused` is what the manifest says.
pub fn deployment_conditions(known: Option<&ObjectHistory>, paused: bool, counts: Counts) -> Vec<Condition> {
    let paused = paused || known.is_some_and(|known| known.paused);
    let progressing = known.and_then(|known| Some(progressing(known.declared()?, known.wanted(), paused)));
    let since = |condition: &Condition| {
        let last = known?.conditions.get(condition.kind)?;
        last.at.filter(|_| last.status == condition.status)
    };
    let told = progressing.into_iter().chain([available(counts)]);
    told.map(|told| Condition { last_transition_time: told.last_transition_time.or_else(|| since(&told)), ..told })
        .collect()
}

/// Remembers which conditions of deployments have changed with this pass, and when.
pub fn note_conditions(
    history: &mut Arc<History>,
    desired: &Desired,
    statuses: &BTreeMap<ObjectKey, ObjectStatus>,
    now: Timestamp,
) {
    for (key, workload) in &desired.workloads {
        let (Some(known), Some(status)) = (history.objects.get(key), statuses.get(key)) else { continue };
        let ready = status.containers.iter().filter(|replica| replica.ready).count();
        let counts = Counts {
            ready: u32::try_from(ready).unwrap_or(u32::MAX),
            wanted: status.replicas,
            max_unavailable: workload.rollout.max_unavailable,
        };
        let changed =
            deployment_conditions(Some(known), workload.rollout.paused, counts).into_iter().filter_map(|told| {
                let last = known.conditions.get(told.kind);
                let at = told.last_transition_time.or_else(|| last.map(|_| now));
                let is_new = last.is_none_or(|last| last.status != told.status);
                is_new.then(|| (told.kind.to_owned(), Transition { status: told.status, at }))
            });
        let changed: Vec<_> = changed.collect();
        if !changed.is_empty() {
            Arc::make_mut(history).objects.entry(key.clone()).or_default().conditions.extend(changed);
        }
    }
}

fn condition(kind: &'static str, status: Truth, reason: &'static str, message: impl Into<String>) -> Condition {
    Condition { kind, status, reason, message: message.into(), last_transition_time: None }
}

fn available(counts: Counts) -> Condition {
    let Counts { ready, wanted, max_unavailable } = counts;
    let least = wanted.saturating_sub(max_unavailable);
    let of = format!("{ready} of {wanted} replicas are Ready");
    if ready >= least {
        condition("Available", Truth::True, "MinimumReplicasAvailable", of)
    } else {
        condition("Available", Truth::False, "MinimumReplicasUnavailable", format!("{of}, {least} must be"))
    }
}

/// `wanted` is the revision that replicas are brought to.
fn progressing(declared: &Revision, wanted: Option<&Revision>, paused: bool) -> Condition {
    let number = declared.number;
    let of = |status, reason, message| condition("Progressing", status, reason, message);
    if let (Some(why), true) = (&declared.ailing, declared.standing.is_open()) {
        let message = format!("revision {number} does not come up: {why}; with none to go back to, it is tried on");
        return of(Truth::False, "RevisionFailing", message);
    }
    if let Standing::Failed { at, why, back } = &declared.standing {
        let lost = wanted.map(|wanted| wanted.lost.clone()).unwrap_or_default();
        let (status, reason, then) = gone_back(why, back, lost);
        let known = (status == Truth::False).then_some(*at);
        let message = format!("revision {number} {why}; {then}");
        return Condition { last_transition_time: known, ..of(status, reason, message) };
    }
    if paused {
        return of(Truth::Unknown, "DeploymentPaused", format!("the rollout of revision {number} is paused"));
    }
    match &declared.standing {
        Standing::Stable => of(Truth::True, "RevisionStable", format!("revision {number} is stable")),
        Standing::Watched { .. } => {
            of(Truth::True, "RevisionWatched", format!("revision {number} is complete and watched for a moment"))
        }
        Standing::Progressing { available, .. } => {
            of(Truth::True, "RevisionProgressing", format!("revision {number}: {available} available so far"))
        }
        Standing::Superseded { .. } | Standing::Failed { .. } => {
            of(Truth::True, "RevisionSuperseded", format!("revision {number} was superseded by another"))
        }
    }
}

/// Whether a revision that is worked towards no more counts as progress, the word for that, and what became of the deployment.
fn gone_back(why: &Why, back: &Back, lost: BTreeSet<ObjectKey>) -> (Truth, &'static str, String) {
    let failed_as_well = |to: u64, why: &str| Way::Lost { to, why: why.to_owned() }.to_string();
    let going = |to: u64| {
        let lost = if lost.is_empty() { String::new() } else { format!("; {}", told_lost(&lost)) };
        format!("going back to revision {to}{lost}")
    };
    match (why, back) {
        (_, Back::Lost { to, why }) => (Truth::False, "RollbackFailed", failed_as_well(*to, why)),
        // What a person asked for comes about.
        (Why::Undone | Why::Together { undone: true, .. }, Back::Going { to, .. }) => {
            (Truth::True, "RolloutUndone", going(*to))
        }
        (Why::Undone | Why::Together { undone: true, .. }, Back::Arrived { to }) => {
            (Truth::True, "RolloutUndone", Way::Back { to: *to, lost }.to_string())
        }
        (Why::Late { .. } | Why::Failed { .. } | Why::Together { .. }, Back::Going { to, .. }) => {
            (Truth::False, "RollingBack", going(*to))
        }
        (Why::Late { .. } | Why::Failed { .. } | Why::Together { .. }, Back::Arrived { to }) => {
            (Truth::False, "RolledBack", Way::Back { to: *to, lost }.to_string())
        }
        (Why::Late { .. }, Back::Nowhere | Back::Superseded) => {
            (Truth::False, "ProgressDeadlineExceeded", Way::Stays.to_string())
        }
        (Why::Undone | Why::Failed { .. } | Why::Together { .. }, Back::Nowhere | Back::Superseded) => {
            (Truth::False, "RevisionFailed", Way::Stays.to_string())
        }
    }
}

/// The conditions of a job, as Kubernetes has them: none while it runs.
pub fn job_conditions(job: &JobReport) -> Vec<Condition> {
    let end = job.runs.last().and_then(|run| run.end);
    if job.schedule.is_some() {
        return Vec::new();
    }
    if let Some(end) = end {
        let kind = if end.outcome == RunOutcome::Succeeded { "Complete" } else { "Failed" };
        let told = condition(kind, Truth::True, end.outcome.word(), format!("it {}", end.outcome));
        return vec![Condition { last_transition_time: Some(end.at), ..told }];
    }
    let suspended =
        || condition("Suspended", Truth::True, "JobSuspended", "it is suspended, and no attempt of it runs");
    job.suspended.then(suspended).into_iter().collect()
}

#[cfg(test)]
mod tests;
