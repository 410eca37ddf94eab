//! Networks: two may have one name, one with a running container on it stays, and a container that does not run only
//! remembers what it will be connected to.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use skiff_api::{HostPort, OwnerLabels};
use skiff_core::{Attachment, ConnectNetwork, ContainerRef, CreateNetwork, EngineError, Outcome, PublishedPort};

use super::SimEngine;
use super::container::{SimContainer, SimEndpoint};
use super::create::endpoint;
use super::store::{SimNetwork, all_labels, readable};

/// Where the engine begins to look for a port that nobody asked for by number.
const EPHEMERAL: std::ops::RangeInclusive<u16> = 32_768..=60_999;

impl SimEngine {
    pub(super) fn create_network(&mut self, create: &CreateNetwork) -> Result<Outcome, EngineError> {
        let mut holders: Vec<&SimNetwork> =
            self.networks.values().filter(|network| network.name == create.name).collect();
        holders.sort_by_key(|network| network.created_at);
        let is_ours =
            |owner: &OwnerLabels| (&owner.instance, &owner.object) == (&create.owner.instance, &create.owner.object);
        let ours = holders.iter().filter_map(|network| readable(&network.labels)).find(is_ours);
        match (ours, holders.first()) {
            (Some(owner), _) if owner.template_hash == create.owner.template_hash => return Ok(Outcome::Already),
            (Some(_), _) => {
                return Err(EngineError::Stale(format!("network {} has other settings by now", create.name)));
            }
            (None, Some(holder)) => {
                return Err(EngineError::NameTaken { name: create.name.clone(), by: holder.id.clone() });
            }
            (None, None) => {}
        }
        self.insert_network(&create.name, all_labels(&create.labels, &create.owner), create.spec.clone());
        Ok(Outcome::Done)
    }

    pub(super) fn insert_network(
        &mut self,
        name: &str,
        labels: BTreeMap<String, String>,
        spec: skiff_api::NetworkSpec,
    ) -> String {
        let id = self.new_id();
        let serial = self.serial;
        // No two networks are made in one nanosecond, though the caller's time may stand still.
        let apart = SignedDuration::from_nanos(i64::try_from(serial).unwrap_or_default());
        let created_at = self.now.saturating_add(apart).unwrap_or(self.now);
        self.networks
            .insert(id.clone(), SimNetwork { id: id.clone(), serial, name: name.to_owned(), labels, spec, created_at });
        id
    }

    /// Only running containers hold a network: one that is stopped may find it gone when it starts.
    pub(super) fn remove_network(&mut self, id: &str) -> Result<Outcome, EngineError> {
        let holds = |container: &&SimContainer| {
            container.is_up() && container.networks.values().any(|endpoint| endpoint.network_id.as_deref() == Some(id))
        };
        if self.containers.values().any(|container| holds(&container)) {
            return Err(EngineError::Failed(format!("network {id} has active endpoints")));
        }
        Ok(if self.networks.remove(id).is_some() { Outcome::Done } else { Outcome::Already })
    }

    /// The network of a name: Docker refuses to choose where two have it.
    fn resolve(&self, name: &str) -> Result<&SimNetwork, String> {
        let mut named = self.networks.values().filter(|network| network.name == name);
        match (named.next(), named.count()) {
            (Some(network), 0) => Ok(network),
            (Some(_), others) => Err(format!("network {name} is ambiguous ({} matches found on name)", others + 1)),
            (None, _) => Err(format!("network {name} not found")),
        }
    }

    pub(super) fn connect(&mut self, connect: &ConnectNetwork) -> Result<Outcome, EngineError> {
        let ConnectNetwork { container: reference, network_id, attachment } = connect;
        let network_id = match network_id {
            Some(id) if self.networks.contains_key(id) => Ok(id.clone()),
            Some(id) => Err(format!("network {id} not found")),
            None => self.resolve(&attachment.network).map(|network| network.id.clone()),
        };
        let container = self.find_mut(reference)?;
        let network_id = match network_id {
            Ok(network_id) => network_id,
            // One that does not run is told the name, and finds out when it starts. (Docker would take an id for a name, too.)
            Err(_) if !container.is_up() => {
                container.networks.insert(attachment.network.clone(), endpoint(attachment));
                return Ok(Outcome::Done);
            }
            Err(error) if error.contains("not found") => return Err(EngineError::Stale(error)),
            Err(error) => return Err(EngineError::Invalid(error)),
        };
        let known = container.networks.get(&attachment.network);
        // Never started on it: what counts is the name.
        let on = known.filter(|known| known.network_id.as_ref().is_none_or(|id| *id == network_id));
        match on {
            Some(_) if !container.is_up() => {
                // Docker keeps what it has and says nothing.
                return Ok(Outcome::Done);
            }
            Some(known) if same(known, attachment) => return Ok(Outcome::Already),
            Some(_) => {
                let other = format!("{} is on {} with other settings by now", container.name, attachment.network);
                return Err(EngineError::Stale(other));
            }
            None => {}
        }
        let mut made = endpoint(attachment);
        made.network_id = container.is_up().then_some(network_id);
        container.networks.insert(attachment.network.clone(), made);
        Ok(Outcome::Done)
    }

    pub(super) fn disconnect(&mut self, reference: &ContainerRef, network_id: &str, network: &str) -> Outcome {
        let Ok(container) = self.find_mut(reference) else { return Outcome::Already };
        let of_it = |name: &String, endpoint: &SimEndpoint| match &endpoint.network_id {
            Some(id) => id == network_id,
            None => name == network,
        };
        let before = container.networks.len();
        container.networks.retain(|name, endpoint| !of_it(name, endpoint));
        if container.networks.len() < before { Outcome::Done } else { Outcome::Already }
    }

    /// What a container is on and publishes once it starts, or why it cannot.
    pub(super) fn attach(
        &self,
        container: &SimContainer,
    ) -> Result<(BTreeMap<String, SimEndpoint>, Vec<PublishedPort>), String> {
        let mut networks = container.networks.clone();
        for (name, endpoint) in &mut networks {
            match &endpoint.network_id {
                Some(id) if self.networks.contains_key(id) => {}
                Some(id) => return Err(format!("network {id} not found")),
                None => {
                    let found = self.resolve(name)?;
                    endpoint.network_id = Some(found.id.clone());
                }
            }
        }
        let modes = [&container.network_mode, &container.namespaces.pid, &container.namespaces.ipc];
        for other in modes.into_iter().flatten().filter_map(|mode| mode.strip_prefix("container:")) {
            match self.container(other) {
                Some(other) if other.is_up() => {}
                Some(_) => return Err(format!("cannot join the namespace of a non running container: {other}")),
                None => return Err(format!("No such container: {other}")),
            }
        }
        let published = if container.network_mode.is_some() { Vec::new() } else { self.publish(container)? };
        Ok((networks, published))
    }

    fn publish(&self, container: &SimContainer) -> Result<Vec<PublishedPort>, String> {
        let mut published: Vec<PublishedPort> = Vec::new();
        for port in &container.ports {
            let Some(host_port) = port.host_port else { continue };
            let ip = port.host_ip.clone().unwrap_or_else(|| "0.0.0.0".to_owned());
            let at = |number| PublishedPort {
                ip: ip.clone(),
                port: number,
                container_port: port.container_port,
                protocol: port.protocol,
            };
            let mut candidates = match host_port {
                HostPort::Fixed(number) => number..=number,
                HostPort::Range(first, last) => first..=last,
                HostPort::Any => EPHEMERAL,
            };
            let free = candidates.find(|number| {
                let wanted = at(*number);
                !self.is_published(&wanted) && !published.iter().any(|own| clash(own, &wanted))
            });
            let number = free.ok_or_else(|| format!("listen {ip}:{host_port}: bind: address already in use"))?;
            published.push(at(number));
        }
        Ok(published)
    }

    fn is_published(&self, wanted: &PublishedPort) -> bool {
        self.containers.values().any(|container| container.published.iter().any(|own| clash(own, wanted)))
    }
}

fn same(has: &SimEndpoint, wanted: &Attachment) -> bool {
    let SimEndpoint { network_id: _, aliases, ipv4_address, ipv6_address } = has;
    (aliases, ipv4_address, ipv6_address) == (&wanted.aliases, &wanted.ipv4_address, &wanted.ipv6_address)
}

/// Whether two ports cannot be published at once.
fn clash(one: &PublishedPort, other: &PublishedPort) -> bool {
    let all = |port: &PublishedPort| port.ip == "0.0.0.0";
    one.port == other.port && one.protocol == other.protocol && (one.ip == other.ip || all(one) || all(other))
}
