//! What an object with containers asks for, its rollout included.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use skiff_api::{DependencyCondition, ImageUpdate, ObjectKey, OnFailure, RestartPolicy, RestartSettings};

use super::Departed;
use super::template::{Attachment, EngineRestart, InPlace, Template};
use crate::course::Course;

/// A deployment, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Its identity.
    pub key: ObjectKey,
    /// The source that declares it.
    pub source: String,
    /// The revision of the source.
    pub source_revision: Option<String>,
    /// How many replicas.
    pub replicas: u32,
    /// What must be there before the first start of a revision.
    pub depends_on: Vec<DependsOn>,
    /// How long a new replica must stay Ready to count, in seconds.
    pub min_ready_seconds: u32,
    /// How replicas are replaced.
    pub rollout: Rollout,
    /// How long a rollout may make no progress, in seconds.
    pub progress_deadline_seconds: u32,
    /// What happens when a revision fails.
    pub on_failure: OnFailure,
    /// The label `skiff.dev/rollout-group`: those that share it go back together.
    pub group: Option<String>,
    /// Whether its image follows a tag.
    pub image_update: Option<ImageUpdate>,
    /// The image as the manifest names it, where another one has taken its place.
    pub pinned_from: Option<String>,
    /// How many old revisions are remembered.
    pub revision_history_limit: u32,
    /// Earlier revisions by number, compiled with what else the manifest says now, to go back to.
    pub earlier: BTreeMap<u64, Arc<Self>>,
    /// The configs and secrets that this earlier revision used and whose content of then is not known any more, with its digest: what runs
    /// with that is of this revision all the same, and what is made anew has today's.
    pub lost: BTreeMap<ObjectKey, String>,
    /// Which revision it is.
    pub course: Course,
    /// Replicas that were started before this moment are to be replaced.
    pub restart_before: Option<Timestamp>,
    /// How restarts are paced, where the manifest says it.
    pub restart: Option<RestartSettings>,
    /// The folder of the manifest.
    pub base: String,
    /// The restart policy.
    pub restart_policy: RestartPolicy,
    /// Seconds between stop signal and kill.
    pub grace_seconds: u32,
    /// What containers are made from.
    pub template: Arc<Template>,
    /// Settings that Docker changes in place.
    pub in_place: InPlace,
    /// All networks, the first one first; empty where the template has a network mode.
    pub networks: Vec<Attachment>,
    /// Features of the engine that the template needs: the field and the API version.
    pub requires: Vec<(String, (u32, u32))>,
    /// What runs to its end before a container is first started, in this order.
    pub inits: Vec<Init>,
    /// What is remembered of it once it is declared no more.
    pub departed: Departed,
}

impl Workload {
    /// Whether Skiff restarts its containers whatever they do, and the engine never.
    pub fn is_paced(&self) -> bool {
        self.restart_policy != RestartPolicy::Never && self.in_place.restart_policy == Some(EngineRestart::Never)
    }
}

/// An init container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Init {
    /// Its name.
    pub name: String,
    /// What it is made from. It has the hash of the main container's template.
    pub template: Arc<Template>,
}

/// A dependency, resolved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DependsOn {
    /// The deployment or job.
    pub object: ObjectKey,
    /// What is waited for.
    pub condition: DependencyCondition,
}

/// How replicas are replaced, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollout {
    /// All old ones go before the first new one starts.
    pub recreate: bool,
    /// How many may be extra; 0 where `stop_first` says why.
    pub max_surge: u32,
    /// How many may be missing.
    pub max_unavailable: u32,
    /// Why a new replica cannot start before its predecessor has gone.
    pub stop_first: Option<StopFirst>,
    /// Whether a rollout is held where it stands.
    pub paused: bool,
    /// How it goes on the way back from a revision that failed, where that is said.
    pub back: Option<Box<Self>>,
}

/// Why a replica is replaced stop-first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum StopFirst {
    /// Two containers cannot publish one port of the host.
    HostPort(u16),
    /// Two containers cannot have one name.
    FixedName(String),
    /// Two containers should not have one host name.
    Hostname(String),
    /// Two containers cannot have one address.
    Address(String),
    /// Two containers should not write one volume.
    Volume(String),
    /// Two containers should not write what they both get from another one.
    VolumesFrom(String),
    /// Two containers cannot listen on one port of the network that they share.
    SharedNetwork(String),
    /// Two containers should not write one volume, which the old one hands on to the next: the path.
    Nameless(String),
    /// The manifest's surge is 0.
    NoSurge,
    /// The manifest's strategy is `Recreate`.
    Recreate,
}

/// As it reads after "the old one goes before the new one comes:".
impl fmt::Display for StopFirst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HostPort(port) => write!(f, "it publishes port {port} of the host"),
            Self::FixedName(name) => write!(f, "its container must be called {name}"),
            Self::Hostname(name) => write!(f, "its host name is {name}"),
            Self::Address(address) => write!(f, "its address is {address}"),
            Self::Volume(name) => write!(f, "it alone writes volume {name}"),
            Self::VolumesFrom(whose) => write!(f, "it writes what it mounts from {whose}"),
            Self::SharedNetwork(mode) => write!(f, "it shares the network of {mode}"),
            Self::Nameless(path) => write!(f, "its successor gets the volume that it has at {path}"),
            Self::NoSurge => f.write_str("strategy.rollingUpdate.maxSurge is 0"),
            Self::Recreate => f.write_str("strategy.type is Recreate"),
        }
    }
}
