//! The process of a container and how it is seen: Docker's `Config`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use skiff_api::ImageName;

use super::{Compared, Differences, entries, items, said, text};

/// Labels that say who made a container, and where from. Nobody's process reads them.
const OF_MAKERS: [&str; 3] = ["com.docker.compose.", "skiff.dev/", "desktop.docker.io/"];
/// The characters of an id that are a host name, where nobody says one.
const SHORT_ID: usize = 12;
/// Docker's own signal to stop.
const STOP_SIGNAL: &str = "SIGTERM";

pub(super) fn compare(compared: &Compared<'_>, found: &mut Differences) {
    let none = Value::Null;
    let wanted = compared.wanted;
    let is = compared.container.get("Config").unwrap_or(&none);
    let image = compared.image.get("Config").unwrap_or(&none);
    image_name(compared, is, found);
    commands(wanted, is, image, found);
    for field in ["WorkingDir", "User", "Domainname"] {
        let own = wanted.get(field).and_then(said).or_else(|| image.get(field).and_then(said));
        found.field(field, is.get(field).and_then(said).as_ref(), own.as_ref());
    }
    for field in ["Tty", "OpenStdin"] {
        found.field(field, is.get(field).and_then(said).as_ref(), wanted.get(field).and_then(said).as_ref());
    }
    let signal = |config: &Value| config.get("StopSignal").and_then(said);
    let wanted_signal = signal(wanted).or_else(|| signal(image)).unwrap_or_else(|| json!(STOP_SIGNAL));
    found.field("StopSignal", Some(&signal(is).unwrap_or_else(|| json!(STOP_SIGNAL))), Some(&wanted_signal));
    hostname(compared, is, found);
    let ports = |config: &Value| entries(config.get("ExposedPorts")).map(|(port, _)| port.clone()).collect::<Vec<_>>();
    let exposed = |ports: Vec<String>| ports.into_iter().map(|port| (port, Value::Bool(true))).collect();
    let wanted_ports = exposed([ports(wanted), ports(image)].concat());
    found.named("ExposedPorts", &exposed(ports(is)), &wanted_ports, false);
    let (has, wants) = (variables(&none, is), variables(image, wanted));
    found.named("Env", &has, &wants, true);
    found.named("Labels", &labels(&none, is), &labels(image, wanted), false);
    let check = |config: &Value, image: &Value| health(config.get("Healthcheck"), image.get("Healthcheck"));
    found.field("Healthcheck", check(is, &none).as_ref(), check(wanted, image).as_ref());
}

/// Another name of the image that it was made from is no other image.
fn image_name(compared: &Compared<'_>, is: &Value, found: &mut Differences) {
    let (from, to) = (text(is, "/Image"), text(compared.wanted, "/Image"));
    let tagged = |name: &str| ImageName::of(name).tagged();
    let names = items(compared.image.get("RepoTags")).iter().chain(items(compared.image.get("RepoDigests")));
    let is_named = names.filter_map(Value::as_str).any(|name| name == to || name == tagged(to));
    if from != to && tagged(from) != tagged(to) && !is_named {
        found.field("Image", Some(&json!(from)), Some(&json!(to)));
    }
}

/// An entrypoint takes the image's command away; an empty one is none, and not the image's.
fn commands(wanted: &Value, is: &Value, image: &Value, found: &mut Differences) {
    let list = |config: &Value, field: &str| config.get(field).and_then(said);
    let entrypoint = match wanted.get("Entrypoint") {
        None | Some(Value::Null) => list(image, "Entrypoint"),
        Some(own) => said(own),
    };
    let has_own = list(wanted, "Entrypoint").is_some();
    let args = list(wanted, "Cmd").or_else(|| list(image, "Cmd").filter(|_| !has_own));
    found.field("Entrypoint", list(is, "Entrypoint").as_ref(), entrypoint.as_ref());
    found.field("Cmd", list(is, "Cmd").as_ref(), args.as_ref());
}

/// Who says no host name gets the short id, or what the network that is shared has.
fn hostname(compared: &Compared<'_>, is: &Value, found: &mut Differences) {
    let (from, to) = (text(is, "/Hostname"), text(compared.wanted, "/Hostname"));
    let id = text(compared.container, "/Id");
    let mode = text(compared.container, "/HostConfig/NetworkMode");
    let shares =
        mode == "host" || mode.starts_with("container:") || text(compared.container, "/HostConfig/UTSMode") == "host";
    let is_given = from.is_empty() || id.get(..SHORT_ID) == Some(from) || shares;
    if from != to && !(to.is_empty() && is_given) {
        found.field("Hostname", said(&json!(from)).as_ref(), said(&json!(to)).as_ref());
    }
}

/// The variables that the process gets. A name alone takes one of the image away.
fn variables(image: &Value, own: &Value) -> BTreeMap<String, Value> {
    let mut variables = BTreeMap::new();
    for line in items(image.get("Env")).iter().chain(items(own.get("Env"))).filter_map(Value::as_str) {
        match line.split_once('=') {
            Some((name, value)) => drop(variables.insert(name.to_owned(), json!(value))),
            None => drop(variables.remove(line)),
        }
    }
    variables
}

fn labels(image: &Value, own: &Value) -> BTreeMap<String, Value> {
    let of_maker = |label: &str| OF_MAKERS.iter().any(|prefix| label.starts_with(prefix));
    let all = entries(image.get("Labels")).chain(entries(own.get("Labels")));
    all.filter(|(label, _)| !of_maker(label)).map(|(label, value)| (label.clone(), value.clone())).collect()
}

/// A check, each part of which is the image's where nothing else is said, with Docker's own times left out.
fn health(own: Option<&Value>, image: Option<&Value>) -> Option<Value> {
    const SECOND: u64 = 1_000_000_000;
    let defaults = [("Interval", 30 * SECOND), ("Timeout", 30 * SECOND), ("Retries", 3)];
    let mut check = Map::new();
    for field in ["Test", "Interval", "Timeout", "Retries", "StartPeriod", "StartInterval"] {
        let of = |check: Option<&Value>| check.and_then(|check| check.get(field)).and_then(said);
        if let Some(value) = of(own).or_else(|| of(image)) {
            check.insert(field.to_owned(), value);
        }
    }
    // Without a test, or with the one that says so, nothing is checked.
    let test = items(check.get("Test")).first().and_then(Value::as_str);
    if test.is_none() || test == Some("NONE") {
        return None;
    }
    check.retain(|field, value| !defaults.iter().any(|(name, default)| field == name && *value == json!(default)));
    Some(Value::Object(check))
}
