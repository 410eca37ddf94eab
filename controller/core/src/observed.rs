//! What Docker reports, without loss: duplicates are kept, labels are parsed once, what cannot be parsed is a fact.
//!
//! The observer chooses nothing; the planner does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use skiff_api::{LabelError, ObjectKey, OwnerLabels, Protocol};

use crate::crash::Crashes;
use crate::desired::InPlace;
use crate::failure::Failures;
use crate::health::HealthOutput;
use crate::history::History;
use crate::image::Images;
use crate::probe::ProbeVerdicts;
use crate::tag::TagAnswers;

/// The state of the engine and of ourselves at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The engine.
    pub engine: EngineFacts,
    /// Every container, foreign ones included (for their names and ports).
    pub containers: Vec<ObservedContainer>,
    /// Every network.
    pub networks: Vec<ObservedNetwork>,
    /// Every volume.
    pub volumes: Vec<ObservedVolume>,
    /// Every image.
    pub images: Images,
    /// The ids of the file sets that are written, each with its version where it is updated in place.
    pub files: BTreeMap<String, Option<String>>,
    /// What the probes of containers have come to.
    pub probes: Arc<ProbeVerdicts>,
    /// What registries say of tags that are followed.
    pub tags: Arc<TagAnswers>,
    /// The containers in which a postStart hook is running now, by id.
    pub hooks_in_flight: BTreeSet<String>,
    /// Our own recent failures.
    pub failures: Failures,
    /// The containers that ended lately without being asked to.
    pub crashes: Crashes,
    /// What is remembered of each object.
    pub history: Arc<History>,
    /// The template of each object that we have seen running: what ran is healed without waiting for its dependencies again.
    pub has_run: BTreeMap<ObjectKey, String>,
    /// Objects on which steps are running now: the plan leaves them alone.
    pub in_flight: BTreeSet<ObjectKey>,
}

impl Observed {
    /// The template that runs of each object of ours.
    pub fn running_templates(&self) -> impl Iterator<Item = (ObjectKey, String)> {
        let running = self.containers.iter().filter(|container| container.state == ContainerState::Running);
        let labels = running.filter_map(|container| container.owner.labels());
        labels.map(|labels| (labels.object.clone(), labels.template_hash.clone()))
    }

    /// How often a container was started again, by the engine or anybody else, for all that is known.
    pub fn restarts(&self, container: &ObservedContainer) -> i64 {
        let by_engine = container.detail.as_ref().map_or(0, |detail| detail.restart_count);
        self.crashes.get(&container.id).map_or(by_engine, |crash| crash.restarts(container))
    }
}

/// What is known of the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EngineFacts {
    /// The engine's own id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// The API version that it speaks at most.
    pub api_version: (u32, u32),
    /// Bytes that are free where images and containers are stored, when they are below the floor.
    pub low_disk: Option<u64>,
}

/// Whose a container, network or volume is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Owner {
    /// Not Skiff's, or of another instance.
    #[default]
    Foreign,
    /// This instance's.
    Ours(Box<OwnerLabels>),
    /// It carries our instance's label, and labels that cannot be read. Reported and left alone.
    Unreadable(LabelError),
}

impl Owner {
    /// The labels, where it is ours.
    pub fn labels(&self) -> Option<&OwnerLabels> {
        match self {
            Self::Ours(labels) => Some(labels),
            Self::Foreign | Self::Unreadable(_) => None,
        }
    }
}

/// Docker's states of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ContainerState {
    /// Made and never started, or failed to start.
    #[default]
    Created,
    /// Its process runs.
    Running,
    /// Its processes are frozen.
    Paused,
    /// It ended and the engine waits before it starts it again.
    Restarting,
    /// It is being removed.
    Removing,
    /// It ended.
    Exited,
    /// It could not be removed whole.
    Dead,
}

/// The verdict of Docker's health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Not known yet.
    Starting,
    /// It passes.
    Healthy,
    /// It fails.
    Unhealthy,
}

/// A container as the list shows it, with what inspect adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedContainer {
    /// The full id.
    pub id: String,
    /// The name, without the slash.
    pub name: String,
    /// Whose it is.
    pub owner: Owner,
    /// Where it is ours by the record alone: somebody else made it, and it was taken over.
    pub adopted: Option<TakenOver>,
    /// Its state.
    pub state: ContainerState,
    /// The verdict of its health check, `None` where it has none.
    pub health: Option<Health>,
    /// The id of its image.
    pub image_id: String,
    /// The ports of the host that it publishes while it runs.
    pub ports: Vec<PublishedPort>,
    /// The networks that it is on: name and id.
    pub networks: BTreeMap<String, String>,
    /// How it is on the network: `host`, `none`, `container:ID`, else the name of its first network.
    pub network_mode: String,
    /// Its addresses by the network's name, while it runs.
    pub addresses: BTreeMap<String, String>,
    /// The names of the volumes that it mounts.
    pub volumes: BTreeSet<String>,
    /// The ids of the file sets that it mounts.
    pub files: BTreeSet<String>,
    /// The paths of the host that it mounts.
    pub binds: BTreeSet<String>,
    /// Those of them that were Skiff's own, are gone, and come back with nothing that is declared: it cannot be started any more.
    pub lost: BTreeSet<String>,
    /// What inspect adds; present for every container of ours in a pass that plans.
    pub detail: Option<ContainerDetail>,
}

/// That a container was taken over from whoever made it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// The start in which it was taken over: what is to follow that start has been seen to.
    pub started_at: Option<Timestamp>,
}

/// What inspect adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerDetail {
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was last started.
    pub started_at: Option<Timestamp>,
    /// When it last ended.
    pub finished_at: Option<Timestamp>,
    /// How its last run ended.
    pub exit_code: i64,
    /// Why its last start failed, empty where it did not.
    pub error: String,
    /// Whether the kernel killed it for memory.
    pub oom_killed: bool,
    /// How often the engine started it again by itself.
    pub restart_count: i64,
    /// What its health check said last, where it fails.
    pub health_output: Option<HealthOutput>,
    /// The settings that can be changed in place. Zero values of the engine are `None`.
    pub in_place: InPlace,
    /// Whose processes it sees: `host`, `container:ID`, else its own.
    pub pid_mode: String,
    /// Whose shared memory it has: `host`, `container:ID`, else its own.
    pub ipc_mode: String,
    /// The containers whose mounts it has, as the engine was told: `ID`, `ID:ro`.
    pub volumes_from: Vec<String>,
    /// The volumes without a name that it mounts, by path.
    pub nameless: BTreeMap<String, ObservedNameless>,
    /// The attachments by the network's name.
    pub endpoints: BTreeMap<String, Endpoint>,
}

impl ContainerDetail {
    /// When it was last started, or made where it never was.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        self.started_at.or(self.created_at)
    }
}

/// A volume to which the engine gave a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedNameless {
    /// The name that the engine gave it.
    pub volume: String,
    /// Whether the container was made with a mount of it: else its image asked for it, or it was carried over from another one.
    pub is_asked: bool,
}

/// Whether a name is one that the engine gives to volumes that have none.
pub fn is_given_name(volume: &str) -> bool {
    volume.len() == 64 && volume.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// How a container is attached to a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// The names that it answers to, without the short id that the engine adds.
    pub aliases: BTreeSet<String>,
    /// The address that it asked for.
    pub ipv4_address: Option<String>,
    /// The address that it asked for.
    pub ipv6_address: Option<String>,
    /// The address that it has now.
    pub current_address: Option<String>,
}

/// A port of the host that is in use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PublishedPort {
    /// The host's address, `0.0.0.0` for all.
    pub ip: String,
    /// The host's port.
    pub port: u16,
    /// The container's port.
    pub container_port: u16,
    /// The protocol.
    pub protocol: Protocol,
}

/// A network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedNetwork {
    /// The id.
    pub id: String,
    /// The name, which need not be unique.
    pub name: String,
    /// Whose it is.
    pub owner: Owner,
    /// When it was made, for the choice between two of one name.
    pub created_at: Option<Timestamp>,
}

/// A volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedVolume {
    /// The name.
    pub name: String,
    /// Whose it is.
    pub owner: Owner,
}
