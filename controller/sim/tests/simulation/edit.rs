//! Random edits of what is declared: what a person does between two phases.

use serde_json::{Value, json};
use skiff_api::{Deployment, Kind, Network, Object, ObjectKey, Volume};

use crate::declare::{STEADY, add_deployment, config, network, put, read, roamer, secret, volume};
use crate::manifests::{Manifests, is_protected};
use crate::random::Random;

/// Changes a few things. `past` are the manifests of earlier phases, to go back to.
pub(crate) fn edit(manifests: &mut Manifests, past: &[Manifests], random: &mut Random) -> Vec<String> {
    (0..=random.below(4)).map(|_| edit_once(manifests, past, random)).collect()
}

fn edit_once(manifests: &mut Manifests, past: &[Manifests], random: &mut Random) -> String {
    let keys: Vec<ObjectKey> = manifests.deployments().map(|(key, _)| key.clone()).collect();
    let Some(key) = random.pick_any(&keys) else {
        add_deployment(manifests, "shop", 0, random);
        return "declared deployment/shop/db".to_owned();
    };
    match random.below(26) {
        0 | 1 => {
            remove(manifests, &key);
            format!("removed {key}")
        }
        2 | 16 => remove_thing(manifests, &key.namespace, random),
        3 => remove_most(manifests, &key.namespace, random),
        4 | 5 => {
            let index = random.below(5);
            add_deployment(manifests, &key.namespace, index, random);
            format!("declared number {index} of {} anew", key.namespace)
        }
        6 => {
            if let Some(earlier) = random.pick_any(past) {
                *manifests = earlier;
            }
            "went back to an earlier version".to_owned()
        }
        7..=10 => edit_thing(manifests, &key.namespace, random),
        11 | 17 => roam(manifests, random),
        12 => protect_or_not(manifests, random).unwrap_or_else(|| "protected nothing".to_owned()),
        13 | 14 => {
            let version = random.below(1000);
            manifests.insert(config(&key.namespace, "settings", version));
            format!("changed the config of {} to {version}", key.namespace)
        }
        15 => {
            manifests.insert(secret(&key.namespace, "keys", random.below(1000)));
            format!("changed the secret of {}", key.namespace)
        }
        _ => edit_deployment(manifests, &key, random),
    }
}

fn edit_deployment(manifests: &mut Manifests, key: &ObjectKey, random: &mut Random) -> String {
    let Some(deployment) = manifests.deployment(key).cloned() else { return "changed nothing".to_owned() };
    let choice = if key.name == "roamer" { 3 + random.below(2) } else { random.below(8) };
    let alone = deployment.spec.template.container_name.is_some()
        || deployment.spec.template.container.ports.iter().any(|port| port.host_port.is_some());
    let finishes = deployment.spec.template.container.image == crate::declare::ONESHOT;
    let mut value = serde_json::to_value(deployment).expect("a deployment is plain data");
    let what = match choice {
        0 => {
            manifests.insert(network(&key.namespace, "extra", json!({})));
            set(&mut value, "/spec/template", "networks", json!([{ "name": "default" }, { "name": "extra" }]));
            "the networks"
        }
        1 => {
            let limits = [
                json!({}),
                json!({ "cpu": "750m" }),
                json!({ "memory": "256Mi" }),
                json!({ "cpu": "250m", "memory": "64Mi" }),
            ];
            set(&mut value, "/spec/template/container", "resources", json!({ "limits": random.pick(&limits) }));
            "the limits"
        }
        2 => {
            let policies: &[&str] = if finishes { &["Never", "OnFailure"] } else { &["Always", "OnFailure", "Never"] };
            set(&mut value, "/spec/template", "restartPolicy", json!(random.pick(policies)));
            "the restart policy"
        }
        3 | 5 => {
            set(&mut value, "/spec", "replicas", json!(random.below(if alone { 2 } else { 5 })));
            "the number"
        }
        _ => {
            set(&mut value, "/spec/template/container", "image", json!(random.pick(&STEADY)));
            "the image"
        }
    };
    manifests.insert(Object::Deployment(read::<Deployment>(value)));
    format!("changed {what} of {key}")
}

fn set(value: &mut Value, at: &str, field: &str, to: Value) {
    if let Some(inner) = value.pointer_mut(at) {
        put(inner, field, to);
    }
}

/// Changes the definition of a network or volume that is not external.
fn edit_thing(manifests: &mut Manifests, namespace: &str, random: &mut Random) -> String {
    let kind = *random.pick(&[Kind::Network, Kind::Network, Kind::Volume]);
    let names = manifests.names(kind, namespace);
    let own: Vec<String> =
        names.into_iter().filter(|name| !["ext", "peer", "shared"].contains(&name.as_str())).collect();
    let Some(name) = random.pick_any(&own) else { return "changed no network or volume".to_owned() };
    let key = ObjectKey::new(kind, namespace, &name);
    let Some(object) = manifests.objects.get(&key) else { return "changed nothing".to_owned() };
    let mut value = object.to_manifest();
    let labels = json!({ "version": random.below(3).to_string() });
    match (kind, random.below(3)) {
        (Kind::Network, 0) => set(&mut value, "/metadata", "labels", labels),
        (Kind::Network, number) => put(&mut value, "spec", json!({ "internal": number == 1 })),
        (_, 0) => set(&mut value, "/metadata", "labels", labels),
        (_, number) => {
            put(&mut value, "spec", json!({ "reclaimPolicy": if number == 1 { "Delete" } else { "Retain" } }));
        }
    }
    let read = if kind == Kind::Network {
        Object::Network(read::<Network>(plain(value)))
    } else {
        Object::Volume(read::<Volume>(plain(value)))
    };
    manifests.insert(read);
    format!("changed {key}")
}

/// A manifest without what says its kind.
fn plain(mut manifest: Value) -> Value {
    if let Some(fields) = manifest.as_object_mut() {
        fields.retain(|field, _| field == "metadata" || field == "spec");
    }
    manifest
}

fn roam(manifests: &mut Manifests, random: &mut Random) -> String {
    match random.below(6) {
        0 => {
            manifests.insert(roamer(random));
            "declared the roamer anew".to_owned()
        }
        1 => {
            manifests.insert(volume("shop", "nomad", json!({ "reclaimPolicy": "Delete" })));
            "declared the nomad".to_owned()
        }
        2 => {
            manifests.objects.remove(&ObjectKey::new(Kind::Volume, "shop", "nomad"));
            "removed the nomad".to_owned()
        }
        _ => {
            manifests.roamed = !manifests.roamed;
            "moved what roams to the other source".to_owned()
        }
    }
}

fn protect_or_not(manifests: &mut Manifests, random: &mut Random) -> Option<String> {
    let keys: Vec<ObjectKey> = manifests.objects.keys().cloned().collect();
    let key = random.pick_any(&keys)?;
    let object = manifests.objects.get_mut(&key)?;
    if is_protected(object) {
        object.metadata_mut().annotations.clear();
        return Some(format!("protected {key} no more"));
    }
    object.metadata_mut().annotations.insert("skiff.dev/prune".to_owned(), "false".to_owned());
    Some(format!("protected {key}"))
}

/// Removes a deployment, and what others say of it.
fn remove(manifests: &mut Manifests, key: &ObjectKey) {
    manifests.objects.remove(key);
    let others: Vec<ObjectKey> = manifests.deployments().map(|(key, _)| key.clone()).collect();
    for other in others.iter().filter(|other| other.namespace == key.namespace) {
        if let Some(deployment) = manifests.deployment_mut(other) {
            deployment.spec.depends_on.retain(|dependency| dependency.name != key.name);
        }
    }
}

/// Removes all deployments of a namespace but one or none.
fn remove_most(manifests: &mut Manifests, namespace: &str, random: &mut Random) -> String {
    let kept = random.below(2);
    let keys: Vec<ObjectKey> = manifests.deployments().map(|(key, _)| key.clone()).collect();
    for key in keys.iter().filter(|key| key.namespace == namespace).skip(kept) {
        remove(manifests, key);
    }
    format!("removed all but {kept} deployments of {namespace}")
}

/// Removes a network or volume, and what deployments say of it.
fn remove_thing(manifests: &mut Manifests, namespace: &str, random: &mut Random) -> String {
    let kind = *random.pick(&[Kind::Network, Kind::Volume]);
    let Some(name) = random.pick_any(&manifests.names(kind, namespace)) else {
        return "removed nothing".to_owned();
    };
    let key = ObjectKey::new(kind, namespace, &name);
    manifests.objects.remove(&key);
    let users: Vec<ObjectKey> = manifests.deployments().map(|(key, _)| key.clone()).collect();
    for user in users.iter().filter(|user| user.namespace == namespace) {
        let Some(deployment) = manifests.deployment_mut(user) else { continue };
        let template = &mut deployment.spec.template;
        if kind == Kind::Network {
            template.networks = template.networks.take().map(|mut networks| {
                networks.retain(|network| network.name != name);
                networks
            });
            template.networks = template.networks.take().filter(|networks| !networks.is_empty());
        } else {
            template.volumes.retain(|source| source.name != name);
            template.container.volume_mounts.retain(|mount| mount.name != name);
        }
    }
    format!("removed {key}")
}
