//! What containers are made from, resolved: names, content, mounts, networks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroU32;

use skiff_api::{ObjectKey, PodTemplate, RestartPolicy};

use crate::action::{CreateVolume, FileSet};

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
    /// The folder that its relative paths start from. They are recorded as they are written, so that it is no part of the form.
    pub base: String,
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
    /// A volume without a name.
    Anonymous(Nameless),
    /// The files of an image.
    Image(skiff_api::ImageVolume),
    /// A named pipe of a Windows host.
    NamedPipe(String),
}

/// A volume that the engine gives a name of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nameless {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Whether the container that takes the place of this one gets it too; else it goes with the container.
    pub is_carried: bool,
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
    /// What the engine does when it ends by itself.
    pub restart_policy: Option<EngineRestart>,
}

/// What the engine does when a container ends by itself: Docker's restart policies, those that Skiff asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineRestart {
    /// `no`.
    #[default]
    Never,
    /// `always`.
    Always,
    /// `on-failure`, without a limit.
    OnFailure,
    /// `on-failure`, so often at most since somebody else last started it. The engine forgets none of these.
    OnFailureTimes(NonZeroU32),
}

impl EngineRestart {
    /// The policy without its limit.
    pub const fn policy(self) -> RestartPolicy {
        match self {
            Self::Never => RestartPolicy::Never,
            Self::Always => RestartPolicy::Always,
            Self::OnFailure | Self::OnFailureTimes(_) => RestartPolicy::OnFailure,
        }
    }
}

/// The manifest's word, and the limit: `OnFailure, 3 times at most`.
impl fmt::Display for EngineRestart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnFailureTimes(most) if most.get() == 1 => f.write_str("OnFailure, once at most"),
            Self::OnFailureTimes(most) => write!(f, "OnFailure, {most} times at most"),
            Self::Never | Self::Always | Self::OnFailure => write!(f, "{:?}", self.policy()),
        }
    }
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
