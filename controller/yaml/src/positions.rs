//! Where everything in a tree stands, by JSON pointer, without the values.
//!
//! The entries lie flat in the tree's order and hold one segment each, never whole pointers: a file of 100,000 values below
//! one very long key would otherwise cost gigabytes.

use std::collections::BTreeMap;

use crate::{Node, Span, Value, pointer};

#[cfg(test)]
mod tests;

/// Where one value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The value, where it is defined.
    pub value: Span,
    /// Its key, if it is an entry of a mapping.
    pub key: Option<Span>,
    /// The alias through which it came.
    pub used_at: Option<Span>,
}

/// An index of a tree's places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Positions {
    root: Place,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    segment: Segment,
    place: Place,
    /// Behind the last descendant.
    end: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Key(Box<str>),
    Item(usize),
}

impl Segment {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Key(key) => **key == *text,
            Self::Item(index) => pointer::index(text) == Some(*index),
        }
    }
}

impl Positions {
    pub(crate) fn of(node: &Node) -> Self {
        let mut entries = Vec::new();
        collect(node, &mut entries);
        // They are kept as long as the object: of thousands, what is allocated in advance would be most.
        entries.shrink_to_fit();
        Self { root: place(node, None), entries }
    }

    /// The place that a pointer names, if the tree has it.
    pub fn get(&self, pointer: &str) -> Option<Place> {
        let (place, whole) = self.walk(pointer);
        whole.then_some(place)
    }

    /// The place that a pointer names, or that of the nearest value above it: where to report what is missing.
    pub fn nearest(&self, pointer: &str) -> Place {
        self.walk(pointer).0
    }

    /// Every place by its pointer. Costs the sum of all pointers' lengths: for small trees and tests.
    pub fn to_map(&self) -> BTreeMap<String, Place> {
        let mut map = BTreeMap::from([(String::new(), self.root)]);
        let mut open: Vec<(String, usize)> = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            while open.pop_if(|(_, end)| *end <= index).is_some() {}
            let mut path = open.last().map(|(path, _)| path.clone()).unwrap_or_default();
            match &entry.segment {
                Segment::Key(key) => pointer::push(&mut path, key),
                Segment::Item(item) => pointer::push(&mut path, &item.to_string()),
            }
            map.insert(path.clone(), entry.place);
            open.push((path, entry.end));
        }
        map
    }

    fn walk(&self, pointer: &str) -> (Place, bool) {
        let (mut place, mut from, mut to) = (self.root, 0, self.entries.len());
        for segment in pointer::segments(pointer) {
            let Some((index, entry)) = self.child(&segment, from, to) else {
                return (place, false);
            };
            (place, from, to) = (entry.place, index + 1, entry.end);
        }
        (place, true)
    }

    fn child(&self, segment: &str, mut from: usize, to: usize) -> Option<(usize, &Entry)> {
        while from < to {
            let entry = self.entries.get(from)?;
            if entry.segment.matches(segment) {
                return Some((from, entry));
            }
            from = entry.end;
        }
        None
    }
}

fn place(node: &Node, key: Option<Span>) -> Place {
    Place { value: node.span, key, used_at: node.used_at.as_deref().copied() }
}

fn collect(node: &Node, entries: &mut Vec<Entry>) {
    match &node.value {
        Value::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                add(Segment::Item(index), item, None, entries);
            }
        }
        Value::Mapping(pairs) => {
            for (key, value) in pairs {
                add(Segment::Key(key.name.as_str().into()), value, Some(key.span), entries);
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::String(_) => {}
    }
}

fn add(segment: Segment, node: &Node, key: Option<Span>, entries: &mut Vec<Entry>) {
    let index = entries.len();
    entries.push(Entry { segment, place: place(node, key), end: index + 1 });
    collect(node, entries);
    let end = entries.len();
    if let Some(entry) = entries.get_mut(index) {
        entry.end = end;
    }
}
