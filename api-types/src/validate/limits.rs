//! What a container may use: amounts that contradict each other, and numbers that Docker refuses.

use std::collections::BTreeMap;

use super::words::within;
use crate::complaint::At;
use crate::suggest::nearest;
use crate::{Blkio, Bytes, Complaint, Container, Cpu, MemorySwap, Resources, Ulimit};

/// The least memory that Docker takes as a limit.
const LEAST_MEMORY: Bytes = Bytes::mebibytes(6);

/// The limits of processes that the kernel knows.
const ULIMITS: [&str; 15] = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

pub(super) fn check(container: &Container, at: &At<'_>, out: &mut Vec<Complaint>) {
    resources(&container.resources, &at.key("resources"), out);
    memory_swap(container, at, out);
    cpu(container, at, out);
    within(container.memory_swappiness, 0, 100, &at.key("memorySwappiness"), out);
    within(container.oom_score_adj, -1000, 1000, &at.key("oomScoreAdj"), out);
    within(container.pids_limit, -1, i64::MAX, &at.key("pidsLimit"), out);
    within(container.cpu_percent, 0, 100, &at.key("cpuPercent"), out);
    for (name, set) in [("cpusetCpus", &container.cpuset_cpus), ("cpusetMems", &container.cpuset_mems)] {
        if let Some(set) = set.as_ref().filter(|set| !is_number_set(set)) {
            out.push(
                at.key(name).says(format!("`{name}` cannot be `{set}`")).help("write numbers and ranges: `0-2,4`"),
            );
        }
    }
    shm_size(container.shm_size, at, out);
    ulimits(&container.ulimits, &at.key("ulimits"), out);
    if let Some(io) = &container.blkio {
        blkio(io, &at.key("blkio"), out);
    }
}

fn resources(resources: &Resources, at: &At<'_>, out: &mut Vec<Complaint>) {
    let (requests, limits) = (&resources.requests, &resources.limits);
    let (at_requests, at_limits) = (at.key("requests"), at.key("limits"));
    if let Some((request, limit)) = exceeding(requests.cpu, limits.cpu) {
        out.push(at_requests.key("cpu").says(format!("`cpu` {request} is requested, but the limit is {limit}")));
    }
    if let Some((request, limit)) = exceeding(requests.memory, limits.memory) {
        out.push(at_requests.key("memory").says(format!("`memory` {request} is requested, but the limit is {limit}")));
    }
    for (at, memory) in [(&at_requests, requests.memory), (&at_limits, limits.memory)] {
        if let Some(memory) = memory.filter(|memory| *memory < LEAST_MEMORY) {
            out.push(at.key("memory").says(format!("`memory` is {memory}: Docker's least is {LEAST_MEMORY}")));
        }
    }
    if limits.cpu.is_some_and(|cpu| cpu < Cpu::from_millis(10)) {
        let complaint = at_limits.key("cpu").says("`cpu` is below 10m, a hundredth of a core, which is Docker's least");
        out.push(complaint.help("leave it out for no limit"));
    }
}

/// Both amounts, where the request is more than the limit.
fn exceeding<T: PartialOrd>(request: Option<T>, limit: Option<T>) -> Option<(T, T)> {
    request.zip(limit).filter(|(request, limit)| request > limit)
}

fn memory_swap(container: &Container, at: &At<'_>, out: &mut Vec<Complaint>) {
    let (at_resources, at) = (at.key("resources"), at.key("memorySwap"));
    let Some(MemorySwap::Limit(swap)) = container.memory_swap.filter(|swap| swap.docker() > 0) else { return };
    match container.resources.limits.memory {
        None => {
            let complaint = at.says(format!("`memorySwap` {swap} without a memory limit"));
            let at_limits = at_resources.key("limits");
            out.push(complaint.for_want_of(&at_limits.key("memory")).help("add `resources.limits.memory`"));
        }
        Some(memory) if swap < memory => {
            let complaint = at.says(format!("`memorySwap` is {swap}, less than the memory limit {memory}"));
            out.push(complaint.help("it is memory and swap together: at least the memory limit"));
        }
        Some(_) => {}
    }
}

fn cpu(container: &Container, at: &At<'_>, out: &mut Vec<Complaint>) {
    for (name, value) in [("cpuQuota", container.cpu_quota), ("cpuPeriod", container.cpu_period)] {
        if value.is_some_and(|value| value != 0) && container.resources.limits.cpu.is_some() {
            let complaint = at.key(name).says(format!("`{name}` and `resources.limits.cpu` exclude each other"));
            out.push(complaint.help("leave one of them out"));
        }
    }
    let zero_is_unset = |value: Option<i64>| value.filter(|value| *value != 0);
    within(zero_is_unset(container.cpu_shares), 2, 262_144, &at.key("cpuShares"), out);
    within(zero_is_unset(container.cpu_period), 1_000, 1_000_000, &at.key("cpuPeriod"), out);
    let unlimited = |value: &i64| *value == -1;
    let quota = zero_is_unset(container.cpu_quota).filter(|value| !unlimited(value));
    within(quota, 1_000, i64::MAX, &at.key("cpuQuota"), out);
}

/// `0-2,4`: numbers and ascending ranges.
fn is_number_set(text: &str) -> bool {
    let number = |text: &str| text.trim().parse::<u32>().ok();
    text.split(',').all(|part| match part.split_once('-') {
        Some((first, last)) => number(first).zip(number(last)).is_some_and(|(first, last)| first <= last),
        None => number(part).is_some(),
    })
}

/// Complains about a size of /dev/shm that leaves nothing.
pub(super) fn shm_size(size: Option<Bytes>, at: &At<'_>, out: &mut Vec<Complaint>) {
    if size.is_some_and(|size| size.get() == 0) {
        out.push(at.key("shmSize").says("`shmSize` is 0").help("leave it out for Docker's 64Mi"));
    }
}

/// Complains about limits of processes that no kernel knows.
pub(super) fn ulimits(limits: &BTreeMap<String, Ulimit>, at: &At<'_>, out: &mut Vec<Complaint>) {
    for (name, limit) in limits {
        let at = at.key(name);
        if !ULIMITS.contains(&name.as_str()) {
            let complaint = at.says(format!("`{name}` is not a limit of processes")).on_key();
            out.push(match nearest(name, ULIMITS) {
                Some(meant) => complaint.help(format!("did you mean `{meant}`?")),
                None => complaint.help(format!("they are {}", ULIMITS.join(", "))),
            });
        }
        if limit.hard != -1 && (limit.soft > limit.hard || limit.soft == -1) {
            let message = format!("the soft limit {} is above the hard one {}", limit.soft, limit.hard);
            out.push(at.says(message).for_want_of(&at));
        }
    }
}

fn blkio(io: &Blkio, at: &At<'_>, out: &mut Vec<Complaint>) {
    within(io.weight.map(i64::from), 10, 1000, &at.key("weight"), out);
    let at_devices = at.key("weightDevices");
    for (index, device) in io.weight_devices.iter().enumerate() {
        let at = at_devices.index(index);
        within(Some(i64::from(device.weight)), 10, 1000, &at.key("weight"), out);
        device_path(&device.path, &at.key("path"), out);
    }
    let rates = [
        ("deviceReadBps", &io.device_read_bps),
        ("deviceWriteBps", &io.device_write_bps),
        ("deviceReadIops", &io.device_read_iops),
        ("deviceWriteIops", &io.device_write_iops),
    ];
    for (name, rates) in rates {
        let at = at.key(name);
        for (index, rate) in rates.iter().enumerate() {
            device_path(&rate.path, &at.index(index).key("path"), out);
        }
    }
}

fn device_path(path: &str, at: &At<'_>, out: &mut Vec<Complaint>) {
    if !path.starts_with("/dev/") {
        out.push(at.says(format!("`path` must be a device such as /dev/sda, found `{path}`")));
    }
}
