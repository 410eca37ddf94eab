//! One document to an object, or to all of its mistakes.

use serde_json::{Value, json};

use super::*;

/// The complaints as lines, `pointer: message (help)`.
fn complaints(document: Value) -> Vec<String> {
    let line = |complaint: Complaint| {
        let key = if complaint.at_key { " key" } else { "" };
        let help = complaint.help.map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{}{key}: {}{help}", complaint.pointer, complaint.message)
    };
    parse_object(&document).err().unwrap_or_default().into_iter().map(line).collect()
}

fn deployment(spec: Value) -> Value {
    json!({ "apiVersion": "skiff.dev/v1", "kind": "Deployment", "metadata": { "name": "web" }, "spec": spec })
}

#[test]
fn a_small_deployment_is_read() {
    let document = deployment(json!({ "replicas": null, "template": { "container": { "image": "nginx:1.27" } } }));
    let object = parse_object(&document).expect("it is right");
    assert_eq!(object.key().to_string(), "deployment/default/web");
}

#[test]
fn every_mistake_is_reported_with_its_place_and_remedy() {
    let document = deployment(json!({
        "replicaz": 3,
        "strategy": { "type": "Rolling", "rollingUpdate": { "maxSurge": "a lot" } },
        "image": "nginx",
        "template": {
            "restartPolicy": "always",
            "spec": {},
            "replicas": 2,
            "container": {
                "command": "sh -c true",
                "env": [ { "name": "PORT", "value": 8080 } ],
                "environment": {},
                "ports": [ "8080:80", { "containerPort": 70000 } ],
                "tty": "yes",
                "resources": { "limits": { "memory": "512m", "cpu": "much" } },
                "healthCheck": { "test": ["NONE"], "interval": 30 },
                "ulimits": { "nofile": { "soft": 1 } },
            },
        },
    }));
    insta::assert_snapshot!(complaints(document).join("\n"), @r#"
    /spec/replicaz key: unknown field `replicaz` (did you mean `replicas`?)
    /spec/strategy/type: `type` cannot be `Rolling`: it is RollingUpdate or Recreate
    /spec/strategy/rollingUpdate/maxSurge: `maxSurge` cannot be read: `a lot` is not a number or a percentage such as 25%
    /spec/image key: unknown field `image` (`image` belongs below `template.container`)
    /spec/template/restartPolicy: `restartPolicy` cannot be `always`: it is Always, OnFailure or Never (did you mean `Always`?)
    /spec/template/spec key: unknown field `spec` (leave `spec` out: `container`, `volumes` and `networks` stand directly below `template`, so `template.spec.containers[0]` becomes `template.container`)
    /spec/template/replicas key: unknown field `replicas` (`replicas` belongs into `spec`, beside `template`)
    /spec/template/container/command: `command` must be a list, found the text `sh -c true` (write it as a list: ["sh", "-c", "true"])
    /spec/template/container/env/0/value: `value` must be text, found the number 8080 (put it in quotes: "8080")
    /spec/template/container/environment key: unknown field `environment` (write `env`, a list of `{ name: KEY, value: … }`)
    /spec/template/container/ports/0: `ports[0]` must be an object, found the text `8080:80` (write `{ containerPort: 80, hostPort: 8080 }`)
    /spec/template/container/ports/1/containerPort: `containerPort` is 70000, the most is 65535
    /spec/template/container/tty: `tty` must be true or false, found the text `yes` (write `true`, without quotes)
    /spec/template/container/resources/limits/memory: `memory` cannot be read: `512m` is not an amount of bytes, such as 512Mi, 2Gi or 64000000 (write `512Mi`)
    /spec/template/container/resources/limits/cpu: `cpu` cannot be read: `much` is not an amount of CPU, such as 500m, 2 or 1.5
    /spec/template/container/healthCheck/interval: `interval` needs a unit, found the number 30 (write `30s`)
    /spec/template/container/ulimits/nofile: `hard` is missing (add `hard`: what it may raise it to)
    "#);
}

fn named(name: &str, template: Value) -> Value {
    let mut document = deployment(json!({ "template": template }));
    if let Some(place) = document.pointer_mut("/metadata/name") {
        *place = json!(name);
    }
    document
}

/// What is said of each document.
fn told<const N: usize>(table: [(&str, Value); N]) -> String {
    let text = table.map(|(what, document)| format!("{what}\n  {}", complaints(document).join("\n  ")));
    text.join("\n")
}

#[test]
fn a_field_that_cannot_be_read_hides_no_mistake_and_begets_none() {
    let table = [
        ("an unknown field", named("Bad_Name", json!({ "container": { "image": "NGINX", "frobnicate": 1 } }))),
        ("a misspelt field that must be there", named("Bad_Name", json!({ "container": { "imag": "nginx" } }))),
        ("a misplaced field that must be there", named("Bad_Name", json!({ "image": "nginx", "container": {} }))),
        ("a list as others call it", named("Bad_Name", json!({ "containers": [ { "image": "nginx" } ] }))),
        ("a version", json!({ "apiVersion": "skiff.dev/v2", "kind": "Volume", "metadata": { "name": "Data" } })),
        (
            "a kind that can be meant in one way only",
            json!({ "apiVersion": "skiff.dev/v1", "kind": "deploy", "spec": {} }),
        ),
        ("a value and its key", json!({ "apiVersion": "v1", "kind": "ConfigMap", "data": { "a b": 1, "c": "d" } })),
        (
            "a null",
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "C" }, "dat": null, "data": 7 }),
        ),
    ];
    insta::assert_snapshot!(told(table), @r#"
    an unknown field
      /metadata/name: `name` cannot be `Bad_Name` (use lower-case letters, digits and inner hyphens, at most 63: `bad-name`)
      /spec/template/container/image: `image` cannot be `NGINX`: `NGINX` has upper-case letters (names of images are lower case: `nginx`)
      /spec/template/container/frobnicate key: unknown field `frobnicate`
    a misspelt field that must be there
      /metadata/name: `name` cannot be `Bad_Name` (use lower-case letters, digits and inner hyphens, at most 63: `bad-name`)
      /spec/template/container/imag key: unknown field `imag` (did you mean `image`?)
    a misplaced field that must be there
      /metadata/name: `name` cannot be `Bad_Name` (use lower-case letters, digits and inner hyphens, at most 63: `bad-name`)
      /spec/template/image key: unknown field `image` (`image` belongs below `container`)
    a list as others call it
      /metadata/name: `name` cannot be `Bad_Name` (use lower-case letters, digits and inner hyphens, at most 63: `bad-name`)
      /spec/template/containers key: unknown field `containers` (write `container`: a replica is one container, and each further one is a Deployment of its own)
    a version
      /apiVersion: `apiVersion` must be skiff.dev/v1, found the text `skiff.dev/v2` (write `apiVersion: skiff.dev/v1`)
      /metadata/name: `name` cannot be `Data` (use lower-case letters, digits and inner hyphens, at most 63: `data`)
    a kind that can be meant in one way only
      : `metadata` is missing (add `metadata`: name, namespace, labels and annotations)
      /kind: `deploy` is not a kind (did you mean `Deployment`?)
      /spec: `template` is missing (add `template`: the container, its networks and its volumes)
    a value and its key
      : `metadata` is missing (add `metadata`: name, namespace, labels and annotations)
      /data/a b: `a b` must be text, found the number 1 (put it in quotes: "1")
      /data/a b key: `a b` cannot be a key (use letters, digits, `-`, `_` and `.`, at most 253; `..` is no file's name)
    a null
      /metadata/name: `name` cannot be `C` (use lower-case letters, digits and inner hyphens, at most 63: `c`)
      /data: `data` must be an object of keys and values, found the number 7
    "#);
}

#[test]
fn what_is_looked_for_in_something_that_cannot_be_read_is_not_missed() {
    let mounts = json!([ { "name": "data", "mountPath": "/data" }, { "name": "data", "mountPath": "data" } ]);
    let ports = json!([ "80", { "name": "http", "containerPort": 0 } ]);
    let probe = json!({ "httpGet": { "port": "web" }, "periodSeconds": 0 });
    let limits = json!({ "limits": { "memory": "512m" } });
    let volumes = json!([ { "name": "A", "emptydir": {} }, { "name": "b", "tmpfs": 5 }, { "name": "c" } ]);
    let check = json!({ "test": "true", "interval": "1us" });
    let table = [
        (
            "a list under another name",
            named("web", json!({ "volumez": volumes, "container": { "image": "NGINX", "volumeMounts": mounts } })),
        ),
        (
            "an item",
            named("web", json!({ "container": { "image": "nginx", "ports": ports, "readinessProbe": probe } })),
        ),
        (
            "a limit that another one needs",
            named("web", json!({ "container": { "image": "NGINX", "memorySwap": "1Gi", "resources": limits } })),
        ),
        (
            "one of several",
            named("web", json!({ "volumes": volumes, "container": { "image": "nginx", "healthCheck": check } })),
        ),
    ];
    insta::assert_snapshot!(told(table), @r#"
    a list under another name
      /spec/template/volumez key: unknown field `volumez` (did you mean `volumes`?)
      /spec/template/container/image: `image` cannot be `NGINX`: `NGINX` has upper-case letters (names of images are lower case: `nginx`)
    an item
      /spec/template/container/ports/0: `ports[0]` must be an object, found the text `80` (write `{ containerPort: 80 }`)
      /spec/template/container/ports/1/containerPort: `containerPort` is 0: ports go from 1 to 65535
      /spec/template/container/readinessProbe/periodSeconds: `periodSeconds` is 0: the least is 1
    a limit that another one needs
      /spec/template/container/image: `image` cannot be `NGINX`: `NGINX` has upper-case letters (names of images are lower case: `nginx`)
      /spec/template/container/resources/limits/memory: `memory` cannot be read: `512m` is not an amount of bytes, such as 512Mi, 2Gi or 64000000 (write `512Mi`)
    one of several
      /spec/template/volumes/0/name: `name` cannot be `A` (use lower-case letters, digits and inner hyphens, at most 63: `a`)
      /spec/template/volumes/0/emptydir key: unknown field `emptydir` (did you mean `emptyDir`?)
      /spec/template/volumes/1/tmpfs: `tmpfs` must be an object, found the number 5
      /spec/template/volumes/2: `volumes[2]` says nothing (give exactly one of volume, hostPath, tmpfs, emptyDir, anonymous, configMap, secret, image, namedPipe)
      /spec/template/container/healthCheck/test: `test` must be a list, found the text `true` (write it as a list: ["true"])
      /spec/template/container/healthCheck/interval: `interval` is 1us: the least is 1ms
    "#);
}

#[test]
fn complaints_come_in_the_order_of_their_places() {
    let document = deployment(json!({
        "template": { "container": { "tty": "yes", "image": "NGINX" }, "restart": {}, "restartPolicy": "Never" },
        "replicas": "two",
        "dependsOn": [ { "name": "DB" }, { "name": "db", "condition": "Redy" } ],
    }));
    let pointers = parse_object(&document).err().unwrap_or_default().into_iter().map(|complaint| complaint.pointer);
    assert_eq!(
        pointers.collect::<Vec<_>>(),
        [
            "/spec/template/container/tty",
            "/spec/template/container/image",
            "/spec/template/restart",
            "/spec/replicas",
            "/spec/dependsOn/0/name",
            "/spec/dependsOn/1/condition",
        ]
    );
}

#[test]
fn a_document_says_what_it_is() {
    let table = [
        json!([1]),
        json!({}),
        json!({ "services": {} }),
        json!({ "apiVersion": "skiff.dev/v1", "kind": "deploy" }),
        json!({ "apiVersion": "skiff.dev/v1", "kind": "Deploymnt" }),
        json!({ "apiVersion": "skiff.dev/v2", "kind": "Volume", "metadata": { "name": "data" } }),
        json!({ "kind": "Volume", "metadata": { "name": "data" } }),
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "db" }, "stringData": { "a": 1234 } }),
    ];
    insta::assert_snapshot!(table.map(|document| complaints(document).join("\n")).join("\n"), @r"
    : expected a document with apiVersion and kind, found a list (begin with `apiVersion: skiff.dev/v1` and `kind: Deployment`)
    : `kind` is missing (the kinds are Network, Volume, ConfigMap, Secret, Deployment, Job, CronJob)
    : `kind` is missing (this looks like a Compose file: write each of its services as a `kind: Deployment`)
    : `metadata` is missing (add `metadata`: name, namespace, labels and annotations)
    : `spec` is missing (add `spec`: what is wanted)
    /kind: `deploy` is not a kind (did you mean `Deployment`?)
    /kind: `Deploymnt` is not a kind (did you mean `Deployment`?)
    /apiVersion: `apiVersion` must be skiff.dev/v1, found the text `skiff.dev/v2` (write `apiVersion: skiff.dev/v1`)
    : `apiVersion` is missing (write `apiVersion: skiff.dev/v1`)
    /stringData/a: `a` must be text, found a number (put it in quotes)
    ");
}

#[test]
fn a_pasted_object_of_kubernetes_shows_what_to_write() {
    let container =
        json!({ "name": "web", "image": "nginx:1.27", "ports": [ { "name": "http", "containerPort": 80 } ] });
    let pod = json!({ "containers": [container] });
    let table = [
        json!({ "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web" }, "spec": { "replicas": 2, "template": { "spec": pod } } }),
        json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web" }, "spec": { "ports": [ { "port": 80, "targetPort": 8080 } ] } }),
        json!({ "apiVersion": "batch/v1", "kind": "CronJob", "metadata": { "name": "tidy" }, "spec": { "schedule": "0 3 * * *" } }),
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop" } }),
    ];
    insta::assert_snapshot!(table.map(|document| complaints(document).join("\n")).join("\n"), @r#"
    /apiVersion: apps/v1 Deployment is an object of Kubernetes; skiff reads skiff.dev/v1 (write
      apiVersion: skiff.dev/v1
      kind: Deployment
      metadata: { name: web }
      spec:
        replicas: 2
        template:
          container:
            image: nginx:1.27
            ports: [ { name: http, containerPort: 80 } ]
    env, resources, probes and volumeMounts keep their form below `container`; there is no selector)
    /apiVersion: v1 Service is an object of Kubernetes; skiff reads skiff.dev/v1 (leave it out: a Deployment answers to its own name on its networks; to publish it on the host, write `ports: [ { containerPort: 8080, hostPort: 80 } ]` in its container)
    /apiVersion: batch/v1 CronJob is an object of Kubernetes; skiff reads skiff.dev/v1 (write
      apiVersion: skiff.dev/v1
      kind: CronJob
      metadata: { name: tidy }
      spec:
        schedule: "0 3 * * *"
        jobTemplate:
          spec:
            template:
              container:
                image: IMAGE
    env, resources, probes and volumeMounts keep their form below `container`; there is no selector)
    /apiVersion: v1 Namespace is an object of Kubernetes; skiff reads skiff.dev/v1 (leave it out: a namespace exists as soon as an object names it in `metadata.namespace`)
    "#);
}

#[test]
fn a_short_form_of_compose_is_shown_the_long_one() {
    let document = deployment(json!({
        "dependsOn": ["db"],
        "template": { "networks": ["front", { "name": "back" }], "container": { "build": "./api" } },
    }));
    insta::assert_snapshot!(complaints(document).join("\n"), @"
    /spec/dependsOn/0: `dependsOn[0]` must be an object, found the text `db` (write `{ name: db }`)
    /spec/template/networks/0: `networks[0]` must be an object, found the text `front` (write `{ name: front }`)
    /spec/template/container/build: `build` must be an object, found the text `./api` (write `{ context: ./api }`)
    ");
}
