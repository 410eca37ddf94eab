//! The custom resource definitions hold to Kubernetes' rules for structural schemas, by a checker that knows nothing of how they are made.

use serde_json::{Value, json};
use skiff_api::crd;

/// Keywords that `JSONSchemaProps` has and that structural schemas allow.
const ALLOWED: [&str; 32] = [
    "description",
    "type",
    "format",
    "title",
    "default",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "multipleOf",
    "enum",
    "maxProperties",
    "minProperties",
    "required",
    "items",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "properties",
    "additionalProperties",
    "nullable",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-int-or-string",
    "x-kubernetes-validations",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
];

/// Keywords that alternatives may not have.
const NOT_IN_ALTERNATIVES: [&str; 8] = [
    "description",
    "type",
    "default",
    "title",
    "additionalProperties",
    "nullable",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-int-or-string",
];

const TYPES: [&str; 6] = ["object", "array", "string", "integer", "number", "boolean"];

fn violations(schema: &Value) -> Vec<String> {
    let mut out = Vec::new();
    if schema.get("type") != Some(&json!("object")) {
        out.push("the root is not an object".to_owned());
    }
    let metadata = schema.pointer("/properties/metadata");
    if metadata.is_some_and(|metadata| metadata != &json!({ "type": "object" })) {
        out.push("the metadata is described".to_owned());
    }
    check(schema, "", &mut out);
    out
}

fn check(schema: &Value, at: &str, out: &mut Vec<String>) {
    let Some(object) = schema.as_object() else {
        out.push(format!("{at}: not a schema"));
        return;
    };
    let mut say = |message: &str| out.push(format!("{at}: {message}"));
    let is_true = |key: &str| object.get(key) == Some(&json!(true));
    let kind = object.get("type").and_then(Value::as_str);
    for key in object.keys().filter(|key| !ALLOWED.contains(&key.as_str())) {
        say(&format!("keyword {key}"));
    }
    match kind {
        Some(_) if is_true("x-kubernetes-int-or-string") => say("a type beside int-or-string"),
        Some(kind) if !TYPES.contains(&kind) => say("an unknown type"),
        None if !is_true("x-kubernetes-int-or-string") && !is_true("x-kubernetes-preserve-unknown-fields") => {
            say("no type");
        }
        _ => {}
    }
    if object.contains_key("properties") && object.contains_key("additionalProperties") {
        say("properties beside additionalProperties");
    }
    if (object.contains_key("properties") || object.contains_key("additionalProperties")) && kind != Some("object") {
        say("properties of something that is no object");
    }
    if (kind == Some("array")) != object.contains_key("items") {
        say("an array without items, or items without an array");
    }
    let words = object.get("enum").and_then(Value::as_array);
    if words.is_some_and(|words| words.contains(&Value::Null) != is_true("nullable")) {
        say("an enum and nullable that disagree");
    }
    let properties = object.get("properties").and_then(Value::as_object);
    for name in object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        if !properties.is_some_and(|properties| properties.contains_key(name)) {
            say("a required property that does not exist");
        }
    }
    for key in ["minimum", "maximum", "multipleOf"] {
        if object.get(key).is_some_and(|value| !value.is_number()) {
            say("a bound that is no number");
        }
    }
    if kind == Some("integer")
        && !["int32", "int64"].contains(&object.get("format").and_then(Value::as_str).unwrap_or("int64"))
    {
        say("an unknown integer format");
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        for branch in object.get(key).and_then(Value::as_array).into_iter().flatten() {
            alternatives(branch, &format!("{at}/{key}"), out);
        }
    }
    for (name, property) in properties.into_iter().flatten() {
        check(property, &format!("{at}/{name}"), out);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = object.get(key) {
            check(inner, &format!("{at}/{key}"), out);
        }
    }
}

fn alternatives(schema: &Value, at: &str, out: &mut Vec<String>) {
    for key in schema.as_object().into_iter().flat_map(|object| object.keys()) {
        if NOT_IN_ALTERNATIVES.contains(&key.as_str()) {
            out.push(format!("{at}: {key} in an alternative"));
        }
    }
}

fn schema_of(definition: &Value) -> &Value {
    definition.pointer("/spec/versions/0/schema/openAPIV3Schema").expect("a definition has a schema")
}

#[test]
fn every_definition_is_structural() {
    let found: Vec<String> = crd::all()
        .iter()
        .flat_map(|(kind, definition)| {
            violations(schema_of(definition)).into_iter().map(move |it| format!("{kind}{it}"))
        })
        .collect();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_checker_finds_what_kubernetes_refuses() {
    let inner = |schema: Value| violations(&json!({ "type": "object", "properties": { "x": schema } })).len();
    let broken = [
        json!({}),
        json!(true),
        json!({ "$ref": "#/$defs/X", "type": "string" }),
        json!({ "type": ["string", "null"] }),
        json!({ "type": "string", "x-kubernetes-int-or-string": true }),
        json!({ "type": "object", "properties": {}, "additionalProperties": { "type": "string" } }),
        json!({ "type": "object", "additionalProperties": false }),
        json!({ "type": "array" }),
        json!({ "type": "array", "items": [{ "type": "string" }] }),
        json!({ "type": "string", "enum": ["a"], "nullable": true }),
        json!({ "type": "string", "enum": ["a", null] }),
        json!({ "type": "object", "required": ["y"] }),
        json!({ "type": "integer", "format": "uint32" }),
        json!({ "type": "string", "const": "a" }),
        json!({ "type": "string", "anyOf": [{ "type": "string" }] }),
    ];
    let missed: Vec<&Value> = broken.iter().filter(|schema| inner((*schema).clone()) == 0).collect();
    assert_eq!(missed, Vec::<&Value>::new());
    assert_eq!(inner(json!({ "x-kubernetes-int-or-string": true, "nullable": true })), 0);
}

#[test]
fn client_side_apply_has_room_for_every_definition() {
    let too_large: Vec<(&str, usize)> = crd::all()
        .iter()
        .map(|(kind, definition)| (kind.as_str(), definition.to_string().len()))
        .filter(|(_, size)| *size >= 256 * 1024)
        .collect();
    assert_eq!(too_large, []);
}

#[test]
fn a_definition_names_its_kind_and_scale() {
    let (_, deployment) = crd::all().into_iter().find(|(kind, _)| kind.as_str() == "Deployment").expect("it is a kind");
    let at = |pointer: &str| deployment.pointer(pointer).and_then(Value::as_str);
    assert_eq!(at("/metadata/name"), Some("deployments.skiff.dev"));
    assert_eq!(at("/spec/versions/0/subresources/scale/specReplicasPath"), Some(".spec.replicas"));
    assert_eq!(at("/spec/names/shortNames/0"), Some("deploy"));
}
