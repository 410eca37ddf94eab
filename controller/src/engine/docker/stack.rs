//! What Docker Compose made for a project: its containers, networks and volumes, by its labels. And what is left of it once it was
//! taken over.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use skiff_api::{Ipam, IpamConfig, NetworkSpec};
use skiff_core::{Adopted, EngineError, Stack, StackContainer, StackNetwork, StackVolume};

use super::client::Client;
use super::path;

/// Docker Compose's labels.
const PROJECT: &str = "com.docker.compose.project";
const SERVICE: &str = "com.docker.compose.service";
const NUMBER: &str = "com.docker.compose.container-number";
const ONE_OFF: &str = "com.docker.compose.oneoff";

type Labels = BTreeMap<String, String>;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Container {
    id: String,
    names: Vec<String>,
    labels: Option<Labels>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Network {
    id: String,
    name: String,
    driver: String,
    internal: bool,
    attachable: bool,
    #[serde(rename = "EnableIPv4")]
    enable_ipv4: Option<bool>,
    #[serde(rename = "EnableIPv6")]
    enable_ipv6: bool,
    options: Option<Labels>,
    labels: Option<Labels>,
    #[serde(rename = "IPAM")]
    ipam: Addresses,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Addresses {
    driver: String,
    options: Option<Labels>,
    config: Option<Vec<Pool>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Pool {
    subnet: Option<String>,
    #[serde(rename = "IPRange")]
    ip_range: Option<String>,
    gateway: Option<String>,
    auxiliary_addresses: Option<Labels>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Volumes {
    volumes: Option<Vec<Volume>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Volume {
    name: String,
    created_at: String,
    driver: String,
    options: Option<Labels>,
    labels: Option<Labels>,
}

/// What a project has. What is ours by its labels is not Compose's any more.
pub(super) async fn stack(client: &Client, project: &str) -> Result<Stack, EngineError> {
    let filters = json!({ "label": [format!("{PROJECT}={project}")] });
    let containers = containers(client, &filters).await?;
    Ok(Stack {
        containers: containers.into_iter().filter_map(|container| container.of(project)).collect(),
        networks: networks(client, &filters).await?,
        volumes: volumes(client, &filters).await?,
    })
}

/// What is still there of what was taken over.
pub(super) async fn remaining(client: &Client, adopted: &Adopted) -> Result<Stack, EngineError> {
    let mut there = Stack::default();
    // An empty filter would list everything.
    if !adopted.containers.is_empty() {
        let listed = containers(client, &json!({ "id": adopted.containers.keys().collect::<Vec<_>>() })).await?;
        let only_id = |container: Container| StackContainer { id: container.id, ..StackContainer::default() };
        there.containers = listed.into_iter().map(only_id).collect();
    }
    if !adopted.networks.is_empty() {
        there.networks = networks(client, &json!({ "id": adopted.networks.keys().collect::<Vec<_>>() })).await?;
    }
    if !adopted.volumes.is_empty() {
        there.volumes = volumes(client, &json!({ "name": adopted.volumes.keys().collect::<Vec<_>>() })).await?;
    }
    Ok(there)
}

async fn containers(client: &Client, filters: &Value) -> Result<Vec<Container>, EngineError> {
    let query = path::query(&[("all", "1"), ("filters", &filters.to_string())]);
    client.get(&format!("/containers/json{query}")).await?.read("list containers")
}

async fn networks(client: &Client, filters: &Value) -> Result<Vec<StackNetwork>, EngineError> {
    let query = path::query(&[("filters", &filters.to_string())]);
    let networks: Vec<Network> = client.get(&format!("/networks{query}")).await?.read("list networks")?;
    Ok(networks.into_iter().map(Network::into_stack).collect())
}

async fn volumes(client: &Client, filters: &Value) -> Result<Vec<StackVolume>, EngineError> {
    let query = path::query(&[("filters", &filters.to_string())]);
    let volumes: Volumes = client.get(&format!("/volumes{query}")).await?.read("list volumes")?;
    Ok(volumes.volumes.into_iter().flatten().map(Volume::into_stack).collect())
}

impl Container {
    fn of(self, project: &str) -> Option<StackContainer> {
        let labels = self.labels.unwrap_or_default();
        let label = |name: &str| labels.get(name).map(String::as_str).unwrap_or_default();
        let is_ours = super::observe::instance_of(&labels).is_some();
        let is_one_off = label(ONE_OFF).eq_ignore_ascii_case("true");
        if is_ours || is_one_off || label(SERVICE).is_empty() {
            return None;
        }
        Some(StackContainer {
            name: self.names.first().map(|name| name.trim_start_matches('/').to_owned()).unwrap_or_default(),
            id: self.id,
            project: Some(project.to_owned()),
            service: label(SERVICE).to_owned(),
            number: label(NUMBER).parse().unwrap_or(1),
        })
    }
}

impl Network {
    fn into_stack(self) -> StackNetwork {
        let Self { id, name, driver, internal, attachable, enable_ipv4, enable_ipv6, options, labels, ipam } = self;
        let spec = NetworkSpec {
            driver: Some(driver),
            driver_opts: options.unwrap_or_default(),
            internal,
            attachable,
            enable_ipv4,
            enable_ipv6: Some(enable_ipv6),
            ipam: ipam.into_spec(),
            ..NetworkSpec::default()
        };
        StackNetwork { id, name, spec, labels: labels.unwrap_or_default() }
    }
}

impl Addresses {
    fn into_spec(self) -> Ipam {
        let Self { driver, options, config } = self;
        let pool = |Pool { subnet, ip_range, gateway, auxiliary_addresses }: Pool| IpamConfig {
            subnet,
            ip_range,
            gateway,
            aux_addresses: auxiliary_addresses.unwrap_or_default(),
        };
        let config = config.into_iter().flatten().map(pool).collect();
        Ipam { driver: Some(driver), options: options.unwrap_or_default(), config }
    }
}

impl Volume {
    fn into_stack(self) -> StackVolume {
        let Self { name, created_at, driver, options, labels } = self;
        let (driver_opts, labels) = (options.unwrap_or_default(), labels.unwrap_or_default());
        StackVolume { name, created_at, driver, driver_opts, labels }
    }
}
