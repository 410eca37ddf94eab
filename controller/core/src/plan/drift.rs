//! What was changed by hand, or can be changed where it stands: names, limits, restart policy, networks, aliases.

use std::collections::BTreeSet;

use skiff_api::naming;

use super::StepId;
use super::besides::RESTART_POLICY;
use super::create::{is_replica_name, replica_name};
use super::draft::{Draft, Presence, observed_ref};
use super::network::presence;
use super::replica::{Condition, Replica};
use super::workload::name_taken;
use crate::action::{Action, ConnectNetwork, UpdateContainer};
use crate::crash::well_after;
use crate::desired::{Attachment, EngineRestart, InPlace, Workload};
use crate::observed::{ContainerState, Endpoint, ObservedContainer};
use crate::reason::{Change, Reason};

/// Puts right what can be put right on an existing container; returns the steps that its start must follow.
pub(super) fn put_right(draft: &mut Draft<'_>, workload: &Workload, replica: &Replica<'_>) -> Vec<StepId> {
    if replica.condition == Condition::Restarting {
        // It has neither a process nor a place on a network; Docker lets only its settings be changed.
        update(draft, workload, replica, None);
        return Vec::new();
    }
    rename(draft, workload, replica);
    adjust(draft, workload, replica)
}

/// As [`put_right`], whatever its name: settings and networks.
pub(super) fn adjust(draft: &mut Draft<'_>, workload: &Workload, replica: &Replica<'_>) -> Vec<StepId> {
    update(draft, workload, replica, None);
    networks(draft, workload, replica)
}

pub(super) fn rename(draft: &mut Draft<'_>, workload: &Workload, replica: &Replica<'_>) {
    // Others may know what was taken over by the name that it came with.
    if replica.container.adopted.is_some()
        || is_replica_name(draft, workload, replica.labels.ordinal, &replica.container.name)
    {
        return;
    }
    let mut wanted = replica_name(draft, workload, replica.labels.ordinal);
    if is_first_of_circle(draft, workload, replica.container) {
        wanted = naming::replaced_name(&replica.container.id, &wanted);
    } else if draft.named(&wanted).is_some() {
        if let Some(taken) = name_taken(draft, workload, replica.labels.ordinal) {
            draft.hold(&workload.key, taken);
        }
        return;
    }
    let action = Action::RenameContainer { container: observed_ref(replica.container), to: wanted };
    let from = replica.container.name.clone();
    let reason = if replica.outdated.is_some() { Reason::NotSucceeded } else { Reason::Renamed { from } };
    draft.step(&workload.key, &workload.template.hash, action, reason, []);
}

/// Whether replicas have each other's names, as somebody swapped them, and this is the one that steps aside for the others.
fn is_first_of_circle(draft: &Draft<'_>, workload: &Workload, container: &ObservedContainer) -> bool {
    let holder = |container: &ObservedContainer| {
        let labels = container.owner.labels().filter(|labels| labels.object == workload.key)?;
        draft.named(&replica_name(draft, workload, labels.ordinal))
    };
    let mut next = holder(container);
    for _ in draft.containers(&workload.key) {
        match next {
            Some(other) if other.id == container.id => return true,
            Some(other) if other.id > container.id => next = holder(other),
            Some(_) | None => return false,
        }
    }
    false
}

/// Changes the settings that differ, after a step where there is one.
pub(super) fn update(draft: &mut Draft<'_>, workload: &Workload, replica: &Replica<'_>, after: Option<StepId>) {
    if replica.adjust.is_empty() {
        return;
    }
    let mut to = sent_together(workload.in_place.clone());
    let crash = draft.observed.crashes.get(&replica.container.id);
    if crash.is_some_and(|crash| crash.is_loop) {
        to.restart_policy = Some(EngineRestart::Never);
    }
    let action = Action::UpdateContainer(UpdateContainer { container: observed_ref(replica.container), to });
    let reason = match (crash, replica.adjust.as_slice()) {
        (Some(crash), [change]) if change.field == RESTART_POLICY && crash.is_loop => {
            Reason::RestartsTaken { exits: crash.exits, well_after: well_after(workload) }
        }
        (_, [change]) if change.field == RESTART_POLICY && workload.is_paced() => Reason::RestartsPaced,
        (Some(crash), [change]) if change.field == RESTART_POLICY && crash.recovered => {
            Reason::RestartsGiven { well_after: well_after(workload) }
        }
        _ => Reason::Adjusted { changes: replica.adjust.clone() },
    };
    draft.step(&workload.key, &workload.template.hash, action, reason, after);
}

/// Memory is sent together with swap: Docker refuses a limit above the swap that it had before.
fn sent_together(mut to: InPlace) -> InPlace {
    if let (Some(memory), None) = (to.memory, to.memory_swap) {
        to.memory_swap = Some(memory.saturating_mul(2));
    }
    to
}

fn networks(draft: &mut Draft<'_>, workload: &Workload, replica: &Replica<'_>) -> Vec<StepId> {
    if workload.template.pod.network_mode.is_some() {
        return Vec::new();
    }
    let mut steps = Vec::new();
    for attachment in &workload.networks {
        steps.extend(attach(draft, workload, replica, attachment));
    }
    let wanted = |name: &String| workload.networks.iter().any(|attachment| attachment.network == *name);
    for (name, id) in &replica.container.networks {
        if !wanted(name) && !draft.detached.contains_key(&(replica.container.id.clone(), id.clone())) {
            detach(draft, workload, replica, (name, id), Reason::Overconnected { network: name.clone() }, None);
        }
    }
    steps
}

/// Puts one that will be replaced back on what it was on and what is there no more, so that it serves, or can start, until then.
pub(super) fn reconnect(draft: &mut Draft<'_>, workload: &Workload, replica: &Replica<'_>) -> Vec<StepId> {
    let container = replica.container;
    let mut steps = Vec::new();
    for (name, id) in &container.networks {
        let is_there = draft.observed.networks.iter().any(|network| network.id == *id);
        let detached = draft.detached.contains_key(&(container.id.clone(), id.clone()));
        if id.is_empty() || (is_there && !detached) {
            continue;
        }
        match workload.networks.iter().find(|attachment| attachment.network == *name) {
            Some(attachment) => steps.extend(attach(draft, workload, replica, attachment)),
            None if detached => {}
            None => {
                let reason = Reason::Overconnected { network: name.clone() };
                steps.push(detach(draft, workload, replica, (name, id), reason, None));
            }
        }
    }
    steps
}

/// Connects a container to a network that it is not on, or that it is on with other names; nothing where all is well.
fn attach(
    draft: &mut Draft<'_>,
    workload: &Workload,
    replica: &Replica<'_>,
    attachment: &Attachment,
) -> Option<StepId> {
    let container = replica.container;
    let name = &attachment.network;
    let made = match presence(&draft.networks, name) {
        Presence::Held => return None,
        Presence::After(step) => Some(*step),
        Presence::There => None,
    };
    let right = |on: &str| draft.network(name).is_some_and(|network| network.id == on);
    let (reason, after) = match (container.networks.get(name), made) {
        (_, Some(made)) => (Reason::Rewired { network: name.clone() }, Some(made)),
        // A container that has not started since it was connected knows the network by its name alone.
        (Some(on), None) if on.is_empty() || right(on) => {
            let hostname = workload.template.pod.container.hostname.as_ref();
            let endpoint = container.detail.as_ref()?.endpoints.get(name)?;
            let adopted = container.adopted.is_some().then_some(workload.key.name.as_str());
            let changes = readdressed(endpoint, attachment, hostname, adopted);
            if changes.is_empty() {
                return None;
            }
            let reason = Reason::Readdressed { network: name.clone(), changes };
            // One replica after the other: the others go on answering.
            let before = draft.readdressed.get(&workload.key).copied();
            (reason.clone(), Some(detach(draft, workload, replica, (name, on), reason, before)))
        }
        (Some(on), None) => {
            let reason = Reason::Disconnected { network: name.clone() };
            (reason.clone(), Some(detach(draft, workload, replica, (name, on), reason, None)))
        }
        (None, None) => (Reason::Disconnected { network: name.clone() }, None),
    };
    let is_known = made.is_none() && container.state == ContainerState::Running;
    let network_id = draft.network(name).filter(|_| is_known).map(|network| network.id.clone());
    let connect = ConnectNetwork { container: observed_ref(container), network_id, attachment: attachment.clone() };
    let is_readdressed = matches!(reason, Reason::Readdressed { .. });
    let step = draft.step(&workload.key, &workload.template.hash, Action::ConnectNetwork(connect), reason, after);
    if is_readdressed {
        draft.readdressed.insert(workload.key.clone(), step);
    }
    Some(step)
}

fn detach(
    draft: &mut Draft<'_>,
    workload: &Workload,
    replica: &Replica<'_>,
    (name, id): (&String, &String),
    reason: Reason,
    after: Option<StepId>,
) -> StepId {
    let action = Action::DisconnectNetwork {
        container: observed_ref(replica.container),
        network_id: id.clone(),
        network: name.clone(),
    };
    let step = draft.step(&workload.key, &workload.template.hash, action, reason, after);
    draft.detached.insert((replica.container.id.clone(), id.clone()), step);
    step
}

/// What differs between how a container is attached and how it should be. Docker adds the host name to its names by itself, and what was
/// taken over keeps the names that it had besides. `adopted` is the object's name where it was: what answers to all names that it was given
/// is not taken off its network, not for a moment, for the sake of one that is Skiff's alone and that nobody knew so far.
fn readdressed(
    endpoint: &Endpoint,
    attachment: &Attachment,
    hostname: Option<&String>,
    adopted: Option<&str>,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let is_besides = |name: &String| adopted.is_some() || hostname == Some(name);
    let given = |name: &&String| !is_besides(name) || attachment.aliases.contains(*name);
    let aliases: BTreeSet<String> = endpoint.aliases.iter().filter(given).cloned().collect();
    let mut missing = attachment.aliases.difference(&aliases);
    let is_needless = !aliases.is_empty() && missing.all(|name| adopted == Some(name.as_str()));
    if aliases != attachment.aliases && !(adopted.is_some() && is_needless) {
        let joined = |names: &BTreeSet<String>| Some(names.iter().cloned().collect::<Vec<_>>().join(", "));
        changes.push(Change::new("aliases", joined(&aliases), joined(&attachment.aliases)));
    }
    let mut compare = |field: &str, from: &Option<String>, to: &Option<String>| {
        if from != to {
            changes.push(Change::new(field, from.clone(), to.clone()));
        }
    };
    compare("ipv4Address", &endpoint.ipv4_address, &attachment.ipv4_address);
    compare("ipv6Address", &endpoint.ipv6_address, &attachment.ipv6_address);
    changes
}
