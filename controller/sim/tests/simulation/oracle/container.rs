//! What one container of a deployment must be, worked out from the manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use skiff_api::{
    Deployment, Kind, NetworkAttachment, Object, ObjectKey, PodTemplate, RestartPolicy, RestartSettings, label,
};
use skiff_core::{ContainerState, MountSource};
use skiff_sim::{DockerRestart, SimContainer, SimEngine, SimHook};

use crate::ledger::object_of;
use crate::manifests::{Manifests, network_name, volume_name};

/// Everything that is wrong with a container.
pub(super) fn check_container(
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
    // What was taken over keeps the name that it came with.
    let name = if engine.is_taken_over(&container.id) { container.name.clone() } else { name };
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
    let should = networks(manifests, key, deployment);
    expect("networks", format!("{:?}", attached(engine, container)), format!("{should:?}"));
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
    let is_theirs = engine.is_as_taken_over(container);
    if container.is_up() && hook.is_some() && !is_theirs && !container.hooks.iter().any(was_run) {
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
pub(super) fn image_of(container: &SimContainer) -> &str {
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

/// Docker's restart policy: it counts under `on-failure` by itself; none where Skiff paces the restarts otherwise.
fn docker_restart(template: &PodTemplate) -> DockerRestart {
    let policy = template.restart_policy.unwrap_or_default();
    let most = match (&template.restart, policy) {
        (None | Some(RestartSettings { delay: None, max_attempts: None, window: _ }), _) => None,
        (Some(RestartSettings { delay: None, max_attempts, window: None }), RestartPolicy::OnFailure) => *max_attempts,
        (Some(_), _) => return DockerRestart::No,
    };
    match policy {
        RestartPolicy::Always => DockerRestart::Always,
        RestartPolicy::OnFailure => DockerRestart::OnFailure(most.and_then(NonZeroU32::new)),
        RestartPolicy::Never => DockerRestart::No,
    }
}

pub(super) fn user_labels(container: &SimContainer) -> BTreeMap<String, String> {
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

pub(super) fn environment(manifests: &Manifests, key: &ObjectKey, deployment: &Deployment) -> BTreeMap<String, String> {
    let container = &deployment.spec.template.container;
    let of = |kind, name: &str| data(manifests, &ObjectKey::new(kind, &key.namespace, name));
    let mut env = BTreeMap::new();
    for source in &container.env_from {
        let prefix = source.prefix.clone().unwrap_or_default();
        let from = source.config_map_ref.iter().flat_map(|source| of(Kind::ConfigMap, &source.name));
        env.extend(from.map(|(name, value)| (format!("{prefix}{name}"), value)));
    }
    for variable in &container.env {
        let from = variable.value_from.clone().unwrap_or_default();
        let config = from.config_map_key_ref.map(|from| of(Kind::ConfigMap, &from.name).remove(&from.key));
        let secret = from.secret_key_ref.map(|from| of(Kind::Secret, &from.name).remove(&from.key));
        let value = config.or(secret).flatten().or_else(|| variable.value.clone()).unwrap_or_default();
        env.insert(variable.name.clone(), value);
    }
    env
}

/// The networks that a deployment is on: the object, and the names that it answers to.
pub(super) fn attachments(key: &ObjectKey, deployment: &Deployment) -> Vec<(ObjectKey, BTreeSet<String>)> {
    let named = deployment
        .spec
        .template
        .networks
        .clone()
        .unwrap_or_else(|| vec![NetworkAttachment { name: "default".to_owned(), ..NetworkAttachment::default() }]);
    let attachments = named.into_iter().map(|network| {
        let aliases = network.aliases.into_iter().chain([key.name.clone()]);
        (ObjectKey::new(Kind::Network, &key.namespace, &network.name), aliases.collect())
    });
    attachments.collect()
}

/// Docker's name of a network that is declared, or a namespace's default one.
pub(super) fn docker_name(manifests: &Manifests, network: &ObjectKey) -> String {
    let declared = manifests.network(network).map(|declared| network_name(network, declared));
    declared.unwrap_or_else(|| format!("{}-{}", network.namespace, network.name))
}

/// The networks that a container should be on by Docker's names, with the names that it answers to.
fn networks(manifests: &Manifests, key: &ObjectKey, deployment: &Deployment) -> BTreeMap<String, BTreeSet<String>> {
    let attachments = attachments(key, deployment).into_iter();
    attachments.map(|(network, aliases)| (docker_name(manifests, &network), aliases)).collect()
}

/// The networks that a container is on; one that is gone, or not the one that counts of its name, does not count.
fn attached(engine: &SimEngine, container: &SimContainer) -> BTreeMap<String, BTreeSet<String>> {
    let on = container.networks.iter().filter(|(name, endpoint)| {
        let named = engine.networks().filter(|network| network.name == **name);
        let counts = named.min_by_key(|network| (object_of(&network.labels).is_none(), network.serial));
        endpoint.network_id.is_none()
            || endpoint.network_id.as_ref() == counts.map(|network| &network.id)
            || !container.is_up()
    });
    on.map(|(name, endpoint)| (name.clone(), endpoint.aliases.clone())).collect()
}

/// What is mounted where: a volume's name, or what the files hold.
pub(super) fn mounted(engine: &SimEngine, container: &SimContainer) -> BTreeMap<String, String> {
    let of = |mount: &skiff_core::Mount| match &mount.source {
        MountSource::Volume { name, .. } => format!("volume {name}"),
        MountSource::Files(files) => held_in(engine, &files.id),
        MountSource::Tmpfs(tmpfs) => format!("tmpfs {:?}", tmpfs.size),
        MountSource::HostPath { .. }
        | MountSource::Anonymous(_)
        | MountSource::Image(_)
        | MountSource::NamedPipe(_) => "something else".to_owned(),
    };
    container.mounts.iter().map(|mount| (mount.target.clone(), of(mount))).collect()
}

/// What should be mounted where, for an ordinal.
pub(super) fn mounts(
    manifests: &Manifests,
    key: &ObjectKey,
    deployment: &Deployment,
    ordinal: &str,
) -> BTreeMap<String, String> {
    let template = &deployment.spec.template;
    let mounts = template.container.volume_mounts.iter().filter_map(|mount| {
        let source = template.volumes.iter().find(|source| source.name == mount.name)?;
        let of = |kind, name: &str| format!("files {:?}", data(manifests, &ObjectKey::new(kind, &key.namespace, name)));
        let what = if let Some(volume) = &source.volume {
            let own = if volume.per_replica { format!("-{ordinal}") } else { String::new() };
            let of = ObjectKey::new(Kind::Volume, &key.namespace, &volume.name);
            let name = manifests.volume(&of).map(|declared| volume_name(&of, declared)).unwrap_or_default();
            format!("volume {name}{own}")
        } else if let Some(config) = &source.config_map {
            of(Kind::ConfigMap, &config.name)
        } else if let Some(secret) = &source.secret {
            of(Kind::Secret, &secret.secret_name)
        } else {
            format!("tmpfs {:?}", source.tmpfs.as_ref().and_then(|tmpfs| tmpfs.size))
        };
        Some((mount.mount_path.clone(), what))
    });
    mounts.collect()
}

/// The files of a set as text.
pub(super) fn held_in(engine: &SimEngine, id: &str) -> String {
    let held = engine.files(id).cloned().unwrap_or_default();
    let texts: BTreeMap<_, _> =
        held.into_iter().map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned())).collect();
    format!("files {texts:?}")
}
