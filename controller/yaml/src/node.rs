//! The tree: values in source order, each with its place.
//!
//! Keys are strings as they were written: a key `0644` or `yes` is that text. A value that came through an alias keeps the
//! place of its definition in `span` and the outermost use in `used_at`.

use serde_json::{Map, Number};

use crate::{Positions, Span, pointer};

#[cfg(test)]
mod tests;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// `!reset` or `!override`, which Compose files carry; no other tag gets here.
    pub tag: Option<&'static str>,
    /// Where it is defined, without tag and anchor. A block scalar's range starts with its content.
    pub span: Span,
    /// The alias through which it came, if any: the outermost one. Apart, as there are few and nodes are many.
    pub used_at: Option<Box<Span>>,
    /// How it was written.
    pub style: Style,
    /// What a plain scalar that is not a string was written as.
    pub(crate) written: Option<Box<str>>,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~`, or nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer that an `i64` holds.
    Int(i64),
    /// An integer beyond `i64::MAX`.
    UInt(u64),
    /// A finite number.
    Float(f64),
    /// Text.
    String(String),
    /// A list.
    Sequence(Vec<Node>),
    /// A mapping in source order; what `<<` brought in comes last. Keys are unique.
    Mapping(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its text.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// How a value was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// An unquoted scalar, or no text at all.
    Plain,
    /// A scalar in single or double quotes.
    Quoted,
    /// A literal (`|`) or folded (`>`) scalar, or an indented collection.
    Block,
    /// A collection in brackets or braces.
    Flow,
}

impl Value {
    /// Its kind with an article, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) | Self::UInt(_) => "an integer",
            Self::Float(_) => "a number",
            Self::String(_) => "a string",
            Self::Sequence(_) => "a list",
            Self::Mapping(_) => "a mapping",
        }
    }

    /// Whether it is neither a list nor a mapping.
    pub fn is_scalar(&self) -> bool {
        !matches!(self, Self::Sequence(_) | Self::Mapping(_))
    }
}

impl Node {
    /// A node that was not parsed, placed at `span`.
    pub fn new(value: Value, span: Span) -> Self {
        let style = if value.is_scalar() { Style::Plain } else { Style::Block };
        Self { value, tag: None, span, used_at: None, style, written: None }
    }

    /// The text of a scalar: a string's content, else what was written (`0644` stays `0644`). `None` for collections.
    pub fn text(&self) -> Option<String> {
        if let Some(written) = &self.written {
            return Some(String::from(&**written));
        }
        match &self.value {
            Value::Null => Some(String::new()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Int(value) => Some(value.to_string()),
            Value::UInt(value) => Some(value.to_string()),
            Value::Float(value) => Some(value.to_string()),
            Value::String(value) => Some(value.clone()),
            Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }

    /// Gives it another value, as interpolation does. Assigning `value` alone would leave the old [`text`](Self::text).
    pub fn set(&mut self, value: Value) {
        self.value = value;
        self.written = None;
    }

    /// The place to point a person at: the use where there is one, else the definition.
    pub fn place(&self) -> Span {
        self.used_at.as_deref().copied().unwrap_or(self.span)
    }

    /// Gives back what its collections have room for and do not hold, for a tree that is kept.
    pub fn shrink(&mut self) {
        match &mut self.value {
            Value::Sequence(items) => {
                items.shrink_to_fit();
                for item in items {
                    item.shrink();
                }
            }
            Value::Mapping(entries) => {
                entries.shrink_to_fit();
                for (_, node) in entries {
                    node.shrink();
                }
            }
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::String(_) => {}
        }
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The content of a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }

    /// The items of a list.
    pub fn as_sequence(&self) -> Option<&[Self]> {
        if let Value::Sequence(items) = &self.value { Some(items) } else { None }
    }

    /// The entries of a mapping.
    pub fn as_mapping(&self) -> Option<&[(Key, Self)]> {
        if let Value::Mapping(entries) = &self.value { Some(entries) } else { None }
    }

    /// The key and value of a mapping's entry.
    pub fn entry(&self, name: &str) -> Option<(&Key, &Self)> {
        self.as_mapping()?.iter().find(|(key, _)| key.name == name).map(|(key, node)| (key, node))
    }

    /// The value of a mapping's entry.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.entry(name).map(|(_, node)| node)
    }

    /// The node that a JSON pointer names; the empty pointer names this one.
    pub fn pointer(&self, pointer: &str) -> Option<&Self> {
        pointer::segments(pointer).try_fold(self, |node, segment| match &node.value {
            Value::Mapping(_) => node.get(&segment),
            Value::Sequence(items) => items.get(pointer::index(&segment)?),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::String(_) => None,
        })
    }

    /// Where everything in the tree stands, by JSON pointer.
    pub fn positions(&self) -> Positions {
        Positions::of(self)
    }

    /// The plain value.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Int(value) => (*value).into(),
            Value::UInt(value) => (*value).into(),
            Value::Float(value) => Number::from_f64(*value).map_or(serde_json::Value::Null, Into::into),
            Value::String(value) => value.clone().into(),
            Value::Sequence(items) => items.iter().map(Self::to_json).collect(),
            Value::Mapping(entries) => {
                entries.iter().map(|(key, node)| (key.name.clone(), node.to_json())).collect::<Map<_, _>>().into()
            }
        }
    }
}
