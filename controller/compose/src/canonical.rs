//! One file's tree → the one way to write it: every short form is a long one, every scalar is what its attribute says.
//!
//! Every value keeps its place. What is not known or cannot be read is complained about and left out; nothing that follows
//! from it is said a second time. `x-` attributes are passed over but for Skiff's own.

pub(crate) mod form;
mod scalar;

use std::path::Path;

use skiff_api::suggest::nearest;
use skiff_yaml::{Key, Node, Value};

use crate::environment::Environment;
use crate::merge::dedupe;
use crate::problems::Problems;
use crate::schema::{Field, Merge, Shape};

/// What reading a value needs to know besides it.
pub(crate) struct Context<'a> {
    /// What messages call the attribute whose short form is read.
    pub(crate) name: &'a str,
    /// The folder that paths start at as they are written.
    pub(crate) directory: &'a Path,
    /// The folder that paths start at as they are read.
    pub(crate) base: &'a Path,
    pub(crate) environment: &'a Environment,
    pub(crate) problems: &'a mut Problems,
}

/// Brings a value into another form.
/// What it cannot rewrite it complains about, and yields nothing: null.
pub(crate) type Form = fn(Node, &mut Context<'_>) -> Node;

/// What messages call the file itself.
const WHOLE: &str = "a Compose file";

/// The tag of an attribute that removes what earlier files say.
pub(crate) const RESET: &str = "!reset";
/// The tag of an attribute that is put in the place of what earlier files say.
pub(crate) const OVERRIDE: &str = "!override";

/// Reads a value as its shape says. `name` is what messages call it.
pub(crate) fn canonical(node: Node, shape: &Shape, name: &str, context: &mut Context<'_>) -> Option<Node> {
    let tag = node.tag;
    if tag == Some(RESET) {
        return Some(with_tag(Node::new(Value::Null, node.place()), tag));
    }
    read(node, shape, name, context).map(|node| with_tag(node, tag))
}

fn read(node: Node, shape: &Shape, name: &str, context: &mut Context<'_>) -> Option<Node> {
    match shape {
        Shape::Nullable(_) if node.is_null() => Some(node),
        Shape::Nullable(inner) => read(node, inner, name, context),
        Shape::Anything => Some(node),
        _ if node.is_null() => node.tag.is_some().then_some(node),
        Shape::Form(form, long) => {
            let Context { directory, base, environment, problems, .. } = context;
            let node = form(node, &mut Context { name, directory, base, environment, problems });
            read(node, long, name, context)
        }
        Shape::List(item) => list(node, item, name, context),
        Shape::Map(value) => map(node, value, name, context),
        Shape::Fields(fields) => mapping(node, fields, name, context),
        Shape::Path => scalar::path(node, name, context),
        Shape::Text
        | Shape::Integer
        | Shape::Number
        | Shape::Truth
        | Shape::Duration
        | Shape::Size
        | Shape::Word(_) => scalar::read(node, shape, name, context),
    }
}

fn with_tag(mut node: Node, tag: Option<&'static str>) -> Node {
    node.tag = tag;
    node
}

fn list(mut node: Node, item: &Shape, name: &str, context: &mut Context<'_>) -> Option<Node> {
    let Value::Sequence(items) = node.value else { return refuse(&node, name, "a list", context) };
    let item_name = format!("{name}[]");
    let items = items.into_iter().filter_map(|it| part(it, item, &item_name, name, context)).collect();
    node.value = Value::Sequence(items);
    Some(node)
}

fn map(mut node: Node, value: &Shape, name: &str, context: &mut Context<'_>) -> Option<Node> {
    let Value::Mapping(entries) = node.value else { return refuse(&node, name, "a mapping", context) };
    let read = entries.into_iter().filter_map(|(key, node)| {
        let entry = format!("{name}.{}", key.name);
        part(node, value, &entry, name, context).map(|node| (key, node))
    });
    node.value = Value::Mapping(read.collect());
    Some(node)
}

/// Reads an item or an entry of an attribute; one of which something is wrong is left out whole, as the rest of it would lack that. What
/// stands in a section at the top, such as a service, is there all the same.
fn part(node: Node, shape: &Shape, name: &str, whole: &str, context: &mut Context<'_>) -> Option<Node> {
    let is_of_section = !whole.contains('.');
    let (read, is_all) = wholly(node, shape, name, context);
    read.filter(|_| is_all || is_of_section)
}

/// Reads a value, and notes where that is not all read.
fn wholly(node: Node, shape: &Shape, name: &str, context: &mut Context<'_>) -> (Option<Node>, bool) {
    let (count, says) = (context.problems.count(), !node.is_null());
    let read = canonical(node, shape, name, context);
    let is_all = context.problems.count() == count && (read.is_some() || !says);
    if !is_all {
        context.problems.unread(name.to_owned());
    }
    (read, is_all)
}

fn mapping(mut node: Node, fields: &[Field], name: &str, context: &mut Context<'_>) -> Option<Node> {
    let Value::Mapping(entries) = node.value else { return refuse(&node, name, "a mapping", context) };
    let mut read = Vec::with_capacity(entries.len());
    for (key, value) in entries {
        match fields.iter().find(|field| field.name == key.name) {
            Some(field) => {
                let name = if name.is_empty() { key.name.clone() } else { format!("{name}.{}", key.name) };
                let (value, is_all) = wholly(value, field.shape, &name, context);
                // A command without one of its words is another one.
                let mut value = value.filter(|_| is_all || field.merge != Merge::Whole);
                value.iter_mut().filter(|_| field.merge == Merge::Unique).for_each(dedupe);
                read.extend(value.map(|value| (key, value)));
            }
            None if key.name == "x-skiff" => {
                let complaint = context.problems.wrong(key.span, "`x-skiff` means nothing here");
                complaint.help("it belongs to a service, or to a volume for its `reclaimPolicy`");
            }
            None if key.name.starts_with("x-") => {}
            None => unknown(&key, fields, name, context),
        }
    }
    node.value = Value::Mapping(read);
    Some(node)
}

fn unknown(key: &Key, fields: &[Field], name: &str, context: &mut Context<'_>) {
    let whole = if name.is_empty() { WHOLE } else { name };
    let complaint = context.problems.wrong(key.span, format!("`{}` is no attribute of {whole}", key.name));
    match nearest(&key.name, fields.iter().map(|field| field.name)) {
        Some(meant) => {
            complaint.help(format!("did you mean `{meant}`?"));
            context.problems.unread(format!("{name}.{meant}"));
        }
        None => complaint.help(format!("remove it, or write `x-{}` if it is for another tool", key.name)),
    }
}

/// Complains about a value of the wrong kind.
pub(crate) fn refuse(node: &Node, name: &str, wanted: &str, context: &mut Context<'_>) -> Option<Node> {
    let whole = if name.is_empty() { WHOLE.to_owned() } else { format!("`{name}`") };
    let message = format!("{whole} must be {wanted}, and this is {}", node.value.kind());
    context.problems.wrong(node.place(), message);
    None
}
