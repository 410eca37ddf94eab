//! The Secrets of a file: encrypts and decrypts their values, and leaves the rest of the text as it is.
//!
//! What comes out is read again before it is given away: it must say what it should, in every document, or it is refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use skiff_yaml::{Document, FileId, Key, Limits, Node, Problem, Profile, Span, Style, Value};

use super::edit::{self, Edit};
use super::keyring::{Closed, Keyring};
use super::{Place, Recipients, Sealed};

/// The maps of a Secret that hold values.
const FIELDS: [&str; 2] = ["data", "stringData"];

/// A file as it is to be.
#[derive(Debug)]
pub struct Changed {
    /// Its text.
    pub text: String,
    /// How many values are other than before.
    pub changed: usize,
    /// How many are as they were.
    pub kept: usize,
}

/// One value of a Secret, where it stands.
pub(super) struct Slot<'a> {
    pub(super) place: Place<'a>,
    pub(super) key: &'a Key,
    pub(super) value: &'a Node,
    /// Whether it stands within braces, as in JSON.
    pub(super) flow: bool,
    text: &'a str,
}

/// Encrypts the values that are in plain text, and those that are encrypted to others than these recipients.
///
/// # Errors
/// Everything that stands in the way, with its place.
pub fn encrypt(text: &str, recipients: &Recipients, keys: &Keyring<'_>) -> Result<Changed, Vec<Problem>> {
    change(text, |slot| {
        let plain = if Sealed::is_meant(slot.text) {
            if Sealed::parse(slot.text).is_ok_and(|sealed| sealed.is_to(recipients)) {
                return Ok(None);
            }
            keys.open(slot.text, slot.place).map_err(|closed| stays_closed(slot, &closed))?
        } else if slot.place.field == "data" && !is_base64(slot.text) {
            let problem = slot.problem(format!("the value of `{}` is not base64", slot.place.key));
            return Err(with_help(problem, "plain text goes into `stringData`"));
        } else {
            slot.text.to_owned()
        };
        let sealed = Sealed::seal(&plain, slot.place, recipients);
        let sealed =
            sealed.map_err(|error| slot.problem(format!("`{}` cannot be encrypted: {error}", slot.place.key)))?;
        Ok(Some(Edit::Sealed(sealed.to_string())))
    })
}

/// Decrypts the values that are encrypted.
///
/// # Errors
/// Every value that stays closed, with its place.
pub fn decrypt(text: &str, keys: &Keyring<'_>) -> Result<Changed, Vec<Problem>> {
    change(text, |slot| {
        if !Sealed::is_meant(slot.text) {
            return Ok(None);
        }
        let opened = keys.open(slot.text, slot.place).map_err(|closed| stays_closed(slot, &closed))?;
        Ok(Some(Edit::Plain(opened)))
    })
}

/// The values of a Secret's tree, with their fields and keys.
pub fn values_mut(secret: &mut Node) -> impl Iterator<Item = (&'static str, &Key, &mut Node)> {
    let Value::Mapping(entries) = &mut secret.value else { return Vec::new().into_iter() };
    let maps = entries.iter_mut().filter_map(|(key, map)| {
        let field = FIELDS.into_iter().find(|field| *field == key.name)?;
        let Value::Mapping(values) = &mut map.value else { return None };
        Some(values.iter_mut().map(move |(key, value)| (field, &*key, value)))
    });
    maps.flatten().collect::<Vec<_>>().into_iter()
}

fn change(
    text: &str,
    mut edit: impl FnMut(&Slot<'_>) -> Result<Option<Edit>, Problem>,
) -> Result<Changed, Vec<Problem>> {
    let documents = parse(text)?;
    let (slots, mut problems) = slots(&documents);
    let mut edits = Vec::new();
    for slot in &slots {
        match edit(slot) {
            Ok(edit) => edits.push(edit),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        problems.sort_by_key(|problem| problem.span.start);
        return Err(problems);
    }
    let changed = edits.iter().flatten().count();
    // A text block reads best, and does not fit everywhere.
    let tries = [true, false].map(|blocks| edit::apply(text, slots.iter().zip(&edits), blocks));
    let wanted = wanted(&documents, &edits);
    let text = tries.into_iter().find(|text| parse(text).is_ok_and(|found| as_json(&found) == wanted));
    match text {
        Some(text) => Ok(Changed { text, changed, kept: edits.len() - changed }),
        None => Err(slots.first().map(not_safe).into_iter().collect()),
    }
}

fn parse(text: &str) -> Result<Vec<Document>, Vec<Problem>> {
    let parsed = skiff_yaml::parse(text, FileId(0), Profile::Kubernetes, &Limits::default());
    if parsed.problems.is_empty() { Ok(parsed.documents) } else { Err(parsed.problems) }
}

/// The Secrets of a document: itself, or items of a list.
fn secrets(root: &Node) -> Vec<&Node> {
    let of_kind = |node: &&Node| node.get("kind").and_then(Node::as_str) == Some("Secret");
    let is_list = root.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
    match root.get("items").and_then(Node::as_sequence).filter(|_| is_list) {
        Some(items) => items.iter().filter(of_kind).collect(),
        None => Some(root).into_iter().filter(of_kind).collect(),
    }
}

fn slots(documents: &[Document]) -> (Vec<Slot<'_>>, Vec<Problem>) {
    let (mut slots, mut problems) = (Vec::new(), Vec::new());
    for secret in documents.iter().flat_map(|document| secrets(&document.root)) {
        let name = secret.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Node::as_str);
        let Some(name) = name else {
            problems.push(Problem::new(first_line(secret.place()), "a Secret without `metadata.name`"));
            continue;
        };
        for field in FIELDS {
            let Some((at, map)) = secret.entry(field).filter(|(_, map)| !map.is_null()) else { continue };
            let Some(entries) = map.as_mapping() else {
                problems.push(Problem::new(at.span, format!("`{field}` must map keys to values")));
                continue;
            };
            for (key, value) in entries.iter().filter(|(_, value)| !value.is_null()) {
                let place = Place { name, field, key: &key.name };
                match slot(place, key, value, map) {
                    Ok(slot) => slots.push(slot),
                    Err(problem) => problems.push(problem),
                }
            }
        }
    }
    (slots, problems)
}

fn slot<'a>(place: Place<'a>, key: &'a Key, value: &'a Node, map: &Node) -> Result<Slot<'a>, Problem> {
    if value.used_at.is_some() || map.used_at.is_some() {
        let problem = Problem::new(key.span, format!("the value of `{}` comes through an alias", key.name));
        return Err(with_help(problem, "write it out: what is encrypted opens for one key only"));
    }
    let Some(text) = value.as_str() else {
        let problem = Problem::new(
            key.span,
            format!("the value of `{}` must be a string, found {}", key.name, value.value.kind()),
        );
        return Err(with_help(problem, "put it in quotes"));
    };
    Ok(Slot { place, key, value, flow: map.style == Style::Flow, text })
}

impl Slot<'_> {
    fn problem(&self, message: String) -> Problem {
        Problem::new(first_line(self.value.span), message)
    }
}

fn stays_closed(slot: &Slot<'_>, closed: &Closed<'_>) -> Problem {
    let (message, help) = closed.said_of(slot.place.key);
    with_help(slot.problem(message), &help)
}

fn not_safe(slot: &Slot<'_>) -> Problem {
    let problem = slot.problem("the file cannot be changed without changing something else in it".to_owned());
    with_help(problem, "write the values of its Secrets without anchors, tags and `? ` keys")
}

fn with_help(problem: Problem, help: &str) -> Problem {
    Problem { help: Some(help.to_owned()), ..problem }
}

fn first_line(span: Span) -> Span {
    if span.start.line == span.end.line { span } else { Span { end: span.start, ..span } }
}

fn is_base64(text: &str) -> bool {
    STANDARD.decode(text.split_ascii_whitespace().collect::<String>()).is_ok()
}

/// What the documents say once the values are changed.
fn wanted(documents: &[Document], edits: &[Option<Edit>]) -> Vec<serde_json::Value> {
    let mut edits = edits.iter();
    let mut changed = documents.to_vec();
    for document in &mut changed {
        for secret in secrets_mut(&mut document.root) {
            for field in FIELDS {
                let of_field = values_mut(secret).filter(|(known, _, value)| *known == field && !value.is_null());
                for (_, _, value) in of_field {
                    if let Some(Some(edit)) = edits.next() {
                        value.set(Value::String(edit.text().to_owned()));
                    }
                }
            }
        }
    }
    as_json(&changed)
}

fn secrets_mut(root: &mut Node) -> Vec<&mut Node> {
    let count = secrets(root).len();
    let is_list = root.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
    if count == 0 {
        return Vec::new();
    }
    if !is_list {
        return vec![root];
    }
    let Value::Mapping(entries) = &mut root.value else { return Vec::new() };
    let items = entries.iter_mut().find(|(key, _)| key.name == "items").map(|(_, items)| &mut items.value);
    let Some(Value::Sequence(items)) = items else { return Vec::new() };
    items.iter_mut().filter(|node| node.get("kind").and_then(Node::as_str) == Some("Secret")).collect()
}

fn as_json(documents: &[Document]) -> Vec<serde_json::Value> {
    documents.iter().map(|document| document.root.to_json()).collect()
}

#[cfg(test)]
mod tests;
