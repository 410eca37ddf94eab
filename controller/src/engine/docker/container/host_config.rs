//! Docker's `HostConfig`: what a container gets of the host.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use skiff_api::{
    Blkio, BlkioDeviceRate, BlkioDeviceWeight, Container, ContainerPort, Device, DeviceRequest, Dns, HostEntry,
    HostPort, Ulimit,
};
use skiff_core::{EngineError, EngineRestart, InPlace};

use super::{Surroundings, logging, port_key, security};
use crate::engine::docker::fields::Fields;

/// Everything of `HostConfig` but mounts, networks and annotations.
pub(super) fn host_config(
    container: &Container,
    settings: &InPlace,
    around: &Surroundings<'_>,
) -> Result<Fields, EngineError> {
    let mut host = Fields::default();
    in_place(&mut host, settings);
    resources(&mut host, container);
    devices(&mut host, container)?;
    namespaces(&mut host, container);
    host.set("PortBindings", bindings(&container.ports))
        .keep("LogConfig", logging::log_config(container.logging.as_ref(), around.log_driver));
    security::apply(&mut host, container, around.profiles)?;
    Ok(host)
}

/// The settings that Docker can change on a live container; `update` sends the same.
pub(crate) fn in_place(host: &mut Fields, settings: &InPlace) {
    let InPlace {
        nano_cpus,
        cpu_shares,
        cpuset_cpus,
        cpuset_mems,
        memory,
        memory_reservation,
        memory_swap,
        pids_limit,
        restart_policy,
    } = settings;
    host.set("NanoCpus", nano_cpus)
        .set("CpuShares", cpu_shares)
        .set("CpusetCpus", cpuset_cpus)
        .set("CpusetMems", cpuset_mems)
        .set("Memory", memory)
        .set("MemoryReservation", memory_reservation)
        .set("MemorySwap", memory_swap)
        .set("PidsLimit", pids_limit)
        .set("RestartPolicy", restart_policy.map(restart_policy_of));
}

/// Docker's words for what it does when a container ends by itself.
fn restart_policy_of(restart: EngineRestart) -> Value {
    match restart {
        EngineRestart::Never => json!({ "Name": "no" }),
        EngineRestart::Always => json!({ "Name": "always" }),
        EngineRestart::OnFailure => json!({ "Name": "on-failure" }),
        EngineRestart::OnFailureTimes(most) => json!({ "Name": "on-failure", "MaximumRetryCount": most }),
    }
}

fn resources(host: &mut Fields, container: &Container) {
    host.set("CpuPeriod", container.cpu_period)
        .set("CpuQuota", container.cpu_quota)
        .set("CpuRealtimePeriod", container.cpu_realtime_period)
        .set("CpuRealtimeRuntime", container.cpu_realtime_runtime)
        .set("CpuCount", container.cpu_count)
        .set("CpuPercent", container.cpu_percent)
        .set("MemorySwappiness", container.memory_swappiness)
        .keep("OomKillDisable", container.oom_kill_disable)
        .set("OomScoreAdj", container.oom_score_adj)
        .set("ShmSize", container.shm_size.map(skiff_api::Bytes::get))
        .set("Ulimits", ulimits(&container.ulimits))
        .set("Sysctls", &container.sysctls)
        .set("StorageOpt", &container.storage_opt);
    if let Some(blkio) = &container.blkio {
        self::blkio(host, blkio);
    }
}

/// Limits of processes, as the engine takes them.
pub(crate) fn ulimits(limits: &BTreeMap<String, Ulimit>) -> Vec<Value> {
    limits.iter().map(|(name, Ulimit { soft, hard })| json!({ "Name": name, "Soft": soft, "Hard": hard })).collect()
}

fn blkio(host: &mut Fields, blkio: &Blkio) {
    let Blkio { weight, weight_devices, device_read_bps, device_write_bps, device_read_iops, device_write_iops } =
        blkio;
    let weights = |BlkioDeviceWeight { path, weight }: &BlkioDeviceWeight| json!({ "Path": path, "Weight": weight });
    let rate = |BlkioDeviceRate { path, rate }: &BlkioDeviceRate| json!({ "Path": path, "Rate": rate.get() });
    let rates = |rates: &[BlkioDeviceRate]| rates.iter().map(rate).collect::<Vec<_>>();
    host.set("BlkioWeight", weight)
        .set("BlkioWeightDevice", weight_devices.iter().map(weights).collect::<Vec<_>>())
        .set("BlkioDeviceReadBps", rates(device_read_bps))
        .set("BlkioDeviceWriteBps", rates(device_write_bps))
        .set("BlkioDeviceReadIOps", rates(device_read_iops))
        .set("BlkioDeviceWriteIOps", rates(device_write_iops));
}

fn devices(host: &mut Fields, container: &Container) -> Result<(), EngineError> {
    let (cdi, plain): (Vec<_>, Vec<_>) = container.devices.iter().partition(|device| is_cdi(&device.path));
    let mut requests: Vec<Value> = container.device_requests.iter().map(device_request).collect();
    if !cdi.is_empty() {
        let ids: Vec<&str> = cdi.iter().map(|device| device.path.as_str()).collect();
        requests.push(json!({ "Driver": "cdi", "DeviceIDs": ids }));
    }
    if let Some(gpus) = &container.gpus {
        requests.push(json!({ "Count": gpu_count(gpus)?, "Capabilities": [["gpu"]] }));
    }
    host.set("Devices", plain.into_iter().map(device).collect::<Vec<_>>())
        .set("DeviceRequests", requests)
        .set("DeviceCgroupRules", &container.device_cgroup_rules);
    Ok(())
}

/// `vendor.com/class=name` names a device of the Container Device Interface.
fn is_cdi(path: &str) -> bool {
    !path.starts_with('/') && path.split_once('=').is_some_and(|(kind, _)| kind.contains('/'))
}

fn gpu_count(gpus: &str) -> Result<i64, EngineError> {
    if gpus == "all" {
        return Ok(-1);
    }
    gpus.parse().map_err(|_| EngineError::Invalid(format!("gpus: `{gpus}` is neither `all` nor a number")))
}

fn device(Device { path, container_path, permissions }: &Device) -> Value {
    json!({
        "PathOnHost": path,
        "PathInContainer": container_path.as_ref().unwrap_or(path),
        "CgroupPermissions": permissions.as_deref().unwrap_or("rwm"),
    })
}

fn device_request(request: &DeviceRequest) -> Value {
    let DeviceRequest { driver, count, device_ids, capabilities, options } = request;
    // Neither a number nor names: all of them, as Compose has it.
    let count = count.or_else(|| device_ids.is_empty().then_some(-1));
    Fields::default()
        .set("Driver", driver)
        .set("Count", count)
        .set("DeviceIDs", device_ids)
        .set("Capabilities", capabilities)
        .set("Options", options)
        .build()
}

fn namespaces(host: &mut Fields, container: &Container) {
    let Dns { servers, searches, options } = &container.dns;
    let numbers = container.security_context.supplemental_groups.iter().map(ToString::to_string);
    let groups: Vec<String> = container.group_add.iter().cloned().chain(numbers).collect();
    host.keep("Init", container.init)
        .set("GroupAdd", groups)
        .set("Runtime", &container.runtime)
        .set("Isolation", &container.isolation)
        .set("CgroupnsMode", &container.cgroup_namespace)
        .set("CgroupParent", &container.cgroup_parent)
        .set("UsernsMode", &container.userns_mode)
        .set("UTSMode", &container.uts_mode)
        .set("ExtraHosts", container.extra_hosts.iter().flat_map(HostEntry::lines).collect::<Vec<_>>())
        .set("Dns", servers)
        .set("DnsSearch", searches)
        .set("DnsOptions", options)
        .set("Links", &container.links)
        .set("VolumeDriver", &container.volume_driver);
}

/// Published ports by container port; one may be published several times.
fn bindings(ports: &[ContainerPort]) -> BTreeMap<String, Vec<Value>> {
    let mut bindings: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for port in ports {
        let Some(host_port) = port.host_port else { continue };
        let wanted = match host_port {
            HostPort::Any => String::new(),
            HostPort::Fixed(_) | HostPort::Range(..) => host_port.to_string(),
        };
        let binding = json!({ "HostIp": port.host_ip.as_deref().unwrap_or_default(), "HostPort": wanted });
        bindings.entry(port_key(port)).or_default().push(binding);
    }
    bindings
}
