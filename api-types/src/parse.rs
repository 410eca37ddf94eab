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

use crate::complaint::At;
use crate::manifest::{ManifestError, without_nulls};
use crate::validate::validate_object;
use crate::{Complaint, Object, shape};

/// Reads one document.
///
/// # Errors
/// All complaints about it, in the document's order; none of them shows a secret value.
pub fn parse_object(value: &Value) -> Result<Object, Vec<Complaint>> {
    let cleaned = without_nulls(value);
    let value = cleaned.as_ref().unwrap_or(value);
    let Value::Object(document) = value else {
        let message = format!("expected a document with apiVersion and kind, found {}", walk::found(value, false));
        return Err(vec![At::ROOT.says(message).help("begin with `apiVersion: skiff.dev/v1` and `kind: Deployment`")]);
    };
    let (kind, mut complaints) = header::read(document)?;
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
        Ok(_) | Err(_) => {
            order::sort(&mut complaints, document);
            Err(complaints)
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
