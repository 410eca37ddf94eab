//! What must be there in the end, worked out from the manifests alone: nothing of the compiler or the planner is asked.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use skiff_api::{
    DependencyCondition, Deployment, HostPort, Object, ObjectKey, PodTemplate, PullPolicy, RestartPolicy, label,
};
use skiff_core::{ContainerState, MountSource};
use skiff_sim::{DockerRestart, Pull, SimContainer, SimEngine, SimHook};

use crate::inits::is_init;
use crate::manifests::{Manifests, ONESHOT, SECRET_MARK, put};

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
            let left = engine.containers().filter(|one| is_init(one) && object_of(&one.labels).as_ref() == Some(key));
            found.extend(left.map(|init| format!("{} is left behind", init.name)));
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
    let is_main = |container: &&SimContainer| object_of(&container.labels).as_ref() == Some(key) && !is_init(container);
    engine.containers().filter(is_main).collect()
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
    let hook = wanted.lifecycle.as_ref().and_then(|lifecycle| lifecycle.post_start.as_ref());
    let was_run = |hook: &SimHook| !hook.before_stop && Some(hook.started_at) == container.started_at;
    if container.is_up() && hook.is_some() && !container.hooks.iter().any(was_run) {
        found.push("its postStart hook was not run since its start".to_owned());
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

/// The image that a container runs, by the reference that first meant it: it may name it by its digest, which these images have of that.
fn image_of(container: &SimContainer) -> &str {
    container.image.split_once("@sha256:").map_or(&container.image, |(_, reference)| reference)
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

fn user_labels(container: &SimContainer) -> BTreeMap<String, String> {
    let labels = container.labels.iter().filter(|(key, _)| !key.starts_with("skiff.dev/"));
    labels.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// What a `ConfigMap` or Secret holds, as text by key.
fn data(manifests: &Manifests, key: &ObjectKey) -> BTreeMap<String, String> {
    match manifests.objects.get(key) {
        Some(Object::ConfigMap(config)) => config.data.clone(),
        Some(Object::Secret(secret)) => secret.string_data.clone(),
        Some(Object::Network(_) | Object::Volume(_) | Object::Deployment(_) | Object::Job(_) | Object::CronJob(_))
        | None => BTreeMap::new(),
    }
}

fn environment(manifests: &Manifests, key: &ObjectKey, deployment: &Deployment) -> BTreeMap<String, String> {
    let container = &deployment.spec.template.container;
    let of = |kind, name: &str| data(manifests, &ObjectKey::new(kind, &key.namespace, name));
    let mut env = BTreeMap::new();
    for source in &container.env_from {
        let prefix = source.prefix.clone().unwrap_or_default();
        let from = source.config_map_ref.iter().flat_map(|source| of(skiff_api::Kind::ConfigMap, &source.name));
        env.extend(from.map(|(name, value)| (format!("{prefix}{name}"), value)));
    }
    for variable in &container.env {
        let from = variable.value_from.clone().unwrap_or_default();
        let config = from.config_map_key_ref.map(|from| of(skiff_api::Kind::ConfigMap, &from.name).remove(&from.key));
        let secret = from.secret_key_ref.map(|from| of(skiff_api::Kind::Secret, &from.name).remove(&from.key));
        let value = config.or(secret).flatten().or_else(|| variable.value.clone()).unwrap_or_default();
        env.insert(variable.name.clone(), value);
    }
    env
}

/// The networks that a container should be on, with the names that it answers to.
fn networks(key: &ObjectKey, deployment: &Deployment) -> BTreeMap<String, BTreeSet<String>> {
    let named = deployment.spec.template.networks.clone().unwrap_or_else(|| {
        vec![skiff_api::NetworkAttachment { name: "default".to_owned(), ..skiff_api::NetworkAttachment::default() }]
    });
    let attachments = named.into_iter().map(|network| {
        let aliases = network.aliases.into_iter().chain([key.name.clone()]);
        (format!("{}-{}", key.namespace, network.name), aliases.collect())
    });
    attachments.collect()
}

/// The networks that a container is on; one that is gone, or not the first of its name, does not count.
fn attached(engine: &SimEngine, container: &SimContainer) -> BTreeMap<String, BTreeSet<String>> {
    let on = container.networks.iter().filter(|(name, endpoint)| {
        let first = engine.networks().filter(|network| network.name == **name).min_by_key(|network| network.serial);
        endpoint.network_id.is_none()
            || endpoint.network_id.as_ref() == first.map(|network| &network.id)
            || !container.is_up()
    });
    on.map(|(name, endpoint)| (name.clone(), endpoint.aliases.clone())).collect()
}

/// What is mounted where: a volume's name, or what the files hold.
fn mounted(engine: &SimEngine, container: &SimContainer) -> BTreeMap<String, String> {
    let of = |mount: &skiff_core::Mount| match &mount.source {
        MountSource::Volume { name, .. } => format!("volume {name}"),
        MountSource::Files(files) => held_in(engine, &files.id),
        MountSource::Tmpfs(tmpfs) => format!("tmpfs {:?}", tmpfs.size),
        MountSource::HostPath { .. } | MountSource::Anonymous | MountSource::Image(_) | MountSource::NamedPipe(_) => {
            "something else".to_owned()
        }
    };
    container.mounts.iter().map(|mount| (mount.target.clone(), of(mount))).collect()
}

fn mounts(manifests: &Manifests, key: &ObjectKey, deployment: &Deployment, ordinal: &str) -> BTreeMap<String, String> {
    let template = &deployment.spec.template;
    let mounts = template.container.volume_mounts.iter().filter_map(|mount| {
        let source = template.volumes.iter().find(|source| source.name == mount.name)?;
        let of = |kind, name: &str| format!("files {:?}", data(manifests, &ObjectKey::new(kind, &key.namespace, name)));
        let what = if let Some(volume) = &source.volume {
            let own = if volume.per_replica { format!("-{ordinal}") } else { String::new() };
            format!("volume {}-{}{own}", key.namespace, volume.name)
        } else if let Some(config) = &source.config_map {
            of(skiff_api::Kind::ConfigMap, &config.name)
        } else if let Some(secret) = &source.secret {
            of(skiff_api::Kind::Secret, &secret.secret_name)
        } else {
            format!("tmpfs {:?}", source.tmpfs.as_ref().and_then(|tmpfs| tmpfs.size))
        };
        Some((mount.mount_path.clone(), what))
    });
    mounts.collect()
}

/// What of a container can only be changed by making another: what can be seen on it, and what the manifest says besides.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Look {
    image: String,
    environment: BTreeMap<String, String>,
    mounts: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    ports: String,
    besides: Value,
}

/// How the containers of a deployment should look.
pub(crate) fn wanted_look(manifests: &Manifests, key: &ObjectKey, deployment: &Deployment, ordinal: &str) -> Look {
    let template = &deployment.spec.template;
    let mut besides = serde_json::to_value(template).expect("a template is plain data");
    let first_network = besides.pointer("/networks/0/name").cloned();
    for (at, fields) in
        [("", &["networks", "restartPolicy", "restart"][..]), ("/container", &["resources", "imagePullPolicy"][..])]
    {
        let map = besides.pointer_mut(at).and_then(Value::as_object_mut).expect("a template is a map of maps");
        map.retain(|field, _| !fields.contains(&field.as_str()));
    }
    put(&mut besides, "network", first_network.unwrap_or_default());
    Look {
        image: template.container.image.clone(),
        environment: environment(manifests, key, deployment),
        mounts: mounts(manifests, key, deployment, ordinal),
        labels: template.metadata.labels.clone(),
        ports: format!("{:?}", template.container.ports),
        besides,
    }
}

impl Look {
    /// Whether a container looks so, as far as it can be seen.
    pub(crate) fn is_seen_on(&self, engine: &SimEngine, container: &SimContainer) -> bool {
        self.image == image_of(container)
            && self.environment == container.env
            && self.mounts == mounted(engine, container)
            && self.labels == user_labels(container)
            && self.ports == format!("{:?}", container.ports)
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

fn held_in(engine: &SimEngine, id: &str) -> String {
    let held = engine.files(id).cloned().unwrap_or_default();
    let texts: BTreeMap<_, _> =
        held.into_iter().map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned())).collect();
    format!("files {texts:?}")
}
