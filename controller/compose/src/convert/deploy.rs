//! How many replicas there are, and how they are replaced.

use skiff_api::{Duration, Kind, annotation};
use skiff_yaml::{Node, Value};

use super::lifecycle::replicas;
use super::service::{Service, integer};
use crate::manifest::text;

/// Writes how many replicas there are, and how they are replaced.
pub(super) fn deploy(service: &mut Service<'_>) {
    count(service);
    placement(service);
    if let Some(mode) = service.attribute("deploy.endpoint_mode").filter(|mode| mode.as_str() == Some("dnsrr")) {
        service.honoured("deploy.endpoint_mode", mode.place());
    }
    if service.manifest.kind != Kind::Deployment {
        for path in ["deploy.update_config", "deploy.rollback_config"] {
            if let Some(config) = service.attribute(path) {
                service.approximated(path, config.place(), "a job is run anew as a whole", "");
            }
        }
        return;
    }
    if let Some(update) = service.attribute("deploy.update_config") {
        strategy(service, update);
    }
    if let Some(back) = service.attribute("deploy.rollback_config") {
        numbers(service, "strategy/rollback", back);
        way_back(service, back);
    }
}

fn count(service: &mut Service<'_>) {
    let mode = service.text("deploy.mode").unwrap_or_default();
    if mode == "global" && !service.is_job() {
        // One for each host, and there is one host; in a cluster there are more.
        let place = service.attribute("deploy.mode").map_or(service.place, Node::place);
        service.manifest.entry("metadata/annotations", annotation::EXPORT_AS, text("DaemonSet", place));
    }
    let counted = replicas(service.node).map(|(node, count)| (node.place(), count));
    let Some((place, count)) = counted else { return };
    if mode.starts_with("global") {
        if count != 1 {
            service.approximated("deploy.replicas", place, "one replica, as `mode: global` says on one host", "");
        }
        return;
    }
    if service.is_job() {
        service.set("completions", Value::Int(count), place);
        return service.set("parallelism", Value::Int(count), place);
    }
    service.set("replicas", Value::Int(count), place);
}

fn placement(service: &mut Service<'_>) {
    let Some(node) = service.attribute("deploy.placement.max_replicas_per_node") else { return };
    let (most, count) = (integer(node).unwrap_or(0), replicas(service.node).map_or(1, |(_, count)| count));
    if most > 0 && count > most {
        let does = format!("there is one host, and {count} replicas are more than {most}");
        service.refused(
            "deploy.placement.max_replicas_per_node",
            node.place(),
            &does,
            "lower `replicas`, or take the limit out",
        );
    }
}

/// How many replicas are replaced at a time, and whether the new ones come first.
fn numbers(service: &mut Service<'_>, field: &str, config: &Node) {
    let place = config.place();
    let parallelism = config.get("parallelism").and_then(integer).unwrap_or(1);
    let at_once =
        if parallelism == 0 { replicas(service.node).map_or(1, |(_, count)| count).max(1) } else { parallelism };
    let is_start_first = config.get("order").and_then(Node::as_str) == Some("start-first");
    let (surge, unavailable) = if is_start_first { (at_once, 0) } else { (0, at_once) };
    let place_of = |name: &str| config.get(name).map_or(place, Node::place);
    service.set(&format!("{field}/maxSurge"), Value::Int(surge), place_of("order"));
    service.set(&format!("{field}/maxUnavailable"), Value::Int(unavailable), place_of("parallelism"));
}

fn strategy(service: &mut Service<'_>, update: &Node) {
    let place = update.place();
    numbers(service, "strategy/rollingUpdate", update);
    failure_action(service, update.get("failure_action"), place);
    let seconds = |name: &str| {
        let node = update.get(name)?;
        let time: Duration = node.text()?.parse().ok()?;
        Some((i64::try_from(time.secs_ceil()).ok()?, node.place()))
    };
    if let Some((seconds, place)) = [seconds("delay"), seconds("monitor")].into_iter().flatten().max_by_key(|it| it.0) {
        service.set("minReadySeconds", Value::Int(seconds), place);
    }
    if let Some(ratio) = update.get("max_failure_ratio").filter(|ratio| is_none(ratio)) {
        service.honoured("deploy.update_config.max_failure_ratio", ratio.place());
    }
}

/// What the way back does by itself: its first replica that fails stops it, and it waits for its replicas as an update does.
fn way_back(service: &mut Service<'_>, back: &Node) {
    let update = service.attribute("deploy.update_config");
    let said = |name: &str| update.and_then(|update| update.get(name)).and_then(Node::text);
    for (key, node) in back.as_mapping().unwrap_or_default() {
        let is_same = match key.name.as_str() {
            // There is no way back from the way back.
            "failure_action" => node.as_str() == Some("pause"),
            "max_failure_ratio" => is_none(node),
            "delay" | "monitor" => node.text().is_some() && node.text() == said(&key.name),
            _ => false,
        };
        if is_same {
            service.honoured(&format!("deploy.rollback_config.{}", key.name), node.place());
        }
    }
}

/// Whether a ratio is none at all.
fn is_none(node: &Node) -> bool {
    node.text().and_then(|text| text.parse::<f64>().ok()) == Some(0.0)
}

fn failure_action(service: &mut Service<'_>, node: Option<&Node>, place: skiff_yaml::Span) {
    let place = node.map_or(place, Node::place);
    let action = match node.and_then(Node::as_str) {
        Some("rollback") => "Rollback",
        Some("continue") => {
            let does = "an update that fails stops where it is, instead of going on with what is broken";
            service.approximated("deploy.update_config.failure_action", place, does, "write `pause` or `rollback`");
            "Pause"
        }
        // What Swarm does unless said otherwise.
        _ => "Pause",
    };
    service.put("strategy/onFailure", text(action, place));
}
