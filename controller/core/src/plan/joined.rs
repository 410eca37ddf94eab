//! Whose network, processes, memory or mounts a container shares: which replica of the other deployment it joins, whether it has lost it, and
//! when it is replaced where both are.

use std::collections::BTreeSet;

use skiff_api::{DependencyCondition, Joined, Kind, ObjectKey, mounts_from};

use super::StepId;
use super::create::replica_name;
use super::draft::Draft;
use super::replica::{Condition, Replica, classify};
use crate::desired::Workload;
use crate::held::{HeldReason, Pending};
use crate::history::ObjectHistory;
use crate::observed::{ContainerState, ObservedContainer};
use crate::reason::{Change, Reason};

/// The steps that begin the replicas which those of a workload join, where these are replaced in this plan: its own come after them and
/// not at the same time, or they would be replaced again for it. Or what is waited for, where that takes longer.
///
/// Only what is replaced or comes for the first time waits, and only for what gets on: where the other one is paused, fails or is held, what
/// runs of it is joined.
pub(super) fn sources(
    draft: &mut Draft<'_>,
    workload: &Workload,
    replicas: &[Replica<'_>],
    has_begun: bool,
) -> Result<Vec<StepId>, HeldReason> {
    let others: BTreeSet<ObjectKey> = joined(workload).map(|(_, other)| other).collect();
    let is_healed = has_begun && replicas.iter().all(|replica| replica.outdated.is_none());
    if others.is_empty() || is_healed {
        return Ok(Vec::new());
    }
    let is_stranded = replicas.iter().any(|replica| stranded(draft, workload, replica.container).is_some());
    let mut begun = Vec::new();
    for other in others {
        match turn(draft, &other, is_stranded) {
            Turn::Now => {}
            Turn::After(steps) => begun.extend(steps),
            Turn::Later => {
                draft.following.insert(workload.key.clone());
                return Err(HeldReason::WaitingFor { dependency: other, condition: DependencyCondition::Started });
            }
        }
    }
    Ok(begun)
}

/// When a replacement can join another deployment, so that it need not be replaced again.
enum Turn {
    Now,
    After(Vec<StepId>),
    Later,
}

fn turn(draft: &Draft<'_>, other: &ObjectKey, is_stranded: bool) -> Turn {
    let hosts = hosts(draft, other);
    if draft.in_flight(other) {
        // What has lost the one that it shared comes back as soon as there is another one.
        let runs = hosts.iter().any(|host| host.container.state == ContainerState::Running);
        return if is_stranded && runs { Turn::Now } else { Turn::Later };
    }
    let (staying, going): (Vec<_>, Vec<_>) =
        hosts.iter().partition(|host| !draft.removals.contains_key(&host.container.id));
    if draft.following.contains(other) && !is_stranded {
        return Turn::Later;
    }
    if staying.iter().any(|host| is_settled(host)) {
        return Turn::Now;
    }
    if staying.iter().any(|host| host.outdated.is_some()) {
        // With nothing to go back to, what does not come up is tried on for good.
        let known = draft.history.objects.get(other).and_then(ObjectHistory::declared);
        let ails = known.is_some_and(|revision| revision.ailing.is_some());
        let gets_on = staying.iter().any(|host| draft.gets_on(other, &host.container.name));
        return if gets_on && !ails && !is_stranded { Turn::Later } else { Turn::Now };
    }
    match draft.starts.get(other).map(|(steps, _)| steps).filter(|steps| !steps.is_empty()) {
        Some(steps) => Turn::After(steps.clone()),
        // Something runs before its first start.
        None if staying.iter().any(|host| host.condition == Condition::Created) => Turn::Later,
        None if going.iter().any(|host| host.outdated.is_some()) && draft.made(other).is_some() => Turn::Later,
        None => Turn::Now,
    }
}

/// Names the replicas that are as declared and will be replaced all the same, as what they join is replaced: a plan shows all that comes
/// of it. They are once that has happened, so that nothing is decided here.
pub(super) fn announce(draft: &mut Draft<'_>, workload: &Workload, replicas: &[Replica<'_>]) {
    let others: BTreeSet<ObjectKey> = joined(workload).map(|(_, other)| other).collect();
    for other in others {
        let going = |replica: &&Replica<'_>| loses(draft, &other, replica.container);
        let reason = Reason::SourceReplaced { name: other.name.clone() };
        let replacement = |replica: &Replica<'_>| Pending {
            verb: "replace container",
            target: replica.container.name.clone(),
            reason: reason.clone(),
        };
        let pending: Vec<Pending> = replicas.iter().filter(going).map(replacement).collect();
        if !pending.is_empty() {
            draft.following.insert(workload.key.clone());
            let why = HeldReason::WaitingFor { dependency: other, condition: DependencyCondition::Started };
            draft.hold_with(&workload.key, why, pending);
            return;
        }
    }
}

/// Whether the replica of another deployment that a container joins goes for the next one, in this plan or by what it leads to.
fn loses(draft: &Draft<'_>, other: &ObjectKey, container: &ObservedContainer) -> bool {
    if draft.following.contains(other) {
        return true;
    }
    let hosts = hosts(draft, other);
    let mut outdated = hosts.iter().filter(|host| host.outdated.is_some() && shares(container, host.container));
    outdated.any(|host| {
        let (id, name) = (&host.container.id, &host.container.name);
        let is_gone = draft.removals.contains_key(id) || draft.in_flight(other);
        is_gone || draft.made(other).is_some() || draft.gets_on(other, name)
    })
}

/// Whether a container has the network, the processes, the memory or the mounts of another one.
fn shares(container: &ObservedContainer, host: &ObservedContainer) -> bool {
    let is_host = |name: &str| name == host.id || name == host.name;
    let of_mode = |mode: &str| mode.strip_prefix("container:").is_some_and(is_host);
    let of_detail = container.detail.as_ref().is_some_and(|detail| {
        let mut mounts = detail.volumes_from.iter();
        of_mode(&detail.pid_mode) || of_mode(&detail.ipc_mode) || mounts.any(|item| is_host(mounts_from(item).0))
    });
    of_mode(&container.network_mode) || of_detail
}

/// The replicas of another deployment.
fn hosts<'a>(draft: &Draft<'a>, other: &ObjectKey) -> Vec<Replica<'a>> {
    let Some(workload) = draft.desired.workload_anywhere(other) else { return Vec::new() };
    draft.containers(other).iter().map(|container| classify(draft, workload, container)).collect()
}

/// Whether a replica is of what is worked towards, and at its work.
fn is_settled(host: &Replica<'_>) -> bool {
    host.outdated.is_none() && host.serves()
}

/// The deployments that a workload joins, each with where it says so.
fn joined(workload: &Workload) -> impl Iterator<Item = (&'static str, ObjectKey)> {
    let namespace = workload.key.namespace.as_str();
    let of = move |joined: Joined<'_>| (joined.field, ObjectKey::new(Kind::Deployment, namespace, joined.deployment));
    workload.template.pod.joined().map(of)
}

/// Whether a container whose network, processes, memory or mounts it shares is another one by now, or has begun anew: either leaves it with
/// what is nobody's any more. Mounts stay where the other one only begins anew.
pub(super) fn stranded(draft: &Draft<'_>, workload: &Workload, container: &ObservedContainer) -> Option<Change> {
    let has = |field: &str| match (field, &container.detail) {
        ("networkMode", _) => Some(container.network_mode.as_str()),
        ("pidMode", Some(detail)) => Some(detail.pid_mode.as_str()),
        ("ipcMode", Some(detail)) => Some(detail.ipc_mode.as_str()),
        (_, _) => None,
    };
    joined(workload).find_map(|(field, other)| {
        let hosts = draft.containers(&other);
        let (from, to) = match field {
            "volumesFrom" => without_mounts(hosts, &container.detail.as_ref()?.volumes_from)?,
            _ => astray(hosts, has(field)?.strip_prefix("container:")?, container)?,
        };
        let field = if field == "networkMode" { field.to_owned() } else { format!("container.{field}") };
        Some(Change::new(field, Some(from), Some(to)))
    })
}

/// What a container shares and should share, where that is not the same.
fn astray(hosts: &[&ObservedContainer], joined: &str, container: &ObservedContainer) -> Option<(String, String)> {
    let started = |container: &ObservedContainer| container.detail.as_ref().and_then(|detail| detail.started_at);
    if let Some(host) = hosts.iter().find(|host| host.id == joined || host.name == joined) {
        let is_anew = host.state == ContainerState::Running
            && started(host).zip(started(container)).is_some_and(|(host, own)| own < host);
        return is_anew.then(|| (host.name.clone(), format!("{} since its restart", host.name)));
    }
    hosts.first().map(|host| (GONE.to_owned(), host.name.clone()))
}

/// The container that has the mounts by now, where those that a container got are of none that is left.
fn without_mounts(hosts: &[&ObservedContainer], has: &[String]) -> Option<(String, String)> {
    let is_of =
        |host: &ObservedContainer, item: &str| [&host.id, &host.name].contains(&&mounts_from(item).0.to_owned());
    let is_left = hosts.iter().any(|host| has.iter().any(|item| is_of(host, item)));
    hosts.first().filter(|_| !is_left).map(|host| (GONE.to_owned(), host.name.clone()))
}

/// What is said instead of a name that nothing has any more.
const GONE: &str = "a container that is gone";

/// The mode of a namespace, with the name of another deployment's replica resolved.
pub(super) fn resolved(draft: &Draft<'_>, workload: &Workload, mode: Option<&String>) -> Option<String> {
    let mode = mode?;
    let Some(name) = mode.strip_prefix("deployment:") else { return Some(mode.clone()) };
    Some(format!("container:{}", host_name(draft, workload, name)))
}

/// Whose mounts a container gets, with the names of other deployments' replicas resolved.
pub(super) fn volumes_from(draft: &Draft<'_>, workload: &Workload) -> Vec<String> {
    let resolved = |item: &String| {
        let (whose, mode) = mounts_from(item);
        let deployment = whose.strip_prefix("deployment:");
        let container = deployment.map_or_else(|| whose.to_owned(), |name| host_name(draft, workload, name));
        mode.map_or_else(|| container.clone(), |mode| format!("{container}:{mode}"))
    };
    workload.template.pod.container.volumes_from.iter().map(resolved).collect()
}

/// Docker's name of the replica of another deployment of the namespace that is joined: of one that stays, else of the one that comes in
/// this plan, else of the one that will be.
fn host_name(draft: &Draft<'_>, workload: &Workload, deployment: &str) -> String {
    let other = ObjectKey::new(Kind::Deployment, workload.key.namespace.as_str(), deployment);
    let hosts = hosts(draft, &other);
    let mut staying = hosts.iter().filter(|host| !draft.removals.contains_key(&host.container.id));
    let settled = staying.clone().find(|host| is_settled(host));
    let there = settled.or_else(|| staying.next()).map(|host| host.container.name.clone());
    let declared = || draft.desired.workload_anywhere(&other).map(|other| replica_name(draft, other, 1));
    there.or_else(|| draft.made(&other).map(str::to_owned)).or_else(declared).unwrap_or_else(|| deployment.to_owned())
}
