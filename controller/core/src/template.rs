//! What counts as "the same configuration": the canonical form of a template, its hash, and what differs between two.
//!
//! The canonical form holds only what needs a new container when it changes. Absent and default fields are not in it, secrets
//! are references, and what has a name is keyed by it, so that order alone changes nothing. The hash carries the version of this
//! encoding: an upgrade of Skiff recreates nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use skiff_api::{ImageName, PodTemplate};

use crate::content::hex;
use crate::desired::Attachment;
use crate::reason::Change;

const VERSION: &str = "v1";

/// Settings beside the containers that Docker changes in place, or that Skiff alone acts on.
pub(crate) const NOT_OF_THE_TEMPLATE: [&str; 3] = ["networks", "restartPolicy", "restart"];

/// Settings of a container that Docker changes in place, or that Skiff alone acts on.
pub(crate) const NOT_OF_THE_CONTAINER: [&str; 12] = [
    "name",
    "imagePullPolicy",
    "readinessProbe",
    "livenessProbe",
    "startupProbe",
    "lifecycle",
    "resources",
    "cpuShares",
    "cpusetCpus",
    "cpusetMems",
    "memorySwap",
    "pidsLimit",
];

/// What Docker does when a manifest says nothing: saying it changes nothing.
const DOCKERS_DEFAULTS: [(&str, &str); 9] = [
    ("/terminationGracePeriodSeconds", "30"),
    ("/container/shmSize", "64Mi"),
    ("/container/cpuPeriod", "100000"),
    ("/container/oomKillDisable", "false"),
    ("/container/healthCheck/interval", "30s"),
    ("/container/healthCheck/timeout", "30s"),
    ("/container/healthCheck/retries", "3"),
    ("/container/healthCheck/startPeriod", "0s"),
    ("/container/securityContext/allowPrivilegeEscalation", "true"),
];

/// The canonical form of a template. `volume_names` are Docker's names of the volumes by their names in the template.
pub(crate) fn canonical(pod: &PodTemplate, first_network: Option<&Attachment>, volumes: &Map<String, Value>) -> Value {
    // A template is plain data with text keys: it always serialises.
    let mut form = serde_json::to_value(pod).unwrap_or_default();
    for (pointer, default) in DOCKERS_DEFAULTS {
        remove_default(&mut form, pointer, default);
    }
    if let Some(top) = form.as_object_mut() {
        for key in NOT_OF_THE_TEMPLATE {
            top.remove(key);
        }
        if let Some(network) = first_network {
            top.insert("network".to_owned(), first_network_form(network));
        }
        rekey(top, "volumes", "name", |name, item| {
            if let (Some(docker_name), Some(volume)) = (volumes.get(name), item.get_mut("volume")) {
                *volume = docker_name.clone();
            }
            // What becomes of it when the container goes makes no other container.
            if let Some(anonymous) = item.remove("anonymous") {
                item.insert("emptyDir".to_owned(), anonymous);
            }
            // Memory and disk are not the same where nothing more is said of either. Disk is what says nothing.
            if let Some(tmpfs) = item.get_mut("tmpfs").filter(|tmpfs| says_nothing(tmpfs)) {
                *tmpfs = Value::Bool(true);
            }
        });
        rekey(top, "initContainers", "name", |_, _| {});
        if let Some(container) = top.get_mut("container").and_then(Value::as_object_mut) {
            container_form(container);
        }
    }
    settle(&mut form);
    form
}

/// `v1:` and the hash of a canonical form.
pub(crate) fn hash(canonical: &str) -> String {
    format!("{VERSION}:{}", hex(&Sha256::digest(canonical), 16))
}

/// What makes a revision: the template, and the content that it uses.
pub(crate) fn identity(canonical: &str, content: &BTreeMap<String, String>) -> String {
    identity_of(&hash(canonical), content)
}

/// The same, of a template of which the hash is known.
pub(crate) fn identity_of(hash: &str, content: &BTreeMap<String, String>) -> String {
    if content.is_empty() {
        return hash.to_owned();
    }
    let parts: Vec<&[u8]> =
        content.iter().flat_map(|(object, digest)| [object.as_bytes(), digest.as_bytes()]).collect();
    format!("{hash}+{}", crate::content::digest(&parts))
}

fn first_network_form(network: &Attachment) -> Value {
    json!({
        "name": network.network,
        "ipv4Address": network.ipv4_address,
        "ipv6Address": network.ipv6_address,
        "linkLocalIPs": (!network.link_local_ips.is_empty()).then_some(&network.link_local_ips),
        "macAddress": network.mac_address,
        "driverOpts": network.driver_opts,
        "gatewayPriority": network.gateway_priority,
    })
}

fn container_form(container: &mut Map<String, Value>) {
    for key in NOT_OF_THE_CONTAINER {
        container.remove(key);
    }
    if container.remove("build").is_some_and(|build| !build.is_null())
        && let Some(tag) = container.get("image").and_then(Value::as_str).and_then(|image| ImageName::of(image).tag)
    {
        // All that it is built from is in the tag: where the folder lies makes no other container.
        container.insert("build".to_owned(), Value::String(tag));
    }
    rekey(container, "env", "name", |_, _| {});
    rekey(container, "volumeMounts", "mountPath", |_, _| {});
    if let Some(ports) = container.get_mut("ports").and_then(Value::as_array_mut) {
        for port in ports.iter_mut().filter_map(Value::as_object_mut) {
            port.remove("name");
            port.remove("appProtocol");
        }
        ports.sort_by_key(Value::to_string);
        ports.dedup();
    }
    let lists = ["/securityContext/capabilities/add", "/securityContext/capabilities/drop", "/groupAdd"];
    for pointer in lists {
        if let Some(list) = pointer_mut(container, pointer).and_then(Value::as_array_mut) {
            list.sort_by_key(Value::to_string);
        }
    }
}

fn pointer_mut<'a>(map: &'a mut Map<String, Value>, pointer: &str) -> Option<&'a mut Value> {
    let mut parts = pointer.trim_start_matches('/').split('/');
    let first = map.get_mut(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get_mut(part))
}

/// Turns a list of named items into a map, so that their order says nothing.
fn rekey(map: &mut Map<String, Value>, field: &str, by: &str, mut each: impl FnMut(&str, &mut Map<String, Value>)) {
    let Some(Value::Array(items)) = map.remove(field) else { return };
    let mut keyed = Map::new();
    for item in items {
        let Value::Object(mut item) = item else { continue };
        let Some(Value::String(name)) = item.remove(by) else { continue };
        each(&name, &mut item);
        // An item that says nothing but its name still counts.
        keyed.insert(name, if item.is_empty() { Value::Bool(true) } else { Value::Object(item) });
    }
    map.insert(field.to_owned(), Value::Object(keyed));
}

fn remove_default(form: &mut Value, pointer: &str, default: &str) {
    let Some((parent, field)) = pointer.rsplit_once('/') else { return };
    let around = parent.split('/').skip(1).try_fold(form, |value, part| value.get_mut(part));
    let Some(around) = around.and_then(Value::as_object_mut) else { return };
    if shown("", around.get(field)).as_deref() == Some(default) {
        around.remove(field);
    }
}

/// Sorts fields and drops nulls and empty maps; empty lists stay, as an empty command is not the image's.
pub(crate) fn settle(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(settle);
            // Sorted here, as a feature of serde_json that any crate may turn on would keep the order of insertion.
            let sorted: BTreeMap<String, Value> = std::mem::take(map).into_iter().collect();
            map.extend(sorted.into_iter().filter(|(_, value)| !says_nothing(value)));
        }
        Value::Array(items) => items.iter_mut().for_each(settle),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn says_nothing(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(|map| map.values().all(says_nothing))
}

/// What differs between two canonical forms, field by field. Values of variables are not in it.
pub(crate) fn changes(from: &Value, to: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare("", Some(from), Some(to), &mut found);
    if found.iter().any(|change| change.field == "container.build" && change.from.is_some() && change.to.is_some()) {
        // The image is another one because something else is built.
        found.retain(|change| change.field != "container.image");
    }
    found
}

fn compare(path: &str, from: Option<&Value>, to: Option<&Value>, found: &mut Vec<Change>) {
    match (from, to) {
        (from, to) if from == to => {}
        (Some(Value::Object(from)), Some(Value::Object(to))) => compare_maps(path, from, to, found),
        (None, Some(Value::Object(to))) if !is_variable(path) => compare_maps(path, &Map::new(), to, found),
        (Some(Value::Object(from)), None) if !is_variable(path) => compare_maps(path, from, &Map::new(), found),
        (from, to) => found.push(Change::new(path, shown(path, from), shown(path, to))),
    }
}

fn compare_maps(path: &str, from: &Map<String, Value>, to: &Map<String, Value>, found: &mut Vec<Change>) {
    if is_variable(path) {
        found.push(Change::new(path, None, None));
        return;
    }
    let mut fields: Vec<&String> = from.keys().chain(to.keys()).collect();
    fields.sort();
    fields.dedup();
    for field in fields {
        let below = if path.is_empty() { field.clone() } else { format!("{path}.{field}") };
        compare(&below, from.get(field), to.get(field), found);
    }
}

/// Whether a path is one variable, whose value must not be shown.
fn is_variable(path: &str) -> bool {
    let name = path.strip_prefix("container.env.").or_else(|| {
        path.strip_prefix("initContainers.").and_then(|rest| rest.split_once(".env")).map(|(_, rest)| rest)
    });
    name.is_some()
}

const LONGEST: usize = 80;

fn shown(path: &str, value: Option<&Value>) -> Option<String> {
    let value = value?;
    if is_variable(path) {
        return Some(String::new());
    }
    let text = skiff_api::written::flow(path.rsplit('.').next().unwrap_or_default(), value);
    Some(if text.chars().count() > LONGEST { text.chars().take(LONGEST).chain(['…']).collect() } else { text })
}

#[cfg(test)]
mod tests;
