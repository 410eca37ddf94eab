//! One deployment: heal what is there, then close the gap to what is declared, behind the gates.

use std::collections::BTreeSet;

use skiff_api::{ContainerPort, Kind, RestartPolicy};

use super::StepId;
use super::checks::{Complaint, await_addresses};
use super::create::{replica_name, restore_files, update_files, waiting_for};
use super::dependency::gate;
use super::draft::{Draft, Presence, observed_ref};
use super::drift::{put_right, reconnect, rename, update};
use super::hook;
use super::init;
use super::joined;
use super::nameless::is_in_use;
use super::removal::{remove, stop};
use super::replica::{Condition, Replica, classify};
use super::rollout::Gap;
use crate::action::Action;
use crate::course::{Course, Way};
use crate::crash::{Crashes, Pace, engine_gave_up, pace, paced_fields};
use crate::desired::Workload;
use crate::held::{HeldReason, Pending};
use crate::observed::PublishedPort;
use crate::reason::Reason;
use crate::revision::next_look;
use crate::starts;

pub(super) fn plan_workload(draft: &mut Draft<'_>, workload: &Workload) {
    if draft.in_flight(&workload.key) {
        return;
    }
    let replicas: Vec<Replica<'_>> =
        draft.containers(&workload.key).iter().map(|container| classify(draft, workload, container)).collect();
    note_course(draft, workload, &replicas);
    let unknown: BTreeSet<&String> = replicas.iter().flat_map(|replica| &replica.unknown_content).collect();
    if !unknown.is_empty() {
        draft.hold(&workload.key, HeldReason::ContentUnknown { objects: unknown.into_iter().cloned().collect() });
    }
    let fields = paced_fields(&workload.template.pod);
    if !fields.is_empty() && !workload.is_paced() {
        let engine = workload.in_place.restart_policy.unwrap_or_default().to_string();
        draft.hold(&workload.key, HeldReason::Unpaced { fields, engine });
    }
    for held in replicas.iter().filter_map(|replica| settling(&draft.observed.crashes, replica)) {
        draft.hold(&workload.key, held);
    }
    for held in replicas.iter().filter_map(|replica| starts::unproven(draft.observed, replica.container)) {
        draft.hold(&workload.key, held);
    }
    await_addresses(draft, workload, &replicas);
    hook::plan_post_starts(draft, workload, &replicas);
    if is_whole(workload, &replicas) {
        for replica in &replicas {
            put_right(draft, workload, replica);
        }
        update_files(draft, workload);
        joined::announce(draft, workload, &replicas);
        return;
    }
    // Dependencies gate the first start of a revision, never the healing of one that ran.
    let has_begun = has_begun(draft, workload, &replicas);
    let gate = obstacle(draft, workload, || has_begun);
    let mut gap = Gap::new(draft, workload, &replicas);
    let gate = gate.and_then(|after| {
        gap.follow(joined::sources(draft, workload, &replicas, has_begun)?);
        Ok(after)
    });
    // Old ones that ended come back while nothing can come for them, and no more of them than are wanted; those that are missed in any case.
    let (mut room, missed) = (gap.wanted_processes(), gap.missed());
    let is_missed = |replica: &Replica<'_>| missed.contains(replica.container.id.as_str());
    let staying = replicas.iter().filter(|replica| {
        let is_back = replica.outdated.is_some() && matches!(replica.condition, Condition::Exited | Condition::Created);
        let has_room = !is_back || room > 0 || is_missed(replica);
        room = room.saturating_sub(usize::from(is_back));
        !gap.is_surplus(replica) && has_room
    });
    // What is outdated is replaced; while that cannot be, it is kept running.
    let mended = staying
        .filter(|replica| replica.outdated.is_none() || gate.is_err() || replica.is_leaving() || is_missed(replica));
    heal(draft, workload, mended, gate.as_ref());
    gap.close(draft, gate);
    for replica in replicas.iter().filter(|replica| replica.outdated.is_some() && replica.condition.is_up()) {
        if !draft.removals.contains_key(&replica.container.id) {
            reconnect(draft, workload, replica);
        }
    }
    update_files(draft, workload);
}

/// Says what became of the declared revision, and looks again when time alone will tell.
fn note_course(draft: &mut Draft<'_>, workload: &Workload, replicas: &[Replica<'_>]) {
    let known = draft.history.objects.get(&workload.key);
    let youngest = || {
        let current = replicas.iter().filter(|replica| replica.outdated.is_none());
        current.filter_map(|replica| replica.container.detail.as_ref()?.started_at).max()
    };
    if let Some(at) = known.and_then(|known| next_look(known, workload, draft.now, youngest)) {
        draft.wake(at);
    }
    let held = match &workload.course {
        Course::Declared => return,
        Course::Back { from, to, why } => {
            let target = known.and_then(|known| known.revision(*to));
            let way = Way::Back { to: *to, lost: target.map(|target| target.lost.clone()).unwrap_or_default() };
            HeldReason::RevisionFailed { revision: *from, why: why.clone(), way }
        }
        Course::Stopped { revision, why, way } => {
            HeldReason::RevisionFailed { revision: *revision, why: why.clone(), way: way.clone() }
        }
    };
    draft.hold(&workload.key, held);
}

/// Whether every replica is there once, is current, and is at its work or done with it. Almost always it is so, and then there is
/// no gap that an obstacle could keep open.
fn is_whole(workload: &Workload, replicas: &[Replica<'_>]) -> bool {
    let each_once = replicas.is_sorted_by(|one, next| one.labels.ordinal < next.labels.ordinal);
    let as_it_should_be = |replica: &Replica<'_>| replica.outdated.is_none() && replica.condition.is_at_rest();
    usize::try_from(workload.replicas) == Ok(replicas.len()) && each_once && replicas.iter().all(as_it_should_be)
}

/// What keeps containers from being made, or the steps that the first of a revision or a run follows.
pub(super) fn obstacle(
    draft: &Draft<'_>,
    workload: &Workload,
    has_begun: impl FnOnce() -> bool,
) -> Result<Vec<StepId>, HeldReason> {
    if let Some(unsupported) = workload.requires.iter().find_map(|(field, needs)| draft.unsupported(field, *needs)) {
        return Err(unsupported);
    }
    if let Some(free) = draft.observed.engine.low_disk {
        return Err(HeldReason::DiskPressure { free });
    }
    if let Some(back_off) = draft.back_off(&workload.key, &workload.template.hash) {
        return Err(back_off);
    }
    if let Some(taken) = taken(draft, workload) {
        return Err(taken);
    }
    if has_begun() { Ok(Vec::new()) } else { gate(draft, workload) }
}

/// Whether the declared revision of a workload has run.
fn has_begun(draft: &Draft<'_>, workload: &Workload, replicas: &[Replica<'_>]) -> bool {
    let has_run = |replica: &Replica<'_>| replica.outdated.is_none() && replica.condition != Condition::Created;
    let remembered = draft.observed.has_run.get(&workload.key) == Some(&workload.template.hash);
    remembered || replicas.iter().any(has_run)
}

/// A port of the host that a container which stays publishes.
fn taken(draft: &Draft<'_>, workload: &Workload) -> Option<HeldReason> {
    let fixed = workload.template.pod.container.ports.iter().filter_map(|port| match port.host_port {
        Some(skiff_api::HostPort::Fixed(host_port)) => Some((port, host_port)),
        Some(skiff_api::HostPort::Any | skiff_api::HostPort::Range(..)) | None => None,
    });
    for (port, host_port) in fixed {
        let holder = draft.observed.containers.iter().find(|container| {
            let own = container.owner.labels().is_some_and(|labels| labels.object == workload.key);
            let goes = draft.removals.contains_key(&container.id);
            !own && !goes && container.ports.iter().any(|published| collides(published, port, host_port))
        });
        if let Some(holder) = holder {
            let ip = port.host_ip.as_deref().map_or_else(String::new, |ip| format!("{ip}:"));
            let port = format!("{ip}{host_port}/{}", port.protocol.lower());
            return Some(HeldReason::PortTaken { port, by: format!("container {}", holder.name) });
        }
    }
    None
}

fn collides(published: &PublishedPort, port: &ContainerPort, host_port: u16) -> bool {
    let every = |ip: &str| ip.is_empty() || ip == "0.0.0.0" || ip == "::";
    let wanted = port.host_ip.as_deref().unwrap_or_default();
    published.port == host_port
        && published.protocol == port.protocol
        && (every(&published.ip) || every(wanted) || published.ip == wanted)
}

/// Puts right what exists: starts what ended, frees what is frozen, undoes what was changed by hand.
fn heal<'r, 'a: 'r>(
    draft: &mut Draft<'_>,
    workload: &Workload,
    replicas: impl Iterator<Item = &'r Replica<'a>>,
    gate: Result<&Vec<StepId>, &HeldReason>,
) {
    for replica in replicas {
        heal_one(draft, workload, replica, gate);
    }
}

fn heal_one(
    draft: &mut Draft<'_>,
    workload: &Workload,
    replica: &Replica<'_>,
    gate: Result<&Vec<StepId>, &HeldReason>,
) {
    let (key, hash) = (&workload.key, replica.labels.template_hash.clone());
    let container = replica.container;
    match replica.condition {
        // It goes when another one has its volumes.
        Condition::Dead if replica.hands_on() => {}
        Condition::Dead => {
            remove(draft, key, &hash, container, &Reason::Dead, &[]);
        }
        Condition::Removing => draft.hold(key, HeldReason::Removing { container: container.name.clone() }),
        Condition::Restarting => {
            let code = container.detail.as_ref().map_or(0, |detail| detail.exit_code);
            draft.hold(key, HeldReason::Restarting { container: container.name.clone(), code });
            // In a crash loop the policy is taken from Docker, which then starts it once more at most.
            adjust(draft, workload, replica);
        }
        Condition::Paused => {
            let action = Action::UnpauseContainer { container: observed_ref(container) };
            draft.step(key, &hash, action, Reason::Paused, []);
            adjust(draft, workload, replica);
        }
        Condition::Exited => start(draft, workload, replica, Vec::new()),
        Condition::Unhealthy => restart(draft, workload, replica),
        // What keeps it from starting is said once for the object, by whoever closes the gap.
        Condition::Created => {
            if let Ok(after) = gate
                && init::are_done(draft, workload, container, after)
            {
                start(draft, workload, replica, after.clone());
            }
        }
        Condition::Available
        | Condition::Ready { .. }
        | Condition::Unready
        | Condition::Unjudged
        | Condition::Unhooked
        | Condition::Finished { .. } => {
            adjust(draft, workload, replica);
        }
    }
}

fn adjust(draft: &mut Draft<'_>, workload: &Workload, replica: &Replica<'_>) -> Vec<StepId> {
    match &replica.outdated {
        None => put_right(draft, workload, replica),
        // What runs is seen to at the end, where it does not go at once.
        Some(_) if replica.condition.is_up() => Vec::new(),
        Some(_) => {
            // It may have left its name to a successor that could not be made.
            rename(draft, workload, replica);
            reconnect(draft, workload, replica)
        }
    }
}

/// Starts an existing container again, unless it failed lately.
fn start(draft: &mut Draft<'_>, workload: &Workload, replica: &Replica<'_>, mut after: Vec<StepId>) {
    let (key, hash) = (&workload.key, replica.labels.template_hash.clone());
    let container = replica.container;
    let reason = match &container.detail {
        Some(detail) if replica.condition == Condition::Exited => {
            Reason::Exited { code: detail.exit_code, error: detail.error.clone(), oom_killed: detail.oom_killed }
        }
        _ => Reason::NotStarted,
    };
    // The one that hands on its data has not stopped: it goes first.
    if is_left_alone(draft, workload, replica, "start container", &reason) || is_in_use(draft, key, container) {
        return;
    }
    if let Some(held) = crash_held(draft, workload, replica) {
        draft.hold(key, held);
        return;
    }
    // What the engine gave up is started for the sake of other settings. They come after the start, which begins its count anew: were it
    // the other way round, and Skiff to end in between, nothing would be left that says so.
    let is_given_up = replica.outdated.is_none() && engine_gave_up(workload, container).is_some();
    let settled = Replica { adjust: Vec::new(), ..replica.clone() };
    after.extend(adjust(draft, workload, if is_given_up { &settled } else { replica }));
    after.extend(restore_files(draft, workload, container));
    // Where what it depends on has ended as well, as after a restart of the engine, that comes first. A rollout of it does not.
    let before = workload.depends_on.iter().filter_map(|dependency| draft.restarts.get(&dependency.object));
    after.extend(before.flatten());
    let action = Action::StartContainer { container: observed_ref(container) };
    let step = draft.step(key, &hash, action, reason, after);
    draft.starts.entry(key.clone()).or_default().0.push(step);
    draft.restarts.entry(key.clone()).or_default().push(step);
    if is_given_up {
        update(draft, workload, replica, Some(step));
    }
}

/// Whether a container is not started now: it failed lately, the disk is full, or a network that it is on is not there.
fn is_left_alone(
    draft: &mut Draft<'_>,
    workload: &Workload,
    replica: &Replica<'_>,
    verb: &'static str,
    reason: &Reason,
) -> bool {
    if draft.observed.engine.low_disk.is_some() {
        // Said once for the object, by whoever closes the gap.
        return true;
    }
    let back_off = draft.replica_back_off(&workload.key, replica);
    let mut networks = replica.container.networks.keys();
    let missing = networks.find(|name| draft.networks.get(*name) == Some(&Presence::Held));
    let missing = missing.map(|missing| waiting_for(draft, Kind::Network, missing, workload));
    let held = back_off.or(missing);
    let is_held = held.is_some();
    if let Some(held) = held {
        let pending = Pending { verb, target: replica.container.name.clone(), reason: reason.clone() };
        draft.hold_with(&workload.key, held, vec![pending]);
    }
    is_held
}

/// What keeps a container that ends again and again from being started now.
fn crash_held(draft: &Draft<'_>, workload: &Workload, replica: &Replica<'_>) -> Option<HeldReason> {
    let (container, detail) = (replica.container, replica.container.detail.as_ref()?);
    let (name, code) = (container.name.clone(), detail.exit_code);
    if let Some(attempts) = engine_gave_up(workload, container).filter(|_| replica.adjust.is_empty()) {
        return Some(HeldReason::GaveUp { container: name, code, attempts });
    }
    let crash = draft.observed.crashes.get(&container.id)?;
    match pace(workload, crash, replica.labels.ordinal, detail.finished_at, draft.now) {
        Pace::Until(until) if until > draft.now => {
            Some(HeldReason::CrashLoop { container: name, code: crash.code, exits: crash.exits, until })
        }
        Pace::Never { attempts } => Some(HeldReason::GaveUp { container: name, code, attempts }),
        Pace::Now | Pace::Until(_) => None,
    }
}

/// That a container which ended again and again runs once more, and is not believed yet.
fn settling(crashes: &Crashes, replica: &Replica<'_>) -> Option<HeldReason> {
    let until = replica.condition.ready_until().filter(|_| replica.outdated.is_none())?;
    let crash = crashes.get(&replica.container.id).filter(|crash| crash.is_loop)?;
    let container = replica.container.name.clone();
    Some(HeldReason::Settling { container, code: crash.code, exits: crash.exits, until })
}

/// Restarts a container whose checks have failed, unless it failed lately. One that is not to run again is only stopped.
fn restart(draft: &mut Draft<'_>, workload: &Workload, replica: &Replica<'_>) {
    let (key, hash) = (&workload.key, replica.labels.template_hash.clone());
    let Some(reason) = replica.complaint.as_ref().map(Complaint::reason) else { return };
    if is_left_alone(draft, workload, replica, "restart container", &reason) {
        return;
    }
    let stopped = stop(draft, key, &hash, replica.container, &reason, &[]);
    let mut after = vec![stopped];
    after.extend(adjust(draft, workload, replica));
    if workload.restart_policy == RestartPolicy::Never {
        return;
    }
    after.extend(restore_files(draft, workload, replica.container));
    let action = Action::StartContainer { container: observed_ref(replica.container) };
    let step = draft.step(key, &hash, action, reason, after);
    draft.starts.entry(key.clone()).or_default().0.push(step);
}

/// The names of new replicas that somebody else has: held, as what is not ours is never touched.
pub(super) fn name_taken(draft: &Draft<'_>, workload: &Workload, ordinal: u32) -> Option<HeldReason> {
    let name = replica_name(draft, workload, ordinal);
    let holder = draft.named(&name)?;
    if draft.removals.contains_key(&holder.id) {
        return None;
    }
    let by = match holder.owner.labels() {
        // It goes first (Recreate), or gets its own name back in this plan.
        Some(labels) if labels.object == workload.key => return None,
        Some(labels) => format!("a container of {}", labels.object),
        None => format!("container {}", super::network::short(&holder.id)),
    };
    Some(HeldReason::NameTaken { name, by })
}
