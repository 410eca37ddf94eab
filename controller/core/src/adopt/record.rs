//! What Docker Compose made for a project, and what is recorded of what was taken over.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use skiff_api::NetworkSpec;

/// What was taken over, with the labels that it would have, had we made it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Adopted {
    /// Containers by their full id.
    pub containers: BTreeMap<String, AdoptedContainer>,
    /// Networks by their full id.
    pub networks: BTreeMap<String, BTreeMap<String, String>>,
    /// Volumes by name.
    pub volumes: BTreeMap<String, AdoptedVolume>,
}

/// A container that was taken over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AdoptedContainer {
    /// Our labels.
    pub labels: BTreeMap<String, String>,
    /// The start in which it was taken over, where it is known.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
}

/// A volume that was taken over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AdoptedVolume {
    /// When it was made, as Docker writes it: another one of its name is not it.
    pub created_at: String,
    /// Our labels.
    pub labels: BTreeMap<String, String>,
}

/// What Docker Compose made for a project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    /// Its containers, those of `run` left out.
    pub containers: Vec<StackContainer>,
    /// Its networks.
    pub networks: Vec<StackNetwork>,
    /// Its volumes.
    pub volumes: Vec<StackVolume>,
}

/// A container of a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackContainer {
    /// Its full id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its project, where the manifests say which; whoever names another one means the services of it.
    pub project: Option<String>,
    /// Its service.
    pub service: String,
    /// Its number within the service.
    pub number: u32,
}

/// A network of a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackNetwork {
    /// Its full id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is, with all that the engine chose.
    pub spec: NetworkSpec,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// A volume of a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackVolume {
    /// Its name.
    pub name: String,
    /// When it was made, as Docker writes it.
    pub created_at: String,
    /// Its driver.
    pub driver: String,
    /// The options that it was made with.
    pub driver_opts: BTreeMap<String, String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

impl Stack {
    /// With what another project has.
    pub fn extend(&mut self, other: Self) {
        self.containers.extend(other.containers);
        self.networks.extend(other.networks);
        self.volumes.extend(other.volumes);
    }
}

impl Adopted {
    /// With what another adoption took over.
    pub fn extend(&mut self, other: Self) {
        self.containers.extend(other.containers);
        self.networks.extend(other.networks);
        self.volumes.extend(other.volumes);
    }
    /// Forgets what is not there any more: an id is never given twice, and a volume of the same name is another one.
    pub fn forget_all_but(&mut self, there: &Stack) {
        self.containers.retain(|id, _| there.containers.iter().any(|container| container.id == *id));
        self.networks.retain(|id, _| there.networks.iter().any(|network| network.id == *id));
        let is_it = |name: &str, own: &AdoptedVolume, volume: &StackVolume| {
            volume.name == name && volume.created_at == own.created_at
        };
        self.volumes.retain(|name, own| there.volumes.iter().any(|volume| is_it(name, own, volume)));
    }
}
