//! What a Compose file may say: every attribute, what its value is made of, and how it is merged over an earlier file's.
//!
//! One table for reading, for merging and for telling a slip from a word. Source: the Compose Specification and its JSON
//! schema.

mod build;
mod deploy;
mod project;
mod service;

use crate::canonical::Form;

pub(crate) use project::PROJECT;
pub(crate) use service::SERVICE;

/// What a value is made of.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// Whatever.
    Anything,
    /// Text; a number or truth value counts as it is written.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A truth value.
    Truth,
    /// A length of time.
    Duration,
    /// An amount of bytes.
    Size,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// A path of the host; a relative one starts at the folder of the project.
    Path,
    /// A list.
    List(&'static Self),
    /// A mapping with keys of the author's own.
    Map(&'static Self),
    /// A mapping with these keys.
    Fields(&'static [Field]),
    /// Something that may be null and means something then.
    Nullable(&'static Self),
    /// Something that can be written in other ways too; they are brought into one, which has the second shape.
    Form(Form, &'static Self),
}

/// An attribute.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: &'static Shape,
    pub(crate) merge: Merge,
}

/// How a value is laid over that of an earlier file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Merge {
    /// Mappings merge, lists are put one behind the other, other values are replaced.
    Natural,
    /// It is replaced whole.
    Whole,
    /// A list of which every item stands once.
    Unique,
    /// A list in which an item replaces an earlier one that has the same values here.
    By(&'static [&'static str]),
    /// A list of ports: one that has the same address, published port, port and protocol, which is TCP unless said otherwise, replaces another.
    Ports,
    /// A list of grants: one with the same target replaces another. Without a target it is the source in this folder.
    Grants(&'static str),
    /// A list in which an item is merged with an earlier one that has the same value here.
    Within(&'static str),
    /// A mapping that merges where this word is the same on both sides, or on one side only; else it is replaced.
    Same(&'static str),
}

pub(crate) const fn field(name: &'static str, shape: &'static Shape) -> Field {
    Field { name, shape, merge: Merge::Natural }
}

impl Shape {
    /// The shape behind what may stand around it.
    pub(crate) fn plain(&self) -> &Self {
        if let Self::Nullable(inner) | Self::Form(_, inner) = self { inner.plain() } else { self }
    }

    /// The attributes of a mapping; none of anything else.
    pub(crate) fn fields(&self) -> &'static [Field] {
        if let Self::Fields(fields) = self.plain() { fields } else { &[] }
    }
}

impl Field {
    pub(crate) const fn merged(self, merge: Merge) -> Self {
        Self { merge, ..self }
    }
}

/// Shapes that several tables use.
mod common {
    use super::{Field, Shape, field};
    use crate::canonical::form;

    pub(super) static TEXTS: Shape = Shape::List(&Shape::Text);
    /// One text, or a list.
    pub(super) static ONE_OR_MORE: Shape = Shape::Form(form::one_or_more, &TEXTS);
    /// `KEY=value` in a list, or a mapping.
    pub(super) static PAIRS: Shape = Shape::Form(form::pairs, &Shape::Map(&Shape::Nullable(&Shape::Text)));
    pub(super) static MAP: Shape = Shape::Map(&Shape::Text);
    /// A list of names, or a mapping.
    pub(super) static COMMAND: Shape = Shape::Form(form::command, &TEXTS);
    pub(super) static HOSTS: Shape = Shape::Form(form::hosts, &TEXTS);
    pub(super) static ULIMITS: Shape = Shape::Map(&Shape::Form(form::ulimit, &Shape::Fields(ULIMIT)));
    static ULIMIT: &[Field] = &[field("soft", &Shape::Integer), field("hard", &Shape::Integer)];
    pub(super) static GRANTS: Shape = Shape::Form(form::grants, &Shape::List(&Shape::Fields(GRANT)));
    static GRANT: &[Field] = &[
        field("source", &Shape::Text),
        field("target", &Shape::Text),
        field("uid", &Shape::Text),
        field("gid", &Shape::Text),
        field("mode", &Shape::Form(form::mode, &Shape::Integer)),
    ];
}
