//! Random manifests: what somebody might declare, valid, as the API types say it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use skiff_api::{ConfigMap, Deployment, Kind, Network, Object, ObjectKey, Secret, Volume};

use crate::random::Random;

/// Images that run until they are told to stop.
pub(crate) const STEADY: [&str; 4] = ["app:1", "app:2", "web:1", "web:2"];
/// An image whose process ends well after two seconds.
pub(crate) const ONESHOT: &str = "oneshot:1";
/// Every secret value holds this, so that a leak is found.
pub(crate) const SECRET_MARK: &str = "s3cr3t-";
/// The names that deployments may have. Each may depend on those before it.
const NAMES: [&str; 5] = ["db", "cache", "api", "web", "worker"];

/// What is declared, by key.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Manifests {
    pub(crate) objects: BTreeMap<ObjectKey, Object>,
}

impl Manifests {
    /// A few deployments with what they need, in one or two namespaces.
    pub(crate) fn random(random: &mut Random) -> Self {
        let mut manifests = Self::default();
        for namespace in ["shop", "blog"].into_iter().take(1 + random.below(2)) {
            manifests.add_things(namespace, random);
            for index in 0..=random.below(4) {
                manifests.add_deployment(namespace, index, random);
            }
        }
        manifests
    }

    pub(crate) fn insert(&mut self, object: Object) {
        self.objects.insert(object.key(), object);
    }

    pub(crate) fn deployments(&self) -> impl Iterator<Item = (&ObjectKey, &Deployment)> {
        self.objects.iter().filter_map(|(key, object)| match object {
            Object::Deployment(deployment) => Some((key, deployment)),
            Object::Network(_)
            | Object::Volume(_)
            | Object::ConfigMap(_)
            | Object::Secret(_)
            | Object::Job(_)
            | Object::CronJob(_) => None,
        })
    }

    pub(crate) fn deployment(&self, key: &ObjectKey) -> Option<&Deployment> {
        self.deployments().find(|(known, _)| *known == key).map(|(_, deployment)| deployment)
    }

    pub(crate) fn deployment_mut(&mut self, key: &ObjectKey) -> Option<&mut Deployment> {
        match self.objects.get_mut(key)? {
            Object::Deployment(deployment) => Some(deployment),
            Object::Network(_)
            | Object::Volume(_)
            | Object::ConfigMap(_)
            | Object::Secret(_)
            | Object::Job(_)
            | Object::CronJob(_) => None,
        }
    }

    /// The names of the objects of a kind in a namespace.
    pub(crate) fn names(&self, kind: Kind, namespace: &str) -> Vec<String> {
        let of_kind = self.objects.keys().filter(|key| key.kind == kind && key.namespace == namespace);
        of_kind.map(|key| key.name.clone()).collect()
    }

    fn add_things(&mut self, namespace: &str, random: &mut Random) {
        for name in ["front", "back"].into_iter().take(random.below(3)) {
            self.insert(network(namespace, name, random.chance(20)));
        }
        for name in ["data", "logs"].into_iter().take(random.below(3)) {
            self.insert(volume(namespace, name, random.chance(30)));
        }
        self.insert(config(namespace, "settings", random.below(1000)));
        self.insert(secret(namespace, "keys", random.below(1000)));
    }

    /// Adds the deployment of this number, or replaces it.
    pub(crate) fn add_deployment(&mut self, namespace: &str, index: usize, random: &mut Random) {
        let name = NAMES.get(index % NAMES.len()).copied().unwrap_or("db");
        let template = self.template(namespace, index, random);
        let alone = template.get("containerName").is_some() || publishes(&template);
        let replicas = if alone { 1 } else { random.below(5) };
        let spec = json!({
            "replicas": replicas,
            "dependsOn": self.depends_on(namespace, index, random),
            "minReadySeconds": random.pick(&[0, 0, 1, 5]),
            "strategy": strategy(random),
            "template": template,
        });
        let metadata = json!({ "name": name, "namespace": namespace });
        self.insert(Object::Deployment(read::<Deployment>(json!({ "metadata": metadata, "spec": spec }))));
    }

    fn depends_on(&self, namespace: &str, index: usize, random: &mut Random) -> Vec<Value> {
        let known = self.names(Kind::Deployment, namespace);
        let before = NAMES.iter().take(index).filter(|name| known.iter().any(|known| known == *name));
        let mut dependencies = Vec::new();
        for name in before {
            if random.chance(30) {
                dependencies.push(json!({ "name": name, "condition": random.pick(&["Started", "Ready"]) }));
            }
        }
        dependencies
    }

    fn template(&self, namespace: &str, index: usize, random: &mut Random) -> Value {
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
        self.choose_networks(&mut template, namespace, random);
        self.choose_volumes(&mut template, namespace, random);
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

    fn choose_networks(&self, template: &mut Value, namespace: &str, random: &mut Random) {
        let names = self.names(Kind::Network, namespace);
        let mut chosen: Vec<Value> = Vec::new();
        for name in names.iter().map(String::as_str).chain(["default"]) {
            if random.chance(50) {
                let aliases: &[&str] = if random.chance(40) { &["orders"] } else { &[] };
                chosen.push(json!({ "name": name, "aliases": aliases }));
            }
        }
        if !chosen.is_empty() {
            put(template, "networks", Value::Array(chosen));
        }
    }

    fn choose_volumes(&self, template: &mut Value, namespace: &str, random: &mut Random) {
        let mut sources = Vec::new();
        for name in self.names(Kind::Volume, namespace) {
            if random.chance(40) {
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

    /// The objects that a deployment refers to.
    pub(crate) fn references(&self, key: &ObjectKey) -> BTreeSet<ObjectKey> {
        let Some(deployment) = self.deployment(key) else { return BTreeSet::new() };
        let template = &deployment.spec.template;
        let of = |kind, name: &str| ObjectKey::new(kind, &key.namespace, name);
        let mut found = BTreeSet::from([of(Kind::ConfigMap, "settings"), of(Kind::Secret, "keys")]);
        found.extend(template.networks.iter().flatten().map(|network| of(Kind::Network, &network.name)));
        found
            .extend(template.volumes.iter().filter_map(|source| Some(of(Kind::Volume, &source.volume.as_ref()?.name))));
        found
    }

    /// Whether a deployment and everything that it refers to is the same in both.
    pub(crate) fn agree_on(&self, other: &Self, key: &ObjectKey) -> bool {
        let all = self.references(key).into_iter().chain([key.clone()]);
        all.into_iter().all(|key| self.objects.get(&key) == other.objects.get(&key))
    }
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
    if !oneshot && random.chance(20) {
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

pub(crate) fn network(namespace: &str, name: &str, internal: bool) -> Object {
    let metadata = json!({ "name": name, "namespace": namespace });
    Object::Network(read::<Network>(json!({ "metadata": metadata, "spec": { "internal": internal } })))
}

pub(crate) fn volume(namespace: &str, name: &str, delete: bool) -> Object {
    let metadata = json!({ "name": name, "namespace": namespace });
    let policy = if delete { "Delete" } else { "Retain" };
    Object::Volume(read::<Volume>(json!({ "metadata": metadata, "spec": { "reclaimPolicy": policy } })))
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

/// Reads an object that this file wrote.
pub(crate) fn read<T: for<'de> serde::Deserialize<'de>>(value: Value) -> T {
    serde_json::from_value(value).expect("the generator writes what the types read")
}

pub(crate) fn put(value: &mut Value, field: &str, to: Value) {
    value.as_object_mut().expect("only objects get fields").insert(field.to_owned(), to);
}
