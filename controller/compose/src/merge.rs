//! One file's tree laid over that of an earlier one, both in their canonical form.
//!
//! Mappings merge, lists are put one behind the other, what is a scalar is replaced; attributes with another rule say so in
//! the schema. `!override` puts a value in the place of what was there, `!reset` takes it away. Every value keeps the place of
//! the file that it came from. Source: the Compose Specification, `13-merge.md`.

use skiff_yaml::{Key, Node, Value};

use crate::canonical::{OVERRIDE, RESET};
use crate::schema::{Field, Merge, Shape};

/// What becomes of the tags of a tree that is laid over another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tags {
    /// They have done their work.
    Spent,
    /// They stay, for what both will be laid over.
    Kept,
}

/// Lays a tree over that of an earlier file.
pub(crate) fn merge(base: &mut Node, over: Node, shape: &Shape) {
    value(base, over, shape, Merge::Natural, Tags::Spent);
}

/// Lays a tree over what its own file takes in from elsewhere. Its tags are for earlier files as well, which both will be laid over.
pub(crate) fn take_in(base: &mut Node, over: Node, shape: &Shape) {
    value(base, over, shape, Merge::Natural, Tags::Kept);
}

/// Takes out of a list what stands in it before.
pub(crate) fn dedupe(node: &mut Node) {
    if let Value::Sequence(list) = &mut node.value {
        let all = std::mem::take(list);
        items(list, all, &Shape::Anything, Merge::Unique, Tags::Spent);
    }
}

/// Takes out what is reset, where nothing is below.
pub(crate) fn settle(node: &mut Node) {
    node.tag = None;
    match &mut node.value {
        Value::Mapping(entries) => {
            entries.retain(|(_, value)| !is_reset(value));
            for (_, value) in entries {
                settle(value);
            }
        }
        Value::Sequence(items) => {
            items.retain(|item| !is_reset(item));
            items.iter_mut().for_each(settle);
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::String(_) => {}
    }
}

/// Whether it takes away what is below.
pub(crate) fn is_reset(node: &Node) -> bool {
    node.tag == Some(RESET)
}

fn value(base: &mut Node, mut over: Node, shape: &Shape, rule: Merge, tags: Tags) {
    let replaces = matches!(over.tag, Some(OVERRIDE | RESET)) || rule == Merge::Whole;
    let shape = shape.plain();
    match (&mut base.value, &mut over.value) {
        (Value::Mapping(base), Value::Mapping(over)) if !replaces && !differ(base, over, rule) => {
            entries(base, std::mem::take(over), shape, tags);
        }
        (Value::Sequence(base), Value::Sequence(over)) if !replaces => {
            let item = if let Shape::List(item) = shape { item } else { &Shape::Anything };
            items(base, std::mem::take(over), item, rule, tags);
        }
        // An entry that says nothing changes nothing: `networks: { front: }` over the same with aliases.
        (Value::Mapping(_), Value::Null) if !replaces => {}
        _ => *base = alone(over, tags),
    }
}

/// A value as it stands where nothing is below it.
fn alone(mut over: Node, tags: Tags) -> Node {
    if tags == Tags::Spent {
        settle(&mut over);
    }
    over
}

/// Whether two mappings are of different kinds, as `logging` is by its driver.
fn differ(base: &[(Key, Node)], over: &[(Key, Node)], rule: Merge) -> bool {
    let Merge::Same(word) = rule else { return false };
    let find = |entries: &[(Key, Node)]| entries.iter().find(|(key, _)| key.name == word).and_then(|(_, it)| it.text());
    find(base).zip(find(over)).is_some_and(|(base, over)| base != over)
}

fn entries(base: &mut Vec<(Key, Node)>, over: Vec<(Key, Node)>, shape: &Shape, tags: Tags) {
    for (key, node) in over {
        let known = base.iter().position(|(known, _)| known.name == key.name);
        let goes = is_reset(&node) && tags == Tags::Spent;
        match known {
            Some(index) if goes => drop(base.remove(index)),
            None if goes => {}
            None => base.push((key, alone(node, tags))),
            Some(index) => {
                let (shape, rule) = below(shape, &key.name);
                if let Some((known, below)) = base.get_mut(index) {
                    value(below, node, shape, rule, tags);
                    *known = key;
                }
            }
        }
    }
}

/// The shape and the rule of an entry.
fn below<'a>(shape: &'a Shape, name: &str) -> (&'a Shape, Merge) {
    if let Shape::Map(value) = shape {
        return (value, Merge::Natural);
    }
    let field = shape.fields().iter().find(|field| field.name == name);
    field.map_or((&Shape::Anything, Merge::Natural), |Field { shape, merge, .. }| (*shape, *merge))
}

fn items(base: &mut Vec<Node>, over: Vec<Node>, shape: &Shape, rule: Merge, tags: Tags) {
    for item in over.into_iter().filter(|item| !is_reset(item)) {
        let same = base.iter_mut().find(|known| same(known, &item, rule));
        match (same, rule) {
            (Some(known), Merge::Within(_)) => value(known, item, shape, Merge::Natural, tags),
            (Some(known), _) => *known = alone(item, tags),
            (None, _) => base.push(alone(item, tags)),
        }
    }
}

/// Whether two items of a list are one and the same thing.
fn same(left: &Node, right: &Node, rule: Merge) -> bool {
    let by = |name: &str| left.get(name).and_then(Node::text) == right.get(name).and_then(Node::text);
    match rule {
        Merge::Unique => left.text().is_some() && left.text() == right.text(),
        Merge::Ports => {
            let protocol = |item: &Node| item.get("protocol").and_then(Node::text).unwrap_or_else(|| "tcp".to_owned());
            ["host_ip", "published", "target"].into_iter().all(by) && protocol(left) == protocol(right)
        }
        Merge::Grants(folder) => granted(left, folder).is_some() && granted(left, folder) == granted(right, folder),
        Merge::By(names) => identified(left, names) && names.iter().all(|name| by(name)),
        Merge::Within(name) => left.get(name).is_some() && by(name),
        Merge::Natural | Merge::Whole | Merge::Same(_) => false,
    }
}

/// Where a grant is to be found in a container.
fn granted(item: &Node, folder: &str) -> Option<String> {
    let named = item.get("target").or_else(|| item.get("source")).and_then(Node::text)?;
    Some(if named.starts_with('/') { named } else { format!("{folder}{named}") })
}

/// Whether an item has anything of what tells items apart.
fn identified(item: &Node, names: &[&str]) -> bool {
    names.iter().any(|name| item.get(name).is_some())
}
