//! The body that creates a container from a template.
//!
//! Pure: what must be read first (the image's id, profiles, the engine's log driver) is handed in as [`Surroundings`]. Every
//! field of the template is named here without `..`, so that a new one must be mapped, or be said not to be Docker's.

mod env;
pub(super) mod host_config;
mod logging;
mod mounts;
mod security;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use skiff_api::{Container, ContainerPort, HealthCheck, PodTemplate, TemplateMeta, label};
use skiff_core::{ContainerSpec, ContentStore, EngineError, Namespaces, START_INTERVAL};

use super::fields::Fields;
use super::network::endpoint_settings;
use crate::files::FileStore;

/// What the body depends on besides the template.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings<'a> {
    /// The API version that is spoken.
    pub(crate) api: (u32, u32),
    /// The id of the image, as it is now.
    pub(crate) image_id: &'a str,
    /// The paths at which the image asks for volumes.
    pub(crate) image_volumes: &'a BTreeSet<String>,
    /// The engine's own log driver.
    pub(crate) log_driver: &'a str,
    /// The text of each seccomp profile by its path.
    pub(crate) profiles: &'a BTreeMap<String, String>,
    /// Where file sets are.
    pub(crate) files: &'a FileStore,
    /// The containers whose mounts it gets as well, by what they are now.
    pub(crate) volumes_from: &'a [String],
    /// What ConfigMaps and Secrets hold.
    pub(crate) content: &'a ContentStore,
}

/// The body of `POST /containers/create`.
pub(crate) fn body(spec: &ContainerSpec, around: &Surroundings<'_>) -> Result<Value, EngineError> {
    let ContainerSpec {
        owner,
        image: from,
        template,
        mounts,
        carried,
        first_network,
        network_mode,
        namespaces: Namespaces { pid, ipc },
        // In what is read first.
        volumes_from: _,
    } = spec;
    let PodTemplate {
        metadata: TemplateMeta { labels, ordinal_labels, annotations },
        container,
        termination_grace_period_seconds,
        // Containers of their own, and what the planner does.
        init_containers: _,
        restart: _,
        // Resolved in the action: the name, the policy (`in_place`), networks and volumes.
        container_name: _,
        container_name_prefix: _,
        restart_policy: _,
        networks: _,
        network_mode: _,
        volumes: _,
    } = &template.pod;
    let mut fields = process(container, around.api);
    fields.set("Image", &from.reference);
    let image = owner.to_map().into_iter().chain([(label::IMAGE_ID.to_owned(), around.image_id.to_owned())]);
    let ordinals = ordinal_labels.iter().map(|key| (key.clone(), owner.ordinal.to_string()));
    let labels: BTreeMap<String, String> = labels.clone().into_iter().chain(ordinals).chain(image).collect();
    let grace = termination_grace_period_seconds.map_or(Container::DEFAULT_GRACE.secs_ceil(), u64::from);
    fields.set("Env", env::variables(&template.env, around.content)?).set("Labels", labels).keep("StopTimeout", grace);
    let mut host = host_config::host_config(container, &template.in_place, around)?;
    host.set("Annotations", annotations).set("NetworkMode", network(spec)).set("PidMode", pid).set("IpcMode", ipc);
    host.set("VolumesFrom", around.volumes_from);
    mounts::mounts(mounts, carried, around)?.apply(&mut host);
    fields.keep("HostConfig", host.build());
    if let (Some(attachment), None) = (first_network, network_mode) {
        let mut settings = endpoint_settings(attachment, around.api);
        if let (Value::Object(settings), false) = (&mut settings, container.links.is_empty()) {
            // On a network of one's own the engine looks for links here, and not among the settings of the host.
            settings.insert("Links".to_owned(), container.links.clone().into());
        }
        let endpoints = BTreeMap::from([(attachment.network.as_str(), settings)]);
        fields.keep("NetworkingConfig", Fields::default().keep("EndpointsConfig", endpoints).build());
        if around.api < MAC_ON_ENDPOINT {
            fields.set("MacAddress", &attachment.mac_address);
        }
    }
    Ok(fields.build())
}

/// From here on a MAC address belongs to an attachment, before to the container.
pub(crate) const MAC_ON_ENDPOINT: (u32, u32) = (1, 44);

fn network(spec: &ContainerSpec) -> Option<&str> {
    spec.network_mode.as_deref().or_else(|| spec.first_network.as_ref().map(|attachment| attachment.network.as_str()))
}

/// Docker's `Config`: the process and how it is seen.
fn process(container: &Container, api: (u32, u32)) -> Fields {
    let Container {
        // In the action: not always what the reference means now.
        image: _,
        build: _,
        command,
        args,
        working_dir,
        ports,
        health_check,
        security_context,
        tty,
        stdin,
        stdin_once,
        stop_signal,
        hostname,
        domainname,
        user,
        // For people, for the planner, for Skiff's own probes and hooks.
        name: _,
        image_pull_policy: _,
        readiness_probe: _,
        liveness_probe: _,
        startup_probe: _,
        lifecycle: _,
        // Resolved in the template: variables, mounts, settings that change in place.
        env: _,
        env_from: _,
        volume_mounts: _,
        resources: _,
        cpu_shares: _,
        cpuset_cpus: _,
        cpuset_mems: _,
        memory_swap: _,
        pids_limit: _,
        // A parameter of the request.
        platform: _,
        // Docker's `HostConfig`: `host_config`, `logging`.
        init: _,
        group_add: _,
        runtime: _,
        isolation: _,
        cpu_period: _,
        cpu_quota: _,
        cpu_realtime_period: _,
        cpu_realtime_runtime: _,
        cpu_count: _,
        cpu_percent: _,
        memory_swappiness: _,
        oom_kill_disable: _,
        oom_score_adj: _,
        shm_size: _,
        ulimits: _,
        blkio: _,
        sysctls: _,
        storage_opt: _,
        devices: _,
        device_requests: _,
        gpus: _,
        device_cgroup_rules: _,
        cgroup_namespace: _,
        cgroup_parent: _,
        userns_mode: _,
        // Resolved in the action.
        pid_mode: _,
        ipc_mode: _,
        volumes_from: _,
        uts_mode: _,
        extra_hosts: _,
        dns: _,
        links: _,
        volume_driver: _,
        logging: _,
    } = container;
    let mut fields = Fields::default();
    fields
        .keep("Entrypoint", command)
        .set("Cmd", args)
        .set("WorkingDir", working_dir)
        .set("ExposedPorts", exposed(ports))
        .set("Healthcheck", health_check.as_ref().map(|check| healthcheck(check, api)))
        .set("User", security::user(user.as_deref(), security_context))
        .set("Tty", tty)
        .set("OpenStdin", stdin)
        .set("StdinOnce", stdin_once)
        .set("StopSignal", stop_signal)
        .set("Hostname", hostname)
        .set("Domainname", domainname);
    fields
}

/// `80/tcp`.
fn port_key(port: &ContainerPort) -> String {
    format!("{}/{}", port.container_port, port.protocol.lower())
}

fn exposed(ports: &[ContainerPort]) -> BTreeMap<String, Value> {
    ports.iter().map(|port| (port_key(port), Value::Object(serde_json::Map::new()))).collect()
}

fn healthcheck(check: &HealthCheck, api: (u32, u32)) -> Value {
    let HealthCheck { test, interval, timeout, retries, start_period, start_interval } = check;
    Fields::default()
        .set("Test", test)
        .set("Interval", interval.map(skiff_api::Duration::nanos))
        .set("Timeout", timeout.map(skiff_api::Duration::nanos))
        .set("Retries", retries)
        .set("StartPeriod", start_period.map(skiff_api::Duration::nanos))
        .set("StartInterval", start_interval.filter(|_| api >= START_INTERVAL).map(skiff_api::Duration::nanos))
        .build()
}

#[cfg(test)]
mod tests;
