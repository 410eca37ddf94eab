//! One document into one object, with everything that is wrong with it.
//!
//! The document is checked against the form of its kind first, all of it, so that every mistake is reported with its place and
//! a remedy; then it is deserialised, which can hardly fail any more, and its meaning is validated. Where the form is wrong,
//! that is done with a mended copy, so that one mistake hides no other; what only follows from one is not reported.
//! A null field is an absent one, and `status` is ignored: what was printed may be pasted.

mod foreign;
mod header;
mod hints;
mod order;
mod repair;
mod unread;
mod walk;

use serde_json::Value;

use self::unread::Unread;
use crate::complaint::At;
use crate::manifest::{ManifestError, without_nulls};
use crate::validate::validate_object;
use crate::{Complaint, Object, SetComplaint, shape};

/// A document with mistakes.
#[derive(Clone, Debug)]
pub struct Broken {
    /// All that is wrong with it, in the document's order; nothing shows a secret value.
    pub complaints: Vec<Complaint>,
    /// What it comes to without what is wrong, where there is that much.
    pub mended: Option<Mended>,
}

/// An object without what was wrong with its document. It is nothing that anybody wrote: good for finding what else is wrong, with
/// [`crate::validate_mended`], and for nothing else.
#[derive(Clone, Debug)]
pub struct Mended {
    pub(crate) object: Box<Object>,
    unread: Unread,
}

impl Mended {
    /// An object that nothing is wrong with but that it cannot be used, such as one of two with the same name.
    pub fn whole(object: Object) -> Self {
        Self { object: Box::new(object), unread: Unread::default() }
    }

    /// The object, in the namespace that its source puts it in.
    #[must_use]
    pub fn in_namespace(mut self, namespace: &str) -> Self {
        self.object.metadata_mut().namespace = Some(namespace.to_owned());
        self
    }

    /// Whether a complaint about it only follows from what was wrong.
    pub(crate) fn explains(&self, complaint: &SetComplaint) -> bool {
        self.unread.explains(&complaint.complaint)
    }
}

/// Reads one document.
///
/// # Errors
/// All complaints about it, in the document's order; none of them shows a secret value.
pub fn parse_object(value: &Value) -> Result<Object, Vec<Complaint>> {
    parse_or_mend(value).map_err(|broken| broken.complaints)
}

/// As [`parse_object`]; what is wrong with a document need not hide what is wrong with what it names.
///
/// # Errors
/// All complaints, and what the document comes to without what is wrong.
pub fn parse_or_mend(value: &Value) -> Result<Object, Broken> {
    let cleaned = without_nulls(value);
    let value = cleaned.as_ref().unwrap_or(value);
    let Value::Object(document) = value else {
        let message = format!("expected a document with apiVersion and kind, found {}", walk::found(value, false));
        let complaint = At::ROOT.says(message).help("begin with `apiVersion: skiff.dev/v1` and `kind: Deployment`");
        return Err(Broken { complaints: vec![complaint], mended: None });
    };
    let (kind, mut complaints) = header::read(document).map_err(|complaints| Broken { complaints, mended: None })?;
    let form = &shape::of(kind).0;
    let (of_form, mut unread) = walk::check(kind, form, document);
    complaints.extend(of_form);
    let read = if complaints.is_empty() {
        Object::from_parts(kind, document)
    } else {
        Object::from_parts(kind, &repair::repair(form, document, &complaints, &mut unread))
    };
    let of_meaning = match &read {
        Ok(object) => validate_object(object),
        Err(error) => vec![unreadable(error)],
    };
    complaints.extend(of_meaning.into_iter().filter(|complaint| !unread.explains(complaint)));
    match read {
        Ok(object) if complaints.is_empty() => Ok(object),
        read => {
            order::sort(&mut complaints, document);
            Err(Broken { complaints, mended: read.ok().map(|object| Mended { object: Box::new(object), unread }) })
        }
    }
}

/// What only deserialising found: the form allows something that the type does not.
fn unreadable(error: &ManifestError) -> Complaint {
    let pointer = error.path.replace('[', ".").replace(']', "").replace('.', "/");
    Complaint {
        pointer: if pointer.is_empty() { pointer } else { format!("/{pointer}") },
        at_key: false,
        message: error.to_string(),
        help: None,
        wanting: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
