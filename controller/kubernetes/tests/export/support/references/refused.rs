//! What the API server refuses although every schema takes it.

use serde_json::Value;

use super::{Cluster, list, shown, text};

pub(super) fn check(cluster: &Cluster<'_>, wrong: &mut Vec<String>) {
    for object in &cluster.objects {
        deadline(object, wrong);
    }
    for pod in &cluster.pods {
        let containers = list(pod.spec, "/containers").iter().chain(list(pod.spec, "/initContainers"));
        for hook in containers.flat_map(hooks) {
            if hook.as_object().is_none_or(serde_json::Map::is_empty) {
                wrong.push(format!("{} has a hook that does nothing", pod.owner));
            }
        }
        for path in list(pod.spec, "/volumes").iter().flat_map(paths) {
            if path.starts_with("..") || path.starts_with('/') || path.split('/').any(|part| part == "..") {
                wrong.push(format!("{} mounts content at the path {path}", pod.owner));
            }
        }
    }
}

/// A rollout is given more time than a pod needs to count as there.
fn deadline(object: &Value, wrong: &mut Vec<String>) {
    if text(object, "/kind") != "Deployment" {
        return;
    }
    let seconds = |field: &str| object.pointer(&format!("/spec/{field}")).and_then(Value::as_i64);
    let (deadline, ready) =
        (seconds("progressDeadlineSeconds").unwrap_or(600), seconds("minReadySeconds").unwrap_or(0));
    if deadline <= ready {
        wrong.push(format!("{} has the deadline {deadline}, and minReadySeconds {ready}", shown(object)));
    }
}

fn hooks(container: &Value) -> impl Iterator<Item = &Value> {
    ["postStart", "preStop"].into_iter().filter_map(|hook| container.pointer(&format!("/lifecycle/{hook}")))
}

fn paths(volume: &Value) -> impl Iterator<Item = &str> {
    let items = ["configMap", "secret"].into_iter().flat_map(|kind| list(volume, &format!("/{kind}/items")));
    items.map(|item| text(item, "/path"))
}
