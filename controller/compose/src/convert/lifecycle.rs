//! How a service lives: what it waits for, when it is restarted, how it is asked, what runs around it.

use skiff_api::Kind;
use skiff_yaml::{Key, Node, Value};

use super::Converter;
use super::service::{Service, integer, is_service, is_true};
use crate::load::entries;
use crate::manifest::{mapping, text};
use crate::names;

impl Converter<'_, '_, '_> {
    pub(super) fn lifecycle(&mut self, service: &mut Service<'_>) {
        self.depends_on(service);
        restart(service);
        health(service);
        self.init_containers(service);
        self.hook(service, "post_start", "template/container/lifecycle/postStart");
        self.hook(service, "pre_stop", "template/container/lifecycle/preStop");
        let grace = service.text("stop_grace_period").and_then(|text| text.parse::<skiff_api::Duration>().ok());
        if let (Some(hooks), Some(0)) = (service.attribute("pre_stop"), grace.map(skiff_api::Duration::secs_ceil)) {
            let does = "it is not run, as `stop_grace_period` leaves no time for it";
            service.approximated(
                "pre_stop",
                hooks.place(),
                does,
                "make `stop_grace_period` what it takes, and 2 s more",
            );
        }
    }

    fn depends_on(&self, service: &mut Service<'_>) {
        for (key, need) in service.attribute("depends_on").and_then(Node::as_mapping).unwrap_or_default() {
            let is_required = need.get("required").is_none_or(|node| is_true(Some(node)));
            if is_required && self.kind_of(&key.name) == Some(Kind::CronJob) {
                let does = format!("`{}` runs by its schedule, and nothing waits for that", key.name);
                service.refused("depends_on", key.span, &does, "leave it out");
                continue;
            }
            service.push("dependsOn", dependency(key, need));
            // What the table says of it is so only where it is asked for.
            if let Some(restart) = need.get("restart").filter(|node| !is_true(Some(node))) {
                service.honoured("depends_on.restart", restart.place());
            }
        }
        let implied = self.implied(service);
        for (name, place) in implied {
            if service
                .field("dependsOn")
                .and_then(Node::as_sequence)
                .is_some_and(|list| list.iter().any(|it| is_named(it, &name)))
            {
                continue;
            }
            let condition = Some(text("Started", place));
            service.push(
                "dependsOn",
                mapping(place, [("name", Some(text(names::object(&name), place))), ("condition", condition)]),
            );
        }
    }

    /// Commands in the container, around its life.
    fn hook(&self, service: &mut Service<'_>, attribute: &str, field: &str) {
        let hooks = service.items(attribute);
        if let Some(first) = hooks.first().filter(|_| service.is_job() && attribute == "post_start") {
            let remedy = "begin its command with it, or use `pre_start`";
            return service.refused(attribute, first.place(), "a job has no hook after its start", remedy);
        }
        if let [hook] = hooks
            && let Some([(_, command)]) = hook.as_mapping()
        {
            return service.put(&format!("{field}/exec/command"), command.clone());
        }
        for hook in hooks {
            let (place, get) = (hook.place(), |name: &str| hook.get(name).cloned());
            let env = entries(hook, "environment")
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), text(self.value(key, value)?, value.place()))));
            let env: Vec<(Key, Node)> = env.collect();
            let written = [
                ("command", get("command")),
                ("user", get("user")),
                ("privileged", get("privileged")),
                ("workingDir", get("working_dir")),
                ("env", (!env.is_empty()).then(|| Node::new(Value::Mapping(env), place))),
            ];
            service.push(&format!("{field}/commands"), mapping(place, written));
        }
    }

    /// The services that others of the attributes name.
    fn implied(&self, service: &Service<'_>) -> Vec<(String, skiff_yaml::Span)> {
        let mut found = Vec::new();
        for attribute in ["network_mode", "pid", "ipc", "uts", "cgroup"] {
            let Some(node) = service.attribute(attribute) else { continue };
            if let Some(name) = node.text().and_then(|text| text.strip_prefix("service:").map(str::to_owned)) {
                found.push((name, node.place()));
            }
        }
        for node in service.items("links").iter().chain(service.items("volumes_from")) {
            let written = node.text().unwrap_or_default();
            let name = written.split(':').next().unwrap_or_default();
            if name != "container" && is_service(self.project, name) {
                found.push((name.to_owned(), node.place()));
            }
        }
        found
    }
}

fn is_named(dependency: &Node, name: &str) -> bool {
    dependency.get("name").and_then(Node::as_str) == Some(names::object(name).as_str())
}

fn dependency(key: &Key, need: &Node) -> Node {
    let place = key.span;
    let condition = need.get("condition");
    let word = match condition.and_then(Node::as_str) {
        Some("service_healthy") => "Ready",
        Some("service_completed_successfully") => "Completed",
        _ => "Started",
    };
    let required = need.get("required").filter(|node| node.value == Value::Bool(false));
    let optional = required.map(|node| Node::new(Value::Bool(true), node.place()));
    let condition = text(word, condition.map_or(place, Node::place));
    mapping(
        place,
        [("name", Some(text(names::object(&key.name), place))), ("condition", Some(condition)), ("optional", optional)],
    )
}

/// When a container that ended is started again: `deploy.restart_policy`, else `restart`.
fn restart(service: &mut Service<'_>) {
    let policy = service.attribute("deploy.restart_policy");
    let condition = policy.map(|policy| policy.get("condition").unwrap_or(policy));
    let node = condition.or(service.attribute("restart"));
    let place = node.map_or(service.place, Node::place);
    let written = match (policy, service.text("restart")) {
        (Some(policy), _) => policy.get("condition").and_then(Node::text).unwrap_or_else(|| "any".to_owned()),
        (None, Some(restart)) => restart,
        (None, None) => String::new(),
    };
    let (word, attempts) = written.split_once(':').unwrap_or((&written, ""));
    let attempts = attempts.parse::<i64>().ok().or_else(|| service.integer("deploy.restart_policy.max_attempts"));
    // To Compose, 0 is no limit.
    let attempts = attempts.filter(|attempts| *attempts != 0);
    let meant = match word {
        "no" | "none" | "false" => "Never",
        "always" | "unless-stopped" | "any" => "Always",
        "on-failure" => "OnFailure",
        "" if service.is_job() => "Never",
        "" => {
            let does = "it is started again when it fails, where Compose would leave it";
            service.approximated("restart", place, does, "write `restart: \"no\"` if it shall be left, or `always`");
            "OnFailure"
        }
        _ => {
            let does = format!("`{word}` is no policy");
            return service.refused(
                "restart",
                place,
                &does,
                "it is no, always, unless-stopped, on-failure or on-failure:<times>",
            );
        }
    };
    if service.is_job() {
        return job_restart(service, meant, attempts, place);
    }
    service.put("template/restartPolicy", text(meant, place));
    if let Some(attempts) = attempts.filter(|_| meant != "Never") {
        service.set("template/restart/maxAttempts", Value::Int(attempts), place);
    }
}

/// A job ends: what would start it again always does so when it fails.
fn job_restart(service: &mut Service<'_>, meant: &str, attempts: Option<i64>, place: skiff_yaml::Span) {
    if meant == "Always" {
        let does = "it runs to its end, and is tried again when it fails";
        service.approximated("restart", place, does, "write `restart: on-failure`");
    }
    for path in ["deploy.restart_policy.delay", "deploy.restart_policy.window"] {
        if let Some(node) = service.attribute(path) {
            let does = "a job is tried again after 10 s, and twice as long each time";
            service.approximated(path, node.place(), does, "");
        }
    }
    let (meant, limit) = match meant {
        "Never" => ("Never", Some(0)),
        _ => ("OnFailure", attempts),
    };
    service.put("template/restartPolicy", text(meant, place));
    if let Some(limit) = limit {
        service.set("backoffLimit", Value::Int(limit), place);
    }
}

const TIMES: [(&str, &str); 5] = [
    ("interval", "interval"),
    ("timeout", "timeout"),
    ("retries", "retries"),
    ("start_period", "startPeriod"),
    ("start_interval", "startInterval"),
];

fn health(service: &mut Service<'_>) {
    let Some(check) = service.attribute("healthcheck") else { return };
    let at = "template/container/healthCheck";
    if is_true(check.get("disable")) {
        let place = check.place();
        return service.put(&format!("{at}/test"), crate::manifest::list(vec![text("NONE", place)], place));
    }
    // Without a test the times are those of the image's own check.
    if let Some(test) = check.get("test") {
        service.put(&format!("{at}/test"), test.clone());
    }
    for (name, field) in TIMES {
        if let Some(node) = check.get(name) {
            service.put(&format!("{at}/{field}"), node.clone());
        }
    }
}

/// The number of replicas that a service asks for.
pub(crate) fn replicas(service: &Node) -> Option<(&Node, i64)> {
    let deploy = service.get("deploy").and_then(|deploy| deploy.get("replicas"));
    let node = deploy.or_else(|| service.get("scale"))?;
    Some((node, integer(node)?))
}
