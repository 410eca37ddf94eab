//! JSON objects that leave out what says nothing, so that every default stays the engine's.
//!
//! Bodies are written by hand and not with bollard's models: those follow the newest API and lack what older ones need.

use serde::Serialize;
use serde_json::{Map, Value};

/// A JSON object in the making.
#[derive(Debug, Default)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// Sets a field, unless the value is none, empty or `false`.
    pub(crate) fn set(&mut self, name: &str, value: impl Serialize) -> &mut Self {
        let value = json(value);
        let says_nothing = match &value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            Value::Bool(true) | Value::Number(_) => false,
        };
        if !says_nothing {
            self.0.insert(name.to_owned(), value);
        }
        self
    }

    /// Sets a field, unless the value is none: where empty and `false` mean something.
    pub(crate) fn keep(&mut self, name: &str, value: impl Serialize) -> &mut Self {
        let value = json(value);
        if !value.is_null() {
            self.0.insert(name.to_owned(), value);
        }
        self
    }

    /// The object.
    pub(crate) fn build(&mut self) -> Value {
        Value::Object(std::mem::take(&mut self.0))
    }
}

/// Numbers, texts, lists and maps with text keys: none of them fails to become JSON.
fn json(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
