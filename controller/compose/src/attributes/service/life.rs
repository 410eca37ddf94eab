//! How a service lives: what it waits for, when it is restarted, how it is asked.

use super::super::{Attribute, approximated, honoured, refused};

const HOOK: &str = "a hook is a command in the container, as its user and in its folder";
const HOOK_REMEDY: &str = "write it as one command: `[sh, -c, 'cd /app && …']`";

pub(super) const ROWS: &[Attribute] = &[
    honoured("depends_on", "dependsOn", "depends_on: [b]", r#"[{"name":"b"}]"#),
    honoured(
        "depends_on.condition",
        "dependsOn",
        "depends_on: { b: { condition: service_healthy } }",
        r#"[{"name":"b","condition":"Ready"}]"#,
    ),
    approximated(
        "depends_on.restart",
        "dependsOn",
        "depends_on: { b: { condition: service_started, restart: true } }",
        r#"[{"name":"b"}]"#,
        "it is not restarted with what it depends on",
        "let it connect anew by itself, or use `skiff rollout restart`",
    ),
    honoured(
        "depends_on.required",
        "dependsOn",
        "depends_on: { b: { condition: service_started, required: false } }",
        r#"[{"name":"b","optional":true}]"#,
    ),
    honoured("restart", "template/restartPolicy", "restart: unless-stopped", r#""Always""#),
    honoured(
        "healthcheck.test",
        "template/container/healthCheck",
        "healthcheck: { test: curl -f localhost }",
        r#"{"test":["CMD-SHELL","curl -f localhost"]}"#,
    ),
    honoured(
        "healthcheck.interval",
        "template/container/healthCheck/interval",
        "healthcheck: { test: [CMD, x], interval: 90s }",
        r#""1m30s""#,
    ),
    honoured(
        "healthcheck.timeout",
        "template/container/healthCheck/timeout",
        "healthcheck: { test: [CMD, x], timeout: 5s }",
        r#""5s""#,
    ),
    honoured(
        "healthcheck.retries",
        "template/container/healthCheck/retries",
        "healthcheck: { test: [CMD, x], retries: 5 }",
        "5",
    ),
    honoured(
        "healthcheck.start_period",
        "template/container/healthCheck/startPeriod",
        "healthcheck: { test: [CMD, x], start_period: 20s }",
        r#""20s""#,
    ),
    honoured(
        "healthcheck.start_interval",
        "template/container/healthCheck/startInterval",
        "healthcheck: { test: [CMD, x], start_period: 20s, start_interval: 1s }",
        r#""1s""#,
    ),
    honoured(
        "healthcheck.disable",
        "template/container/healthCheck/test",
        "healthcheck: { disable: true }",
        r#"["NONE"]"#,
    ),
    honoured(
        "pre_start",
        "template/initContainers",
        "pre_start: [{ command: [migrate] }]",
        r#"[{"name":"pre-start-1","args":["migrate"]}]"#,
    ),
    honoured(
        "pre_start.command",
        "template/initContainers",
        "pre_start: [{ command: a b }]",
        r#"[{"name":"pre-start-1","args":["a","b"]}]"#,
    ),
    honoured(
        "pre_start.image",
        "template/initContainers",
        "pre_start: [{ image: j, command: [a] }]",
        r#"[{"name":"pre-start-1","image":"j","args":["a"]}]"#,
    ),
    honoured(
        "pre_start.user",
        "template/initContainers",
        "pre_start: [{ command: [a], user: root }]",
        r#"[{"name":"pre-start-1","args":["a"],"user":"root"}]"#,
    ),
    honoured(
        "pre_start.privileged",
        "template/initContainers",
        "pre_start: [{ command: [a], privileged: true }]",
        r#"[{"name":"pre-start-1","args":["a"],"privileged":true}]"#,
    ),
    honoured(
        "pre_start.working_dir",
        "template/initContainers",
        "pre_start: [{ command: [a], working_dir: /w }]",
        r#"[{"name":"pre-start-1","args":["a"],"workingDir":"/w"}]"#,
    ),
    honoured(
        "pre_start.environment",
        "template/initContainers",
        "pre_start: [{ command: [a], environment: [A=b] }]",
        r#"[{"name":"pre-start-1","args":["a"],"env":[{"name":"A","value":"b"}]}]"#,
    ),
    honoured(
        "pre_start.per_replica",
        "template/initContainers",
        "pre_start: [{ command: [a], per_replica: true }]",
        r#"[{"name":"pre-start-1","args":["a"]}]"#,
    ),
    honoured(
        "post_start",
        "template/container/lifecycle/postStart",
        "post_start: [{ command: [warm] }]",
        r#"{"exec":{"command":["warm"]}}"#,
    ),
    honoured(
        "post_start.command",
        "template/container/lifecycle/postStart",
        "post_start: [{ command: warm up }]",
        r#"{"exec":{"command":["warm","up"]}}"#,
    ),
    refused("post_start.user", "post_start: [{ command: [a], user: root }]", HOOK, HOOK_REMEDY),
    refused("post_start.privileged", "post_start: [{ command: [a], privileged: true }]", HOOK, HOOK_REMEDY),
    refused("post_start.working_dir", "post_start: [{ command: [a], working_dir: /w }]", HOOK, HOOK_REMEDY),
    refused("post_start.environment", "post_start: [{ command: [a], environment: { A: b } }]", HOOK, HOOK_REMEDY),
    honoured(
        "pre_stop",
        "template/container/lifecycle/preStop",
        "pre_stop: [{ command: [drain] }]",
        r#"{"exec":{"command":["drain"]}}"#,
    ),
    honoured(
        "pre_stop.command",
        "template/container/lifecycle/preStop",
        "pre_stop: [{ command: drain now }]",
        r#"{"exec":{"command":["drain","now"]}}"#,
    ),
    refused("pre_stop.user", "pre_stop: [{ command: [a], user: root }]", HOOK, HOOK_REMEDY),
    refused("pre_stop.privileged", "pre_stop: [{ command: [a], privileged: true }]", HOOK, HOOK_REMEDY),
    refused("pre_stop.working_dir", "pre_stop: [{ command: [a], working_dir: /w }]", HOOK, HOOK_REMEDY),
    refused("pre_stop.environment", "pre_stop: [{ command: [a], environment: { A: b } }]", HOOK, HOOK_REMEDY),
    approximated(
        "develop",
        "",
        "develop: { watch: [] }",
        "",
        "nothing: Skiff watches no sources of programs",
        "develop with `docker compose watch`",
    ),
];
