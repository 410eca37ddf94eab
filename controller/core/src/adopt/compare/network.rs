//! How a container is on the network. Names and addresses on it are put right in place, and so is which networks there are besides.

use serde_json::{Value, json};

use super::{Compared, Differences, entries, said, text};

/// What of an attachment needs a new container when it changes.
const FIXED: [&str; 3] = ["/DriverOpts", "/IPAMConfig/LinkLocalIPs", "/GwPriority"];

pub(super) fn compare(compared: &Compared<'_>, found: &mut Differences) {
    let (wanted, container) = (compared.wanted, compared.container);
    let mode = |of: &'_ Value| -> String { text(of, "/HostConfig/NetworkMode").to_owned() };
    let (from, to) = (mode(container), mode(wanted));
    let first = entries(wanted.pointer("/NetworkingConfig/EndpointsConfig")).next();
    let Some((name, settings)) = first else {
        if named(&from) != named(&to) {
            found.field("NetworkMode", Some(&json!(from)), Some(&json!(to)));
        }
        return;
    };
    let has = container.pointer("/NetworkSettings/Networks").and_then(|networks| networks.get(name));
    let Some(has) = has else {
        found.field("Networks", None, Some(&json!(name)));
        return;
    };
    for pointer in FIXED {
        let value = |of: &Value| of.pointer(pointer).and_then(said);
        found.field(pointer.trim_start_matches('/'), value(has).as_ref(), value(settings).as_ref());
    }
    // What nobody fixed is drawn by Docker.
    let fixed = [settings, wanted].into_iter().find_map(|of| of.get("MacAddress").and_then(Value::as_str));
    if let Some(fixed) = fixed.filter(|fixed| !fixed.eq_ignore_ascii_case(text(has, "/MacAddress"))) {
        found.field("MacAddress", Some(&json!(text(has, "/MacAddress"))), Some(&json!(fixed)));
    }
}

/// Docker's own network has two names. Which container a network is shared with shows when that is another one.
fn named(mode: &str) -> &str {
    match mode.split_once(':') {
        Some(("container", _)) => "container",
        Some(_) | None if ["", "default"].contains(&mode) => "bridge",
        Some(_) | None => mode,
    }
}
