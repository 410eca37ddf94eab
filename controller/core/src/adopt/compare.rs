//! Whether a container that somebody else made is what we would make, in everything but labels of ours and of Compose's.
//!
//! What is compared is what the engine is told with what the engine says, as the engine would have filled it in: what an image says where
//! nothing else does, and Docker's own defaults. What Skiff alone decides where Docker Compose leaves it to Docker (the rotation of logs, the time
//! that a stop may take) is no difference. What Docker changes in place, and how a container answers on its networks, is left to the
//! planner, which puts it right where it stands.

mod host;
mod mounts;
mod network;
mod process;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::reason::Change;

/// A container as its engine shows it, beside what it would be made from.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'a> {
    /// What the engine would be told to make it: the body of the call.
    pub wanted: &'a Value,
    /// What the engine says of it: its answer to an inspect.
    pub container: &'a Value,
    /// What the engine says of the image that it was made from.
    pub image: &'a Value,
    /// The paths in it at which a file of the host is mounted that holds what ours would hold.
    pub same_files: &'a BTreeSet<String>,
    /// Where the engine's output goes unless it is told otherwise.
    pub log_driver: &'a str,
}

/// What differs, by Docker's names of the fields; nothing where it is what we would make.
pub fn differences(compared: &Compared<'_>) -> Vec<Change> {
    let mut found = Differences::default();
    process::compare(compared, &mut found);
    host::compare(compared, &mut found);
    network::compare(compared, &mut found);
    mounts::compare(compared, &mut found);
    found.0
}

/// What differs so far.
#[derive(Debug, Default)]
struct Differences(Vec<Change>);

impl Differences {
    /// Notes a field of which one value stands in the container and another one in the manifest; none is Docker's default.
    fn field(&mut self, field: &str, from: Option<&Value>, to: Option<&Value>) {
        if from != to {
            self.0.push(Change::new(field, from.map(shown), to.map(shown)));
        }
    }

    /// As [`Differences::field`], for what has names; of what may be secret only the name is told.
    fn named(&mut self, field: &str, from: &BTreeMap<String, Value>, to: &BTreeMap<String, Value>, is_secret: bool) {
        let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
        for name in names {
            let (from, to) = (from.get(name), to.get(name));
            let field = format!("{field}.{name}");
            if !is_secret {
                self.field(&field, from, to);
            } else if from != to {
                let nothing =
                    |value: Option<&Value>| value.filter(|_| from.is_none() || to.is_none()).map(|_| String::new());
                self.0.push(Change::new(field, nothing(from), nothing(to)));
            }
        }
    }
}

const LONGEST: usize = 80;

fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if text.chars().count() > LONGEST { text.chars().take(LONGEST).chain(['…']).collect() } else { text }
}

/// A value without what says nothing; none where nothing is left.
fn said(value: &Value) -> Option<Value> {
    let value = match value {
        Value::Object(map) => {
            Value::Object(map.iter().filter_map(|(name, value)| Some((name.clone(), said(value)?))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| said(item).unwrap_or(Value::Null)).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    };
    let says_nothing = match &value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) => false,
    };
    (!says_nothing).then_some(value)
}

/// A list whose order says nothing.
fn sorted(value: &Value) -> Value {
    let mut items = items(Some(value)).to_vec();
    items.sort_by_key(Value::to_string);
    items.dedup();
    Value::Array(items)
}

fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn entries(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

/// The text of a field below others; empty where it says nothing.
fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests;
