//! Devices by path, by CDI name, and by what they can do.

use skiff_yaml::{Node, Span, Value};

use super::{Context, each_text, mapping, text};

/// `source[:target[:permissions]]`, or a CDI name such as `vendor.com/class=name`.
pub(crate) fn devices(node: Node, _: &mut Context<'_>) -> Node {
    each_text(node, device)
}

fn device(written: &str, place: Span) -> Node {
    if written.contains('=') && !written.starts_with('/') {
        return mapping(place, [("source", Some(text(written)))]);
    }
    let mut parts = written.splitn(3, ':').map(text);
    let source = parts.next();
    let target = parts.next().or_else(|| source.clone());
    mapping(place, [("source", source), ("target", target), ("permissions", parts.next())])
}

/// `all`, or a list of requests.
pub(crate) fn gpus(mut node: Node, _: &mut Context<'_>) -> Node {
    if node.text().as_deref() == Some("all") {
        let all = mapping(node.place(), [("count", Some(text("all")))]);
        node.set(Value::Sequence(vec![all]));
    }
    node
}
