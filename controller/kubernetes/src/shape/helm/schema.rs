//! The schema of values: what is there, of the kind that it is.

use serde_json::{Map, Value, json};

/// A JSON Schema that the values themselves fulfil.
pub(super) fn of(values: &Value) -> Value {
    let mut schema = node(values, "");
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("$schema".to_owned(), "http://json-schema.org/draft-07/schema#".into());
        // Helm passes values of its own to every chart.
        fields.insert("additionalProperties".to_owned(), true.into());
    }
    schema
}

fn node(value: &Value, key: &str) -> Value {
    match value {
        // Whatever Kubernetes takes there.
        Value::Object(_) if key == "resources" => json!({ "type": "object" }),
        Value::Object(fields) => {
            let properties: Map<String, Value> =
                fields.iter().map(|(key, value)| (key.clone(), node(value, key))).collect();
            json!({ "type": "object", "properties": properties, "additionalProperties": false })
        }
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::Number(_) => json!({ "type": "integer", "minimum": 0 }),
        Value::String(_) | Value::Null | Value::Array(_) => json!({ "type": "string" }),
    }
}
