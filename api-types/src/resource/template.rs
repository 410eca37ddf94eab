//! The template of a workload: the container, the networks it is on, the volumes it mounts, how it is restarted.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::container::{Container, InitContainer};
use super::mountable::VolumeSource;
use crate::VolumeMount;
use crate::{Duration, is_default};

/// What a workload's containers are made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PodTemplate {
    /// Labels and annotations of the containers.
    #[serde(default, skip_serializing_if = "is_default")]
    pub metadata: TemplateMeta,
    /// Containers that run to completion, one after the other, before the main one starts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub init_containers: Vec<InitContainer>,
    /// The container.
    pub container: Container,
    /// A fixed Docker name instead of `<namespace>-<name>-<ordinal>`. Allows one replica only, replaced stop-first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub container_name: Option<String>,
    /// What stands before `-<ordinal>` in the Docker names, instead of `<namespace>-<name>`. Excludes `containerName`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub container_name_prefix: Option<String>,
    /// When a container that ended is started again. `Always` unless said otherwise; in a job `OnFailure`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub restart_policy: Option<RestartPolicy>,
    /// How restarts are paced.
    #[serde(default, skip_serializing_if = "is_default")]
    pub restart: Option<RestartSettings>,
    /// How long a container may take to end after its stop signal, in seconds. 30 unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub termination_grace_period_seconds: Option<u32>,
    /// The networks, the first one first. The namespace's default network unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub networks: Option<Vec<NetworkAttachment>>,
    /// Instead of networks: `none`, `host`, `bridge` (Docker's default bridge), `deployment:NAME` (of replica 1) or `container:NAME`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub network_mode: Option<String>,
    /// What `volumeMounts` refer to.
    #[serde(default, skip_serializing_if = "is_default")]
    pub volumes: Vec<VolumeSource>,
}

impl PodTemplate {
    /// Whether a volume is mounted, and nothing that mounts it may write to it.
    pub fn mounts_read_only(&self, volume: &str) -> bool {
        let inits = self.init_containers.iter().flat_map(|init| init.volume_mounts.iter().flatten());
        let own = |mount: &&VolumeMount| mount.name == volume;
        let mut mounts = self.container.volume_mounts.iter().chain(inits).filter(own).peekable();
        mounts.peek().is_some() && mounts.all(|mount| mount.read_only)
    }
}

/// Labels and annotations that go to the containers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TemplateMeta {
    /// Labels of the containers. Keys under `skiff.dev/` are Skiff's own and refused.
    #[serde(default, skip_serializing_if = "is_default")]
    pub labels: BTreeMap<String, String>,
    /// Labels of the containers whose value is the replica's ordinal.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ordinal_labels: Vec<String>,
    /// OCI annotations of the containers. Needs Docker's API 1.43.
    #[serde(default, skip_serializing_if = "is_default")]
    pub annotations: BTreeMap<String, String>,
}

/// An object that must be there first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dependency {
    /// The name of the deployment or job.
    pub name: String,
    /// Its namespace, this object's unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub namespace: Option<String>,
    /// What is waited for. `Started` unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub condition: DependencyCondition,
    /// Whether the dependency may be missing from the manifests.
    #[serde(default, skip_serializing_if = "is_default")]
    pub optional: bool,
}

/// What is waited for, as in Compose's `depends_on`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum DependencyCondition {
    /// A container of it runs, or ran and is done.
    #[default]
    Started,
    /// All of it is Ready: its health check passes, or it runs where there is none.
    Ready,
    /// It ran to its end and succeeded.
    Completed,
}

/// When a container that ended is started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum RestartPolicy {
    /// However it ended.
    #[default]
    Always,
    /// When it failed.
    OnFailure,
    /// Not at all.
    Never,
}

/// How restarts are paced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RestartSettings {
    /// How long to wait before each restart. 1 s doubling to 5 min unless said otherwise. Needs `skiff run`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub delay: Option<Duration>,
    /// How many restarts are tried within the window before the container is left ended: 0 is none at all. Without limit unless said
    /// otherwise. Alone under `OnFailure` it is Docker's own count; else it needs `skiff run`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max_attempts: Option<u32>,
    /// How long a container must run for its restarts to be forgotten. 10 min unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub window: Option<Duration>,
}

/// A network that the containers are on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NetworkAttachment {
    /// The name of a Network object, or `default` for the namespace's own.
    pub name: String,
    /// The Network's namespace, this object's unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub namespace: Option<String>,
    /// Further names that the containers answer to on it, besides the object's own.
    #[serde(default, skip_serializing_if = "is_default")]
    pub aliases: Vec<String>,
    /// A fixed IPv4 address. Allows one replica only, replaced stop-first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ipv4_address: Option<String>,
    /// A fixed IPv6 address. Allows one replica only, replaced stop-first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ipv6_address: Option<String>,
    /// Link-local addresses.
    #[serde(rename = "linkLocalIPs")]
    #[serde(default, skip_serializing_if = "is_default")]
    pub link_local_ips: Vec<String>,
    /// A fixed MAC address.
    #[serde(default, skip_serializing_if = "is_default")]
    pub mac_address: Option<String>,
    /// Options of the network's driver for this attachment.
    #[serde(default, skip_serializing_if = "is_default")]
    pub driver_opts: BTreeMap<String, String>,
    /// The interface's name in the container. Needs Docker's API 1.49.
    #[serde(default, skip_serializing_if = "is_default")]
    pub interface_name: Option<String>,
    /// Which network gives the default gateway: the highest. Needs Docker's API 1.48.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gateway_priority: Option<i64>,
}

/// What stands before the name of a deployment whose namespace or mounts are joined.
const JOINS: &str = "deployment:";

/// That a container shares something with the first replica of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined<'a> {
    /// The field that says so: `networkMode` of the template, the others of its container.
    pub field: &'static str,
    /// Which item of it, where it is a list.
    pub index: Option<usize>,
    /// The deployment's name.
    pub deployment: &'a str,
}

/// The parts of an item of `volumesFrom`: who has the mounts, and Docker's mode.
pub fn mounts_from(item: &str) -> (&str, Option<&str>) {
    let name = item.strip_prefix(JOINS).unwrap_or(item);
    let end = name.find(':').map_or(item.len(), |end| item.len() - name.len() + end);
    (item.get(..end).unwrap_or(item), item.get(end + 1..))
}

impl PodTemplate {
    /// The deployments whose network, processes, memory or mounts its container shares.
    pub fn joined(&self) -> impl Iterator<Item = Joined<'_>> {
        let fields = [
            ("networkMode", &self.network_mode),
            ("pidMode", &self.container.pid_mode),
            ("ipcMode", &self.container.ipc_mode),
        ];
        let namespaces = fields.into_iter().filter_map(|(field, mode)| Some((field, None, mode.as_deref()?)));
        let mounts = self.container.volumes_from.iter().enumerate();
        let mounts = mounts.map(|(index, item)| ("volumesFrom", Some(index), mounts_from(item).0));
        namespaces
            .chain(mounts)
            .filter_map(|(field, index, whose)| Some(Joined { field, index, deployment: whose.strip_prefix(JOINS)? }))
    }
}

#[cfg(test)]
mod tests {
    use super::mounts_from;

    #[test]
    fn mounts_are_of_a_deployment_or_of_a_container_and_may_be_read_only() {
        let table = [
            ("db", "db", None),
            ("db:ro", "db", Some("ro")),
            ("deployment:db", "deployment:db", None),
            ("deployment:db:ro", "deployment:db", Some("ro")),
            ("", "", None),
        ];
        for (item, whose, mode) in table {
            assert_eq!(mounts_from(item), (whose, mode), "{item}");
        }
    }
}
