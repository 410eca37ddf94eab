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
    /spec/template/container: `image` is missing (add `image`: the image, with tag or digest)
    "#);
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
