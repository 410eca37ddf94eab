//! Random manifests: what somebody might declare, valid, as the API types say it.

use serde_json::{Map, Value, json};
use skiff_api::{ConfigMap, Deployment, Kind, Network, Object, Secret, Volume};

use crate::manifests::Manifests;
use crate::random::Random;

/// Images that run until they are told to stop.
pub(crate) const STEADY: [&str; 4] = ["app:1", "app:2", "web:1", "web:2"];
/// The one of them that asks for a volume.
pub(crate) const KEEPING: &str = "app:2";
/// An image whose process ends well after two seconds.
pub(crate) const ONESHOT: &str = "oneshot:1";
/// Every secret value holds this, so that a leak is found.
pub(crate) const SECRET_MARK: &str = "s3cr3t-";
/// A network of somebody else that manifests may name.
pub(crate) const PROXY: &str = "proxy";
/// A volume of somebody else that manifests may name.
pub(crate) const THEIR_DATA: &str = "ext-data";
/// The names that deployments may have. Each may depend on those before it.
const NAMES: [&str; 5] = ["db", "cache", "api", "web", "worker"];

/// A few deployments with what they need, in one or two namespaces.
pub(crate) fn random_manifests(random: &mut Random) -> Manifests {
    let mut manifests = Manifests::default();
    for namespace in ["shop", "blog"].into_iter().take(1 + random.below(2)) {
        add_things(&mut manifests, namespace, random);
        for index in 0..=random.below(4) {
            add_deployment(&mut manifests, namespace, index, random);
        }
    }
    if random.chance(60) {
        manifests.insert(roamer(random));
    }
    if random.chance(40) {
        manifests.insert(volume("shop", "nomad", json!({ "reclaimPolicy": "Delete" })));
    }
    manifests
}

fn add_things(manifests: &mut Manifests, namespace: &str, random: &mut Random) {
    for name in ["front", "back"].into_iter().take(random.below(3)) {
        manifests.insert(network(namespace, name, json!({ "internal": random.chance(20) })));
    }
    for name in ["data", "logs"].into_iter().take(random.below(3)) {
        let policy = if random.chance(30) { "Delete" } else { "Retain" };
        manifests.insert(volume(namespace, name, json!({ "reclaimPolicy": policy })));
    }
    if random.chance(25) {
        manifests.insert(network(namespace, "ext", json!({ "external": true, "networkName": PROXY })));
    }
    if random.chance(25) {
        manifests.insert(volume(namespace, "ext", json!({ "external": true, "volumeName": THEIR_DATA })));
    }
    // What the other source makes is to this one as external as what strangers make.
    if namespace == "blog" && random.chance(30) {
        manifests.insert(network(namespace, "peer", json!({ "external": true, "networkName": "shop-front" })));
        manifests.insert(volume(namespace, "shared", json!({ "external": true, "volumeName": "shop-data" })));
    }
    protect_some(manifests, namespace, random);
    manifests.insert(config(namespace, "settings", random.below(1000)));
    manifests.insert(secret(namespace, "keys", random.below(1000)));
}

fn protect_some(manifests: &mut Manifests, namespace: &str, random: &mut Random) {
    for (key, object) in &mut manifests.objects {
        if key.namespace == namespace && random.chance(8) {
            object.metadata_mut().annotations.insert("skiff.dev/prune".to_owned(), "false".to_owned());
        }
    }
}

/// Adds the deployment of this number, or replaces it.
pub(crate) fn add_deployment(manifests: &mut Manifests, namespace: &str, index: usize, random: &mut Random) {
    let name = NAMES.get(index % NAMES.len()).copied().unwrap_or("db");
    let template = template(manifests, namespace, index, random);
    let alone = template.get("containerName").is_some() || publishes(&template);
    let replicas = if alone { 1 } else { random.below(5) };
    let spec = json!({
        "replicas": replicas,
        "dependsOn": depends_on(manifests, namespace, index, random),
        "minReadySeconds": random.pick(&[0, 0, 1, 5]),
        "strategy": strategy(random),
        "template": template,
    });
    let protects = if random.chance(8) { json!({ "skiff.dev/prune": "false" }) } else { json!({}) };
    let metadata = json!({ "name": name, "namespace": namespace, "annotations": protects });
    manifests.insert(Object::Deployment(read::<Deployment>(json!({ "metadata": metadata, "spec": spec }))));
}

/// A deployment that refers to nothing.
pub(crate) fn roamer(random: &mut Random) -> Object {
    let template = json!({ "container": { "image": random.pick(&STEADY) } });
    let spec = json!({ "replicas": 1 + random.below(2), "minReadySeconds": 0, "template": template });
    let metadata = json!({ "name": "roamer", "namespace": "shop" });
    Object::Deployment(read::<Deployment>(json!({ "metadata": metadata, "spec": spec })))
}

fn depends_on(manifests: &Manifests, namespace: &str, index: usize, random: &mut Random) -> Vec<Value> {
    let known = manifests.names(Kind::Deployment, namespace);
    let before = NAMES.iter().take(index).filter(|name| known.iter().any(|known| known == *name));
    let mut dependencies = Vec::new();
    for name in before {
        if random.chance(30) {
            let condition = random.pick(&["Started", "Started", "Ready", "Ready", "Completed"]);
            dependencies.push(json!({ "name": name, "condition": condition }));
        }
    }
    dependencies
}

fn template(manifests: &Manifests, namespace: &str, index: usize, random: &mut Random) -> Value {
    let oneshot = random.chance(8);
    let mut template = json!({
        "metadata": { "labels": { "tier": random.pick(&["front", "back"]) } },
        "container": { "image": if oneshot { ONESHOT } else { *random.pick(&STEADY) } },
        "terminationGracePeriodSeconds": random.pick(&[1, 10]),
    });
    let finishing: &[&str] =
        if oneshot { &["OnFailure", "Never"] } else { &["Always", "Always", "OnFailure", "Never"] };
    put(&mut template, "restartPolicy", json!(random.pick(finishing)));
    if random.chance(10) {
        put(&mut template, "containerName", json!(format!("{namespace}-fixed-{index}")));
    }
    choose_networks(manifests, &mut template, namespace, random);
    choose_volumes(manifests, &mut template, namespace, random);
    if let Some(container) = template.get_mut("container") {
        settings(container, index, namespace, oneshot, random);
    }
    if !oneshot && random.chance(12) {
        let init = |name: &str| json!({ "name": name, "image": ONESHOT });
        let count = *random.pick(&[1, 2]);
        put(&mut template, "initContainers", ["prepare", "check"].into_iter().take(count).map(init).collect());
    }
    template
}

fn choose_networks(manifests: &Manifests, template: &mut Value, namespace: &str, random: &mut Random) {
    let names = manifests.names(Kind::Network, namespace);
    let mut chosen: Vec<Value> = Vec::new();
    for name in names.iter().map(String::as_str).chain(["default"]) {
        let aliases: &[&str] = if random.chance(40) { &["orders"] } else { &[] };
        if random.chance(if name == "ext" { 20 } else { 50 }) {
            chosen.push(json!({ "name": name, "aliases": aliases }));
        }
    }
    if !chosen.is_empty() {
        put(template, "networks", Value::Array(chosen));
    }
}

fn choose_volumes(manifests: &Manifests, template: &mut Value, namespace: &str, random: &mut Random) {
    let mut sources = Vec::new();
    for name in manifests.names(Kind::Volume, namespace) {
        if random.chance(if name == "ext" { 20 } else { 40 }) {
            // One volume is either everybody's or each replica's own.
            let own = name == "logs";
            sources.push(json!({ "name": name, "volume": { "name": name, "perReplica": own } }));
        }
    }
    if random.chance(40) {
        let update = random.pick(&["Replace", "InPlace"]);
        sources.push(json!({ "name": "conf", "configMap": { "name": "settings", "updatePolicy": update } }));
    }
    if random.chance(40) {
        let update = random.pick(&["Replace", "InPlace"]);
        let secret = json!({ "secretName": "keys", "defaultMode": 256, "updatePolicy": update });
        sources.push(json!({ "name": "keys", "secret": secret }));
    }
    if random.chance(15) {
        sources.push(json!({ "name": "scratch", "tmpfs": { "size": "16Mi" } }));
    }
    let named = sources.iter().filter_map(|source| source.get("name").cloned());
    let mounts: Vec<Value> = named
        .map(|name| json!({ "name": name, "mountPath": format!("/mnt/{}", name.as_str().unwrap_or_default()) }))
        .collect();
    if let Some(container) = template.get_mut("container") {
        put(container, "volumeMounts", Value::Array(mounts));
    }
    put(template, "volumes", Value::Array(sources));
}

fn settings(container: &mut Value, index: usize, namespace: &str, oneshot: bool, random: &mut Random) {
    let mut env = vec![json!({ "name": "LEVEL", "value": random.pick(&["info", "debug"]) })];
    if random.chance(40) {
        env.push(json!({ "name": "MODE", "valueFrom": { "configMapKeyRef": { "name": "settings", "key": "mode" } } }));
    }
    if random.chance(40) {
        env.push(json!({ "name": "PASSWORD", "valueFrom": { "secretKeyRef": { "name": "keys", "key": "password" } } }));
    }
    put(container, "env", Value::Array(env));
    if random.chance(15) {
        put(container, "envFrom", json!([{ "prefix": "C_", "configMapRef": { "name": "settings" } }]));
    }
    if random.chance(40) {
        let limits = json!({ "cpu": random.pick(&["250m", "500m", "1"]), "memory": random.pick(&["64Mi", "128Mi"]) });
        put(container, "resources", json!({ "limits": limits }));
    }
    if random.chance(15) {
        let base = if namespace == "shop" { 8000 } else { 9000 };
        put(container, "ports", json!([{ "containerPort": 80, "hostPort": base + index }]));
    }
    if !oneshot && random.chance(25) {
        put(container, "healthCheck", json!({ "test": ["CMD", "true"], "interval": "5s" }));
    }
    if !oneshot {
        probes(container, random);
        hooks(container, random);
    }
    put(container, "imagePullPolicy", json!(random.pick(&["IfNotPresent", "IfNotPresent", "Always"])));
}

/// The images answer within two seconds of their start, and stay well unless something befalls them.
fn probes(container: &mut Value, random: &mut Random) {
    let http = |period: usize, failures: usize| json!({ "httpGet": { "port": 80 }, "periodSeconds": period, "failureThreshold": failures });
    if random.chance(10) {
        put(container, "startupProbe", http(1, 5));
    }
    if random.chance(25) {
        let (period, failures) = (*random.pick(&[1, 5]), *random.pick(&[1, 3]));
        put(container, "readinessProbe", http(period, failures));
    }
    if random.chance(20) {
        put(container, "livenessProbe", http(*random.pick(&[1, 5]), 2));
    }
}

fn hooks(container: &mut Value, random: &mut Random) {
    let mut lifecycle = json!({});
    if random.chance(15) {
        put(&mut lifecycle, "postStart", json!({ "exec": { "command": ["warm-up"] } }));
    }
    if random.chance(15) {
        put(&mut lifecycle, "preStop", json!({ "sleep": "1s" }));
    }
    if lifecycle != json!({}) {
        put(container, "lifecycle", lifecycle);
    }
}

fn publishes(template: &Value) -> bool {
    template.pointer("/container/ports").is_some()
}

fn strategy(random: &mut Random) -> Value {
    match random.below(4) {
        0 => json!({ "type": "Recreate" }),
        1 => json!({ "rollingUpdate": { "maxSurge": 0, "maxUnavailable": 1 } }),
        2 => json!({ "rollingUpdate": { "maxSurge": "50%", "maxUnavailable": 1 } }),
        _ => json!({}),
    }
}

pub(crate) fn network(namespace: &str, name: &str, spec: Value) -> Object {
    let metadata = json!({ "name": name, "namespace": namespace });
    Object::Network(read::<Network>(json!({ "metadata": metadata, "spec": spec })))
}

pub(crate) fn volume(namespace: &str, name: &str, spec: Value) -> Object {
    let metadata = json!({ "name": name, "namespace": namespace });
    Object::Volume(read::<Volume>(json!({ "metadata": metadata, "spec": spec })))
}

pub(crate) fn config(namespace: &str, name: &str, version: usize) -> Object {
    let metadata = json!({ "name": name, "namespace": namespace });
    let data = json!({ "mode": format!("mode-{version}"), "app.conf": format!("version = {version}\n") });
    Object::ConfigMap(read::<ConfigMap>(json!({ "metadata": metadata, "data": data })))
}

pub(crate) fn secret(namespace: &str, name: &str, version: usize) -> Object {
    let metadata = json!({ "name": name, "namespace": namespace });
    let data = json!({ "password": format!("{SECRET_MARK}{version}"), "token": format!("{SECRET_MARK}t{version}") });
    Object::Secret(read::<Secret>(json!({ "metadata": metadata, "stringData": data })))
}

/// Reads an object that this folder wrote.
pub(crate) fn read<T: for<'de> serde::Deserialize<'de>>(value: Value) -> T {
    serde_json::from_value(value).expect("the generator writes what the types read")
}

/// Sets a field of an object.
pub(crate) fn put(value: &mut Value, field: &str, to: Value) {
    value.as_object_mut().unwrap_or(&mut Map::new()).insert(field.to_owned(), to);
}
