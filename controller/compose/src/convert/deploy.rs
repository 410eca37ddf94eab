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
    let Some(update) = service.attribute("deploy.update_config") else { return };
    if service.manifest.kind == Kind::Deployment {
        strategy(service, update);
    } else {
        service.approximated("deploy.update_config", update.place(), "a job is run anew as a whole", "");
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

fn strategy(service: &mut Service<'_>, update: &Node) {
    let place = update.place();
    let parallelism = update.get("parallelism").and_then(integer).unwrap_or(1);
    let at_once =
        if parallelism == 0 { replicas(service.node).map_or(1, |(_, count)| count).max(1) } else { parallelism };
    let is_start_first = update.get("order").and_then(Node::as_str) == Some("start-first");
    let (surge, unavailable) = if is_start_first { (at_once, 0) } else { (0, at_once) };
    let place_of = |name: &str| update.get(name).map_or(place, Node::place);
    service.set("strategy/rollingUpdate/maxSurge", Value::Int(surge), place_of("order"));
    service.set("strategy/rollingUpdate/maxUnavailable", Value::Int(unavailable), place_of("parallelism"));
    failure_action(service, update.get("failure_action"), place);
    let seconds = |name: &str| {
        let node = update.get(name)?;
        let time: Duration = node.text()?.parse().ok()?;
        Some((i64::try_from(time.secs_ceil()).ok()?, node.place()))
    };
    if let Some((seconds, place)) = [seconds("delay"), seconds("monitor")].into_iter().flatten().max_by_key(|it| it.0) {
        service.set("minReadySeconds", Value::Int(seconds), place);
    }
    same_either_way(service, update);
}

/// What an update does by itself: its first replica that fails stops it, and the way back goes as it does.
fn same_either_way(service: &mut Service<'_>, update: &Node) {
    let number = |node: &Node| node.text().and_then(|text| text.parse::<f64>().ok());
    if let Some(ratio) = update.get("max_failure_ratio").filter(|ratio| number(ratio) == Some(0.0)) {
        service.honoured("deploy.update_config.max_failure_ratio", ratio.place());
    }
    let back = service.attribute("deploy.rollback_config").and_then(Node::as_mapping).unwrap_or_default();
    for (key, node) in back {
        let is_default = |default: &str| node.text().as_deref() == Some(default);
        let is_same = match (key.name.as_str(), update.get(&key.name).and_then(Node::text)) {
            // There is no way back from the way back.
            ("failure_action", _) => is_default("pause"),
            ("max_failure_ratio", _) => number(node) == Some(0.0),
            (_, Some(said)) => is_default(&said),
            ("parallelism", None) => is_default("1"),
            ("order", None) => is_default("stop-first"),
            (_, None) => false,
        };
        if is_same {
            service.honoured(&format!("deploy.rollback_config.{}", key.name), node.place());
        }
    }
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
