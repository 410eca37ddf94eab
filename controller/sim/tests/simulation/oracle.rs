//! What must be there in the end, worked out from the manifests alone: nothing of the compiler or the planner is asked.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::{
    DependencyCondition, Deployment, HostPort, Object, ObjectKey, PodTemplate, PullPolicy, RestartPolicy, label,
};
use skiff_core::ContainerState;
use skiff_sim::{DockerRestart, Pull, SimContainer, SimEngine};

use crate::manifests::{Manifests, ONESHOT, SECRET_MARK};
pub(crate) use look::{Look, wanted_look};
use look::{attached, environment, held_in, image_of, mounted, mounts, networks, user_labels};

mod look;

/// Everything that is wrong, as sentences. With `excuses`, objects that something outside really holds up are left out, and so are
/// those that are known to have `failed`.
pub(crate) fn complaints(
    manifests: &Manifests,
    engine: &SimEngine,
    excuses: bool,
    failed: BTreeSet<ObjectKey>,
) -> Vec<String> {
    let mut found = Vec::new();
    let excused = if excuses { excused(manifests, engine, failed) } else { BTreeSet::new() };
    // What waits for a dependency that never runs for long may be of an earlier revision, or not there.
    let waiting = waiting(manifests);
    for (key, deployment) in manifests.deployments() {
        let containers = of_object(engine, key);
        if waiting.contains(key) {
            continue;
        }
        if !excused.contains(key) {
            found.extend(check_deployment(manifests, engine, key, deployment, &containers));
        }
    }
    check_nothing_else(manifests, engine, &mut found);
    // What waits keeps its network and its files.
    if excused.is_empty() && waiting.is_empty() {
        check_networks(manifests, engine, &mut found);
        check_leftover_files(manifests, engine, &mut found);
    }
    for container in engine.containers() {
        if container.labels.values().any(|value| value.contains(SECRET_MARK)) {
            found.push(format!("{} has a secret in a label", container.name));
        }
    }
    found
}

/// The containers of an object, main ones of our instance.
pub(crate) fn of_object<'a>(engine: &'a SimEngine, key: &ObjectKey) -> Vec<&'a SimContainer> {
    engine.containers().filter(|container| object_of(&container.labels).as_ref() == Some(key)).collect()
}

/// The object that labels name, where they are of our instance.
pub(crate) fn object_of(labels: &BTreeMap<String, String>) -> Option<ObjectKey> {
    let of = |key: &str| labels.get(key).cloned();
    (of(label::INSTANCE)? == "default").then_some(())?;
    Some(ObjectKey::new(of(label::KIND)?.parse().ok()?, of(label::NAMESPACE)?, of(label::NAME)?))
}

/// Objects that cannot be as declared now, whatever anybody does.
fn excused(manifests: &Manifests, engine: &SimEngine, failed: BTreeSet<ObjectKey>) -> BTreeSet<ObjectKey> {
    let blocked = manifests.deployments().filter(|(key, deployment)| {
        image_is_missing(engine, deployment) || is_occupied(engine, key, deployment) || is_sick(engine, key, deployment)
    });
    with_dependents(manifests, blocked.map(|(key, _)| key.clone()).chain(failed).collect())
}

/// Objects that may have to wait for ever, as what they depend on never runs for long.
pub(crate) fn waiting(manifests: &Manifests) -> BTreeSet<ObjectKey> {
    with_dependents(manifests, BTreeSet::new())
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
                DependencyCondition::Completed => true,
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

fn image_is_missing(engine: &SimEngine, deployment: &Deployment) -> bool {
    let container = &deployment.spec.template.container;
    let Some(image) = engine.image(&container.image) else { return true };
    match container.image_pull_policy {
        PullPolicy::Always => image.pull == Pull::Fails,
        PullPolicy::IfNotPresent => !image.local && image.pull == Pull::Fails,
        PullPolicy::Never => !image.local,
    }
}

/// Whether something of an object answers no probe any more, and nothing that would restart it asks.
fn is_sick(engine: &SimEngine, key: &ObjectKey, deployment: &Deployment) -> bool {
    let restarted = deployment.spec.template.container.liveness_probe.is_some();
    !restarted && of_object(engine, key).iter().any(|container| container.is_sick)
}

/// Whether a container that is not ours has a name or a port of the object.
fn is_occupied(engine: &SimEngine, key: &ObjectKey, deployment: &Deployment) -> bool {
    let foreign = engine.containers().filter(|container| object_of(&container.labels).is_none());
    let ports: Vec<u16> = fixed_ports(deployment);
    let prefix = format!("{}-{}-", key.namespace, key.name);
    let fixed = deployment.spec.template.container_name.as_deref();
    foreign.into_iter().any(|container| {
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

pub(crate) fn check_deployment(
    manifests: &Manifests,
    engine: &SimEngine,
    key: &ObjectKey,
    deployment: &Deployment,
    containers: &[&SimContainer],
) -> Vec<String> {
    let mut found = Vec::new();
    let wanted = usize::try_from(deployment.spec.replicas()).unwrap_or(usize::MAX);
    if containers.len() != wanted {
        found.push(format!("{key} has {} containers and should have {wanted}", containers.len()));
    }
    let ordinals: BTreeSet<Option<&String>> =
        containers.iter().map(|container| container.labels.get(label::REPLICA)).collect();
    if ordinals.len() != containers.len() {
        found.push(format!("{key} has two containers of one ordinal"));
    }
    for container in containers {
        for what in check_container(manifests, engine, key, deployment, container) {
            found.push(format!("{key}: {}: {what}", container.name));
        }
    }
    found
}

fn check_container(
    manifests: &Manifests,
    engine: &SimEngine,
    key: &ObjectKey,
    deployment: &Deployment,
    container: &SimContainer,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut expect = |what: &str, is: String, should: String| {
        if is != should {
            found.push(format!("its {what} is {is} and should be {should}"));
        }
    };
    let template = &deployment.spec.template;
    let wanted = &template.container;
    let ordinal = container.labels.get(label::REPLICA).cloned().unwrap_or_default();
    let name = template.container_name.clone().unwrap_or_else(|| format!("{}-{}-{ordinal}", key.namespace, key.name));
    let policy = template.restart_policy.unwrap_or_default();
    expect("name", container.name.clone(), name);
    expect("image", image_of(container).to_owned(), wanted.image.clone());
    expect("environment", format!("{:?}", container.env), format!("{:?}", environment(manifests, key, deployment)));
    expect("restart policy", format!("{:?}", container.restart), format!("{:?}", docker_restart(template)));
    expect("ports", format!("{:?}", container.ports), format!("{:?}", wanted.ports));
    expect("user labels", format!("{:?}", user_labels(container)), format!("{:?}", template.metadata.labels));
    let limits = &wanted.resources.limits;
    expect(
        "memory",
        format!("{:?}", container.limits.memory),
        format!("{:?}", limits.memory.map(|memory| i64::try_from(memory.get()).unwrap_or(-1))),
    );
    expect(
        "cpus",
        format!("{:?}", container.limits.nano_cpus),
        format!("{:?}", limits.cpu.map(|cpu| i64::try_from(cpu.nanos()).unwrap_or(-1))),
    );
    expect("pids limit", format!("{:?}", container.limits.pids_limit), format!("{:?}", wanted.pids_limit));
    expect("networks", format!("{:?}", attached(engine, container)), format!("{:?}", networks(key, deployment)));
    // Secret files are in memory: after a reboot they are missed only by what runs.
    if container.is_up() {
        expect(
            "mounts",
            format!("{:?}", mounted(engine, container)),
            format!("{:?}", mounts(manifests, key, deployment, &ordinal)),
        );
    }
    if container.is_up() && container.is_sick && wanted.liveness_probe.is_some() {
        found.push("it is sick and was not restarted".to_owned());
    }
    let runs = container.state == ContainerState::Running;
    if !runs && !has_finished(container, policy) {
        found.push(format!("it is {:?} ({}, {})", container.state, container.exit_code, container.error));
    }
    found
}

/// A replica that ended and may have: under `Never` however it ended, under `OnFailure` where it ended well.
pub(crate) fn has_finished(container: &SimContainer, policy: RestartPolicy) -> bool {
    container.state == ContainerState::Exited
        && container.started_at.is_some()
        && match policy {
            RestartPolicy::Always => false,
            RestartPolicy::OnFailure => container.exit_code == 0,
            RestartPolicy::Never => container.error.is_empty(),
        }
}

/// Docker's restart policy; none where Skiff paces the restarts.
fn docker_restart(template: &PodTemplate) -> DockerRestart {
    if template.restart.as_ref().is_some_and(|restart| restart.delay.is_some() || restart.max_attempts.is_some()) {
        return DockerRestart::No;
    }
    match template.restart_policy.unwrap_or_default() {
        RestartPolicy::Always => DockerRestart::Always,
        RestartPolicy::OnFailure => DockerRestart::OnFailure,
        RestartPolicy::Never => DockerRestart::No,
    }
}

/// Nothing of ours runs that nobody declares.
fn check_nothing_else(manifests: &Manifests, engine: &SimEngine, found: &mut Vec<String>) {
    for container in engine.containers() {
        if let Some(key) = object_of(&container.labels).filter(|key| manifests.deployment(key).is_none()) {
            found.push(format!("{} is of {key}, which nobody declares", container.name));
        }
    }
}

fn check_networks(manifests: &Manifests, engine: &SimEngine, found: &mut Vec<String>) {
    let declared = manifests.objects.values().filter_map(|object| match object {
        Object::Network(network) => {
            Some((format!("{}-{}", object.key().namespace, network.metadata.name), network.spec.internal))
        }
        Object::Volume(_)
        | Object::ConfigMap(_)
        | Object::Secret(_)
        | Object::Deployment(_)
        | Object::Job(_)
        | Object::CronJob(_) => None,
    });
    let mut wanted: BTreeMap<String, bool> = declared.collect();
    for (key, deployment) in manifests.deployments() {
        for name in networks(key, deployment).into_keys() {
            wanted.entry(name).or_insert(false);
        }
    }
    let ours = || engine.networks().filter(|network| object_of(&network.labels).is_some());
    for (name, internal) in &wanted {
        if !ours().any(|network| network.name == *name && network.spec.internal == *internal) {
            found.push(format!("there is no network {name}"));
        }
    }
    found.extend(
        ours()
            .filter(|network| !wanted.contains_key(&network.name))
            .map(|network| format!("network {} is left over", network.name)),
    );
}

/// Files that nothing mounts are there only for a deployment that mounts them as soon as it has a container.
fn check_leftover_files(manifests: &Manifests, engine: &SimEngine, found: &mut Vec<String>) {
    let used: BTreeSet<&str> = engine.containers().flat_map(SimContainer::file_sets).collect();
    let declared: BTreeSet<String> = manifests
        .deployments()
        .flat_map(|(key, deployment)| mounts(manifests, key, deployment, "").into_values())
        .collect();
    let left = engine.file_sets().filter(|id| !used.contains(id) && !declared.contains(&held_in(engine, id)));
    found.extend(left.map(|id| format!("files {id} are left over")));
}
