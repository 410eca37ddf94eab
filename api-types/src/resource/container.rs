//! A container: image, process, ports, probes and every setting that Docker has.

mod build;
mod env;
mod health;
mod port;
mod resources;
mod security;
mod settings;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use build::Build;
pub use env::{EnvFromSource, EnvVar, EnvVarSource, KeySelector, SourceRef};
pub use health::{
    ExecAction, GrpcAction, HealthCheck, HookAction, HookCommand, HttpGetAction, HttpHeader, Lifecycle, Probe,
    TcpSocketAction,
};
pub use port::{ContainerPort, Protocol, VolumeMount};
pub use resources::{Amounts, Blkio, BlkioDeviceRate, BlkioDeviceWeight, Resources, Ulimit};
pub use security::{Capabilities, SeLinuxOptions, SecurityContext, SecurityProfile};
pub use settings::{Device, DeviceRequest, Dns, HostEntry, Logging};

use crate::{Bytes, Duration, is_default};
use std::collections::BTreeMap;

/// When an image is pulled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum PullPolicy {
    /// Before each container is created.
    Always,
    /// When the engine does not have it.
    #[default]
    IfNotPresent,
    /// Not at all.
    Never,
}

/// A container that runs before the main one; what it leaves out is the main container's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InitContainer {
    /// Its name.
    pub name: String,
    /// The image, the main container's unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub image: Option<String>,
    /// Docker's entrypoint.
    #[serde(default, skip_serializing_if = "is_default")]
    pub command: Option<Vec<String>>,
    /// Docker's command.
    #[serde(default, skip_serializing_if = "is_default")]
    pub args: Option<Vec<String>>,
    /// The folder that the process starts in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub working_dir: Option<String>,
    /// Variables besides the main container's.
    #[serde(default, skip_serializing_if = "is_default")]
    pub env: Vec<EnvVar>,
    /// Mounts, the main container's unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub volume_mounts: Option<Vec<VolumeMount>>,
    /// The user, `name`, `uid` or `uid:gid`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub user: Option<String>,
    /// Whether it has all privileges.
    #[serde(default, skip_serializing_if = "is_default")]
    pub privileged: bool,
}

/// The container that an object exists for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Container {
    /// A name for people, as Kubernetes has it. Not used.
    #[serde(default, skip_serializing_if = "is_default")]
    pub name: Option<String>,
    /// The image, with tag or digest; beside `build` its name alone, `<namespace>-<name>` unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub image: String,
    /// How the image is built, where it is not to be pulled.
    #[serde(default, skip_serializing_if = "is_default")]
    pub build: Option<Build>,
    /// When the image is pulled. `IfNotPresent` unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub image_pull_policy: PullPolicy,
    /// Docker's entrypoint, instead of the image's.
    #[serde(default, skip_serializing_if = "is_default")]
    pub command: Option<Vec<String>>,
    /// Docker's command, instead of the image's.
    #[serde(default, skip_serializing_if = "is_default")]
    pub args: Option<Vec<String>>,
    /// The folder that the process starts in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub working_dir: Option<String>,
    /// Variables.
    #[serde(default, skip_serializing_if = "is_default")]
    pub env: Vec<EnvVar>,
    /// Variables from all keys of ConfigMaps and Secrets; `env` wins.
    #[serde(default, skip_serializing_if = "is_default")]
    pub env_from: Vec<EnvFromSource>,
    /// Ports that the container listens on, and where the host publishes them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ports: Vec<ContainerPort>,
    /// What it may use of CPU and memory.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resources: Resources,
    /// Where `volumes` are mounted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub volume_mounts: Vec<VolumeMount>,
    /// Whether it can serve. Run by Skiff.
    #[serde(default, skip_serializing_if = "is_default")]
    pub readiness_probe: Option<Probe>,
    /// Whether it must be restarted. Run by Skiff.
    #[serde(default, skip_serializing_if = "is_default")]
    pub liveness_probe: Option<Probe>,
    /// Whether it has started; the other probes wait for it. Run by Skiff.
    #[serde(default, skip_serializing_if = "is_default")]
    pub startup_probe: Option<Probe>,
    /// Docker's own health check, run by the engine with a program of the image.
    #[serde(default, skip_serializing_if = "is_default")]
    pub health_check: Option<HealthCheck>,
    /// What happens after its start and before its stop.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lifecycle: Option<Lifecycle>,
    /// Users, capabilities and profiles.
    #[serde(default, skip_serializing_if = "is_default")]
    pub security_context: SecurityContext,
    /// Whether it has a terminal.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tty: bool,
    /// Whether its standard input is open.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stdin: bool,
    /// Whether standard input closes after the first client leaves.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stdin_once: bool,
    /// Whether an init process forwards signals and reaps zombies.
    #[serde(default, skip_serializing_if = "is_default")]
    pub init: Option<bool>,
    /// The signal that asks it to stop. The image's, else SIGTERM.
    #[serde(default, skip_serializing_if = "is_default")]
    pub stop_signal: Option<String>,
    /// Its host name. Allows one replica only where the replicas would share it, replaced stop-first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hostname: Option<String>,
    /// Its NIS domain name.
    #[serde(default, skip_serializing_if = "is_default")]
    pub domainname: Option<String>,
    /// The user, `name`, `uid` or `uid:gid`; `securityContext.runAsUser` where it is a number.
    #[serde(default, skip_serializing_if = "is_default")]
    pub user: Option<String>,
    /// Further groups, by name or number.
    #[serde(default, skip_serializing_if = "is_default")]
    pub group_add: Vec<String>,
    /// The platform of the image, `linux/arm64`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub platform: Option<String>,
    /// The runtime, `runc` or another that the engine has.
    #[serde(default, skip_serializing_if = "is_default")]
    pub runtime: Option<String>,
    /// How Windows isolates it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub isolation: Option<String>,
    /// Its weight against other containers when CPU is short. 1024 unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cpu_shares: Option<i64>,
    /// The length of a scheduler period in microseconds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cpu_period: Option<i64>,
    /// What it may use of each period, in microseconds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cpu_quota: Option<i64>,
    /// The length of a real-time period in microseconds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cpu_realtime_period: Option<i64>,
    /// What it may use of each real-time period, in microseconds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cpu_realtime_runtime: Option<i64>,
    /// The CPUs that it runs on, `0-2,4`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cpuset_cpus: Option<String>,
    /// The memory nodes that it uses, `0,1`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cpuset_mems: Option<String>,
    /// How many CPUs it uses on Windows.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cpu_count: Option<i64>,
    /// The share of all CPUs that it uses on Windows, in per cent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cpu_percent: Option<i64>,
    /// Memory and swap together, in bytes; -1 is without limit. Twice the memory limit unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub memory_swap: Option<MemorySwap>,
    /// How readily its memory is swapped, 0 to 100.
    #[serde(default, skip_serializing_if = "is_default")]
    pub memory_swappiness: Option<i64>,
    /// Whether the kernel does not kill it when it is out of memory.
    #[serde(default, skip_serializing_if = "is_default")]
    pub oom_kill_disable: Option<bool>,
    /// How readily the kernel kills it when the host is out of memory, -1000 to 1000.
    #[serde(default, skip_serializing_if = "is_default")]
    pub oom_score_adj: Option<i64>,
    /// The most processes and threads that it may have; -1 is without limit.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pids_limit: Option<i64>,
    /// The size of /dev/shm. 64Mi unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub shm_size: Option<Bytes>,
    /// Limits of its processes by name, `nofile`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ulimits: BTreeMap<String, Ulimit>,
    /// Its share of the disks.
    #[serde(default, skip_serializing_if = "is_default")]
    pub blkio: Option<Blkio>,
    /// Kernel parameters of its namespaces.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sysctls: BTreeMap<String, String>,
    /// Options of the storage driver for its root, `size`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub storage_opt: BTreeMap<String, String>,
    /// Devices of the host.
    #[serde(default, skip_serializing_if = "is_default")]
    pub devices: Vec<Device>,
    /// Devices by capability, GPUs among them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub device_requests: Vec<DeviceRequest>,
    /// All GPUs: short for a device request.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gpus: Option<String>,
    /// Rules of the device control group, `c 1:3 mr`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub device_cgroup_rules: Vec<String>,
    /// Its control group namespace, `private` or `host`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cgroup_namespace: Option<String>,
    /// The control group that its own is in.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cgroup_parent: Option<String>,
    /// Its user namespace: `host`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub userns_mode: Option<String>,
    /// Its process namespace: `host`, `deployment:NAME` or `container:NAME`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub pid_mode: Option<String>,
    /// Its IPC namespace: `private`, `shareable`, `host`, `none`, `deployment:NAME` or `container:NAME`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub ipc_mode: Option<String>,
    /// Its host name namespace: `host`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub uts_mode: Option<String>,
    /// Lines of its /etc/hosts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub extra_hosts: Vec<HostEntry>,
    /// How it resolves names.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dns: Dns,
    /// Legacy links to containers, `name:alias`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub links: Vec<String>,
    /// Whose mounts it gets as well: `deployment:NAME`, or a container's name; with `:ro` it only reads them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub volumes_from: Vec<String>,
    /// The driver of volumes that are made for it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub volume_driver: Option<String>,
    /// Where its output goes. JSON files, rotated at 10 MiB, three kept, unless said otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub logging: Option<Logging>,
}

/// Memory and swap together: an amount, or -1 for no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemorySwap {
    /// As much swap as the host has.
    Unlimited,
    /// So much.
    Limit(Bytes),
}

impl MemorySwap {
    /// As Docker counts: bytes, or -1.
    pub fn docker(self) -> i64 {
        match self {
            Self::Unlimited => -1,
            Self::Limit(bytes) => i64::try_from(bytes.get()).unwrap_or(i64::MAX),
        }
    }
}

impl Serialize for MemorySwap {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unlimited => serializer.serialize_i64(-1),
            Self::Limit(bytes) => bytes.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for MemorySwap {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        if value == -1 || value == "-1" {
            return Ok(Self::Unlimited);
        }
        Bytes::deserialize(value).map(Self::Limit).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for MemorySwap {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MemorySwap".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "x-kubernetes-int-or-string": true, "format": "memory-swap" })
    }
}

impl Container {
    /// The grace period between stop signal and kill, where a template says nothing.
    pub const DEFAULT_GRACE: Duration = Duration::from_secs(30);
}
