//! Networks: made when missing, made anew when their definition changed, never confused with one of the same name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use skiff_api::{Component, ObjectKey, OwnerLabels};

use super::draft::{Draft, Presence, observed_ref};
use super::leftovers::stays;
use crate::action::{Action, CreateNetwork};
use crate::desired::DesiredNetwork;
use crate::held::HeldReason;
use crate::observed::{ObservedContainer, ObservedNetwork};
use crate::reason::{Change, Reason};
use crate::template;

pub(super) fn plan_networks(draft: &mut Draft<'_>) {
    let networks = &draft.desired.networks;
    for (key, network) in networks.iter().filter(|(_, network)| !network.spec.external) {
        let presence = plan_network(draft, key, network);
        draft.networks.insert(network.name.clone(), presence);
    }
    // What one object makes may be external to another, of another source.
    let made: BTreeSet<String> = draft.networks.keys().cloned().collect();
    for (key, network) in networks.iter().filter(|(_, network)| network.spec.external && !made.contains(&network.name))
    {
        let presence = plan_network(draft, key, network);
        draft.networks.insert(network.name.clone(), presence);
    }
    plan_beside(draft);
}

/// Networks that only sources beside the loaded ones declare, where something of ours is on them: they are there, or it is said whose
/// they are.
fn plan_beside(draft: &mut Draft<'_>) {
    let desired = draft.desired;
    let attachments = desired.with_containers().flat_map(|workload| &workload.networks);
    let used: BTreeSet<&str> = attachments.map(|attachment| attachment.network.as_str()).collect();
    for (key, network) in desired.beside.iter().flat_map(|beside| &beside.networks) {
        if used.contains(network.name.as_str()) && !draft.networks.contains_key(&network.name) {
            let is_theirs = |found: &ObservedNetwork| found.owner.labels().is_some_and(|labels| labels.object == *key);
            let exists = draft.network(&network.name).is_some_and(|found| network.spec.external || is_theirs(found));
            let presence = beside(draft, key, &network.source, &network.name, exists);
            draft.networks.insert(network.name.clone(), presence);
        }
    }
}

/// What is another source's to make.
pub(super) fn beside(draft: &mut Draft<'_>, key: &ObjectKey, source: &str, name: &str, exists: bool) -> Presence {
    if exists {
        return Presence::There;
    }
    draft.hold(key, HeldReason::NotMadeBeside { name: name.to_owned(), source: source.to_owned() });
    Presence::Held
}

pub(super) fn plan_network(draft: &mut Draft<'_>, key: &ObjectKey, network: &DesiredNetwork) -> Presence {
    let found = draft.network(&network.name);
    if network.spec.external {
        return external(draft, key, &network.name, found.is_some());
    }
    if draft.in_flight(key) {
        return Presence::Held;
    }
    match found.map(|found| (found, found.owner.labels())) {
        Some((found, Some(labels))) if labels.object == *key && labels.template_hash == network.hash => {
            remove_duplicates(draft, key, network, found);
            Presence::There
        }
        Some((found, Some(labels))) if labels.object == *key => remake(draft, key, network, found, labels),
        Some((found, _)) => {
            let by = format!("network {}", short(&found.id));
            draft.hold(key, HeldReason::NameTaken { name: network.name.clone(), by });
            Presence::Held
        }
        None => create(draft, key, network, Reason::Missing, Vec::new()),
    }
}

pub(super) fn external(draft: &mut Draft<'_>, key: &ObjectKey, name: &str, exists: bool) -> Presence {
    if exists {
        return Presence::There;
    }
    draft.hold(key, HeldReason::ExternalMissing { name: name.to_owned() });
    Presence::Held
}

fn create(
    draft: &mut Draft<'_>,
    key: &ObjectKey,
    network: &DesiredNetwork,
    reason: Reason,
    after: Vec<super::StepId>,
) -> Presence {
    let without_ipv4 = network.spec.enable_ipv4 == Some(false);
    let unsupported = without_ipv4.then(|| draft.unsupported("enableIPv4: false", (1, 48))).flatten();
    if let Some(held) = unsupported.or_else(|| draft.back_off(key, &network.hash)) {
        draft.hold(key, held);
        return Presence::Held;
    }
    let action = Action::CreateNetwork(CreateNetwork {
        name: network.name.clone(),
        spec: network.spec.clone(),
        owner: owner_labels(
            draft,
            key,
            &network.source,
            network.source_revision.as_ref(),
            &network.hash,
            &network.canonical,
        ),
        labels: network.labels.clone(),
    });
    Presence::After(draft.step(key, &network.hash, action, reason, after))
}

/// Takes every container off the network, removes it and makes it again; the containers come back when they are planned.
fn remake(
    draft: &mut Draft<'_>,
    key: &ObjectKey,
    network: &DesiredNetwork,
    found: &ObservedNetwork,
    labels: &OwnerLabels,
) -> Presence {
    let attached: Vec<&ObservedContainer> =
        draft.observed.containers.iter().filter(|container| is_on(container, &found.id)).collect();
    // Nobody would put them back.
    let staying: Vec<String> =
        attached.iter().filter(|container| stays(draft, container)).map(|container| container.name.clone()).collect();
    if !staying.is_empty() {
        draft.hold(key, HeldReason::NetworkInUse { containers: staying });
        remove_duplicates(draft, key, network, found);
        return Presence::There;
    }
    if attached.iter().filter_map(|container| container.owner.labels()).any(|labels| draft.in_flight(&labels.object)) {
        draft.hold(
            key,
            HeldReason::WaitingFor { dependency: key.clone(), condition: skiff_api::DependencyCondition::Started },
        );
        return Presence::Held;
    }
    if let Some(back_off) = draft.back_off(key, &network.hash) {
        draft.hold(key, back_off);
        return Presence::There;
    }
    let mut freed = Vec::new();
    for container in attached {
        if let Some(removal) = draft.removals.get(&container.id) {
            freed.push(*removal);
            continue;
        }
        let action = Action::DisconnectNetwork {
            container: observed_ref(container),
            network_id: found.id.clone(),
            network: found.name.clone(),
        };
        let step = draft.step(key, &network.hash, action, Reason::Rewired { network: network.name.clone() }, []);
        draft.detached.insert((container.id.clone(), found.id.clone()), step);
        freed.push(step);
    }
    let reason = Reason::Outdated { changes: recorded_changes(labels, &network.canonical) };
    let removal = Action::RemoveNetwork { id: found.id.clone(), name: found.name.clone() };
    let removed = draft.step(key, &network.hash, removal, reason.clone(), freed);
    create(draft, key, network, reason, vec![removed])
}

/// Removes younger networks of ours with the same name, once nothing is on them. Ours are moved; others keep it there, and Docker
/// starts nothing on a name that two networks have.
fn remove_duplicates(draft: &mut Draft<'_>, key: &ObjectKey, network: &DesiredNetwork, kept: &ObservedNetwork) {
    let ours = |other: &&ObservedNetwork| {
        other.id != kept.id
            && other.name == kept.name
            && other.owner.labels().is_some_and(|labels| labels.object == *key)
    };
    let duplicates: Vec<&ObservedNetwork> = draft.observed.networks.iter().filter(ours).collect();
    for duplicate in duplicates {
        let on_it: Vec<&ObservedContainer> =
            draft.observed.containers.iter().filter(|container| is_on(container, &duplicate.id)).collect();
        let staying = on_it.iter().filter(|container| stays(draft, container));
        let containers: Vec<String> = staying.map(|container| container.name.clone()).collect();
        if !containers.is_empty() {
            draft.hold(key, HeldReason::NetworkInUse { containers });
        } else if on_it.is_empty() {
            let action = Action::RemoveNetwork { id: duplicate.id.clone(), name: duplicate.name.clone() };
            draft.step(key, &network.hash, action, Reason::Surplus, []);
        }
    }
}

pub(super) fn is_on(container: &ObservedContainer, network_id: &str) -> bool {
    container.networks.values().any(|id| id == network_id)
}

/// What differs between what was recorded when something was made and what is declared now.
pub(super) fn recorded_changes(labels: &OwnerLabels, canonical: &str) -> Vec<Change> {
    let recorded = labels.template.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    match (recorded, serde_json::from_str::<Value>(canonical).ok()) {
        (Some(recorded), Some(declared)) => template::changes(&recorded, &declared),
        _ => Vec::new(),
    }
}

/// The labels of a network or volume.
pub(super) fn owner_labels(
    draft: &Draft<'_>,
    key: &ObjectKey,
    source: &str,
    source_revision: Option<&String>,
    hash: &str,
    canonical: &str,
) -> OwnerLabels {
    OwnerLabels {
        instance: draft.desired.instance.clone(),
        source: source.to_owned(),
        object: key.clone(),
        ordinal: 0,
        component: Component::Main,
        run: None,
        revision: 0,
        source_revision: source_revision.cloned(),
        template_hash: hash.to_owned(),
        template: recordable(canonical),
        content: None,
        image_id: None,
    }
}

const LONGEST_TEMPLATE: usize = 8 * 1024;

/// The canonical form where it is short enough for a label.
pub(super) fn recordable(canonical: &str) -> Option<String> {
    (canonical.len() <= LONGEST_TEMPLATE).then(|| canonical.to_owned())
}

pub(super) fn short(id: &str) -> String {
    id.chars().take(12).collect()
}

/// The presence of each network by name, for what is attached to it.
pub(super) fn presence<'d>(networks: &'d BTreeMap<String, Presence>, name: &str) -> &'d Presence {
    networks.get(name).unwrap_or(&Presence::Held)
}
