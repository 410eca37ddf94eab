//! Objects as documents: the canonical manifest of an object, and the object of a checked document.

use serde::Deserialize;
use serde::de::value::MapDeserializer;
use serde_json::{Map, Value};

use crate::{API_VERSION, Kind, Object};

/// What a document says besides the fields of its kind.
pub(crate) const DOCUMENT_FIELDS: [&str; 3] = ["apiVersion", "kind", "status"];

/// Why a document is not an object of its kind, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {message}")]
pub struct ManifestError {
    /// The place as people write it, `spec.template`.
    pub path: String,
    /// What is wrong there; of a Secret it shows nothing.
    pub message: String,
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

    /// Reads back what [`Object::to_manifest`] wrote, without validating it: what was good once stays readable.
    ///
    /// # Errors
    /// The first thing that is not as the types have it.
    pub fn from_manifest(document: &Value) -> Result<Self, ManifestError> {
        let error = |message: &str| ManifestError { path: "kind".to_owned(), message: message.to_owned() };
        let fields = document.as_object().ok_or_else(|| error("the document is not an object"))?;
        let kind = fields.get("kind").and_then(Value::as_str).unwrap_or_default();
        let kind =
            Kind::ALL.into_iter().find(|known| known.as_str() == kind).ok_or_else(|| error("it is not a kind"))?;
        Self::from_parts(kind, fields)
    }

    /// Reads the fields of a document of this kind; `apiVersion`, `kind` and `status` are passed over.
    pub(crate) fn from_parts(kind: Kind, document: &Map<String, Value>) -> Result<Self, ManifestError> {
        match kind {
            Kind::Network => read(document).map(Self::Network),
            Kind::Volume => read(document).map(Self::Volume),
            Kind::ConfigMap => read(document).map(Self::ConfigMap),
            Kind::Secret => read(document).map(Self::Secret).map_err(|error| ManifestError {
                // Serde quotes the value that it cannot read.
                message: "it cannot be read".to_owned(),
                ..error
            }),
            Kind::Deployment => read(document).map(Self::Deployment),
            Kind::Job => read(document).map(Self::Job),
            Kind::CronJob => read(document).map(Self::CronJob),
        }
    }
}

fn read<'de, T: Deserialize<'de>>(document: &'de Map<String, Value>) -> Result<T, ManifestError> {
    let fields = document.iter().filter(|(key, _)| !DOCUMENT_FIELDS.contains(&key.as_str()));
    let deserializer = MapDeserializer::new(fields.map(|(key, value)| (key.as_str(), value)));
    serde_path_to_error::deserialize(deserializer).map_err(|error: serde_path_to_error::Error<serde_json::Error>| {
        ManifestError { path: error.path().to_string(), message: error.inner().to_string() }
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
