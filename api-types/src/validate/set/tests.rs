//! What validation says of objects together: references, cycles, names that collide.

use serde_json::{Value, json};

use crate::{Instance, parse_object, validate_set};

/// The complaints among documents as lines, `object pointer: message (help)` with the related places below.
fn complaints(documents: &[Value]) -> String {
    let objects = documents.iter().map(|document| {
        let object = parse_object(document).expect("each is right by itself");
        (object.key(), object)
    });
    let lines = validate_set(&objects.collect(), &Instance::default()).into_iter().flat_map(|found| {
        let help = found.complaint.help.map(|help| format!(" ({help})")).unwrap_or_default();
        let first = format!("{} {}: {}{help}", found.object, found.complaint.pointer, found.complaint.message);
        let related = found.related.into_iter();
        let related = related.map(|place| format!("  {} {}: {}", place.object, place.pointer, place.message));
        [first].into_iter().chain(related).collect::<Vec<_>>()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn object(kind: &str, key: &str, fields: Value) -> Value {
    let (namespace, name) = key.split_once('/').unwrap_or(("shop", key));
    let mut document =
        json!({ "apiVersion": "skiff.dev/v1", "kind": kind, "metadata": { "name": name, "namespace": namespace } });
    if let (Some(document), Value::Object(fields)) = (document.as_object_mut(), fields) {
        document.extend(fields);
    }
    document
}

fn deployment(key: &str, depends_on: &[&str], template: Value) -> Value {
    let depends_on: Vec<Value> = depends_on.iter().map(|name| json!({ "name": name })).collect();
    let mut full = json!({ "container": { "image": "nginx" } });
    if let (Some(full), Value::Object(fields)) = (full.as_object_mut(), template) {
        full.extend(fields);
    }
    object("Deployment", key, json!({ "spec": { "dependsOn": depends_on, "template": full } }))
}

#[test]
fn what_is_named_must_be_there() {
    let web = deployment(
        "web",
        &["bd", "tidy"],
        json!({
            "networks": [ { "name": "default" }, { "name": "fronted" } ],
            "volumes": [
                { "name": "a", "volume": { "name": "data" } },
                { "name": "b", "configMap": { "name": "conf", "items": [ { "key": "ap.toml", "path": "x" } ] } },
                { "name": "c", "secret": { "secretName": "none", "optional": true } },
            ],
            "container": {
                "image": "nginx",
                "envFrom": [ { "secretRef": { "name": "keys" } } ],
                "env": [ { "name": "A", "valueFrom": { "configMapKeyRef": { "name": "conf", "key": "x" } } } ],
            },
        }),
    );
    let documents = [
        web,
        deployment(
            "db",
            &[],
            json!({ "networkMode": "deployment:wep", "container": { "image": "a", "volumesFrom": ["deployment:web:ro", "deployment:wen"] } }),
        ),
        object("Network", "frontend", json!({})),
        object("Volume", "blog/data", json!({})),
        object("ConfigMap", "conf", json!({ "data": { "app.toml": "" } })),
    ];
    insta::assert_snapshot!(complaints(&documents), @r"
    deployment/shop/db /spec/template/container/volumesFrom/1: there is no Deployment `wen` in namespace `shop` (did you mean `web`?)
    deployment/shop/db /spec/template/networkMode: there is no Deployment `wep` in namespace `shop` (did you mean `web`?)
    deployment/shop/web /spec/dependsOn/0/name: there is no Deployment or Job `bd` in namespace `shop` (did you mean `db`?)
    deployment/shop/web /spec/dependsOn/1/name: there is no Deployment or Job `tidy` in namespace `shop`
    deployment/shop/web /spec/template/container/env/0/valueFrom/configMapKeyRef/key: ConfigMap `conf` has no key `x` (its keys are app.toml)
    deployment/shop/web /spec/template/container/envFrom/0/secretRef/name: there is no Secret `keys` in namespace `shop`
    deployment/shop/web /spec/template/networks/1/name: there is no Network `fronted` in namespace `shop` (did you mean `frontend`?)
    deployment/shop/web /spec/template/volumes/0/volume/name: there is no Volume `data` in namespace `shop` (there is one in namespace `blog`)
    deployment/shop/web /spec/template/volumes/1/configMap/items/0/key: ConfigMap `conf` has no key `ap.toml` (did you mean `app.toml`?)
    ");
}

#[test]
fn what_restarts_always_never_completes() {
    let spec = json!({ "dependsOn": [ { "name": "db", "condition": "Completed" } ], "template": { "container": { "image": "a" } } });
    let documents = [deployment("db", &[], json!({})), object("Job", "load", json!({ "spec": spec }))];
    insta::assert_snapshot!(complaints(&documents), @r"job/shop/load /spec/dependsOn/0/condition: deployment `db` restarts always and never completes (wait for `Ready`, or make it a Job)");
}

#[test]
fn a_cycle_is_named_whole_and_once() {
    let documents = [
        deployment("a", &["b"], json!({})),
        deployment("b", &["c"], json!({})),
        deployment("c", &["a", "b"], json!({})),
        deployment("d", &["d"], json!({})),
        deployment("e", &["a"], json!({})),
    ];
    insta::assert_snapshot!(complaints(&documents), @r"
    deployment/shop/b /spec/dependsOn/0: objects wait for each other: deployment/shop/b → deployment/shop/c → deployment/shop/b (take one of the dependencies away)
      deployment/shop/c /spec/dependsOn/1: deployment/shop/c waits for deployment/shop/b
    deployment/shop/d /spec/dependsOn/0: objects wait for each other: deployment/shop/d → deployment/shop/d (take one of the dependencies away)
    ");
}

#[test]
fn names_that_docker_would_share_are_refused() {
    let per_replica =
        json!({ "volumes": [ { "name": "d", "volume": { "name": "data", "namespace": "a", "perReplica": true } } ] });
    let documents = [
        deployment("a-b/c", &[], json!({})),
        deployment("a/b-c", &[], per_replica),
        deployment("a/fixed", &[], json!({ "containerName": "a-b-c-7" })),
        object("Network", "a/b-default", json!({})),
        object("Network", "a/default", json!({})),
        object("Volume", "a/data", json!({})),
        object("Volume", "a/data-1", json!({})),
        object("Volume", "a/data-x", json!({})),
        object("Network", "a/ext", json!({ "spec": { "external": true, "networkName": "proxy" } })),
        object("Network", "b/ext", json!({ "spec": { "external": true, "networkName": "proxy" } })),
        object("Network", "c/made", json!({})),
        object("Network", "d/used", json!({ "spec": { "external": true, "networkName": "c-made" } })),
    ];
    insta::assert_snapshot!(complaints(&documents), @r"
    volume/a/data-1 /metadata/name: its volume would be called `a-data-1`, as that of volume/a/data (rename one of them)
      volume/a/data /metadata/name: `a-data-1` is its volume too
    deployment/a/fixed /spec/template/containerName: its container would be called `a-b-c-7`, as that of deployment/a/b-c (rename one of them)
      deployment/a/b-c /metadata/name: `a-b-c-7` is its container too
    deployment/a-b/c /metadata/name: its container would be called `a-b-c-1`, as that of deployment/a/b-c (rename one of them)
      deployment/a/b-c /metadata/name: `a-b-c-1` is its container too
    deployment/a-b/c /metadata/namespace: its network would be called `a-b-default`, as that of network/a/b-default (rename one of them)
      network/a/b-default /metadata/name: `a-b-default` is its network too
    ");
}

#[test]
fn a_port_of_the_host_is_published_once() {
    let publish =
        |key: &str, port: Value| deployment(key, &[], json!({ "container": { "image": "a", "ports": [port] } }));
    let documents = [
        publish("a", json!({ "containerPort": 80, "hostPort": 8080 })),
        publish("b", json!({ "containerPort": 80, "hostPort": "8000-8100", "hostIP": "127.0.0.1" })),
        publish("c", json!({ "containerPort": 80, "hostPort": 8080, "protocol": "UDP" })),
        publish("d", json!({ "containerPort": 80, "hostPort": 8001, "hostIP": "10.0.0.1" })),
        publish("e", json!({ "containerPort": 80, "hostPort": 0 })),
    ];
    insta::assert_snapshot!(complaints(&documents), @r"
    deployment/shop/b /spec/template/container/ports/0/hostPort: `hostPort` 8000-8100 is published by deployment/shop/a too (take another port, or another `hostIP`)
      deployment/shop/a /spec/template/container/ports/0/hostPort: `hostPort` 8080 is published here
    ");
}
