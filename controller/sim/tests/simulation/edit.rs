//! Random edits of what is declared: what a person does between two phases.

use serde_json::json;
use skiff_api::{Deployment, Kind, Object, ObjectKey};

use crate::manifests::{Manifests, STEADY, config, network, read, secret};
use crate::random::Random;

/// Changes a few things. `past` are the manifests of earlier phases, to go back to.
pub(crate) fn edit(manifests: &mut Manifests, past: &[Manifests], random: &mut Random) -> Vec<String> {
    (0..=random.below(3)).map(|_| edit_once(manifests, past, random)).collect()
}

fn edit_once(manifests: &mut Manifests, past: &[Manifests], random: &mut Random) -> String {
    let keys: Vec<ObjectKey> = manifests.deployments().map(|(key, _)| key.clone()).collect();
    let Some(key) = random.pick_any(&keys) else {
        manifests.add_deployment("shop", 0, random);
        return "declared deployment/shop/db".to_owned();
    };
    match random.below(11) {
        0 => {
            remove(manifests, &key);
            format!("removed {key}")
        }
        1 => {
            let index = random.below(5);
            manifests.add_deployment(&key.namespace, index, random);
            format!("declared number {index} of {} anew", key.namespace)
        }
        2 => {
            let version = random.below(1000);
            manifests.insert(config(&key.namespace, "settings", version));
            format!("changed the config of {} to {version}", key.namespace)
        }
        3 => {
            manifests.insert(secret(&key.namespace, "keys", random.below(1000)));
            format!("changed the secret of {}", key.namespace)
        }
        4 => remove_thing(manifests, &key.namespace, random),
        5 => {
            manifests.insert(network(&key.namespace, "extra", false));
            change(manifests, &key, random, |value, _| {
                value.pointer_mut("/spec/template").and_then(serde_json::Value::as_object_mut).map(|template| {
                    template.insert("networks".to_owned(), json!([{ "name": "default" }, { "name": "extra" }]))
                });
            });
            format!("put {key} on network extra")
        }
        6 => match random.pick_any(past) {
            Some(earlier) => {
                *manifests = earlier;
                "went back to an earlier version".to_owned()
            }
            None => "went back to nothing".to_owned(),
        },
        7 => {
            if let Some(deployment) = manifests.deployment_mut(&key) {
                let alone = deployment.spec.template.container_name.is_some()
                    || deployment.spec.template.container.ports.iter().any(|port| port.host_port.is_some());
                deployment.spec.replicas = Some(u32::try_from(random.below(if alone { 2 } else { 5 })).unwrap_or(1));
            }
            format!("scaled {key}")
        }
        8 => {
            change(manifests, &key, random, |value, random| {
                let limits = [
                    json!({}),
                    json!({ "cpu": "750m" }),
                    json!({ "memory": "256Mi" }),
                    json!({ "cpu": "250m", "memory": "64Mi" }),
                ];
                set(value, "/spec/template/container", "resources", json!({ "limits": random.pick(&limits) }));
            });
            format!("changed the limits of {key}")
        }
        9 => {
            change(manifests, &key, random, |value, random| {
                let finishes =
                    value.pointer("/spec/template/container/image").is_some_and(|image| *image == "oneshot:1");
                let policies: &[&str] =
                    if finishes { &["Never", "OnFailure"] } else { &["Always", "OnFailure", "Never"] };
                set(value, "/spec/template", "restartPolicy", json!(random.pick(policies)));
            });
            format!("changed the restart policy of {key}")
        }
        _ => {
            change(manifests, &key, random, |value, random| {
                set(value, "/spec/template/container", "image", json!(random.pick(&STEADY)));
            });
            format!("changed the image of {key}")
        }
    }
}

fn change(
    manifests: &mut Manifests,
    key: &ObjectKey,
    random: &mut Random,
    edit: impl FnOnce(&mut serde_json::Value, &mut Random),
) {
    let Some(deployment) = manifests.deployment(key) else { return };
    let mut value = serde_json::to_value(deployment).expect("a deployment is plain data");
    edit(&mut value, random);
    manifests.insert(Object::Deployment(read::<Deployment>(value)));
}

fn set(value: &mut serde_json::Value, at: &str, field: &str, to: serde_json::Value) {
    if let Some(map) = value.pointer_mut(at).and_then(serde_json::Value::as_object_mut) {
        map.insert(field.to_owned(), to);
    }
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
