//! A manifest of Skiff as a tree, every value with the place in the Compose file that it comes from.
//!
//! A tree and not the kind's type, so that whoever reads manifests reads this one too: one reader, one set of complaints, and
//! all of them at a line of the Compose file.

use skiff_api::Kind;
use skiff_yaml::{Key, Node, Span, Value};

/// A manifest that is being written.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) root: Node,
}

impl Manifest {
    /// A manifest that says no more than what it is.
    pub(crate) fn new(kind: Kind, namespace: &str, name: &str, place: Span) -> Self {
        let root = Node::new(Value::Mapping(Vec::new()), place);
        let mut manifest = Self { kind, name: name.to_owned(), root };
        manifest.text("apiVersion", skiff_api::API_VERSION, place);
        manifest.text("kind", kind.as_str(), place);
        manifest.text("metadata/name", name, place);
        manifest.text("metadata/namespace", namespace, place);
        manifest
    }

    /// Writes a value; the mappings that it stands in are made, lists are not. A value that is there is replaced.
    pub(crate) fn put(&mut self, path: &str, value: Node) {
        let place = value.place();
        let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut node = &mut self.root;
        for parent in parents.split('/').filter(|parent| !parent.is_empty()) {
            node = child(node, parent, place);
        }
        *child(node, name, place) = value;
    }

    /// Writes a scalar.
    pub(crate) fn set(&mut self, path: &str, value: Value, place: Span) {
        self.put(path, Node::new(value, place));
    }

    /// Writes a text.
    pub(crate) fn text(&mut self, path: &str, text: &str, place: Span) {
        self.set(path, Value::String(text.to_owned()), place);
    }

    /// Writes a label, whose key may hold what parts a path.
    pub(crate) fn entry(&mut self, path: &str, key: &str, value: Node) {
        let place = value.place();
        let mut node = &mut self.root;
        for parent in path.split('/') {
            node = child(node, parent, place);
        }
        *child(node, key, place) = value;
    }

    /// Adds an item to a list, which is made where there is none.
    pub(crate) fn push(&mut self, path: &str, item: Node) {
        let place = item.place();
        let mut node = &mut self.root;
        for name in path.split('/') {
            node = child(node, name, place);
        }
        if let Value::Sequence(items) = &mut node.value {
            items.push(item);
        } else {
            node.set(Value::Sequence(vec![item]));
        }
    }

    /// The value at a path.
    pub(crate) fn get(&self, path: &str) -> Option<&Node> {
        path.split('/').try_fold(&self.root, |node, name| node.get(name))
    }
}

/// The value of an entry; it is made as an empty mapping where there is none.
fn child<'n>(node: &'n mut Node, name: &str, place: Span) -> &'n mut Node {
    if !matches!(node.value, Value::Mapping(_)) {
        node.set(Value::Mapping(Vec::new()));
    }
    let Value::Mapping(entries) = &mut node.value else { unreachable!("it was made a mapping") };
    let index = entries.iter().position(|(key, _)| key.name == name).unwrap_or_else(|| {
        let key = Key { name: name.to_owned(), span: place };
        entries.push((key, Node::new(Value::Mapping(Vec::new()), place)));
        entries.len() - 1
    });
    let (_, value) = entries.get_mut(index).expect("it was found or made");
    value
}

/// A mapping of what is given.
pub(crate) fn mapping<const N: usize>(place: Span, entries: [(&str, Option<Node>); N]) -> Node {
    let entries = entries.into_iter().filter_map(|(name, value)| {
        let value = value?;
        Some((Key { name: name.to_owned(), span: value.place() }, value))
    });
    Node::new(Value::Mapping(entries.collect()), place)
}

/// A text as a node.
pub(crate) fn text(text: impl Into<String>, place: Span) -> Node {
    Node::new(Value::String(text.into()), place)
}

/// A list of nodes.
pub(crate) fn list(items: Vec<Node>, place: Span) -> Node {
    Node::new(Value::Sequence(items), place)
}
