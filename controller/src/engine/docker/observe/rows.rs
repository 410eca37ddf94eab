//! The rows of the engine's lists: only the fields that are used, so that reading 500 containers stays cheap.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use serde::Deserialize;
use skiff_api::{Instance, OwnerLabels, Protocol, label};
use skiff_core::{
    Adopted, ContainerState, Health, ObservedContainer, ObservedNetwork, ObservedVolume, Owner, PublishedPort,
    TakenOver,
};

use crate::files::FileStore;

type Labels = BTreeMap<String, String>;

/// A container in the list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ContainerRow {
    pub(super) id: String,
    names: Option<Vec<String>>,
    #[serde(rename = "ImageID")]
    image_id: String,
    labels: Option<Labels>,
    #[serde(skip)]
    adopted: Option<TakenOver>,
    state: String,
    status: String,
    ports: Option<Vec<PortRow>>,
    host_config: HostConfigRow,
    network_settings: Networks,
    mounts: Option<Vec<MountRow>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct PortRow {
    #[serde(rename = "IP")]
    ip: String,
    private_port: u16,
    public_port: u16,
    #[serde(rename = "Type")]
    protocol: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct HostConfigRow {
    network_mode: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Networks {
    networks: Option<BTreeMap<String, NetworkRef>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NetworkRef {
    #[serde(rename = "NetworkID")]
    id: String,
    #[serde(rename = "IPAddress")]
    ipv4: String,
    #[serde(rename = "GlobalIPv6Address")]
    ipv6: String,
}

impl NetworkRef {
    fn address(&self) -> Option<&String> {
        [&self.ipv4, &self.ipv6].into_iter().find(|address| !address.is_empty())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct MountRow {
    #[serde(rename = "Type")]
    kind: String,
    name: String,
    source: String,
}

/// What of a row tells that an inspect is out of date. Times in it ("Up 5 minutes") do not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Signature {
    names: Vec<String>,
    image_id: String,
    state: String,
    verdict: String,
    networks: BTreeMap<String, String>,
}

impl ContainerRow {
    /// With our labels, where it was taken over.
    pub(super) fn adopted(mut self, adopted: &Adopted) -> Self {
        if let Some(own) = adopted.containers.get(&self.id) {
            self.labels.get_or_insert_default().extend(own.labels.clone());
            self.adopted = Some(TakenOver { started_at: own.started_at });
        }
        self
    }

    pub(super) fn is_of(&self, instance: &Instance) -> bool {
        let label = self.labels.as_ref().and_then(|labels| labels.get(label::INSTANCE));
        label.is_some_and(|value| value == instance.as_str())
    }

    pub(super) fn signature(&self) -> Signature {
        Signature {
            names: self.names.clone().unwrap_or_default(),
            image_id: self.image_id.clone(),
            state: self.state.clone(),
            verdict: in_parentheses(&self.status).unwrap_or_default().to_owned(),
            networks: self.networks(),
        }
    }

    fn networks(&self) -> BTreeMap<String, String> {
        let networks = self.network_settings.networks.iter().flatten();
        networks.map(|(name, network)| (name.clone(), network.id.clone())).collect()
    }

    fn addresses(&self) -> BTreeMap<String, String> {
        let networks = self.network_settings.networks.iter().flatten();
        networks.filter_map(|(name, network)| Some((name.clone(), network.address()?.clone()))).collect()
    }

    pub(super) fn observed(self, instance: &Instance, files: &FileStore) -> ObservedContainer {
        let mounts = self.mounts.as_deref().unwrap_or_default();
        let binds: BTreeSet<String> =
            mounts.iter().filter(|mount| mount.kind == "bind").map(|mount| mount.source.clone()).collect();
        ObservedContainer {
            name: own_name(self.names.as_deref().unwrap_or_default()),
            owner: owner(self.labels.as_ref(), instance),
            adopted: self.adopted,
            state: state(&self.state),
            health: health(in_parentheses(&self.status).unwrap_or_default()),
            ports: self.ports.iter().flatten().filter_map(PortRow::published).collect(),
            networks: self.networks(),
            addresses: self.addresses(),
            network_mode: self.host_config.network_mode,
            volumes: mounts.iter().filter(|mount| mount.kind == "volume").map(|mount| mount.name.clone()).collect(),
            files: mounts.iter().filter_map(|mount| files.set_of(Path::new(&mount.source))).collect::<BTreeSet<_>>(),
            lost: binds.iter().filter(|path| files.is_lost(Path::new(path))).cloned().collect(),
            binds,
            image_id: self.image_id,
            id: self.id,
            detail: None,
        }
    }
}

/// The container's own name: the one that is not a legacy link's (`/other/alias`).
fn own_name(names: &[String]) -> String {
    let bare = |name: &String| name.strip_prefix('/').unwrap_or(name).to_owned();
    names.iter().map(bare).find(|name| !name.contains('/')).unwrap_or_default()
}

impl PortRow {
    fn published(&self) -> Option<PublishedPort> {
        let protocol =
            [Protocol::Tcp, Protocol::Udp, Protocol::Sctp].into_iter().find(|p| p.lower() == self.protocol)?;
        let ip = if self.ip.is_empty() { "0.0.0.0".to_owned() } else { self.ip.clone() };
        let published = PublishedPort { ip, port: self.public_port, container_port: self.private_port, protocol };
        (self.public_port != 0).then_some(published)
    }
}

/// `healthy` of `Up 5 minutes (healthy)`, `137` of `Exited (137) 2 hours ago`.
fn in_parentheses(status: &str) -> Option<&str> {
    let (_, behind) = status.split_once('(')?;
    behind.split_once(')').map(|(inside, _)| inside)
}

/// The verdict as the list or an inspect words it.
pub(super) fn health(word: &str) -> Option<Health> {
    match word {
        "starting" | "health: starting" => Some(Health::Starting),
        "healthy" => Some(Health::Healthy),
        "unhealthy" => Some(Health::Unhealthy),
        _ => None,
    }
}

/// Docker's word for a state. One that is not known is taken for `dead`: it is neither running nor ready.
pub(super) fn state(word: &str) -> ContainerState {
    match word {
        "created" => ContainerState::Created,
        "running" => ContainerState::Running,
        "paused" => ContainerState::Paused,
        "restarting" => ContainerState::Restarting,
        "removing" => ContainerState::Removing,
        "exited" => ContainerState::Exited,
        _ => ContainerState::Dead,
    }
}

/// Whose something with these labels is.
pub(crate) fn owner(labels: Option<&Labels>, instance: &Instance) -> Owner {
    let Some(labels) = labels else { return Owner::Foreign };
    if super::instance_of(labels) != Some(instance.as_str()) {
        return Owner::Foreign;
    }
    match OwnerLabels::parse(labels) {
        None => Owner::Foreign,
        Some(Ok(labels)) => Owner::Ours(Box::new(labels)),
        Some(Err(error)) => Owner::Unreadable(error),
    }
}

/// A network in the list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct NetworkRow {
    id: String,
    name: String,
    created: String,
    labels: Option<Labels>,
}

impl NetworkRow {
    /// With our labels, where it was taken over.
    pub(super) fn adopted(mut self, adopted: &Adopted) -> Self {
        if let Some(own) = adopted.networks.get(&self.id) {
            self.labels.get_or_insert_default().extend(own.clone());
        }
        self
    }

    pub(super) fn observed(self, instance: &Instance) -> ObservedNetwork {
        ObservedNetwork {
            owner: owner(self.labels.as_ref(), instance),
            created_at: timestamp(&self.created),
            id: self.id,
            name: self.name,
        }
    }
}

/// The list of volumes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Volumes {
    volumes: Option<Vec<VolumeRow>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct VolumeRow {
    name: String,
    created_at: String,
    labels: Option<Labels>,
}

impl Volumes {
    /// With our labels on what was taken over.
    pub(super) fn adopted(mut self, adopted: &Adopted) -> Self {
        for row in self.volumes.iter_mut().flatten() {
            let own = adopted.volumes.get(&row.name).filter(|own| own.created_at == row.created_at);
            if let Some(own) = own {
                row.labels.get_or_insert_default().extend(own.labels.clone());
            }
        }
        self
    }

    pub(super) fn observed(self, instance: &Instance) -> Vec<ObservedVolume> {
        let observed = |row: VolumeRow| ObservedVolume { owner: owner(row.labels.as_ref(), instance), name: row.name };
        self.volumes.into_iter().flatten().map(observed).collect()
    }
}

/// A time as Docker writes it; its zero time is none.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    if text.starts_with("0001-") { None } else { text.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> FileStore {
        FileStore { config_root: "/state/files".into(), secret_root: "/run/secrets".into() }
    }

    #[test]
    fn a_row_of_docker_is_read() {
        let row: ContainerRow = serde_json::from_str(
            r#"{"Id":"abc","Names":["/other/db","/shop-api-1"],"ImageID":"sha256:1","State":"running","Status":"Up 2 hours (unhealthy)",
                "Labels":{"skiff.dev/instance":"t"},"Ports":[{"PrivatePort":80,"Type":"tcp"},
                {"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"}],
                "HostConfig":{"NetworkMode":"shop"},
                "NetworkSettings":{"Networks":{"shop":{"NetworkID":"n1","IPAMConfig":null,"IPAddress":"10.0.0.9"}}},
                "Mounts":[{"Type":"volume","Name":"data","Source":"/var/lib/docker/x"},{"Type":"bind","Source":"/run/secrets/s1/key"},
                {"Type":"bind","Source":"/state/git/shop/trees/1/motd"}]}"#,
        )
        .expect("a row");
        let instance: Instance = "t".parse().expect("an instance");
        let observed = row.observed(&instance, &files());
        assert_eq!((observed.name.as_str(), observed.health), ("shop-api-1", Some(Health::Unhealthy)));
        assert_eq!(observed.ports.iter().map(|port| (port.ip.as_str(), port.port)).collect::<Vec<_>>(), [("::", 8080)]);
        assert_eq!(observed.networks, BTreeMap::from([("shop".to_owned(), "n1".to_owned())]));
        assert_eq!(observed.addresses, BTreeMap::from([("shop".to_owned(), "10.0.0.9".to_owned())]));
        assert_eq!(observed.network_mode, "shop");
        assert_eq!(observed.volumes, BTreeSet::from(["data".to_owned()]));
        assert_eq!(observed.files, BTreeSet::from(["s1".to_owned()]));
        assert_eq!(
            observed.binds,
            ["/run/secrets/s1/key", "/state/git/shop/trees/1/motd"].map(ToOwned::to_owned).into()
        );
        assert_eq!(observed.lost, BTreeSet::from(["/state/git/shop/trees/1/motd".to_owned()]));
        assert!(matches!(observed.owner, Owner::Unreadable(_)));
    }

    #[test]
    fn passing_time_does_not_make_a_row_look_changed() {
        let row = |status: &str| ContainerRow { status: status.to_owned(), ..ContainerRow::default() }.signature();
        assert_eq!(row("Up 5 minutes (healthy)"), row("Up 6 minutes (healthy)"));
        assert_ne!(row("Up 5 minutes (healthy)"), row("Up 5 minutes (unhealthy)"));
        assert_ne!(row("Exited (0) 1 second ago"), row("Exited (1) 1 second ago"));
    }

    #[test]
    fn what_carries_another_instance_is_foreign() {
        let labels = BTreeMap::from([(label::INSTANCE.to_owned(), "other".to_owned())]);
        assert_eq!(owner(Some(&labels), &Instance::default()), Owner::Foreign);
    }
}
