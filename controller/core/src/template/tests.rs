//! The canonical form, its pinned hash, and the differences that people read.

use super::*;

fn pod(value: Value) -> PodTemplate {
    serde_json::from_value(value).expect("a template")
}

fn form(value: Value) -> Value {
    canonical(&pod(value), None, &Map::new())
}

fn texts(from: Value, to: Value) -> Vec<String> {
    changes(&form(from), &form(to)).iter().map(ToString::to_string).collect()
}

#[test]
fn the_encoding_is_pinned() {
    let full = json!({
        "metadata": { "labels": { "tier": "web" } },
        "container": {
            "image": "shop/api:1.2",
            "args": ["--port", "8000"],
            "env": [{ "name": "B", "value": "2" }, { "name": "A", "valueFrom": { "secretKeyRef": { "name": "db", "key": "p" } } }],
            "ports": [{ "name": "http", "containerPort": 8000, "hostPort": 8080 }],
            "volumeMounts": [{ "name": "data", "mountPath": "/data" }],
        },
        "volumes": [{ "name": "data", "volume": { "name": "api-data" } }],
    });
    let volumes = Map::from_iter([("data".to_owned(), json!("shop-api-data"))]);
    let network = Attachment { network: "shop-default".to_owned(), ..Attachment::default() };
    let text = canonical(&pod(full), Some(&network), &volumes).to_string();
    assert_eq!(
        text,
        concat!(
            r#"{"container":{"args":["--port","8000"],"env":{"A":{"valueFrom":{"secretKeyRef":{"key":"p","name":"db"}}},"#,
            r#""B":{"value":"2"}},"image":"shop/api:1.2","ports":[{"containerPort":8000,"hostPort":8080}],"#,
            r#""volumeMounts":{"/data":{"name":"data"}}},"metadata":{"labels":{"tier":"web"}},"#,
            r#""network":{"name":"shop-default"},"volumes":{"data":{"volume":"shop-api-data"}}}"#,
        )
    );
    assert_eq!(hash(&text), "v1:0452bdb17898cfb0246ddc28386e8846");
}

#[test]
fn what_docker_changes_in_place_is_not_in_it() {
    let plain = json!({ "container": { "image": "a" } });
    let limited = json!({
        "container": { "image": "a", "resources": { "limits": { "cpu": 1 } }, "pidsLimit": 5, "cpuShares": 7 },
        "restartPolicy": "Never",
        "networks": [{ "name": "back", "aliases": ["x"] }],
    });
    assert_eq!(form(plain), form(limited));
}

#[test]
fn order_and_spelled_out_defaults_change_nothing() {
    let one = json!({ "container": { "image": "a", "env": [{ "name": "A" }, { "name": "B", "value": "1" }] } });
    let other = json!({
        "container": { "image": "a", "env": [{ "name": "B", "value": "1" }, { "name": "A" }], "shmSize": "64Mi" },
        "terminationGracePeriodSeconds": 30,
    });
    assert_eq!(form(one), form(other));
}

#[test]
fn memory_is_not_disk_where_nothing_more_is_said_of_either() {
    let scratch = |source: Value| {
        let mut volume = json!({ "name": "scratch" });
        volume.as_object_mut().expect("a volume").extend(source.as_object().expect("a source").clone());
        let mount = json!({ "name": "scratch", "mountPath": "/tmp" });
        json!({ "container": { "image": "a", "volumeMounts": [mount] }, "volumes": [volume] })
    };
    let (disk, memory) = (scratch(json!({ "emptyDir": {} })), scratch(json!({ "tmpfs": {} })));
    assert_eq!(texts(disk.clone(), memory.clone()), ["volumes.scratch.tmpfs added: true"]);
    assert_eq!(texts(memory.clone(), disk.clone()), ["volumes.scratch.tmpfs removed, was true"]);
    assert_eq!(
        texts(memory, scratch(json!({ "tmpfs": { "size": "16Mi" } }))),
        ["volumes.scratch.tmpfs changed true → {\"size\":\"16Mi\"}"]
    );
    // As it always was, so that no such container is made anew.
    assert_eq!(form(disk).to_string(), r#"{"container":{"image":"a","volumeMounts":{"/tmp":{"name":"scratch"}}}}"#);
}

#[test]
fn an_empty_command_is_not_the_images() {
    assert_ne!(
        form(json!({ "container": { "image": "a", "command": [] } })),
        form(json!({ "container": { "image": "a" } }))
    );
}

#[test]
fn changes_name_fields_and_never_values_of_variables() {
    let from = json!({
        "container": { "image": "shop/api:1.1", "env": [{ "name": "KEEP", "value": "s3cret-1" }, { "name": "OLD", "value": "s3cret-0" }] }
    });
    let to = json!({
        "container": {
            "image": "shop/api:1.2",
            "tty": true,
            "env": [{ "name": "KEEP", "value": "s3cret-2" }, { "name": "NEW", "value": "s3cret-3" }],
        }
    });
    assert_eq!(
        texts(from, to),
        [
            "container.env.KEEP changed",
            "container.env.NEW added",
            "container.env.OLD removed",
            "container.image changed shop/api:1.1 → shop/api:1.2",
            "container.tty added: true",
        ]
    );
}

#[test]
fn changes_are_in_the_form_that_people_write() {
    let with = |mode: u32, item: u32| {
        let secret =
            json!({ "secretName": "s", "defaultMode": mode, "items": [{ "key": "k", "path": "p", "mode": item }] });
        json!({ "container": { "image": "a" }, "volumes": [{ "name": "keys", "secret": secret }] })
    };
    assert_eq!(
        texts(with(0o400, 0o600), with(0o440, 0o640)),
        [
            "volumes.keys.secret.defaultMode changed 0400 → 0440",
            r#"volumes.keys.secret.items changed [{"key":"k","mode":0600,"path":"p"}] → [{"key":"k","mode":0640,"path":"p"}]"#,
        ]
    );
}
