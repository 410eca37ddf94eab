//! Every field of every kind is read, and the canonical manifest says the same again.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use skiff_api::{Kind, Object, parse_object, schema};

fn documents() -> Vec<Value> {
    serde_json::from_str(include_str!("every-field.json")).expect("the golden manifests are JSON")
}

fn parsed(document: &Value) -> Object {
    parse_object(document).unwrap_or_else(|complaints| panic!("{} is right: {complaints:#?}", document["metadata"]))
}

#[test]
fn the_canonical_manifest_is_the_golden_one_and_reads_back() {
    for document in documents() {
        let object = parsed(&document);
        let manifest = object.to_manifest();
        assert_eq!(manifest, document);
        assert_eq!(parsed(&manifest), object);
    }
}

#[test]
fn version_and_kind_come_first() {
    for document in documents() {
        let text = parsed(&document).to_manifest().to_string();
        assert!(text.starts_with(r#"{"apiVersion":"skiff.dev/v1","kind":""#), "{text}");
    }
}

#[test]
fn nulls_and_defaults_and_a_status_change_nothing() {
    let small = json!({ "apiVersion": "skiff.dev/v1", "kind": "Deployment", "metadata": { "name": "web" },
        "spec": { "template": { "container": { "image": "nginx" } } } });
    let wordy = json!({ "apiVersion": "skiff.dev/v1", "kind": "Deployment", "metadata": { "name": "web", "labels": {}, "namespace": null },
        "spec": { "replicas": null, "strategy": { "type": "RollingUpdate", "rollingUpdate": null },
            "template": { "container": { "image": "nginx", "env": null, "tty": false, "ports": [], "imagePullPolicy": "IfNotPresent" } } },
        "status": { "whatever": 1 } });
    assert_eq!(parsed(&wordy), parsed(&small));
    assert_eq!(parsed(&wordy).to_manifest(), small);
}

/// A field by the type that has it, `Container.image`.
type Fields = BTreeSet<String>;

/// Goes through a schema and, where there is one, a document of it, and notes the fields that the schema has and those that the
/// document gives.
struct Walk<'a> {
    root: &'a Value,
    known: Fields,
    given: Fields,
}

impl Walk<'_> {
    fn visit(&mut self, schema: &Value, type_name: &str, value: Option<&Value>) {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/")) {
            let definition =
                self.root.get("$defs").and_then(|definitions| definitions.get(name)).expect("it is defined");
            return self.visit(definition, name, value);
        }
        for choice in schema.get("anyOf").and_then(Value::as_array).into_iter().flatten() {
            self.visit(choice, type_name, value);
        }
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let field = format!("{type_name}.{name}");
            let value = value.and_then(|value| value.get(name));
            self.known.insert(field.clone());
            if value.is_some() {
                self.given.insert(field);
            }
            self.visit(property, "", value);
        }
        for inner in ["items", "additionalProperties"].into_iter().filter_map(|key| schema.get(key)) {
            self.visit(inner, "", None);
            let items = value.and_then(Value::as_array).into_iter().flatten();
            let values = value.and_then(Value::as_object).into_iter().flat_map(|object| object.values());
            for item in items.chain(values) {
                self.visit(inner, "", Some(item));
            }
        }
    }
}

#[test]
fn the_golden_manifests_leave_no_field_out() {
    let documents = documents();
    let (mut known, mut given) = (Fields::new(), Fields::new());
    for kind in Kind::ALL {
        let schema = schema::of(kind);
        let mut walk = Walk { root: &schema, known: Fields::new(), given: Fields::new() };
        walk.visit(&schema, kind.as_str(), None);
        for document in documents.iter().filter(|document| document["kind"] == kind.as_str()) {
            walk.visit(&schema, kind.as_str(), Some(document));
        }
        known.extend(walk.known);
        given.extend(walk.given);
    }
    assert!(known.len() > 250, "only {} fields are known", known.len());
    let is_status = |field: &&String| {
        field.ends_with(".status") || field.starts_with("DeploymentStatus.") || field.starts_with("Condition.")
    };
    let left_out: Vec<&String> = known.difference(&given).filter(|field| !is_status(field)).collect();
    assert_eq!(left_out, Vec::<&String>::new());
}
