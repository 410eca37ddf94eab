//! A document against the form of its kind: unknown and missing fields, wrong types, words and scalars, all of them.

mod scalar;

use serde_json::{Map, Value};

use super::hints::{self, Around};
use super::unread::{Unread, resolve};
use crate::complaint::At;
use crate::manifest::DOCUMENT_FIELDS;
use crate::shape::{Fields, Shape, Word};
use crate::suggest::nearest;
use crate::{Complaint, Kind};

/// Everything that is wrong with the form of a document, and the places that misspelt or misplaced fields were meant for.
pub(super) fn check(kind: Kind, form: &Fields, document: &Map<String, Value>) -> (Vec<Complaint>, Unread) {
    let (out, meant, objects) = (Vec::new(), Vec::new(), Vec::new());
    let mut walker = Walker { out, meant, objects, hidden: false, secret: kind == Kind::Secret };
    walker.object(form, document, &At::ROOT);
    let mut unread = Unread::default();
    walker.meant.into_iter().filter(|pointer| !is_there(document, pointer)).for_each(|pointer| unread.insert(pointer));
    walker.out.retain(|complaint| !unread.explains(complaint));
    (walker.out, unread)
}

/// What stands there, in words; a hidden value by its type only.
pub(super) fn found(value: &Value, hidden: bool) -> String {
    let shown = |text: String| {
        if text.chars().count() > 60 { format!("{}…", text.chars().take(60).collect::<String>()) } else { text }
    };
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) if hidden => "a boolean".to_owned(),
        Value::Number(_) if hidden => "a number".to_owned(),
        Value::String(_) if hidden => "text".to_owned(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text `{}`", shown(text.escape_debug().to_string())),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

fn is_there(document: &Map<String, Value>, pointer: &str) -> bool {
    let steps = pointer.strip_prefix('/').unwrap_or(pointer);
    let (first, rest) = steps.find('/').map_or((steps, ""), |end| steps.split_at(end));
    document.get(first).is_some_and(|value| value.pointer(rest).is_some())
}

struct Walker<'s> {
    out: Vec<Complaint>,
    /// Where fields belong that stand under another name or elsewhere.
    meant: Vec<String>,
    /// The objects around this place, outermost first.
    objects: Vec<Around<'s>>,
    /// Whether values here are secret.
    hidden: bool,
    /// Whether the document is a Secret.
    secret: bool,
}

impl<'s> Walker<'s> {
    fn object(&mut self, form: &'s Fields, object: &Map<String, Value>, at: &At<'_>) {
        let is_document = self.objects.is_empty();
        self.objects.push((at.depth(), form));
        for (key, value) in object {
            if is_document && DOCUMENT_FIELDS.contains(&key.as_str()) {
                continue;
            }
            let at = at.key(key);
            match form.get(key) {
                Some(field) => {
                    self.hidden = self.secret && is_document && ["data", "stringData"].contains(&key.as_str());
                    self.value(&field.shape, value, &at);
                    self.hidden = false;
                }
                None => self.unknown(key, &at),
            }
        }
        for field in form.all.iter().filter(|field| field.required && !object.contains_key(&field.name)) {
            let complaint = at.says(format!("`{}` is missing", field.name)).for_want_of(&at.key(&field.name));
            self.out.push(complaint.help(format!("add `{}`: {}", field.name, first_sentence(&field.description))));
        }
        self.objects.pop();
    }

    fn unknown(&mut self, key: &str, at: &At<'_>) {
        let complaint = at.says(format!("unknown field `{key}`")).on_key();
        self.out.push(match hints::unknown(key, &self.objects) {
            Some(hint) => {
                let meant = hint.meant.map(|meant| resolve(&complaint.pointer, &format!("../{meant}")));
                self.meant.extend(meant);
                complaint.help(hint.help)
            }
            None => complaint,
        });
    }

    fn value(&mut self, shape: &'s Shape, value: &Value, at: &At<'_>) {
        match (shape, value) {
            (Shape::Object(form), Value::Object(object)) => self.object(form, object, at),
            (Shape::Map(shape), Value::Object(object)) => {
                object.iter().for_each(|(key, value)| self.value(shape, value, &at.key(key)));
            }
            (Shape::List(shape), Value::Array(items)) => {
                items.iter().enumerate().for_each(|(index, value)| self.value(shape, value, &at.index(index)));
            }
            (Shape::Words(words), Value::String(word)) => self.word(words, word, at),
            (Shape::Integer(least, most), Value::Number(number)) => self.integer((*least, *most), number, at),
            (Shape::Format(format), value) => self.out.extend(scalar::complaint(*format, value, at)),
            (Shape::Either(shapes), value) => self.either(shapes, value, at),
            (Shape::Any, _) | (Shape::Text, Value::String(_)) | (Shape::Bool, Value::Bool(_)) => {}
            (
                Shape::Object(_)
                | Shape::Map(_)
                | Shape::List(_)
                | Shape::Words(_)
                | Shape::Text
                | Shape::Bool
                | Shape::Integer(..),
                value,
            ) => self.wrong_type(shape, value, at),
        }
    }

    fn wrong_type(&mut self, shape: &Shape, value: &Value, at: &At<'_>) {
        let message = format!("`{}` must be {}, found {}", at.field(), expected(shape), found(value, self.hidden));
        let complaint = at.says(message);
        self.out.push(match scalar::remedy(shape, value).or_else(|| hints::short(shape, value)) {
            Some(_) if self.hidden => complaint.help("put it in quotes"),
            Some(help) => complaint.help(help),
            None => complaint,
        });
    }

    fn word(&mut self, words: &[Word], word: &str, at: &At<'_>) {
        if words.iter().any(|allowed| allowed.word == word) {
            return;
        }
        let allowed: Vec<&str> = words.iter().map(|word| word.word.as_str()).collect();
        let complaint = at.says(format!("`{}` cannot be `{word}`: it is {}", at.field(), one_of(&allowed)));
        self.out.push(match nearest(word, allowed.iter().copied()) {
            Some(meant) => complaint.help(format!("did you mean `{meant}`?")),
            None => complaint,
        });
    }

    fn integer(&mut self, (least, most): (i128, i128), number: &serde_json::Number, at: &At<'_>) {
        let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        let message = match whole {
            Some(whole) if (least..=most).contains(&whole) => return,
            Some(whole) if whole < least => format!("`{}` is {number}, the least is {least}", at.field()),
            Some(_) => format!("`{}` is {number}, the most is {most}", at.field()),
            None => format!("`{}` must be a whole number, found {number}", at.field()),
        };
        self.out.push(at.says(message));
    }

    /// Takes the form whose type fits, to be precise about what is wrong inside of it.
    fn either(&mut self, shapes: &'s [Shape], value: &Value, at: &At<'_>) {
        if let Some(shape) = shapes.iter().find(|shape| fits(shape, value)) {
            return self.value(shape, value, at);
        }
        let forms: Vec<&str> = shapes.iter().map(expected_type).collect();
        let found = found(value, self.hidden);
        self.out.push(at.says(format!("`{}` must be {}, found {found}", at.field(), forms.join(" or "))));
    }
}

/// Whether a value is of the type of a form, whatever is inside of it.
pub(super) fn fits(shape: &Shape, value: &Value) -> bool {
    matches!(
        (shape, value),
        (Shape::Object(_) | Shape::Map(_), Value::Object(_))
            | (Shape::List(_), Value::Array(_))
            | (Shape::Words(_) | Shape::Text, Value::String(_))
            | (Shape::Integer(..), Value::Number(_))
            | (Shape::Bool, Value::Bool(_))
            | (Shape::Any | Shape::Format(_), _)
    )
}

fn expected(shape: &Shape) -> String {
    if let Shape::Words(words) = shape {
        return one_of(&words.iter().map(|word| word.word.as_str()).collect::<Vec<_>>());
    }
    expected_type(shape).to_owned()
}

const fn expected_type(shape: &Shape) -> &'static str {
    match shape {
        Shape::Object(_) => "an object",
        Shape::Map(_) => "an object of keys and values",
        Shape::List(_) => "a list",
        Shape::Words(_) => "a word",
        Shape::Text => "text",
        Shape::Integer(..) => "a whole number",
        Shape::Bool => "true or false",
        Shape::Format(_) | Shape::Either(_) | Shape::Any => "a value",
    }
}

fn one_of(words: &[&str]) -> String {
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// The first sentence without its full stop, its first letter small, to go on a line of help.
fn first_sentence(description: &str) -> String {
    let sentence = description.split(". ").next().unwrap_or_default().trim_end_matches('.');
    let mut letters = sentence.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
