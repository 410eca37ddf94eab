//! Files over files: every rule of merging, by example and on generated documents.

mod generated;
mod oracle;
mod properties;
mod values;

use serde_json::{Value, json};

use super::{complaints, load_files};

/// What service `a` is once the second file is laid over the first.
fn merged(base: &str, over: &str) -> Value {
    let file = |service: &str| format!("services:\n  a:\n    image: i\n    {}\n", service.replace('\n', "\n    "));
    let loaded = load_files(&[("compose.yaml", &file(base)), ("compose.override.yaml", &file(over)), ("e.env", "")]);
    let model = loaded.model.map(|model| model.to_json()).unwrap_or_default();
    model.pointer("/services/a").cloned().unwrap_or_default()
}

fn attribute(name: &str, base: &str, over: &str) -> Value {
    merged(base, over).get(name).cloned().unwrap_or_default()
}

/// An attribute, what two files say of it, and what it comes to.
type Row = (&'static str, &'static str, &'static str, Value);

fn hold(table: impl IntoIterator<Item = Row>) {
    for (name, base, over, expected) in table {
        assert_eq!(attribute(name, base, over), expected, "{base} and {over}");
    }
}

#[test]
fn scalars_and_commands_are_replaced_and_lists_and_pairs_grow() {
    hold([
        ("user", "user: a", "user: b", json!("b")),
        ("command", "command: [a, b]", "command: [c]", json!(["c"])),
        ("entrypoint", "entrypoint: a b", "entrypoint: c", json!(["c"])),
        ("command", "command: [a, b]", "command: []", json!([])),
        (
            "environment",
            "environment: [A=1, B=2]",
            "environment: { B: 3, C: }",
            json!({ "A": "1", "B": "3", "C": null }),
        ),
        ("labels", "labels: { a: b }", "labels: [a=c, d=e]", json!({ "a": "c", "d": "e" })),
        ("sysctls", "sysctls: { a: 1 }", "sysctls: [a=2]", json!({ "a": "2" })),
        ("annotations", "annotations: { a: 1 }", "annotations: { b: 2 }", json!({ "a": "1", "b": "2" })),
        ("cap_add", "cap_add: [A, B]", "cap_add: [B, C]", json!(["A", "B", "C"])),
        ("dns", "dns: 1.1.1.1", "dns: [9.9.9.9, 1.1.1.1]", json!(["1.1.1.1", "9.9.9.9"])),
        ("expose", "expose: [80]", "expose: ['80', 81]", json!(["80", "81"])),
        ("tmpfs", "tmpfs: /a", "tmpfs: [/b]", json!(["/a", "/b"])),
        ("profiles", "profiles: []", "profiles: []", json!([])),
        (
            "extra_hosts",
            "extra_hosts: ['a:1.1.1.1']",
            "extra_hosts: { a: [1.1.1.1, 2.2.2.2] }",
            json!(["a=1.1.1.1", "a=2.2.2.2"]),
        ),
        (
            "post_start",
            "post_start: [{ command: [a] }]",
            "post_start: [{ command: [a] }]",
            json!([{ "command": ["a"] }, { "command": ["a"] }]),
        ),
    ]);
}

#[test]
fn items_with_an_identity_replace_each_other() {
    hold([
        (
            "volumes",
            "volumes: ['./a:/x:ro', './b:/y']",
            "volumes: ['./c:/x']",
            json!([
                { "type": "bind", "source": "./c", "target": "/x", "bind": { "create_host_path": true } },
                { "type": "bind", "source": "./b", "target": "/y", "bind": { "create_host_path": true } },
            ]),
        ),
        (
            "ports",
            "ports: ['8080:80']",
            "ports: ['8081:80', '8080:80/tcp']",
            json!([
                { "target": 80, "published": "8080", "protocol": "tcp" },
                { "target": 80, "published": "8081", "protocol": "tcp" },
            ]),
        ),
        (
            "devices",
            "devices: ['/dev/a:/dev/x']",
            "devices: ['/dev/b:/dev/x']",
            json!([{ "source": "/dev/b", "target": "/dev/x" }]),
        ),
        (
            "secrets",
            "secrets: [{ source: a, target: t }]",
            "secrets: [{ source: b, target: t }]",
            json!([{ "source": "b", "target": "t" }]),
        ),
        (
            "env_file",
            "env_file: e.env",
            "env_file: [{ path: e.env, required: false }]",
            json!([{ "path": "./e.env", "required": false }]),
        ),
    ]);
}

#[test]
fn mappings_merge_as_deep_as_they_go() {
    hold([
        (
            "depends_on",
            "depends_on: [b]",
            "depends_on: { b: { condition: service_healthy } }",
            json!({ "b": { "condition": "service_healthy" } }),
        ),
        (
            "networks",
            "networks: [n]",
            "networks: { n: { aliases: [x] }, m: }",
            json!({ "n": { "aliases": ["x"] }, "m": null }),
        ),
        (
            "networks",
            "networks: { n: { aliases: [x] } }",
            "networks: { n: { aliases: [y], priority: 1 } }",
            json!({ "n": { "aliases": ["x", "y"], "priority": 1 } }),
        ),
        (
            "deploy",
            "deploy: { replicas: 1, resources: { limits: { cpus: 1 } } }",
            "deploy: { resources: { limits: { pids: 5 } } }",
            json!({ "replicas": 1, "resources": { "limits": { "cpus": 1.0, "pids": 5 } } }),
        ),
        (
            "healthcheck",
            "healthcheck: { test: [CMD, a, b], retries: 2 }",
            "healthcheck: { test: [CMD, c] }",
            json!({ "test": ["CMD", "c"], "retries": 2 }),
        ),
        (
            "ulimits",
            "ulimits: { nofile: 5 }",
            "ulimits: { nofile: { soft: 1, hard: 2 } }",
            json!({ "nofile": { "soft": 1, "hard": 2 } }),
        ),
        ("build", "build: .", "build: { target: x }", json!({ "context": ".", "target": "x" })),
        // The options of another driver mean nothing.
        (
            "logging",
            "logging: { driver: a, options: { x: 1 } }",
            "logging: { options: { y: 2 } }",
            json!({ "driver": "a", "options": { "x": "1", "y": "2" } }),
        ),
        ("logging", "logging: { driver: a, options: { x: 1 } }", "logging: { driver: b }", json!({ "driver": "b" })),
    ]);
}

#[test]
fn tags_replace_and_remove() {
    hold([
        ("cap_add", "cap_add: [A]", "cap_add: !override [B]", json!(["B"])),
        ("cap_add", "cap_add: [A]", "cap_add: !reset []", Value::Null),
        ("cap_add", "cap_add: !reset [A]", "cap_add: [B]", json!(["B"])),
        ("environment", "environment: { A: 1, B: 2 }", "environment: { A: !reset null }", json!({ "B": "2" })),
        (
            "deploy",
            "deploy: { replicas: 2, mode: global }",
            "deploy: !override { replicas: 1 }",
            json!({ "replicas": 1 }),
        ),
        ("user", "user: a", "user: !reset ''", Value::Null),
    ]);
}

#[test]
fn address_pools_merge_by_their_subnet() {
    let file = |pool: &str| format!("networks: {{ n: {{ ipam: {{ config: [{pool}] }} }} }}");
    let loaded = load_files(&[
        ("compose.yaml", &file("{ subnet: 10.0.0.0/8 }")),
        ("compose.override.yaml", &file("{ subnet: 10.0.0.0/8, gateway: 10.0.0.1 }, { subnet: 11.0.0.0/8 }")),
    ]);
    let model = loaded.model.map(|model| model.to_json()).unwrap_or_default();
    assert_eq!(
        model.pointer("/networks/n/ipam/config"),
        Some(&json!([{ "subnet": "10.0.0.0/8", "gateway": "10.0.0.1" }, { "subnet": "11.0.0.0/8" }]))
    );
}

#[test]
fn anchors_and_merge_keys_are_followed() {
    let loaded = load_files(&[(
        "compose.yaml",
        "x-base: &base { image: i, environment: &env { A: a } }\nservices:\n  a: { <<: *base, user: u }\n  \
         b: { <<: *base, environment: { <<: *env, B: b } }\n",
    )]);
    assert_eq!(complaints(&loaded), Vec::<String>::new());
    let model = loaded.model.map(|model| model.to_json()).unwrap_or_default();
    assert_eq!(model.pointer("/services/b/environment"), Some(&json!({ "A": "a", "B": "b" })));
    assert_eq!(model.pointer("/services/a/user"), Some(&json!("u")));
}
