//! What really holds an object up: something outside that nobody but a person can mend, or an object that is held up itself.

use std::collections::BTreeSet;

use skiff_api::{DependencyCondition, Deployment, HostPort, Kind, ObjectKey, PullPolicy, RestartPolicy};
use skiff_core::Health;
use skiff_sim::{Pull, SimEngine};

use super::container::{attachments, docker_name};
use super::of_object;
use crate::declare::ONESHOT;
use crate::ledger::{Ledger, object_of};
use crate::manifests::{Manifests, network_name, volume_name};

/// Deployments that may be other than declared now, whatever the controller does.
pub(crate) fn excused(ledger: &Ledger, engine: &SimEngine) -> BTreeSet<ObjectKey> {
    let manifests = &ledger.scope;
    let blocked = manifests.deployments().filter(|(key, deployment)| {
        engine.low_disk().is_some()
            || image_is_missing(engine, deployment)
            || is_occupied(engine, key, deployment)
            || !unfit(manifests, engine, key, deployment).is_empty()
            || is_unhealthy(engine, key)
            || is_sick(ledger, engine, key, deployment)
    });
    with_dependents(manifests, blocked.map(|(key, _)| key.clone()).chain(ledger.failed.iter().cloned()).collect())
}

/// Some objects, those that may have to wait for one of them, and those that may have to wait for what never runs for long.
fn with_dependents(manifests: &Manifests, mut objects: BTreeSet<ObjectKey>) -> BTreeSet<ObjectKey> {
    loop {
        let waiting: Vec<ObjectKey> = manifests
            .deployments()
            .filter(|(key, deployment)| !objects.contains(key) && waits(manifests, &objects, key, deployment))
            .map(|(key, _)| key.clone())
            .collect();
        if waiting.is_empty() {
            return objects;
        }
        objects.extend(waiting);
    }
}

fn waits(manifests: &Manifests, excused: &BTreeSet<ObjectKey>, key: &ObjectKey, deployment: &Deployment) -> bool {
    deployment.spec.depends_on.iter().any(|dependency| {
        let on = ObjectKey::new(key.kind, &key.namespace, &dependency.name);
        excused.contains(&on)
            || manifests.deployment(&on).is_some_and(|on| match dependency.condition {
                DependencyCondition::Started => on.spec.replicas() == 0,
                DependencyCondition::Ready => never_runs(on),
                DependencyCondition::Completed => may_not_complete(on),
            })
    })
}

/// Whether nothing of a deployment will ever be up for long: what waits for it to be Ready may wait for ever.
fn never_runs(deployment: &Deployment) -> bool {
    deployment.spec.replicas() == 0
        || deployment.spec.template.container.image == ONESHOT
        || deployment.spec.template.restart_policy.unwrap_or_default() == RestartPolicy::Never
        || deployment.spec.template.restart_policy.unwrap_or_default() == RestartPolicy::OnFailure
}

/// Whether a deployment may run on, or end for good with a failure.
fn may_not_complete(deployment: &Deployment) -> bool {
    let ends = deployment.spec.template.container.image == ONESHOT;
    let again = deployment.spec.template.restart_policy.unwrap_or_default() == RestartPolicy::OnFailure;
    deployment.spec.replicas() == 0 || !ends || !again
}

fn image_is_missing(engine: &SimEngine, deployment: &Deployment) -> bool {
    let template = &deployment.spec.template;
    let is_missing = |reference: &String| {
        let Some(image) = engine.image(reference) else { return true };
        match template.container.image_pull_policy {
            PullPolicy::Always => image.pull == Pull::Fails,
            PullPolicy::IfNotPresent => !image.local && image.pull == Pull::Fails,
            PullPolicy::Never => !image.local,
        }
    };
    let inits = template.init_containers.iter().filter_map(|init| init.image.as_ref());
    inits.chain([&template.container.image]).any(is_missing)
}

/// Whether a container that is not ours has a name or a port of the object.
fn is_occupied(engine: &SimEngine, key: &ObjectKey, deployment: &Deployment) -> bool {
    let mut foreign = engine.containers().filter(|container| object_of(&container.labels).is_none());
    let ports: Vec<u16> = fixed_ports(deployment);
    let prefix = format!("{}-{}-", key.namespace, key.name);
    let fixed = deployment.spec.template.container_name.as_deref();
    foreign.any(|container| {
        fixed == Some(container.name.as_str())
            || container.name.starts_with(&prefix)
            || container.published.iter().any(|published| ports.contains(&published.port))
    })
}

fn fixed_ports(deployment: &Deployment) -> Vec<u16> {
    let ports = deployment.spec.template.container.ports.iter();
    ports
        .filter_map(|port| match port.host_port {
            Some(HostPort::Fixed(number)) => Some(number),
            Some(HostPort::Any | HostPort::Range(..)) | None => None,
        })
        .collect()
}

/// Whether containers cannot be put on a network: an external one is not there, or its name means several.
pub(super) fn network_is_unfit(engine: &SimEngine, manifests: &Manifests, network: &ObjectKey) -> bool {
    let name = docker_name(manifests, network);
    let named = || engine.networks().filter(|found| found.name == name);
    match manifests.network(network) {
        Some(declared) if declared.spec.external => {
            // Or it is there, and not the one that another source wants to make.
            let mut makers = manifests
                .networks()
                .filter(|(of, network)| !network.spec.external && network_name(of, network) == name);
            named().count() != 1 || makers.any(|(maker, _)| network_is_unfit(engine, manifests, maker))
        }
        _ => named().any(|found| object_of(&found.labels).is_none()) || is_kept_twice(engine, &name),
    }
}

/// Whether a network was made twice, and somebody who is not ours keeps the younger one there.
fn is_kept_twice(engine: &SimEngine, name: &str) -> bool {
    let mut named: Vec<_> = engine.networks().filter(|found| found.name == name).collect();
    named.sort_by_key(|network| network.serial);
    let foreign = || engine.containers().filter(|container| object_of(&container.labels).is_none());
    named.iter().skip(1).any(|surplus| {
        foreign().any(|container| {
            container.networks.values().any(|endpoint| endpoint.network_id.as_ref() == Some(&surplus.id))
        })
    })
}

/// The networks and volumes of a deployment that it cannot be put on or given.
pub(super) fn unfit(
    manifests: &Manifests,
    engine: &SimEngine,
    key: &ObjectKey,
    deployment: &Deployment,
) -> BTreeSet<ObjectKey> {
    let networks = attachments(key, deployment).into_iter().map(|(network, _)| network);
    let named = deployment.spec.template.volumes.iter().filter_map(|source| source.volume.as_ref());
    let volumes = named.map(|named| ObjectKey::new(Kind::Volume, &key.namespace, &named.name));
    let unfit = networks.filter(|network| network_is_unfit(engine, manifests, network));
    unfit.chain(volumes.filter(|volume| volume_is_unfit(engine, manifests, volume))).collect()
}

/// Whether an external volume is not there, or somebody else's has the name of one of ours, with or without an ordinal.
fn volume_is_unfit(engine: &SimEngine, manifests: &Manifests, key: &ObjectKey) -> bool {
    let Some(volume) = manifests.volume(key) else { return false };
    let name = volume_name(key, volume);
    if volume.spec.external {
        let mut makers =
            manifests.volumes().filter(|(of, volume)| !volume.spec.external && volume_name(of, volume) == name);
        let is_there = engine.volumes().any(|found| found.name == name);
        return !is_there || makers.any(|(maker, _)| volume_is_unfit(engine, manifests, maker));
    }
    let mut foreign = engine.volumes().filter(|found| object_of(&found.labels).is_none());
    foreign.any(|found| found.name == name || found.name.starts_with(&format!("{name}-")))
}

/// Whether something of an object answers no probe any more, and nothing that would restart it asks.
fn is_sick(ledger: &Ledger, engine: &SimEngine, key: &ObjectKey, deployment: &Deployment) -> bool {
    let asks = deployment.spec.template.container.liveness_probe.is_some();
    let restarted = asks && !ledger.doubted.contains(key);
    !restarted && of_object(engine, key).iter().any(|container| container.is_sick)
}

/// Whether a replica fails its health check, so that no rollout goes on beyond it.
fn is_unhealthy(engine: &SimEngine, key: &ObjectKey) -> bool {
    of_object(engine, key).iter().any(|container| container.is_up() && container.health == Some(Health::Unhealthy))
}
