//! JSON Schemas (draft 2020-12) of manifests, for editors and other programs.
//!
//! Derived from the types, so that they cannot fall behind. Validation does not use them: its messages are made for people.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::{API_VERSION, ConfigMap, CronJob, Deployment, Job, Kind, Network, Secret, Volume};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of a kind's documents.
pub fn of(kind: Kind) -> Value {
    let mut schema = derived(kind);
    complete(kind, &mut schema);
    for_editors(&mut schema);
    schema
}

/// One schema for the documents of all kinds: what `kind` says decides which form the rest must have.
pub fn all() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    for kind in Kind::ALL {
        subschema(kind, &mut generator);
    }
    let mut definitions = generator.take_definitions(true);
    for kind in Kind::ALL {
        if let Some(schema) = definitions.get_mut(kind.as_str()) {
            complete(kind, schema);
        }
    }
    let by_kind = Kind::ALL.map(|kind| {
        json!({
            "if": { "properties": { "kind": { "const": kind.as_str() } }, "required": ["kind"] },
            "then": { "$ref": format!("#/$defs/{kind}") },
        })
    });
    let mut schema = json!({
        "$schema": DRAFT,
        "title": "Skiff manifest",
        "type": "object",
        "properties": { "apiVersion": { "type": "string" }, "kind": { "enum": Kind::ALL.map(Kind::as_str) } },
        "required": ["apiVersion", "kind", "metadata"],
        "allOf": by_kind,
        "$defs": definitions,
    });
    for_editors(&mut schema);
    schema
}

/// What schemars derives from the kind's type, with everything shared below `$defs`.
pub(crate) fn derived(kind: Kind) -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let schema = match kind {
        Kind::Network => generator.into_root_schema_for::<Network>(),
        Kind::Volume => generator.into_root_schema_for::<Volume>(),
        Kind::ConfigMap => generator.into_root_schema_for::<ConfigMap>(),
        Kind::Secret => generator.into_root_schema_for::<Secret>(),
        Kind::Deployment => generator.into_root_schema_for::<Deployment>(),
        Kind::Job => generator.into_root_schema_for::<Job>(),
        Kind::CronJob => generator.into_root_schema_for::<CronJob>(),
    };
    schema.into()
}

fn subschema(kind: Kind, generator: &mut SchemaGenerator) {
    fn register<T: JsonSchema>(generator: &mut SchemaGenerator) {
        generator.subschema_for::<T>();
    }
    match kind {
        Kind::Network => register::<Network>(generator),
        Kind::Volume => register::<Volume>(generator),
        Kind::ConfigMap => register::<ConfigMap>(generator),
        Kind::Secret => register::<Secret>(generator),
        Kind::Deployment => register::<Deployment>(generator),
        Kind::Job => register::<Job>(generator),
        Kind::CronJob => register::<CronJob>(generator),
    }
}

/// Adds what every document has and no type: its version, its kind, and a status that is ignored.
fn complete(kind: Kind, schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else { return };
    let versions =
        if kind.has_core_twin() { json!({ "enum": [API_VERSION, "v1"] }) } else { json!({ "const": API_VERSION }) };
    let mut properties = Map::new();
    properties.insert("apiVersion".to_owned(), versions);
    properties.insert("kind".to_owned(), json!({ "const": kind.as_str() }));
    if let Some(Value::Object(derived)) = object.remove("properties") {
        properties.extend(derived);
    }
    properties.entry("status").or_insert_with(
        || json!({ "description": "What was seen. Ignored in manifests.", "type": ["object", "null"] }),
    );
    let mut required = vec![json!("apiVersion"), json!("kind")];
    if let Some(Value::Array(derived)) = object.remove("required") {
        required.extend(derived);
    }
    object.insert("required".to_owned(), required.into());
    object.insert("properties".to_owned(), properties.into());
}

/// Says in JSON Schema's own words what Kubernetes has a keyword for, all the way down.
fn for_editors(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.remove("x-kubernetes-int-or-string").is_some() {
                object.insert("type".to_owned(), json!(["number", "string", "null"]));
            }
            object.values_mut().for_each(for_editors);
        }
        Value::Array(items) => items.iter_mut().for_each(for_editors),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_names_its_version_and_kind() {
        let schema = of(Kind::Volume);
        assert_eq!(schema.pointer("/required"), Some(&json!(["apiVersion", "kind", "metadata"])));
        assert_eq!(schema.pointer("/properties/kind/const"), Some(&json!("Volume")));
        assert_eq!(schema.pointer("/additionalProperties"), Some(&json!(false)));
    }

    #[test]
    fn the_schema_of_all_kinds_refers_only_to_what_it_defines() {
        let schema = all();
        let text = schema.to_string();
        let references: Vec<&str> =
            text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(references.len() > 50);
        let dangling: Vec<_> = references.into_iter().filter(|path| schema.pointer(path).is_none()).collect();
        assert_eq!(dangling, Vec::<&str>::new());
    }

    #[test]
    fn nothing_of_kubernetes_is_left_for_editors() {
        assert!(!all().to_string().contains("x-kubernetes"));
    }
}
