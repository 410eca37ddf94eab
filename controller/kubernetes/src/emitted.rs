//! Objects of Kubernetes on their way out: tidy values, and the file that each stands in.

use serde::Serialize;
use serde_json::{Map, Value};

/// Which part of the whole an object belongs to, for shapes that keep them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What every cluster takes.
    Base,
    /// What publishes by Ingress.
    Ingress,
    /// What publishes by Gateway.
    Gateway,
    /// Which pods may speak to which.
    NetworkPolicy,
}

/// One object.
#[derive(Clone, Debug, PartialEq)]
pub struct Emitted {
    /// The file that it stands in, without its ending.
    pub file: String,
    /// The part that it belongs to.
    pub part: Part,
    /// The object, with no null, no status and its fields in a fixed order.
    pub value: Value,
}

impl Emitted {
    /// An object that can be written as JSON, which those of Kubernetes can.
    pub(crate) fn new(file: &str, part: Part, object: &impl Serialize) -> Self {
        let value = serde_json::to_value(object).expect("the types of Kubernetes have text keys");
        Self { file: file.to_owned(), part, value: tidy(value, true) }
    }

    /// A field of the object as text, by its JSON pointer; empty where there is none.
    pub fn text(&self, pointer: &str) -> &str {
        let found = match pointer.strip_prefix('/').filter(|path| !path.contains('~')) {
            // Asked for again and again, while there is nothing to translate.
            Some(path) => path.split('/').try_fold(&self.value, |value, key| match value {
                Value::Array(items) => items.get(key.parse::<usize>().ok()?),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => value.get(key),
            }),
            None => self.value.pointer(pointer),
        };
        found.and_then(Value::as_str).unwrap_or_default()
    }

    /// `Deployment/web`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.text("/kind"), self.text("/metadata/name"))
    }
}

/// What a reader looks for first.
const FIRST: [&str; 6] = ["apiVersion", "kind", "metadata", "name", "namespace", "image"];

/// Without nulls, an empty status and what a server fills in; keys in the order in which people read them.
fn tidy(value: Value, root: bool) -> Value {
    match value {
        Value::Object(fields) => {
            let server = |key: &str| (root && key == "status") || key == "creationTimestamp";
            let kept = fields.into_iter().filter(|(key, value)| !value.is_null() && !server(key));
            let mut fields: Vec<(String, Value)> = kept.map(|(key, value)| (key, tidy(value, false))).collect();
            let rank = |key: &str| FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len());
            fields.sort_by(|(left, _), (right, _)| (rank(left), left).cmp(&(rank(right), right)));
            Value::Object(fields.into_iter().collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|item| tidy(item, false)).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_that_a_server_fills_in_is_left_and_a_key_named_status_in_data_is() {
        let value = json!({
            "status": {}, "data": { "status": "kept" }, "kind": "ConfigMap", "apiVersion": "v1",
            "metadata": { "creationTimestamp": null, "name": "a", "labels": null },
        });
        let tidied = serde_json::to_string(&tidy(value, true)).expect("plain values");
        assert_eq!(
            tidied,
            r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"status":"kept"}}"#
        );
    }
}
