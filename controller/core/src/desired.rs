//! What is declared, compiled once when a source is loaded so that planning only compares.

mod job;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use skiff_api::{
    DependencyCondition, Instance, NetworkSpec, ObjectKey, OnFailure, PodTemplate, RestartPolicy, RestartSettings,
    VolumeSpec,
};

use crate::action::{CreateVolume, FileSet};
use crate::course::Course;
pub use job::{Cron, Job};

/// Everything that the loaded sources declare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    /// Whose labels count.
    pub instance: Instance,
    /// What the objects are for.
    pub intent: Intent,
    /// The sources that are loaded; only their objects are ever pruned.
    pub sources: BTreeMap<String, SourceState>,
    /// Deployments.
    pub workloads: BTreeMap<ObjectKey, Arc<Workload>>,
    /// Jobs.
    pub jobs: BTreeMap<ObjectKey, Arc<Job>>,
    /// Schedules.
    pub crons: BTreeMap<ObjectKey, Arc<Cron>>,
    /// Networks, the default ones of the namespaces included.
    pub networks: BTreeMap<ObjectKey, DesiredNetwork>,
    /// Volumes; those per replica carry the name without the ordinal.
    pub volumes: BTreeMap<ObjectKey, DesiredVolume>,
    /// What is remembered of objects that are declared no more: for the order and the guards of their removal.
    pub departed: BTreeMap<ObjectKey, Departed>,
    /// Objects that sources which are not loaded now declare: they are left alone.
    pub claimed: BTreeSet<ObjectKey>,
}

impl Desired {
    /// Whether an object is declared.
    pub fn declares(&self, object: &ObjectKey) -> bool {
        self.containers_of(object).is_some() || self.networks.contains_key(object) || self.volumes.contains_key(object)
    }

    /// Whether an object shall be gone: it is declared no more, or everything shall go.
    pub fn lets_go(&self, object: &ObjectKey) -> bool {
        // Where only some objects were named on the command line no source is loaded, and nobody says that the others have gone.
        if self.sources.is_empty() || self.claimed.contains(object) {
            return false;
        }
        match self.intent {
            Intent::Run => self.departed.contains_key(object) && !self.declares(object),
            Intent::Down { .. } => self.departed.contains_key(object) || self.declares(object),
        }
    }

    /// What the containers of an object are made from: a deployment's, a job's, a schedule's.
    pub fn containers_of(&self, object: &ObjectKey) -> Option<&Workload> {
        let job = || self.jobs.get(object).map(|job| &job.workload);
        let cron = || self.crons.get(object).map(|cron| &cron.job.workload);
        self.workloads.get(object).map(Arc::as_ref).or_else(job).or_else(cron)
    }

    /// What the containers of all objects are made from.
    pub fn with_containers(&self) -> impl Iterator<Item = &Workload> {
        let jobs = self.jobs.values().map(|job| &job.workload);
        let crons = self.crons.values().map(|cron| &cron.job.workload);
        self.workloads.values().map(Arc::as_ref).chain(jobs).chain(crons)
    }
}

/// Whether the declared objects shall run or go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Intent {
    /// They shall run.
    #[default]
    Run,
    /// They shall go (`skiff down`), with their volumes where it is asked for.
    Down {
        /// Whether volumes go as well.
        volumes: bool,
    },
}

/// What a plan must know of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceState {
    /// The revision that is loaded, a commit for git.
    pub revision: Option<String>,
    /// How many mistakes it has now: while there is one, nothing of it is pruned.
    pub problems: usize,
    /// Whether a prune of most of it has been confirmed.
    pub confirm_prune: bool,
}

/// What is remembered of an object that is declared no more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departed {
    /// What it depended on.
    pub depends_on: Vec<ObjectKey>,
    /// Whether `skiff.dev/prune: "false"` protects it.
    pub protected: bool,
}

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
    /// How many old revisions are remembered.
    pub revision_history_limit: u32,
    /// Earlier revisions by number, compiled with what else the manifest says now, to go back to.
    pub earlier: BTreeMap<u64, Arc<Self>>,
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
    /// Fields that this version reads and does not act on.
    pub not_run: Vec<&'static str>,
    /// What is remembered of it once it is declared no more.
    pub departed: Departed,
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
    /// The manifest's surge is 0.
    NoSurge,
}

/// What containers of one revision are made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// `v1:` and the hash of the canonical form.
    pub hash: String,
    /// What makes it another revision than the one before: the hash, and a digest of the digests of the content that it uses.
    pub identity: String,
    /// The canonical form as JSON text: what needs a replacement when it changes, secrets by reference.
    pub canonical: String,
    /// Digests of the content used, by object, as the label holds them.
    pub content: BTreeMap<String, String>,
    /// The content used, and under which object it is kept.
    pub uses: Vec<Use>,
    /// The template as the manifest writes it.
    pub pod: PodTemplate,
    /// The variables in order.
    pub env: Vec<EnvEntry>,
    /// The mounts; volumes per replica carry the name without the ordinal.
    pub mounts: Vec<Mount>,
    /// The settings with which a container is created and which Docker can change in place later.
    pub in_place: InPlace,
}

/// Content that a template uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The `ConfigMap` or Secret.
    pub object: ObjectKey,
    /// The object that the content store has it under: another one for content of an earlier revision.
    pub kept_as: ObjectKey,
    /// The digest of the keys that are used.
    pub digest: String,
    /// The keys that are used.
    pub keys: BTreeSet<String>,
}

/// One variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvEntry {
    /// Its name.
    pub name: String,
    /// Its value, or where it comes from.
    pub value: EnvValue,
}

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvValue {
    /// As the manifest writes it.
    Literal(String),
    /// From a key of a ConfigMap or Secret, looked up when the container is made.
    Key {
        /// The object.
        object: ObjectKey,
        /// The key.
        key: String,
    },
    /// A variable of the image is taken away.
    Unset,
}

/// Something that is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// The path in the container.
    pub target: String,
    /// Whether it is mounted read-only.
    pub read_only: bool,
    /// A file or folder of the source.
    pub sub_path: Option<String>,
    /// What is mounted.
    pub source: MountSource,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MountSource {
    /// A volume.
    Volume {
        /// The Volume object.
        object: ObjectKey,
        /// Docker's name; without the ordinal until it is resolved.
        name: String,
        /// Whether each ordinal has its own.
        per_replica: bool,
        /// Whether an empty volume is left empty.
        no_copy: bool,
        /// As what the engine makes it, should it be gone when the container is made; none where it must be there.
        definition: Option<Box<CreateVolume>>,
    },
    /// A path of the host: as written, and the folder that a relative one starts from.
    HostPath {
        /// The settings as the manifest writes them.
        volume: skiff_api::HostPathVolume,
        /// The folder of the manifest.
        base: String,
    },
    /// Files of a ConfigMap or Secret.
    Files(FileSet),
    /// Memory.
    Tmpfs(skiff_api::TmpfsVolume),
    /// A volume without a name that goes with the container.
    Anonymous,
    /// The files of an image.
    Image(skiff_api::ImageVolume),
    /// A named pipe of a Windows host.
    NamedPipe(String),
}

/// Settings that Docker changes on a live container. `None` is Docker's default, no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InPlace {
    /// Billionths of a core.
    pub nano_cpus: Option<i64>,
    /// The weight of its CPU time.
    pub cpu_shares: Option<i64>,
    /// The CPUs that it runs on.
    pub cpuset_cpus: Option<String>,
    /// The memory nodes that it uses.
    pub cpuset_mems: Option<String>,
    /// Bytes of memory.
    pub memory: Option<i64>,
    /// Bytes of memory that it should have.
    pub memory_reservation: Option<i64>,
    /// Bytes of memory and swap; -1 without limit. Compared only where the manifest says it.
    pub memory_swap: Option<i64>,
    /// Processes; -1 without limit.
    pub pids_limit: Option<i64>,
    /// The restart policy.
    pub restart_policy: Option<RestartPolicy>,
}

/// A network that containers of a workload are on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// Docker's name of the network.
    pub network: String,
    /// The names that the container answers to on it, sorted.
    pub aliases: BTreeSet<String>,
    /// A fixed IPv4 address.
    pub ipv4_address: Option<String>,
    /// A fixed IPv6 address.
    pub ipv6_address: Option<String>,
    /// Link-local addresses.
    pub link_local_ips: Vec<String>,
    /// A fixed MAC address.
    pub mac_address: Option<String>,
    /// Options of the driver.
    pub driver_opts: BTreeMap<String, String>,
    /// Which network gives the default gateway.
    pub gateway_priority: Option<i64>,
}

/// A network, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredNetwork {
    /// The source that declares it, or whose object uses the default network first.
    pub source: String,
    /// The revision of the source.
    pub source_revision: Option<String>,
    /// Docker's name.
    pub name: String,
    /// What is wanted.
    pub spec: NetworkSpec,
    /// The user's labels.
    pub labels: BTreeMap<String, String>,
    /// The hash of the canonical form.
    pub hash: String,
    /// The canonical form.
    pub canonical: String,
    /// What is remembered of it.
    pub departed: Departed,
}

/// A volume, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredVolume {
    /// The source that declares it.
    pub source: String,
    /// The revision of the source.
    pub source_revision: Option<String>,
    /// Docker's name; the ordinal is added where it is per replica.
    pub name: String,
    /// Whether a workload has one for each ordinal; it is then made with the replica.
    pub per_replica: bool,
    /// What is wanted.
    pub spec: VolumeSpec,
    /// The user's labels.
    pub labels: BTreeMap<String, String>,
    /// The hash of the canonical form.
    pub hash: String,
    /// The canonical form; the reclaim policy is in it, so that it is known when the manifest has gone.
    pub canonical: String,
    /// What is remembered of it.
    pub departed: Departed,
}
