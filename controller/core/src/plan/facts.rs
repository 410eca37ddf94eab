//! What the replicas of a deployment are, for whoever judges its revision.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use skiff_api::ObjectKey;

use super::draft::Draft;
use super::replica::{Condition, Replica, classify};
use crate::course::{Course, effective};
use crate::desired::{Desired, Workload};
use crate::failure::{Cause, Failure};
use crate::history::{History, ObjectHistory};
use crate::init::InitMark;
use crate::observed::{ContainerState, Observed, ObservedContainer};

/// A deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) replicas: Vec<ReplicaFacts>,
    /// Why no container of the revision can be made.
    pub(crate) unmade: Option<String>,
    /// Whether it waits for an image that cannot be had now.
    pub(crate) waits_for_image: bool,
}

/// One replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReplicaFacts {
    /// Whether it is of the revision that is worked towards.
    pub(crate) updated: bool,
    /// Whether it counts in a rollout.
    pub(crate) available: bool,
    /// What says that its revision is no good.
    pub(crate) trouble: Option<String>,
    /// What keeps it from being Ready, where something says so.
    pub(crate) complaint: Option<String>,
    /// When it was last started.
    pub(crate) started_at: Option<Timestamp>,
}

/// After so many ends a replica that is not available is in trouble, and after so many failures one that cannot be made or started.
const ENDS: usize = 3;
const FAILURES: u32 = 3;

/// The replicas of some deployments, each judged by the revision that is worked towards.
pub(crate) fn replica_facts(
    desired: &Desired,
    observed: &Observed,
    history: &History,
    objects: &BTreeSet<&ObjectKey>,
    now: Timestamp,
) -> BTreeMap<ObjectKey, Facts> {
    if objects.is_empty() {
        return BTreeMap::new();
    }
    let desired = effective(desired, history);
    let draft = Draft::remembering(&desired, observed, history, now);
    let workloads = objects.iter().filter_map(|key| desired.workloads.get(*key));
    workloads
        .map(|workload| {
            let since = history.objects.get(&workload.key).and_then(ObjectHistory::since).unwrap_or(Timestamp::MIN);
            (workload.key.clone(), facts_of(&draft, workload, since))
        })
        .collect()
}

fn facts_of(draft: &Draft<'_>, workload: &Workload, since: Timestamp) -> Facts {
    let failures = &draft.observed.failures;
    let is_of_now = |failure: &&Failure| failure.template_hash == workload.template.hash && failure.at >= since;
    let failure = failures.of_object(&workload.key).filter(is_of_now);
    let own = |container: &ObservedContainer| failures.of_replica(&container.name).filter(is_of_now);
    let containers = draft.containers(&workload.key).iter();
    let judged = containers.map(|container| facts(draft, &classify(draft, workload, container), own(container), since));
    let replicas: Vec<ReplicaFacts> = judged.collect();
    let youngest = replicas.iter().filter(|fact| fact.updated).filter_map(|fact| fact.started_at).max();
    let unmade = failure.filter(|failure| failure.cause == Cause::Template && failure.attempts >= FAILURES);
    let waits = |failure: &Failure| failure.cause == Cause::Image && Some(failure.at) > youngest;
    Facts {
        unmade: unmade.map(|failure| format!("no container can be made: {}", failure.error)),
        waits_for_image: failure.is_some_and(waits),
        replicas,
    }
}

fn facts(draft: &Draft<'_>, replica: &Replica<'_>, failure: Option<&Failure>, since: Timestamp) -> ReplicaFacts {
    let updated = replica.outdated.is_none();
    ReplicaFacts {
        updated,
        available: replica.serves(),
        trouble: if updated { trouble(draft, replica, failure, since) } else { None },
        complaint: replica.complaint.as_ref().map(|said| format!("{}: {}", replica.container.name, said.text())),
        started_at: replica.container.detail.as_ref().and_then(|detail| detail.started_at),
    }
}

/// What says that the revision of a replica is no good: it crashes again and again, is unhealthy, or cannot be started. Only what
/// happened since the revision was begun or gone back to: what an old replica lived through before says nothing of now.
fn trouble(draft: &Draft<'_>, replica: &Replica<'_>, failure: Option<&Failure>, since: Timestamp) -> Option<String> {
    let (container, detail) = (replica.container, replica.container.detail.as_ref()?);
    let name = &container.name;
    match replica.condition {
        Condition::Finished { code } if code != 0 && detail.finished_at.is_some_and(|at| at > since) => {
            Some(format!("{name} ended with {code}"))
        }
        Condition::Created if failure.is_some_and(|failure| failure.attempts >= FAILURES) => {
            let error = Some(&detail.error).filter(|error| !error.is_empty() && !is_of_the_host(error))?;
            Some(format!("{name} cannot be started: {error}"))
        }
        Condition::Created => unprepared(draft, container, since),
        Condition::Unhealthy if detail.started_at.is_some_and(|at| at >= since) => {
            let complaint = replica.complaint.as_ref().map(|complaint| format!(": {}", complaint.text()));
            Some(format!("{name} is unhealthy{}", complaint.unwrap_or_default()))
        }
        Condition::Available
        | Condition::Finished { .. }
        | Condition::Paused
        | Condition::Unhealthy
        | Condition::Dead
        | Condition::Removing => None,
        Condition::Ready { .. }
        | Condition::Unready
        | Condition::Unjudged
        | Condition::Unhooked
        | Condition::Exited
        | Condition::Restarting => {
            let crash = draft.observed.crashes.get(&container.id)?;
            let ends = i64::from(crash.exits).max(detail.restart_count);
            let gave_up =
                matches!(replica.condition, Condition::Exited) && crash.gave_up && crash.ends_since(since) > 0;
            (gave_up || crash.ends_since(since) >= ENDS).then(|| format!("{name} ended {ends} times{}", crash.last()))
        }
    }
}

/// What keeps a replica from its first start: an init container that has failed again and again.
fn unprepared(draft: &Draft<'_>, container: &ObservedContainer, since: Timestamp) -> Option<String> {
    let inits = draft.inits.values().flatten().copied();
    let of_it = inits.filter_map(|init| Some((init, InitMark::of(init)?)));
    let mut tried = of_it.filter(|(_, mark)| mark.main == container.id && mark.attempt >= FAILURES);
    tried.find_map(|(init, mark)| {
        let detail = init.detail.as_ref().filter(|detail| detail.finished_at.is_some_and(|at| at > since))?;
        let failed = init.state == ContainerState::Exited && detail.exit_code != 0;
        let InitMark { attempt, .. } = mark;
        failed.then(|| format!("init container {} failed {attempt} times, last with {}", init.name, detail.exit_code))
    })
}

/// The number of the revision that new replicas carry: as remembered, else as those carry that are there already.
pub(super) fn revision_number(draft: &Draft<'_>, workload: &Workload, replicas: &[Replica<'_>]) -> u64 {
    // Of what it used, some may be lost: it is that revision all the same.
    if let Course::Back { to, .. } = workload.course {
        return to;
    }
    let remembered = draft.history.objects.get(&workload.key).and_then(ObjectHistory::wanted);
    if let Some(revision) = remembered.filter(|revision| revision.identity == workload.template.identity) {
        return revision.number;
    }
    let labels = || replicas.iter().map(|replica| (replica.outdated.is_none(), replica.labels.revision));
    let current = labels().filter(|(current, _)| *current).map(|(_, revision)| revision).max();
    current.unwrap_or_else(|| labels().map(|(_, revision)| revision).max().unwrap_or(0) + 1)
}

/// Whether a start failed for what the host lacks and another revision would lack as well.
fn is_of_the_host(error: &str) -> bool {
    ["port is already allocated", "address already in use", "no space left on device", "is ambiguous"]
        .iter()
        .any(|sign| error.contains(sign))
}
