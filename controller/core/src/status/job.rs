//! What jobs and schedules have come to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use skiff_api::ObjectKey;

use super::{ObjectStatus, Phase, ReplicaStatus, told_failure};
use crate::course::effective;
use crate::desired::{Cron, Desired, Job};
use crate::held::HeldReason;
use crate::history::RunOutcome;
use crate::job::{AttemptState, Run, current_run, of_jobs};
use crate::observed::{Observed, ObservedContainer};
use crate::plan::Plan;

/// The state of every job and schedule that is declared.
pub(super) fn statuses(
    desired: &Desired,
    observed: &Observed,
    plan: &Plan,
    now: Timestamp,
) -> BTreeMap<ObjectKey, ObjectStatus> {
    if desired.jobs.is_empty() && desired.crons.is_empty() {
        return BTreeMap::new();
    }
    let desired = &*effective(desired, &observed.history);
    let containers = of_jobs(observed);
    let of = |key: &ObjectKey| containers.get(key).map_or(&[][..], Vec::as_slice);
    let jobs = desired.jobs.iter().map(|(key, job)| {
        let run = current_run(job, observed.history.objects.get(key), of(key), now);
        (key.clone(), of_job(job, &run, of(key), plan, observed, now))
    });
    let crons = desired.crons.iter().map(|(key, cron)| (key.clone(), of_cron(cron, of(key), plan, observed)));
    jobs.chain(crons).collect()
}

fn of_job(
    job: &Job,
    run: &Run<'_>,
    containers: &[&ObservedContainer],
    plan: &Plan,
    observed: &Observed,
    now: Timestamp,
) -> ObjectStatus {
    let key = &job.workload.key;
    let (succeeded, active) = (run.succeeded(), run.active());
    let held = held(plan, key);
    let (phase, (reason, message)) = match (run.end(job, now), held) {
        (Some(end), _) if end.outcome == RunOutcome::Succeeded => (Phase::Finished, NOTHING),
        (Some(end), _) => (Phase::Degraded, (end.outcome.word(), format!("it {}", end.outcome))),
        (None, _) if job.suspend => (Phase::Ready, said(&HeldReason::Suspended)),
        (None, Some(why @ HeldReason::Retry { .. })) => (Phase::Progressing, said(why)),
        (None, Some(why @ HeldReason::WaitingFor { .. })) => (Phase::Waiting, said(why)),
        (None, Some(why)) if !why.is_waiting() || why.is_failing() => (Phase::Degraded, said(why)),
        (None, _) => {
            let text = format!("{succeeded} of {} completed, {active} running", job.completions);
            (Phase::Progressing, ("Progressing", text))
        }
    };
    let (reason, message) = match told_failure(observed, key) {
        Some(failure) if phase == Phase::Progressing && held.is_none() && active == 0 => {
            (failure.reason, failure.error.clone())
        }
        _ => (reason, message),
    };
    let updated = run.attempts.values().filter(|attempt| attempt.container.is_some()).count();
    ObjectStatus {
        object: key.clone(),
        phase,
        replicas: job.completions,
        current: number(containers.len()),
        ready: succeeded,
        updated: number(updated),
        reason,
        message,
        containers: containers.iter().map(|one| replica(one, &job.workload.template.hash)).collect(),
    }
}

/// A schedule is well while it is followed, whatever its runs come to; what keeps a run from beginning is said.
fn of_cron(cron: &Cron, containers: &[&ObservedContainer], plan: &Plan, observed: &Observed) -> ObjectStatus {
    let key = &cron.job.workload.key;
    let is_active = |container: &&&ObservedContainer| AttemptState::of(container) == AttemptState::Active;
    let active = number(containers.iter().filter(is_active).count());
    let (phase, (reason, message)) = match held(plan, key) {
        Some(why @ (HeldReason::Suspended | HeldReason::Retry { .. } | HeldReason::WaitingFor { .. })) => {
            (Phase::Ready, said(why))
        }
        Some(why) if !why.is_waiting() || why.is_failing() => (Phase::Degraded, said(why)),
        Some(_) | None => {
            let failure = told_failure(observed, key).map(|failure| (failure.reason, failure.error.clone()));
            (Phase::Ready, failure.unwrap_or(NOTHING))
        }
    };
    let hash = &cron.job.workload.template.hash;
    ObjectStatus {
        object: key.clone(),
        phase,
        replicas: active,
        current: number(containers.len()),
        ready: active,
        updated: active,
        reason,
        message,
        containers: containers.iter().map(|one| replica(one, hash)).collect(),
    }
}

/// The word and the sentence of what is well.
const NOTHING: (&str, String) = ("", String::new());

/// The word and the sentence of what keeps an object.
fn said(why: &HeldReason) -> (&'static str, String) {
    (why.word(), why.to_string())
}

/// What keeps an object, where something of the manifest that is only not acted on does not count.
fn held<'p>(plan: &'p Plan, key: &ObjectKey) -> Option<&'p HeldReason> {
    let mut held = plan.held.iter().filter(|held| held.object == *key).map(|held| &held.why);
    held.find(|why| !matches!(why, HeldReason::NotRun { .. }))
}

fn replica(container: &ObservedContainer, hash: &str) -> ReplicaStatus {
    let labels = container.owner.labels();
    ReplicaStatus {
        complaint: None,
        name: container.name.clone(),
        id: container.id.clone(),
        ordinal: labels.map_or(0, |labels| labels.ordinal),
        revision: labels.map_or(0, |labels| labels.revision),
        state: container.state,
        health: container.health,
        updated: labels.is_some_and(|labels| labels.template_hash == hash),
        ready: AttemptState::of(container) == AttemptState::Active,
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
