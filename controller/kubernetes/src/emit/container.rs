//! A container: every one of its fields, each with its row.

mod image;
mod init;
mod ports;
mod settings;

use k8s_openapi::api::core::v1::{Container, SecurityContext};
use skiff_api::{Logging, PullPolicy};

use super::building::Building;
use super::meta::listed;
use super::pod;
use super::resources::Seen;
use super::security::{readers, user};
use super::volumes::Planned;
use super::{devices, env, health, hooks, mounts, probes, resources, security, words};
use crate::dollar::escape_all;
use crate::ledger::Scope;
use crate::names::label;
use crate::stack::{Stack, Workload};

pub(super) use init::init;
use ports::ports;

const CLUSTER: &str = "it is set for whole nodes";
const NO_FIELD: &str = "Kubernetes has no field for it";

/// The main container of a template.
#[expect(clippy::too_many_lines, reason = "one line a field, so that none can be forgotten")]
pub(super) fn main(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    container: &skiff_api::Container,
    planned: &[Planned],
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) -> Container {
    let skiff_api::Container {
        name,
        image,
        build,
        image_pull_policy,
        command,
        args,
        working_dir,
        env,
        env_from,
        ports: _,
        resources: _,
        volume_mounts,
        readiness_probe,
        liveness_probe,
        startup_probe,
        health_check,
        lifecycle: _,
        security_context: _,
        tty,
        stdin,
        stdin_once,
        init,
        stop_signal: _,
        hostname,
        domainname,
        user: named_user,
        group_add,
        platform,
        runtime,
        isolation,
        cpu_shares,
        cpu_period,
        cpu_quota,
        cpu_realtime_period,
        cpu_realtime_runtime,
        cpuset_cpus,
        cpuset_mems,
        cpu_count,
        cpu_percent,
        memory_swap,
        memory_swappiness,
        oom_kill_disable,
        oom_score_adj,
        pids_limit,
        shm_size,
        ulimits,
        blkio,
        sysctls,
        storage_opt,
        devices,
        device_requests,
        gpus,
        device_cgroup_rules,
        cgroup_namespace,
        cgroup_parent,
        userns_mode,
        pid_mode,
        ipc_mode,
        uts_mode,
        extra_hosts,
        dns,
        links,
        volumes_from,
        volume_driver,
        logging,
    } = container;
    let container_name = label(name.as_deref().unwrap_or(&workload.key.name), 63);
    let mut scope = scope.at("container", &format!("containers[{container_name}]"));
    scope.exact(name, "name", "name");
    let reference = image::reference(stack, image, build.as_ref(), &mut scope);
    scope.exact(&(*image_pull_policy != PullPolicy::default()), "imagePullPolicy", "imagePullPolicy");
    scope.exact(command, "command", "command");
    scope.exact(args, "args", "args");
    words::told(command.as_deref().unwrap_or_default(), "command", &mut scope);
    words::told(args.as_deref().unwrap_or_default(), "args", &mut scope);
    scope.exact(working_dir, "workingDir", "workingDir");
    let (env, env_from) = (
        env::env(workload, &workload.key.name, env, &mut scope, building),
        env::env_from(workload, env_from, &mut scope, building),
    );
    let mut found = health::Probes {
        startup: startup_probe.as_ref().and_then(|it| probes::probe(it, "startupProbe", container, &mut scope)),
        readiness: readiness_probe.as_ref().and_then(|it| probes::probe(it, "readinessProbe", container, &mut scope)),
        liveness: liveness_probe.as_ref().and_then(|it| probes::probe(it, "livenessProbe", container, &mut scope)),
    };
    if let Some(check) = health_check {
        words::told(&check.test, "healthCheck/test", &mut scope);
        health::add(check, container, &mut found, &mut scope);
    }
    scope.exact(tty, "tty", "tty");
    scope.exact(stdin, "stdin", "stdin");
    scope.exact(stdin_once, "stdinOnce", "stdinOnce");
    let why = "a pod's first process is the program itself";
    scope.dropped(init, "init", why, "put `tini` into the image where the program leaves zombies");
    settings::host_names(hostname.as_deref(), domainname.as_deref(), &mut scope, building);
    let named_user = user(named_user.as_deref(), "user", &mut scope);
    settings::groups(group_add, &mut scope, building);
    settings::platform(platform.as_deref(), &mut scope, building);
    settings::runtime(runtime.as_deref(), &mut scope, building);
    scope.dropped(isolation, "isolation", "it is of Windows", "");
    let near_by_resources = "see `resources`";
    scope.dropped(
        &(cpu_shares.is_some() && container.resources.requests.cpu.is_some()),
        "cpuShares",
        near_by_resources,
        "",
    );
    scope.dropped(
        &(cpu_quota.is_some() && container.resources.limits.cpu.is_some()),
        "cpuQuota",
        near_by_resources,
        "",
    );
    scope.near(cpu_period, "cpuPeriod", "resources.limits.cpu", "the period is the kubelet's own", "");
    scope.dropped(cpu_realtime_period, "cpuRealtimePeriod", NO_FIELD, "");
    scope.dropped(cpu_realtime_runtime, "cpuRealtimeRuntime", NO_FIELD, "");
    let pinned = "which CPUs a pod gets is the kubelet's CPU manager's matter";
    scope.dropped(
        cpuset_cpus,
        "cpusetCpus",
        pinned,
        "ask for whole CPUs, requests like limits, on nodes with the static policy",
    );
    scope.dropped(cpuset_mems, "cpusetMems", pinned, "");
    scope.dropped(cpu_count, "cpuCount", "it is of Windows", "");
    scope.dropped(cpu_percent, "cpuPercent", "it is of Windows", "");
    scope.dropped(memory_swap, "memorySwap", "swap is the kubelet's `memorySwap` setting", "");
    scope.dropped(memory_swappiness, "memorySwappiness", CLUSTER, "");
    scope.dropped(oom_kill_disable, "oomKillDisable", NO_FIELD, "ask for as much memory as the limit allows");
    scope.dropped(
        oom_score_adj,
        "oomScoreAdj",
        "it follows from requests and limits",
        "ask for as much memory as the limit allows",
    );
    scope.dropped(pids_limit, "pidsLimit", "it is the kubelet's `podPidsLimit`", "");
    let is_mounted = volume_mounts.iter().any(|mount| mount.mount_path == "/dev/shm");
    let shared = settings::shared(*shm_size, is_mounted, workload, &mut scope, building);
    scope.dropped(
        ulimits,
        "ulimits",
        "they are the runtime's, for all of a node",
        "raise them in the program's own start script",
    );
    scope.dropped(blkio, "blkio", NO_FIELD, "");
    pod::sysctls(sysctls, &mut scope.at("", ""), building);
    scope.dropped(storage_opt, "storageOpt", NO_FIELD, "limit `ephemeral-storage`");
    scope.dropped(device_cgroup_rules, "deviceCgroupRules", NO_FIELD, "run a device plugin");
    scope.dropped(cgroup_namespace, "cgroupNamespace", NO_FIELD, "");
    scope.dropped(cgroup_parent, "cgroupParent", "it is the kubelet's", "");
    settings::namespaces(userns_mode.as_deref(), pid_mode.as_deref(), ipc_mode.as_deref(), &mut scope, building);
    scope.dropped(uts_mode, "utsMode", "only with the host's network a pod has the host's name", "");
    settings::hosts(extra_hosts, &mut scope, building);
    settings::resolver(dns, &mut scope, building);
    scope.dropped(
        links,
        "links",
        "they are of containers that are not exported",
        "reach them by a Service or an address",
    );
    scope.dropped(
        volumes_from,
        "volumesFrom",
        "a pod mounts nothing by way of another one",
        "mount the volumes by their names",
    );
    scope.dropped(volume_driver, "volumeDriver", "what stores the data is the storage class's matter", "");
    if let Some(Logging { driver, options }) = logging {
        let why = "what becomes of output is the cluster's matter";
        scope.dropped(driver, "logging/driver", why, "run a collector in the cluster");
        scope.dropped(options, "logging/options", why, "");
    }
    // What Kubernetes takes where nothing is said.
    let grace = workload.template.termination_grace_period_seconds.map_or(30, i64::from);
    let seen = Seen::of(workload.key, stack.input.usage);
    let (requests, mut limits) = resources::resources(container, seen, &mut scope);
    limits.extend(devices::limits(devices, device_requests, gpus.as_deref(), &mut scope));
    let (context, run_as) = security::context(stack, container, named_user, &mut scope);
    building.wants_group(readers(run_as));
    let mut mounted = mounts::mounts(volume_mounts, planned, &mut scope);
    mounted.extend(shared);
    Container {
        name: container_name,
        image: Some(reference),
        image_pull_policy: Some(image::pull_policy(*image_pull_policy).to_owned()),
        command: command.as_ref().map(|words| escape_all(words)),
        args: args.as_ref().map(|words| escape_all(words)),
        working_dir: working_dir.clone(),
        env: listed(env),
        env_from: listed(env_from),
        ports: listed(ports(workload)),
        resources: resources::requirements(requests, limits),
        volume_mounts: listed(mounted),
        startup_probe: found.startup,
        readiness_probe: found.readiness,
        liveness_probe: found.liveness,
        lifecycle: hooks::lifecycle(stack, container, grace, &mut scope),
        security_context: Some(context).filter(|context| *context != SecurityContext::default()),
        tty: tty.then_some(true),
        stdin: stdin.then_some(true),
        stdin_once: stdin_once.then_some(true),
        ..Container::default()
    }
}
