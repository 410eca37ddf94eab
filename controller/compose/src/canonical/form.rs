//! Short forms → long ones.
//!
//! A form does no more than rewrite: what it yields is read by its shape afterwards, so that a long form that was written out
//! meets the same checks.

mod device;
mod limit;
mod mount;
mod port;
mod words;

use skiff_yaml::{Key, Node, Span, Value};

use super::scalar::host_path;
use super::{Context, refuse};
use crate::paths::is_elsewhere;

pub(crate) use device::{devices, gpus};
pub(crate) use limit::{microseconds, mode, ulimit};
pub(crate) use mount::mounts;
pub(crate) use port::{ports, range as port_range};
pub(crate) use words::{command, health_test};

/// A mapping of what is given, all at one place.
pub(crate) fn mapping(place: Span, entries: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Node {
    let entries = entries
        .into_iter()
        .filter_map(|(name, value)| Some((Key { name: name.to_owned(), span: place }, Node::new(value?, place))));
    Node::new(Value::Mapping(entries.collect()), place)
}

/// An amount of bytes as Docker writes it.
pub(crate) fn bytes(text: &str) -> Option<i64> {
    super::scalar::size(text)
}

/// Text as a value.
pub(crate) fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

/// A list of one.
fn single(node: Node) -> Node {
    let place = node.place();
    Node::new(Value::Sequence(vec![node]), place)
}

/// One text, or a list.
pub(crate) fn one_or_more(node: Node, _: &mut Context<'_>) -> Node {
    if node.as_sequence().is_none() && node.as_mapping().is_none() { single(node) } else { node }
}

/// A list whose items are rewritten, each into one or more.
fn each(mut node: Node, context: &mut Context<'_>, rewrite: fn(Node, &mut Context<'_>) -> Vec<Node>) -> Node {
    let Value::Sequence(items) = node.value else { return node };
    node.value = Value::Sequence(items.into_iter().flat_map(|item| rewrite(item, context)).collect());
    node
}

/// A list whose items that are text are rewritten by what the text says.
fn each_text(mut node: Node, long: fn(&str, Span) -> Node) -> Node {
    let rewrite = |item: Node| match item.text() {
        Some(text) => long(&text, item.place()),
        None => item,
    };
    let Value::Sequence(items) = node.value else { return node };
    node.value = Value::Sequence(items.into_iter().map(rewrite).collect());
    node
}

/// `KEY=value` in a list, or a mapping.
pub(crate) fn pairs(mut node: Node, context: &mut Context<'_>) -> Node {
    let Value::Sequence(items) = node.value else { return node };
    let mut entries: Vec<(Key, Node)> = Vec::with_capacity(items.len());
    for item in items {
        let Some(text) = item.text() else {
            refuse(&item, &format!("{}[]", context.name), "`KEY=value`", context);
            continue;
        };
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, self::text(value)),
            None => (text.as_str(), Value::Null),
        };
        let key = Key { name: name.to_owned(), span: item.place() };
        let value = Node::new(value, item.place());
        match entries.iter_mut().find(|(known, _)| known.name == name) {
            Some(known) => *known = (key, value),
            None => entries.push((key, value)),
        }
    }
    node.value = Value::Mapping(entries);
    node
}

/// A list of names, or a mapping by name.
pub(crate) fn names(node: Node, context: &mut Context<'_>) -> Node {
    by_name(node, context, |place| Node::new(Value::Null, place))
}

/// Dependencies: a list of names waits for their start.
pub(crate) fn depends_on(node: Node, context: &mut Context<'_>) -> Node {
    let mut node = by_name(node, context, |place| mapping(place, [("condition", Some(text("service_started")))]));
    if let Value::Mapping(entries) = &mut node.value {
        for (key, value) in entries.iter_mut().filter(|(_, value)| value.is_null()) {
            *value = mapping(key.span, [("condition", Some(text("service_started")))]);
        }
    }
    node
}

fn by_name(mut node: Node, context: &mut Context<'_>, value: fn(Span) -> Node) -> Node {
    let Value::Sequence(items) = node.value else { return node };
    let mut entries: Vec<(Key, Node)> = Vec::with_capacity(items.len());
    for item in items {
        match item.text() {
            Some(name) if entries.iter().any(|(known, _)| known.name == name) => {}
            Some(name) => entries.push((Key { name, span: item.place() }, value(item.place()))),
            None => drop(refuse(&item, &format!("{}[]", context.name), "a name", context)),
        }
    }
    node.value = Value::Mapping(entries);
    node
}

/// `build: folder`.
pub(crate) fn build(node: Node, _: &mut Context<'_>) -> Node {
    from_text(node, "context")
}

/// The folder that an image is built from, or where else it is.
pub(crate) fn context(mut node: Node, context: &mut Context<'_>) -> Node {
    if let Some(written) = node.text().filter(|written| !is_elsewhere(written)) {
        node.set(Value::String(host_path(&written, context)));
    }
    node
}

/// `extends: service`.
pub(crate) fn extends(node: Node, _: &mut Context<'_>) -> Node {
    from_text(node, "service")
}

fn from_text(node: Node, name: &'static str) -> Node {
    match node.text() {
        Some(written) => mapping(node.place(), [(name, Some(text(written)))]),
        None => node,
    }
}

/// Files to include, by path or with more.
pub(crate) fn includes(node: Node, _: &mut Context<'_>) -> Node {
    each_text(node, |path, place| mapping(place, [("path", Some(text(path)))]))
}

/// Files of variables, by path or with more.
pub(crate) fn env_files(node: Node, context: &mut Context<'_>) -> Node {
    let node = one_or_more(node, context);
    each_text(node, |path, place| mapping(place, [("path", Some(text(path)))]))
}

/// Configs and secrets, by name or with more.
pub(crate) fn grants(node: Node, _: &mut Context<'_>) -> Node {
    each_text(node, |name, place| mapping(place, [("source", Some(text(name)))]))
}

/// `external: { name: … }`, which is old.
pub(crate) fn external(mut node: Node, _: &mut Context<'_>) -> Node {
    let Value::Mapping(entries) = &mut node.value else { return node };
    let old = entries.iter_mut().find(|(key, value)| key.name == "external" && value.as_mapping().is_some());
    let Some((_, value)) = old else { return node };
    let name = value.entry("name").map(|(key, name)| (key.clone(), name.clone()));
    value.set(Value::Bool(true));
    if !entries.iter().any(|(key, _)| key.name == "name") {
        entries.extend(name);
    }
    node
}

/// Lines of `/etc/hosts` as `name=address`, from a list with `=` or `:` or from a mapping.
pub(crate) fn hosts(mut node: Node, context: &mut Context<'_>) -> Node {
    if let Value::Mapping(entries) = node.value {
        node.value = Value::Sequence(entries.into_iter().flat_map(|(key, value)| host_lines(&key, &value)).collect());
    } else if let Value::Sequence(items) = node.value {
        node.value = Value::Sequence(items.into_iter().filter_map(|item| host_line(item, context)).collect());
    }
    node
}

fn host_lines(key: &Key, value: &Node) -> Vec<Node> {
    let items = value.as_sequence().unwrap_or(std::slice::from_ref(value));
    let addresses = items.iter().filter_map(Node::text);
    let line = |address: String| text(format!("{}={}", key.name, bare_address(&address)));
    addresses.map(|address| Node::new(line(address), value.place())).collect()
}

fn host_line(item: Node, context: &mut Context<'_>) -> Option<Node> {
    let written = item.text()?;
    let Some((name, address)) = written.split_once('=').or_else(|| written.split_once(':')) else {
        context.problems.wrong(item.place(), format!("`{written}` names no address")).help("write `name=address`");
        return None;
    };
    Some(Node::new(text(format!("{}={}", name.trim(), bare_address(address.trim()))), item.place()))
}

/// An address without the brackets that IPv6 may have.
fn bare_address(address: &str) -> &str {
    address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(address)
}
