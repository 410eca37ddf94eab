//! Numbers that may be written as something else.

use skiff_yaml::{Node, Value};

use super::{Context, mapping};

/// A limit of processes: one number is the soft and the hard one.
pub(crate) fn ulimit(node: Node, _: &mut Context<'_>) -> Node {
    if node.as_mapping().is_some() || node.as_sequence().is_some() {
        return node;
    }
    mapping(node.place(), [("soft", Some(node.value.clone())), ("hard", Some(node.value))])
}

/// Microseconds: a number, or a length of time.
pub(crate) fn microseconds(mut node: Node, _: &mut Context<'_>) -> Node {
    let time = node.as_str().and_then(|text| text.parse::<skiff_api::Duration>().ok()).filter(|time| time.nanos() > 0);
    if let Some(micros) = time.and_then(|time| i64::try_from(time.nanos() / 1_000).ok()) {
        node.set(Value::Int(micros));
    }
    node
}

/// Permissions: a text is octal.
pub(crate) fn mode(mut node: Node, _: &mut Context<'_>) -> Node {
    if let Some(mode) = node.as_str().and_then(|text| i64::from_str_radix(text.trim_start_matches("0o"), 8).ok()) {
        node.set(Value::Int(mode));
    }
    node
}
