//! Objects as documents: the canonical manifest of an object, and the object of a checked document.

use serde::Deserialize;
use serde::de::value::MapDeserializer;
use serde_json::{Map, Value};

use crate::{API_VERSION, Kind, Object};

/// What a document says besides the fields of its kind.
pub(crate) const DOCUMENT_FIELDS: [&str; 3] = ["apiVersion", "kind", "status"];

/// Why a document is not an object of its kind, and where.
pub(crate) struct PartsError {
    /// As serde names the place, `spec.template`.
    pub(crate) path: String,
    pub(crate) message: String,
}

impl Object {
    /// The manifest in its canonical form: version and kind first, no nulls, nothing that says what is so anyway.
    pub fn to_manifest(&self) -> Value {
        let mut document = Map::new();
        document.insert("apiVersion".to_owned(), API_VERSION.into());
        document.insert("kind".to_owned(), self.kind().as_str().into());
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => document.extend(fields),
            // The types serialise to objects with text keys; there is nothing else that could come.
            Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | Err(_) => {}
        }
        Value::Object(document)
    }

    /// Reads the fields of a document of this kind; `apiVersion`, `kind` and `status` are passed over.
    pub(crate) fn from_parts(kind: Kind, document: &Map<String, Value>) -> Result<Self, PartsError> {
        match kind {
            Kind::Network => read(document).map(Self::Network),
            Kind::Volume => read(document).map(Self::Volume),
            Kind::ConfigMap => read(document).map(Self::ConfigMap),
            Kind::Secret => read(document).map(Self::Secret),
            Kind::Deployment => read(document).map(Self::Deployment),
            Kind::Job => read(document).map(Self::Job),
            Kind::CronJob => read(document).map(Self::CronJob),
        }
    }
}

fn read<'de, T: Deserialize<'de>>(document: &'de Map<String, Value>) -> Result<T, PartsError> {
    let fields = document.iter().filter(|(key, _)| !DOCUMENT_FIELDS.contains(&key.as_str()));
    let deserializer = MapDeserializer::new(fields.map(|(key, value)| (key.as_str(), value)));
    serde_path_to_error::deserialize(deserializer).map_err(|error: serde_path_to_error::Error<serde_json::Error>| {
        PartsError { path: error.path().to_string(), message: error.inner().to_string() }
    })
}

/// Drops what is null, all the way down: a null field is an absent one. `None` where there was nothing to drop.
pub(crate) fn without_nulls(value: &Value) -> Option<Value> {
    has_null(value).then(|| {
        let mut copy = value.clone();
        drop_nulls(&mut copy);
        copy
    })
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Object(object) => object.values().any(|value| value.is_null() || has_null(value)),
        Value::Array(items) => items.iter().any(has_null),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, value| !value.is_null());
            object.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
