//! What is wrong with a document: where, what, and what to do about it.
//!
//! A complaint points into the document, so that the edge can show the line; it never carries a secret value.

use serde::Serialize;

use crate::ObjectKey;

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Complaint {
    /// A JSON pointer (RFC 6901) into the document.
    pub pointer: String,
    /// Whether the key is wrong rather than the value.
    pub at_key: bool,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// What was looked for and is not there, by its pointer, or by its key where it is an object: where it could not be read, the
    /// complaint has no ground.
    #[serde(skip)]
    pub(crate) wanting: Vec<String>,
}

impl Complaint {
    /// Whether it is that this object is not there.
    pub fn lacks(&self, object: &ObjectKey) -> bool {
        let key = object.to_string();
        self.wanting.contains(&key)
    }

    /// The objects that were looked for: any of them, or another version of it, would end the complaint.
    pub fn wanted(&self) -> impl Iterator<Item = ObjectKey> {
        self.wanting.iter().filter_map(|wanted| wanted.parse().ok())
    }
}

/// A complaint that shows only among all objects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SetComplaint {
    /// The object that is wrong.
    pub object: ObjectKey,
    /// What is wrong with it.
    pub complaint: Complaint,
    /// Other places that belong to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
}

/// Another place that a complaint is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Related {
    /// The other object.
    pub object: ObjectKey,
    /// A JSON pointer into its document.
    pub pointer: String,
    /// What is there.
    pub message: String,
}

impl Complaint {
    /// Adds what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says that the complaint is only made because something is not there.
    #[must_use]
    pub(crate) fn for_want_of(mut self, at: &At<'_>) -> Self {
        self.wanting.push(at.pointer());
        self
    }

    /// Moves the complaint from the value to its key.
    #[must_use]
    pub const fn on_key(mut self) -> Self {
        self.at_key = true;
        self
    }
}

/// A place in a document; a chain of borrowed steps, so that walking costs nothing until something is wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    parent: Option<&'a Self>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
    Any,
}

impl<'a> At<'a> {
    /// The document itself.
    pub(crate) const ROOT: At<'static> = At { parent: None, step: Step::Root };

    /// The value of a key below this place.
    pub(crate) const fn key(&'a self, key: &'a str) -> Self {
        Self { parent: Some(self), step: Step::Key(key) }
    }

    /// An item of the list at this place.
    pub(crate) const fn index(&'a self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Index(index) }
    }

    /// Any value below this place, for [`Complaint::for_want_of`].
    pub(crate) const fn any(&'a self) -> Self {
        Self { parent: Some(self), step: Step::Any }
    }

    /// How many steps lead here.
    pub(crate) fn depth(&self) -> usize {
        self.parent.map_or(0, |parent| parent.depth() + 1)
    }

    /// The JSON pointer.
    pub(crate) fn pointer(&self) -> String {
        let mut text = self.parent.map(Self::pointer).unwrap_or_default();
        match self.step {
            Step::Root => {}
            Step::Key(key) => {
                text.push('/');
                text.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Step::Index(index) => {
                text.push('/');
                text.push_str(&index.to_string());
            }
            Step::Any => text.push_str("/*"),
        }
        text
    }

    /// The last name with its index, `ports[0]`: what a message calls the field.
    pub(crate) fn field(&self) -> String {
        match (self.step, self.parent) {
            (Step::Root, _) => "the document".to_owned(),
            (Step::Key(key), _) => key.to_owned(),
            (Step::Index(index), parent) => format!("{}[{index}]", parent.map(At::field).unwrap_or_default()),
            (Step::Any, parent) => format!("{}[]", parent.map(At::field).unwrap_or_default()),
        }
    }

    /// A complaint about what is here.
    pub(crate) fn says(&self, message: impl Into<String>) -> Complaint {
        Complaint { pointer: self.pointer(), at_key: false, message: message.into(), help: None, wanting: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_pointer_for_programs_and_a_name_for_people() {
        let (spec, labels) = (At::ROOT.key("spec"), At::ROOT.key("labels"));
        let ports = spec.key("ports");
        assert_eq!(ports.index(2).pointer(), "/spec/ports/2");
        assert_eq!(ports.index(2).field(), "ports[2]");
        assert_eq!(labels.key("a/b~c").pointer(), "/labels/a~1b~0c");
    }
}
