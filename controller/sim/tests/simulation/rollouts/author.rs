//! Who writes manifests of rollouts: deployments with every sort of strategy, and edits to good and bad images, back and forth.

use serde_json::{Value, json};
use skiff_api::{Deployment, Kind, Object, ObjectKey};
use skiff_sim::SimEngine;

use crate::declare::{config, put, read, secret, volume};
use crate::manifests::Manifests;
use crate::nature::{Nature, Natures};
use crate::random::Random;
use crate::record::Record;

/// Images, and what each is like in the beginning.
const IMAGES: [(&str, Nature); 14] = [
    ("good:1", Nature::Sound),
    ("good:2", Nature::Sound),
    ("good:3", Nature::Sound),
    ("good:4", Nature::Sound),
    ("late:1", Nature::Late(7)),
    ("late:2", Nature::Late(40)),
    ("done:1", Nature::Ends(1_000, 0)),
    ("crash:1", Nature::Ends(50, 3)),
    ("crash:2", Nature::Ends(4_000, 1)),
    ("tired:1", Nature::Ends(25_000, 1)),
    ("sick:1", Nature::Sick),
    ("flaps:1", Nature::Flaps(20)),
    ("broken:1", Nature::Broken),
    ("gone:1", Nature::Gone),
];
/// How many of them are good.
const GOOD: usize = 5;

/// Puts the images where the engine finds them.
pub(crate) fn stock(natures: &mut Natures, engine: &mut SimEngine) {
    for (reference, nature) in IMAGES {
        natures.set(reference, nature, engine);
    }
}

/// A path that no host has.
const NOWHERE: &str = "/nowhere/at-all";

/// An image that was sound breaks, or the other way round. Returns what happened.
pub(crate) fn turn(record: &mut Record, engine: &mut SimEngine, random: &mut Random) -> String {
    let (reference, before) = *random.pick(IMAGES.get(..GOOD).unwrap_or_default());
    let nature = *random.pick(&[before, before, Nature::Ends(50, 3), Nature::Broken]);
    record.natures.set(reference, nature, engine);
    record.turned(reference);
    format!("image {reference} is {nature:?} from now on")
}

/// An image that is good in so many per cent, and may be in the others.
fn some_image(good: usize, random: &mut Random) -> &'static str {
    let images = if random.chance(good) { IMAGES.get(..GOOD).unwrap_or_default() } else { &IMAGES };
    random.pick(images).0
}

/// One to three deployments.
pub(crate) fn first(random: &mut Random) -> Manifests {
    let mut manifests = Manifests::default();
    manifests.insert(config("shop", "settings", random.below(1000)));
    manifests.insert(secret("shop", "keys", random.below(1000)));
    manifests.insert(volume("shop", "own", json!({})));
    for name in ["api", "db", "web"].into_iter().take(1 + random.below(3)) {
        let is_grouped = random.chance(30);
        manifests.insert(deployment(name, is_grouped, random));
    }
    manifests
}

fn deployment(name: &str, is_grouped: bool, random: &mut Random) -> Object {
    let alone = random.chance(12);
    let mut spec = json!({
        "replicas": if alone { 1 } else { 1 + random.below(4) },
        "minReadySeconds": random.pick(&[0, 0, 1, 5, 10]),
        "progressDeadlineSeconds": random.pick(&[60, 120]),
        "strategy": strategy(random),
        "template": template(name, alone, random),
    });
    if random.chance(10) {
        put(&mut spec, "revisionHistoryLimit", json!(random.below(3)));
    }
    let mut metadata = json!({ "name": name, "namespace": "shop" });
    if is_grouped {
        put(&mut metadata, "labels", json!({ "skiff.dev/rollout-group": "all" }));
    }
    Object::Deployment(read::<Deployment>(json!({ "metadata": metadata, "spec": spec })))
}

fn strategy(random: &mut Random) -> Value {
    let mut strategy = match random.below(7) {
        0 => json!({ "type": "Recreate" }),
        1 => json!({ "rollingUpdate": { "maxSurge": 0, "maxUnavailable": 1 } }),
        2 => json!({ "rollingUpdate": { "maxSurge": "50%", "maxUnavailable": "50%" } }),
        3 => json!({ "rollingUpdate": { "maxSurge": 2, "maxUnavailable": 1 } }),
        4 => json!({ "rollingUpdate": { "maxSurge": "100%" } }),
        _ => json!({}),
    };
    if random.chance(15) {
        put(&mut strategy, "onFailure", json!("Pause"));
    }
    strategy
}

fn template(name: &str, alone: bool, random: &mut Random) -> Value {
    let image = some_image(85, random);
    let mut container = json!({ "image": image, "env": env(random) });
    if random.chance(50) {
        put(&mut container, "healthCheck", health_check(random));
    }
    if alone {
        put(
            &mut container,
            "ports",
            json!([{ "containerPort": 80, "hostPort": 8000 + usize::from(*name.as_bytes().first().unwrap_or(&0)) }]),
        );
    }
    let mut template = json!({ "restartPolicy": random.pick(&["Always", "Always", "Always", "OnFailure", "Never"]) });
    let mut mounts = Vec::new();
    let mut volumes = Vec::new();
    if random.chance(30) {
        volumes.push(json!({ "name": "conf", "configMap": { "name": "settings" } }));
        mounts.push(json!({ "name": "conf", "mountPath": "/conf" }));
    }
    if random.chance(8) {
        volumes.push(json!({ "name": "own", "volume": { "name": "own", "perReplica": true } }));
        mounts.push(json!({ "name": "own", "mountPath": "/own" }));
    }
    put(&mut container, "volumeMounts", Value::Array(mounts));
    put(&mut template, "volumes", Value::Array(volumes));
    put(&mut template, "container", container);
    if random.chance(25) {
        put(&mut template, "restart", restart(random));
    }
    template
}

fn restart(random: &mut Random) -> Value {
    random
        .pick(&[
            json!({ "delay": "5s" }),
            json!({ "delay": "1s", "maxAttempts": 2, "window": "60s" }),
            json!({ "maxAttempts": 1 }),
        ])
        .clone()
}

fn health_check(random: &mut Random) -> Value {
    json!({ "test": ["CMD", "true"], "interval": random.pick(&["2s", "5s"]), "retries": random.pick(&[3, 10]) })
}

fn env(random: &mut Random) -> Value {
    let mut env = vec![json!({ "name": "LEVEL", "value": random.pick(&["info", "debug"]) })];
    if random.chance(40) {
        env.push(json!({ "name": "MODE", "valueFrom": { "configMapKeyRef": { "name": "settings", "key": "mode" } } }));
    }
    if random.chance(30) {
        env.push(json!({ "name": "PASSWORD", "valueFrom": { "secretKeyRef": { "name": "keys", "key": "password" } } }));
    }
    Value::Array(env)
}

/// One edit. `past` is what was declared before, to go back to.
pub(crate) fn edit(manifests: &mut Manifests, past: &[Manifests], random: &mut Random) -> String {
    let keys: Vec<ObjectKey> = manifests.deployments().map(|(key, _)| key.clone()).collect();
    let Some(key) = random.pick_any(&keys) else { return "nothing to edit".to_owned() };
    match random.below(15) {
        0..=4 => image(manifests, &key, random),
        5 => {
            // All at once, as a release does.
            let said: Vec<String> = keys.iter().map(|key| image(manifests, key, random)).collect();
            said.join(", ")
        }
        6 => {
            manifests.insert(config("shop", "settings", random.below(1000)));
            "changed the config".to_owned()
        }
        7 => {
            manifests.insert(secret("shop", "keys", random.below(1000)));
            "changed the secret".to_owned()
        }
        8 | 9 => match random.pick_any(past) {
            Some(earlier) => {
                *manifests = earlier;
                "went back to an earlier version".to_owned()
            }
            None => "went back to nothing".to_owned(),
        },
        10 => set(
            manifests,
            &key,
            "/spec/template/container",
            "resources",
            random
                .pick(&[
                    json!({ "limits": { "cpu": "500m" } }),
                    json!({ "limits": { "cpu": "250m", "memory": "64Mi" } }),
                ])
                .clone(),
        ),
        11 => set(manifests, &key, "/spec", "strategy", strategy(random)),
        12 => nowhere(manifests, &key),
        13 => {
            let paused = manifests.deployment(&key).is_some_and(|deployment| deployment.spec.paused);
            set(manifests, &key, "/spec", "paused", json!(!paused))
        }
        _ => {
            let alone = manifests
                .deployment(&key)
                .is_some_and(|deployment| !deployment.spec.template.container.ports.is_empty());
            set(manifests, &key, "/spec", "replicas", json!(random.below(if alone { 2 } else { 5 })))
        }
    }
}

fn is_nowhere(manifests: &Manifests, key: &ObjectKey) -> bool {
    let template = manifests.deployment(key).map(|deployment| &deployment.spec.template);
    template.is_some_and(|template| template.volumes.iter().any(|source| source.host_path.is_some()))
}

/// The template mounts what is not there, or no longer does.
fn nowhere(manifests: &mut Manifests, key: &ObjectKey) -> String {
    let goes = is_nowhere(manifests, key);
    let template = manifests.deployment(key).map(|deployment| &deployment.spec.template);
    let value = |list: Option<Value>| list.and_then(|list| list.as_array().cloned()).unwrap_or_default();
    let (mut volumes, mut mounts) = (
        value(template.and_then(|template| serde_json::to_value(&template.volumes).ok())),
        value(template.and_then(|template| serde_json::to_value(&template.container.volume_mounts).ok())),
    );
    for list in [&mut volumes, &mut mounts] {
        list.retain(|item| item.get("name") != Some(&json!("nowhere")));
    }
    if !goes {
        volumes.push(json!({ "name": "nowhere", "hostPath": { "path": NOWHERE } }));
        mounts.push(json!({ "name": "nowhere", "mountPath": "/nowhere" }));
    }
    set(manifests, key, "/spec/template/container", "volumeMounts", Value::Array(mounts));
    set(manifests, key, "/spec/template", "volumes", Value::Array(volumes))
}

fn image(manifests: &mut Manifests, key: &ObjectKey, random: &mut Random) -> String {
    let image = some_image(40, random);
    set(manifests, key, "/spec/template/container", "image", json!(image))
}

/// Every paused deployment goes on.
pub(crate) fn resume(manifests: &mut Manifests) {
    for (key, object) in &mut manifests.objects {
        if let (Kind::Deployment, Object::Deployment(deployment)) = (key.kind, object) {
            deployment.spec.paused = false;
        }
    }
}

/// A version that there never was, with an image that is good.
pub(crate) fn renew(manifests: &mut Manifests, key: &ObjectKey, phase: usize) -> String {
    set(manifests, key, "/spec/template/container", "image", json!("good:1"));
    if is_nowhere(manifests, key) {
        nowhere(manifests, key);
    }
    set(manifests, key, "/spec/template", "metadata", json!({ "labels": { "attempt": phase.to_string() } }))
}

fn set(manifests: &mut Manifests, key: &ObjectKey, at: &str, field: &str, to: Value) -> String {
    let said = format!("{key}: {field} is {to}");
    if let Some(deployment) = manifests.deployment(key) {
        let mut value = serde_json::to_value(deployment).expect("a deployment is plain data");
        value.pointer_mut(at).and_then(Value::as_object_mut).map(|map| map.insert(field.to_owned(), to));
        manifests.insert(Object::Deployment(read::<Deployment>(value)));
    }
    said
}
