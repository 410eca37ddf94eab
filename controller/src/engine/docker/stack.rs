//! What Docker Compose made for a project: its containers, networks and volumes, by its labels.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;
use skiff_core::{EngineError, Stack, StackContainer, StackNetwork, StackVolume};

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
}

/// What a project has. What is ours by its labels is not Compose's any more.
pub(super) async fn stack(client: &Client, project: &str) -> Result<Stack, EngineError> {
    let filters = json!({ "label": [format!("{PROJECT}={project}")] }).to_string();
    let query = |pairs: &[(&str, &str)]| path::query(&[pairs, &[("filters", filters.as_str())]].concat());
    let containers = client.get(&format!("/containers/json{}", query(&[("all", "1")]))).await?;
    let networks = client.get(&format!("/networks{}", query(&[]))).await?;
    let volumes = client.get(&format!("/volumes{}", query(&[]))).await?;
    let containers: Vec<Container> = containers.read("list containers")?;
    let networks: Vec<Network> = networks.read("list networks")?;
    let volumes: Volumes = volumes.read("list volumes")?;
    Ok(Stack {
        containers: containers.into_iter().filter_map(|container| container.of(project)).collect(),
        networks: networks.into_iter().map(Network::into_stack).collect(),
        volumes: volumes.volumes.into_iter().flatten().map(Volume::into_stack).collect(),
    })
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
        let Self { id, name, driver, internal } = self;
        StackNetwork { id, name, driver, internal }
    }
}

impl Volume {
    fn into_stack(self) -> StackVolume {
        let Self { name, created_at } = self;
        StackVolume { name, created_at }
    }
}
