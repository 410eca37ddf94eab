//! A copy of a document in which its form is right, so that its meaning can be validated all the same.
//!
//! What was complained about is left out, or filled in where the form needs something; the rest stays as and where it is.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::unread::Unread;
use super::walk;
use crate::Complaint;
use crate::complaint::At;
use crate::manifest::DOCUMENT_FIELDS;
use crate::shape::{Fields, Format, Shape};

/// Mends a document by its complaints; tells the places that are not what somebody wrote.
pub(super) fn repair(
    form: &Fields,
    document: &Map<String, Value>,
    complaints: &[Complaint],
    unread: &mut Unread,
) -> Map<String, Value> {
    // What is missing is complained about where it should be, which is no mistake of that place.
    let wrong = complaints.iter().filter(|complaint| complaint.wanting.is_empty());
    let wrong = wrong.map(|complaint| complaint.pointer.as_str()).collect();
    let mut repair = Repair { wrong, filled: 0, unread };
    repair.object(form, document, &At::ROOT)
}

struct Repair<'a> {
    wrong: BTreeSet<&'a str>,
    /// How many names were made up; no two of them are alike.
    filled: usize,
    unread: &'a mut Unread,
}

impl Repair<'_> {
    fn object(&mut self, form: &Fields, object: &Map<String, Value>, at: &At<'_>) -> Map<String, Value> {
        let mut mended = Map::new();
        for (key, value) in object {
            let at = at.key(key);
            let is_free = at.depth() == 1 && DOCUMENT_FIELDS.contains(&key.as_str());
            match form.get(key) {
                _ if is_free => drop(mended.insert(key.clone(), value.clone())),
                Some(field) => {
                    let value = self.value(&field.shape, value, &at);
                    mended.extend(value.map(|value| (key.clone(), value)));
                }
                None => self.unread.insert(at.pointer()),
            }
        }
        for field in form.all.iter().filter(|field| field.required) {
            if !mended.contains_key(&field.name) {
                self.unread.insert(at.key(&field.name).pointer());
                mended.insert(field.name.clone(), self.filling(&field.shape));
            }
        }
        mended
    }

    /// The value, mended; nothing where it is wrong as a whole.
    fn value(&mut self, shape: &Shape, value: &Value, at: &At<'_>) -> Option<Value> {
        let pointer = at.pointer();
        if self.wrong.contains(pointer.as_str()) {
            self.unread.insert(pointer);
            return None;
        }
        Some(match (shape, value) {
            (Shape::Object(form), Value::Object(object)) => Value::Object(self.object(form, object, at)),
            (Shape::Map(inner), Value::Object(object)) => {
                let entries = object.iter().map(|(key, value)| (key.clone(), self.item(inner, value, &at.key(key))));
                Value::Object(entries.collect())
            }
            (Shape::List(inner), Value::Array(items)) => {
                let items = items.iter().enumerate().map(|(index, value)| self.item(inner, value, &at.index(index)));
                Value::Array(items.collect())
            }
            (Shape::Either(shapes), value) => match shapes.iter().find(|shape| walk::fits(shape, value)) {
                Some(shape) => return self.value(shape, value, at),
                None => value.clone(),
            },
            (
                Shape::Object(_)
                | Shape::Map(_)
                | Shape::List(_)
                | Shape::Words(_)
                | Shape::Text
                | Shape::Integer(..)
                | Shape::Bool
                | Shape::Format(_)
                | Shape::Any,
                value,
            ) => value.clone(),
        })
    }

    /// An item keeps its place whatever it is: those behind it are known by their number, and its key may be wrong too.
    fn item(&mut self, shape: &Shape, value: &Value, at: &At<'_>) -> Value {
        self.value(shape, value, at).unwrap_or_else(|| self.filling(shape))
    }

    /// Something of this form.
    fn filling(&mut self, shape: &Shape) -> Value {
        match shape {
            Shape::Object(form) => {
                let required = form.all.iter().filter(|field| field.required);
                Value::Object(required.map(|field| (field.name.clone(), self.filling(&field.shape))).collect())
            }
            Shape::Map(_) => Value::Object(Map::new()),
            Shape::List(_) => Value::Array(Vec::new()),
            Shape::Words(words) => words.first().map_or(Value::Null, |word| Value::from(word.word.as_str())),
            Shape::Text => {
                self.filled += 1;
                Value::from(format!("left-out-{}", self.filled))
            }
            Shape::Integer(least, _) => Value::from(i64::try_from((*least).max(0)).unwrap_or_default()),
            Shape::Bool => Value::Bool(false),
            Shape::Format(Format::Duration) => Value::from("1s"),
            Shape::Format(
                Format::Cpu
                | Format::Bytes
                | Format::IntOrPercent
                | Format::PortRef
                | Format::HostPort
                | Format::MemorySwap,
            ) => Value::from(1),
            Shape::Either(shapes) => shapes.first().map_or(Value::Null, |shape| self.filling(shape)),
            Shape::Any => Value::Null,
        }
    }
}
