//! What of a container can be seen from outside, as it should be by its manifest and as it is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use skiff_api::{Deployment, Object, ObjectKey};
use skiff_core::MountSource;
use skiff_sim::{SimContainer, SimEngine};

use crate::manifests::{Manifests, put};

/// The image that a container runs, by the reference that first meant it: it may name it by its digest, which these images have of that.
pub(super) fn image_of(container: &SimContainer) -> &str {
    container.image.split_once("@sha256:").map_or(&container.image, |(_, reference)| reference)
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
pub(super) fn networks(key: &ObjectKey, deployment: &Deployment) -> BTreeMap<String, BTreeSet<String>> {
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
pub(super) fn attached(engine: &SimEngine, container: &SimContainer) -> BTreeMap<String, BTreeSet<String>> {
    let on = container.networks.iter().filter(|(name, endpoint)| {
        let first = engine.networks().filter(|network| network.name == **name).min_by_key(|network| network.serial);
        endpoint.network_id.is_none()
            || endpoint.network_id.as_ref() == first.map(|network| &network.id)
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
        MountSource::HostPath { .. } | MountSource::Anonymous | MountSource::Image(_) | MountSource::NamedPipe(_) => {
            "something else".to_owned()
        }
    };
    container.mounts.iter().map(|mount| (mount.target.clone(), of(mount))).collect()
}

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

pub(super) fn held_in(engine: &SimEngine, id: &str) -> String {
    let held = engine.files(id).cloned().unwrap_or_default();
    let texts: BTreeMap<_, _> =
        held.into_iter().map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned())).collect();
    format!("files {texts:?}")
}
