//! What there is to know of the engine: a few facts for every look, everything for `skiff doctor`.

use std::path::Path;

use serde::Deserialize;
use skiff_core::{EngineError, EngineFacts, Timestamp};

use super::client::Client;
use super::facts::Facts;

/// Below so little free space nothing is replaced, restarted or pulled: with a full disk a container that stops cannot start again.
const FLOOR_BYTES: u64 = 512 << 20;
/// On a small disk the floor is one fiftieth of it, where that is less.
const FLOOR_FRACTION: u64 = 50;

/// An engine, as `skiff doctor` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineInfo {
    /// Its own id.
    pub id: String,
    /// Where it answers.
    pub endpoint: String,
    /// Its version.
    pub version: String,
    /// The newest API version that it speaks.
    pub api_version: (u32, u32),
    /// The API version that Skiff speaks with it.
    pub spoken_version: (u32, u32),
    /// The host's operating system.
    pub operating_system: String,
    /// The host's kernel.
    pub kernel: String,
    /// Cores.
    pub cpus: u64,
    /// Bytes of memory.
    pub memory: u64,
    /// `1` or `2`.
    pub cgroup_version: String,
    /// `systemd` or `cgroupfs`.
    pub cgroup_driver: String,
    /// Where layers are stored, `overlay2`.
    pub storage_driver: String,
    /// Where output goes unless a manifest says otherwise.
    pub log_driver: String,
    /// The folder of images and containers.
    pub root: String,
    /// Free bytes there and all bytes, where the folder is on this host.
    pub disk: Option<(u64, u64)>,
    /// Whether memory and swap together can be limited.
    pub swap_limit: bool,
    /// Whether containers go on while the engine is restarted.
    pub live_restore: bool,
    /// The engine's clock.
    pub time: Option<Timestamp>,
    /// What the engine warns of.
    pub warnings: Vec<String>,
    /// Limits and settings that this engine or its kernel cannot do.
    pub missing: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "the engine reports each feature as one")]
struct Raw {
    #[serde(rename = "ID")]
    id: String,
    server_version: String,
    operating_system: String,
    kernel_version: String,
    #[serde(rename = "NCPU")]
    cpus: u64,
    mem_total: u64,
    cgroup_version: String,
    cgroup_driver: String,
    driver: String,
    logging_driver: String,
    docker_root_dir: String,
    memory_limit: bool,
    swap_limit: bool,
    cpu_cfs_quota: bool,
    #[serde(rename = "CPUShares")]
    cpu_shares: bool,
    #[serde(rename = "CPUSet")]
    cpu_set: bool,
    pids_limit: bool,
    #[serde(rename = "IPv4Forwarding")]
    ipv4_forwarding: bool,
    live_restore_enabled: bool,
    system_time: String,
    warnings: Option<Vec<String>>,
}

async fn raw(client: &Client) -> Result<Raw, EngineError> {
    client.get("/info").await?.read("ask the engine about itself")
}

/// What is so for as long as the engine runs.
pub(super) async fn facts(client: &Client) -> Result<Facts, EngineError> {
    let Raw { id, server_version: version, docker_root_dir: root, logging_driver: log_driver, .. } =
        raw(client).await?;
    Ok(Facts { id, version, root, log_driver })
}

/// What a look reports of the engine.
pub(super) fn engine_facts(client: &Client, facts: &Facts) -> EngineFacts {
    let Facts { id, version, root, log_driver: _ } = facts;
    let (id, version) = (id.clone(), version.clone());
    EngineFacts { id, version, api_version: client.daemon_api(), low_disk: low_disk(root) }
}

/// Everything.
pub(super) async fn info(client: &Client) -> Result<EngineInfo, EngineError> {
    let raw = raw(client).await?;
    Ok(EngineInfo {
        missing: missing(&raw, client.api()),
        id: raw.id,
        endpoint: client.endpoint().to_string(),
        version: raw.server_version,
        api_version: client.daemon_api(),
        spoken_version: client.api(),
        operating_system: raw.operating_system,
        kernel: raw.kernel_version,
        cpus: raw.cpus,
        memory: raw.mem_total,
        cgroup_version: raw.cgroup_version,
        cgroup_driver: raw.cgroup_driver,
        storage_driver: raw.driver,
        log_driver: raw.logging_driver,
        disk: space(Path::new(&raw.docker_root_dir)),
        root: raw.docker_root_dir,
        swap_limit: raw.swap_limit,
        live_restore: raw.live_restore_enabled,
        time: raw.system_time.parse().ok(),
        warnings: raw.warnings.unwrap_or_default(),
    })
}

/// Settings by the API version that brought them.
const BY_VERSION: [((u32, u32), &str); 7] = [
    ((1, 43), "annotations"),
    ((1, 44), "healthCheck.startInterval of an image's own check"),
    ((1, 45), "subPath of a volume"),
    ((1, 48), "image volumes"),
    ((1, 48), "gatewayPriority"),
    ((1, 48), "enableIPv4: false"),
    ((1, 49), "interfaceName"),
];

fn missing(raw: &Raw, api: (u32, u32)) -> Vec<String> {
    let kernel = [
        (raw.memory_limit, "memory limits"),
        (raw.swap_limit, "swap limits"),
        (raw.cpu_cfs_quota, "CPU limits"),
        (raw.cpu_shares, "cpuShares"),
        (raw.cpu_set, "cpusetCpus"),
        (raw.pids_limit, "pidsLimit"),
        (raw.ipv4_forwarding, "IPv4 forwarding"),
    ];
    let kernel =
        kernel.into_iter().filter(|(has, _)| !has).map(|(_, what)| format!("{what} (not in this host's kernel)"));
    let later = BY_VERSION.into_iter().filter(|(since, _)| api < *since);
    kernel.chain(later.map(|((major, minor), what)| format!("{what} (needs API {major}.{minor})"))).collect()
}

/// Free bytes in the folder of images and containers, where they are below the floor. `None` where the folder is not on this host.
fn low_disk(root: &str) -> Option<u64> {
    let (free, all) = space(Path::new(root))?;
    (free < FLOOR_BYTES.min(all / FLOOR_FRACTION)).then_some(free)
}

fn space(folder: &Path) -> Option<(u64, u64)> {
    let stat = rustix::fs::statvfs(folder).ok()?;
    Some((stat.f_bavail.saturating_mul(stat.f_frsize), stat.f_blocks.saturating_mul(stat.f_frsize)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_engine_cannot_do_is_named() {
        let raw = Raw { memory_limit: true, ..Raw::default() };
        let named = missing(&raw, (1, 45));
        assert!(
            named.iter().any(|text| text.starts_with("swap limits")) && named.iter().any(|text| text.contains("1.48"))
        );
        assert!(!named.iter().any(|text| text.contains("memory limits") || text.contains("startInterval")));
    }

    #[test]
    fn a_folder_that_is_not_on_this_host_is_not_low_on_disk() {
        assert_eq!(low_disk("/no/such/folder"), None);
    }
}
