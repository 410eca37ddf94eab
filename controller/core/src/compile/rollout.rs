//! How replicas are replaced: in what numbers, and why not start-first where that is so.

use skiff_api::{DeploymentSpec, HostPort, IntOrPercent, ObjectKey, RollingUpdate, StrategyType, mounts_from};

use crate::desired::{Attachment, MountSource, Rollout, StopFirst, Template};

pub(super) fn rollout(spec: &DeploymentSpec, key: &ObjectKey, template: &Template, networks: &[Attachment]) -> Rollout {
    let obstacle = obstacle(spec, key, template, networks);
    let going = |numbers: &RollingUpdate| of(spec, numbers, obstacle.clone());
    let back = spec.strategy.rollback.as_ref().map(|numbers| Box::new(going(numbers)));
    Rollout { back, ..going(spec.strategy.rolling_update.as_ref().unwrap_or(&RollingUpdate::default())) }
}

fn of(spec: &DeploymentSpec, numbers: &RollingUpdate, obstacle: Option<StopFirst>) -> Rollout {
    let replicas = spec.replicas();
    let surge = numbers.max_surge.unwrap_or(IntOrPercent::Int(1)).of_rounded_up(replicas);
    let unavailable = numbers.max_unavailable.unwrap_or(IntOrPercent::Int(0)).of_rounded_down(replicas);
    let recreate = spec.strategy.kind == StrategyType::Recreate;
    let stop_first = obstacle.or((surge == 0).then_some(StopFirst::NoSurge));
    Rollout {
        recreate,
        max_surge: if stop_first.is_some() || recreate { 0 } else { surge },
        // Stop-first cannot go on without one missing.
        max_unavailable: if stop_first.is_some() { unavailable.max(1) } else { unavailable },
        stop_first,
        paused: spec.paused,
        back: None,
    }
}

/// What forbids that a new replica runs beside the one that it replaces.
fn obstacle(spec: &DeploymentSpec, key: &ObjectKey, template: &Template, networks: &[Attachment]) -> Option<StopFirst> {
    let pod = &template.pod;
    if let Some(name) = &pod.container_name {
        return Some(StopFirst::FixedName(name.clone()));
    }
    if let Some(mode) = pod.network_mode.as_ref().filter(|mode| *mode != "none") {
        return Some(StopFirst::SharedNetwork(mode.clone()));
    }
    if let Some(port) = pod.container.ports.iter().find_map(|port| fixed_port(port.host_port, spec.replicas())) {
        return Some(StopFirst::HostPort(port));
    }
    if let Some(hostname) =
        pod.container.hostname.as_ref().filter(|hostname| **hostname != key.name || spec.replicas() == 1)
    {
        return Some(StopFirst::Hostname(hostname.clone()));
    }
    let address = networks.iter().find_map(|network| {
        network.ipv4_address.as_ref().or(network.ipv6_address.as_ref()).or(network.mac_address.as_ref())
    });
    if let Some(address) = address {
        return Some(StopFirst::Address(address.clone()));
    }
    let writes = pod.container.volumes_from.iter().map(|item| mounts_from(item));
    let mut writes = writes.filter(|(_, mode)| !mode.is_some_and(|mode| mode.split(',').any(|word| word == "ro")));
    if let Some((whose, _)) = writes.next().filter(|_| spec.replicas() == 1) {
        return Some(StopFirst::VolumesFrom(whose.to_owned()));
    }
    template.mounts.iter().find_map(|mount| {
        let MountSource::Volume { object, per_replica, .. } = &mount.source else { return None };
        let is_alone = *per_replica || (spec.replicas() == 1 && !mount.read_only);
        is_alone.then(|| StopFirst::Volume(object.name.clone()))
    })
}

/// The port that two replicas cannot share: a fixed one, or the first of a range that has none to spare.
fn fixed_port(port: Option<HostPort>, replicas: u32) -> Option<u16> {
    match port? {
        HostPort::Any => None,
        HostPort::Fixed(port) => Some(port),
        HostPort::Range(first, last) => (u32::from(last - first) < replicas).then_some(first),
    }
}
