//! What a container gets of the host: Docker's `HostConfig`, but for mounts and networks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use skiff_api::mounts_from;

use super::{Compared, Differences, entries, items, said, sorted, text};

/// What Docker changes in place, what is compared for itself, and what no container is another one for.
const ELSEWHERE: [&str; 21] = [
    "NanoCpus",
    "CpuShares",
    "CpusetCpus",
    "CpusetMems",
    "Memory",
    "MemoryReservation",
    "MemorySwap",
    "PidsLimit",
    "RestartPolicy",
    "Mounts",
    "Binds",
    "Tmpfs",
    "NetworkMode",
    "LogConfig",
    "MaskedPaths",
    "ReadonlyPaths",
    "SecurityOpt",
    "ConsoleSize",
    "ContainerIDFile",
    "KernelMemory",
    "Cgroup",
];

/// What Docker fills in where nobody says anything, on one kind of host or another.
const DEFAULTS: [(&str, &[&str]); 8] = [
    ("ShmSize", &["67108864"]),
    ("CpuPeriod", &["100000"]),
    ("MemorySwappiness", &["-1"]),
    ("IpcMode", &["private", "shareable"]),
    ("CgroupnsMode", &["private", "host"]),
    ("Isolation", &["default"]),
    ("Runtime", &["runc"]),
    ("UTSMode", &["private"]),
];

/// Lists that are read from their beginning.
const IN_ORDER: [&str; 3] = ["Dns", "DnsSearch", "DnsOptions"];

/// How JSON files are rotated where no manifest says how: Docker Compose leaves them to grow.
const ROTATION: [(&str, &str); 2] = [("max-size", "10m"), ("max-file", "3")];

/// What Docker adds by itself where a container shares the host's processes.
const ADDED: &str = "label=disable";

pub(super) fn compare(compared: &Compared<'_>, found: &mut Differences) {
    let (wanted, is) = (compared.wanted.get("HostConfig"), compared.container.get("HostConfig"));
    let names: BTreeSet<&String> = entries(wanted).chain(entries(is)).map(|(name, _)| name).collect();
    for name in names.into_iter().filter(|name| !ELSEWHERE.contains(&name.as_str())) {
        let value = |host: Option<&Value>| host.and_then(|host| normal(name, host.get(name)?));
        let (from, to) = (value(is), value(wanted));
        let is_filled_in = to.is_none() && is.is_some_and(|is| is_default(name, is.get(name)));
        if !is_filled_in {
            found.field(name, from.as_ref(), to.as_ref());
        }
    }
    let none = Value::Null;
    let (wanted, is) = (wanted.unwrap_or(&none), is.unwrap_or(&none));
    masks(wanted, is, found);
    security(wanted, is, found);
    logs(compared, wanted, is, found);
}

fn is_default(name: &str, value: Option<&Value>) -> bool {
    let word = value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    let known = DEFAULTS.iter().find(|(field, _)| *field == name);
    known.zip(word).is_some_and(|((_, words), word)| words.contains(&word.as_str()))
}

/// A value with all that says the same written the same.
fn normal(name: &str, value: &Value) -> Option<Value> {
    let value = match name {
        "CapAdd" | "CapDrop" => {
            let names = items(Some(value)).iter().filter_map(Value::as_str).map(str::to_uppercase);
            sorted(&json!(names.map(|name| name.trim_start_matches("CAP_").to_owned()).collect::<Vec<_>>()))
        }
        // Which container it is that shares something shows when it is another one.
        "PidMode" | "IpcMode" => match value.as_str().and_then(|mode| mode.split_once(':')) {
            Some(("container", _)) => json!("container"),
            Some(_) | None => value.clone(),
        },
        "VolumesFrom" => {
            let mode = |item: &str| mounts_from(item).1.filter(|mode| *mode != "rw").map(str::to_owned);
            let modes = items(Some(value)).iter().filter_map(Value::as_str).map(mode);
            sorted(&json!(modes.collect::<Vec<_>>()))
        }
        "PortBindings" => ports(value),
        _ if is_default(name, Some(value)) && !["IpcMode", "CgroupnsMode"].contains(&name) => Value::Null,
        _ if value.is_array() && !IN_ORDER.contains(&name) => sorted(value),
        _ => value.clone(),
    };
    said(&value)
}

/// Ports by the container's port. All addresses and any port are what nothing is.
fn ports(value: &Value) -> Value {
    let binding = |binding: &Value| {
        let (ip, port) = (text(binding, "/HostIp"), text(binding, "/HostPort"));
        json!([if ip == "0.0.0.0" { "" } else { ip }, if port == "0" { "" } else { port }])
    };
    let bindings = |of: &Value| sorted(&Value::Array(items(Some(of)).iter().map(binding).collect()));
    Value::Object(entries(Some(value)).map(|(port, of)| (port.clone(), bindings(of))).collect())
}

/// What is hidden of /proc and /sys: by default much of it, unless a container is privileged.
fn masks(wanted: &Value, is: &Value, found: &mut Differences) {
    let privileged = is.get("Privileged") == Some(&Value::Bool(true));
    for field in ["MaskedPaths", "ReadonlyPaths"] {
        let (from, to) = (is.get(field).map(sorted), wanted.get(field).map(sorted));
        let is_bare = from.as_ref().is_none_or(|paths| items(Some(paths)).is_empty());
        match to {
            Some(to) if from.as_ref() != Some(&to) => found.field(field, from.as_ref(), Some(&to)),
            None if is_bare && !privileged && is.get(field).is_some() => found.field(field, Some(&json!([])), None),
            Some(_) | None => {}
        }
    }
}

fn security(wanted: &Value, is: &Value, found: &mut Differences) {
    let option = |option: &str| match option.split_once([':', '=']) {
        Some(("no-new-privileges", "true")) => "no-new-privileges".to_owned(),
        Some((name, value)) => format!("{name}={value}"),
        None => option.to_owned(),
    };
    let options = |host: &Value| {
        items(host.get("SecurityOpt")).iter().filter_map(Value::as_str).map(option).collect::<BTreeSet<_>>()
    };
    let (mut from, to) = (options(is), options(wanted));
    if !to.contains(ADDED) {
        from.remove(ADDED);
    }
    found.field("SecurityOpt", said(&json!(from)).as_ref(), said(&json!(to)).as_ref());
}

/// Where output goes. What we rotate and Docker Compose does not is the same to whoever wrote nothing of it.
fn logs(compared: &Compared<'_>, wanted: &Value, is: &Value, found: &mut Differences) {
    let none = Value::Null;
    let (is, wanted) = (is.get("LogConfig").unwrap_or(&none), wanted.get("LogConfig").unwrap_or(&none));
    let driver = |log: &Value| match text(log, "/Type") {
        "" => compared.log_driver.to_owned(),
        named => named.to_owned(),
    };
    found.field("LogConfig.Type", Some(&json!(driver(is))), Some(&json!(driver(wanted))));
    let options = |log: &Value| -> BTreeMap<String, Value> {
        entries(log.get("Config")).map(|(option, value)| (option.clone(), value.clone())).collect()
    };
    let (from, mut to) = (options(is), options(wanted));
    let is_ours = |option: &String, value: &Value| {
        !from.contains_key(option) && ROTATION.iter().any(|(name, own)| option == name && *value == json!(own))
    };
    to.retain(|option, value| !is_ours(option, value));
    found.named("LogConfig", &from, &to, false);
}
