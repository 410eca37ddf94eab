//! Networks: make and remove them, put containers on them and take them off.
//!
//! Two networks may have one name: one of ours is looked for before one is made. Attaching again with an empty configuration
//! would lose a container's names, so every attachment carries all of its settings.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use skiff_api::{Ipam, IpamConfig, NetworkSpec};
use skiff_core::{Attachment, ConnectNetwork, ContainerRef, CreateNetwork, Endpoint, EngineError, Outcome, Owner};

use super::client::Client;
use super::container::MAC_ON_ENDPOINT;
use super::create::Made;
use super::error::Reply;
use super::fields::Fields;
use super::observe::{inspect, owner};
use super::path;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Found {
    id: String,
    name: String,
    created: String,
    labels: Option<BTreeMap<String, String>>,
}

/// Makes a network, unless one of ours has its name.
pub(super) async fn create(client: &Client, create: &CreateNetwork) -> Result<Outcome, EngineError> {
    let what = format!("create network {}", create.name);
    if let Some(outcome) = existing(client, create).await? {
        return outcome;
    }
    let reply = client.post("/networks/create", Some(&body(create))).await?;
    if reply.status == 409 {
        // Somebody was faster.
        let taken = || {
            Err(EngineError::NameTaken {
                name: create.name.clone(),
                by: "a network that has just been made".to_owned(),
            })
        };
        return existing(client, create).await?.unwrap_or_else(taken);
    }
    Ok(reply.read::<Made>(&what)?.outcome())
}

/// What making the network comes to where there is one of its name: the older one of ours counts.
async fn existing(
    client: &Client,
    create: &CreateNetwork,
) -> Result<Option<Result<Outcome, EngineError>>, EngineError> {
    let filters = json!({ "name": [create.name] }).to_string();
    let path = format!("/networks{}", path::query(&[("filters", &filters)]));
    let mut found: Vec<Found> = client.get(&path).await?.read("list networks")?;
    // The engine's filter matches parts of names as well.
    found.retain(|network| network.name == create.name);
    found.sort_by(|a, b| a.created.cmp(&b.created));
    let owners: Vec<_> = found.iter().map(|network| owner(network.labels.as_ref(), &create.owner.instance)).collect();
    let ours = owners.iter().filter_map(Owner::labels).find(|labels| labels.object == create.owner.object);
    Ok(match (ours, found.first()) {
        (Some(labels), _) if labels.template_hash == create.owner.template_hash => Some(Ok(Outcome::Already)),
        (Some(_), _) => Some(Err(EngineError::Stale(format!("network {} has other settings by now", create.name)))),
        (None, Some(network)) => {
            let by = format!("the network {}, which is not this object's", short(&network.id));
            Some(Err(EngineError::NameTaken { name: create.name.clone(), by }))
        }
        (None, None) => None,
    })
}

pub(super) fn body(create: &CreateNetwork) -> Value {
    let CreateNetwork { name, spec, owner, labels } = create;
    let NetworkSpec {
        driver,
        driver_opts,
        internal,
        attachable,
        enable_ipv4,
        enable_ipv6,
        ipam: Ipam { driver: ipam_driver, options, config },
        // Resolved in the action, or no network to make at all.
        network_name: _,
        external: _,
    } = spec;
    let ipam = Fields::default()
        .set("Driver", ipam_driver)
        .set("Options", options)
        .set("Config", config.iter().map(pool).collect::<Vec<_>>())
        .build();
    let labels: BTreeMap<String, String> = labels.clone().into_iter().chain(owner.to_map()).collect();
    Fields::default()
        .set("Name", name)
        .set("CheckDuplicate", true)
        .set("Driver", driver.as_deref().unwrap_or("bridge"))
        .set("Options", driver_opts)
        .set("Internal", internal)
        .set("Attachable", attachable)
        .keep("EnableIPv4", enable_ipv4)
        .keep("EnableIPv6", enable_ipv6)
        .set("IPAM", ipam)
        .set("Labels", labels)
        .build()
}

fn pool(IpamConfig { subnet, ip_range, gateway, aux_addresses }: &IpamConfig) -> Value {
    Fields::default()
        .set("Subnet", subnet)
        .set("IPRange", ip_range)
        .set("Gateway", gateway)
        .set("AuxiliaryAddresses", aux_addresses)
        .build()
}

/// Removes a network; the engine refuses while containers are on it.
pub(super) async fn remove(client: &Client, id: &str, name: &str) -> Result<Outcome, EngineError> {
    let reply = client.delete(&format!("/networks/{}", path::name(id)?)).await?;
    match reply.status {
        404 => Ok(Outcome::Already),
        403 => Err(EngineError::Failed(format!(
            "remove network {name}: containers are on it (`docker network inspect {name}` shows which): {}",
            reply.message()
        ))),
        _ => reply.done(&format!("remove network {name}")).map(|()| Outcome::Done),
    }
}

/// The settings of an attachment, as create and connect take them.
pub(super) fn endpoint_settings(attachment: &Attachment, api: (u32, u32)) -> Value {
    let Attachment {
        network: _,
        aliases,
        ipv4_address,
        ipv6_address,
        link_local_ips,
        mac_address,
        driver_opts,
        gateway_priority,
    } = attachment;
    let addresses = Fields::default()
        .set("IPv4Address", ipv4_address)
        .set("IPv6Address", ipv6_address)
        .set("LinkLocalIPs", link_local_ips)
        .build();
    Fields::default()
        .set("Aliases", aliases)
        .set("IPAMConfig", addresses)
        .set("MacAddress", mac_address.as_ref().filter(|_| api >= MAC_ON_ENDPOINT))
        .set("DriverOpts", driver_opts)
        .set("GwPriority", gateway_priority)
        .build()
}

/// Puts a container on a network.
pub(super) async fn connect(client: &Client, connect: &ConnectNetwork) -> Result<Outcome, EngineError> {
    let ConnectNetwork { container, network_id, attachment } = connect;
    let what = format!("connect {} to {}", container.name, attachment.network);
    let body =
        json!({ "Container": container.handle(), "EndpointConfig": endpoint_settings(attachment, client.api()) });
    let path = format!("/networks/{}/connect", path::name(network_id.as_ref().unwrap_or(&attachment.network))?);
    let reply = client.post(&path, Some(&body)).await?;
    if !reply.is_success() && is_on(client, container, attachment, &reply.message()).await? {
        return Ok(Outcome::Already);
    }
    reply.done(&what).map(|()| Outcome::Done)
}

/// Whether the container is on the network with the same names and addresses; with others, the observation was stale.
async fn is_on(
    client: &Client,
    container: &ContainerRef,
    wanted: &Attachment,
    said: &str,
) -> Result<bool, EngineError> {
    if !said.contains("already exists in network") && !said.contains("already attached to network") {
        return Ok(false);
    }
    let gone = || EngineError::Stale(format!("container {} is gone", container.name));
    let endpoints = inspect(client, container.handle()).await?.ok_or_else(gone)?.endpoints();
    match endpoints.get(&wanted.network) {
        Some(has) if same(has, wanted) => Ok(true),
        _ => Err(EngineError::Stale(format!("{} is on {} with other settings by now", container.name, wanted.network))),
    }
}

fn same(has: &Endpoint, wanted: &Attachment) -> bool {
    has.aliases == wanted.aliases && has.ipv4_address == wanted.ipv4_address && has.ipv6_address == wanted.ipv6_address
}

/// Takes a container off a network.
pub(super) async fn disconnect(
    client: &Client,
    container: &ContainerRef,
    network_id: &str,
    network: &str,
) -> Result<Outcome, EngineError> {
    // A container that has not started since it was connected knows the network by its name alone.
    let handle = if network_id.is_empty() { network } else { network_id };
    let mut reply = disconnect_from(client, container, handle).await?;
    if !reply.is_success() && handle != network && is_stopped(client, container).await? {
        // The network is gone, and it would not start for it. Its endpoint can still be named.
        reply = disconnect_from(client, container, network).await?;
    }
    if reply.status == 404 || reply.message().contains("is not connected to") {
        return Ok(Outcome::Already);
    }
    reply.done(&format!("disconnect {} from {network}", container.name)).map(|()| Outcome::Done)
}

async fn disconnect_from(client: &Client, container: &ContainerRef, network: &str) -> Result<Reply, EngineError> {
    let path = format!("/networks/{}/disconnect", path::name(network)?);
    client.post(&path, Some(&json!({ "Container": container.handle(), "Force": false }))).await
}

async fn is_stopped(client: &Client, container: &ContainerRef) -> Result<bool, EngineError> {
    let found = inspect(client, container.handle()).await?;
    Ok(found.is_some_and(|found| !["running", "paused", "restarting"].contains(&found.state.status.as_str())))
}

/// The part of an id that people use.
pub(super) fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_mac_address_is_the_endpoint_s_only_where_the_engine_knows_it_there() {
        let attachment = Attachment {
            network: "shop".to_owned(),
            aliases: BTreeSet::from(["api".to_owned()]),
            ipv4_address: Some("10.0.0.9".to_owned()),
            mac_address: Some("02:42:ac:11:00:02".to_owned()),
            gateway_priority: Some(1),
            ..Attachment::default()
        };
        let old = json!({ "Aliases": ["api"], "IPAMConfig": { "IPv4Address": "10.0.0.9" }, "GwPriority": 1 });
        assert_eq!(endpoint_settings(&attachment, (1, 41)), old);
        let new = endpoint_settings(&attachment, (1, 44));
        assert_eq!(new.get("MacAddress"), Some(&json!("02:42:ac:11:00:02")));
    }
}
