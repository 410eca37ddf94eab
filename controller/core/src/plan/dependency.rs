//! Dependencies: in which order objects are planned, and whether what one waits for is there.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::{DependencyCondition, ObjectKey};

use super::StepId;
use super::draft::Draft;
use super::replica::{Condition, Replica, classify};
use crate::desired::{DependsOn, Desired, Job, Workload};
use crate::held::HeldReason;
use crate::history::RunOutcome;
use crate::job::{AttemptState, current_run};
use crate::observed::{Health, ObservedContainer};
use crate::probe::gates_readiness;

/// The objects with containers, each after those that it depends on, otherwise by key. A cycle, which validation refuses, breaks
/// nothing.
pub(super) fn order(desired: &Desired) -> Vec<&Workload> {
    // Each is called by its place among the keys: numbers are compared faster than names. Keys are sorted by kind first.
    let workloads: Vec<&Workload> = desired.with_containers().collect();
    let place = |key: &ObjectKey| workloads.binary_search_by(|workload| workload.key.cmp(key)).ok();
    let mut missing: BTreeMap<usize, usize> = BTreeMap::new();
    let mut dependents: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (own, workload) in workloads.iter().enumerate() {
        for dependency in workload.depends_on.iter().filter_map(|dependency| place(&dependency.object)) {
            dependents.entry(dependency).or_default().push(own);
            *missing.entry(own).or_default() += 1;
        }
    }
    let mut free: BTreeSet<usize> = (0..workloads.len()).filter(|own| !missing.contains_key(own)).collect();
    let mut ordered = Vec::with_capacity(workloads.len());
    while let Some(next) = free.pop_first() {
        ordered.push(next);
        for dependent in dependents.get(&next).into_iter().flatten() {
            if let Some(count) = missing.get_mut(dependent) {
                *count -= 1;
                if *count == 0 {
                    missing.remove(dependent);
                    free.insert(*dependent);
                }
            }
        }
    }
    ordered.extend(missing.into_keys());
    ordered.into_iter().filter_map(|place| workloads.get(place).copied()).collect()
}

/// Whether what a workload depends on is there: the steps to follow, or what is waited for.
pub(super) fn gate(draft: &Draft<'_>, workload: &Workload) -> Result<Vec<StepId>, HeldReason> {
    let mut after = Vec::new();
    for dependency in &workload.depends_on {
        match met(draft, dependency) {
            Met::Yes => {}
            Met::After(steps) => after.extend(steps),
            Met::No => {
                let idle = idle(draft, &dependency.object);
                let (dependency, condition) = (dependency.object.clone(), dependency.condition);
                return Err(match idle {
                    Some(suspended) => HeldReason::DependencyIdle { dependency, condition, suspended },
                    None => HeldReason::WaitingFor { dependency, condition },
                });
            }
        }
    }
    Ok(after)
}

/// Whether the manifest of a dependency keeps it from running, so that waiting for it has no end; true where it is suspended, false where
/// it is scaled to 0.
fn idle(draft: &Draft<'_>, dependency: &ObjectKey) -> Option<bool> {
    if let Some(job) = draft.desired.job_anywhere(dependency) {
        return job.suspend.then_some(true);
    }
    let workload = draft.desired.workload_anywhere(dependency)?;
    (workload.replicas == 0).then_some(false)
}

enum Met {
    Yes,
    After(Vec<StepId>),
    No,
}

fn met(draft: &Draft<'_>, dependency: &DependsOn) -> Met {
    if let Some(job) = draft.desired.job_anywhere(&dependency.object) {
        return job_met(draft, job, dependency.condition);
    }
    let Some(workload) = draft.desired.workload_anywhere(&dependency.object) else {
        return Met::No;
    };
    let replicas: Vec<_> =
        draft.containers(&workload.key).iter().map(|container| classify(draft, workload, container)).collect();
    let wanted = usize::try_from(workload.replicas).unwrap_or(usize::MAX);
    let current = || replicas.iter().filter(|replica| replica.outdated.is_none());
    let planned = draft.starts.get(&workload.key);
    match dependency.condition {
        DependencyCondition::Started => {
            let runs = replicas.iter().any(|replica| replica.container.state == crate::ContainerState::Running);
            // As in Compose, what was started and is done has been started, and so has what the engine starts again and again.
            let has_started =
                |replica: &Replica<'_>| matches!(replica.condition, Condition::Finished { .. } | Condition::Restarting);
            match planned {
                _ if runs || current().any(has_started) => Met::Yes,
                Some((steps, _)) if !steps.is_empty() => Met::After(steps.iter().take(1).copied().collect()),
                _ => Met::No,
            }
        }
        DependencyCondition::Ready => {
            let ready = current().filter(|replica| replica.condition.is_ready()).count();
            match planned {
                _ if wanted > 0 && ready >= wanted => Met::Yes,
                // Where nothing can be checked, running is Ready, and the start's success says so.
                Some((steps, true)) if !is_checked(workload) => Met::After(steps.clone()),
                _ => Met::No,
            }
        }
        DependencyCondition::Completed => {
            let done = current().filter(|replica| replica.condition == Condition::Finished { code: 0 }).count();
            if wanted > 0 && done >= wanted { Met::Yes } else { Met::No }
        }
    }
}

/// Whether a job is as far as a condition asks. One that has completed has been started, and was Ready.
fn job_met(draft: &Draft<'_>, job: &Job, condition: DependencyCondition) -> Met {
    let key = &job.workload.key;
    let run = current_run(job, draft.history.objects.get(key), draft.containers(key), draft.now);
    if run.end(job, draft.now).is_some_and(|end| end.outcome == RunOutcome::Succeeded) {
        return Met::Yes;
    }
    let is_ready =
        |container: &ObservedContainer| !matches!(container.health, Some(Health::Starting | Health::Unhealthy));
    let mut active = run.in_state(AttemptState::Active);
    let planned = draft.starts.get(key).map_or(&[][..], |(steps, _)| steps.as_slice());
    match condition {
        DependencyCondition::Started if run.has_begun() => Met::Yes,
        DependencyCondition::Started => planned.first().map_or(Met::No, |step| Met::After(vec![*step])),
        DependencyCondition::Ready if active.any(is_ready) => Met::Yes,
        DependencyCondition::Ready | DependencyCondition::Completed => Met::No,
    }
}

/// Whether there is something to check before it is Ready. An image may bring a check of its own, which shows once it runs.
fn is_checked(workload: &Workload) -> bool {
    let container = &workload.template.pod.container;
    let check = container.health_check.as_ref();
    let hooked = container.lifecycle.as_ref().is_some_and(|lifecycle| lifecycle.post_start.is_some());
    hooked
        || gates_readiness(container)
        || check.is_some_and(|check| check.test.first().is_some_and(|word| word != "NONE"))
}
