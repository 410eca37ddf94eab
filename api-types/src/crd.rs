//! The kinds as `CustomResourceDefinitions` of Kubernetes, `apiextensions.k8s.io/v1`, with structural schemas.
//!
//! Made from the forms that documents are checked against, which are inlined trees already: no references, no alternatives of
//! null, one enumeration for words. Rules: <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/>.

use serde_json::{Map, Value, json};

use crate::shape::{self, Field, Fields, Format, Shape};
use crate::{API_VERSION, Kind};

/// The definition of a kind.
pub fn of(kind: Kind) -> Value {
    let (group, version) = API_VERSION.split_once('/').unwrap_or((API_VERSION, "v1"));
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": format!("{}.{group}", kind.plural()) },
        "spec": {
            "group": group,
            "names": names(kind),
            "scope": "Namespaced",
            "versions": [with_extras(kind, json!({
                "name": version,
                "served": true,
                "storage": true,
                "schema": { "openAPIV3Schema": root(kind) },
            }))],
        },
    })
}

/// The definitions of all kinds.
pub fn all() -> Vec<(Kind, Value)> {
    Kind::ALL.into_iter().map(|kind| (kind, of(kind))).collect()
}

fn names(kind: Kind) -> Value {
    let mut names = json!({
        "kind": kind.as_str(),
        "listKind": format!("{kind}List"),
        "plural": kind.plural(),
        "singular": kind.lower(),
        "categories": ["skiff"],
    });
    if !kind.short_names().is_empty() {
        insert(&mut names, "shortNames", json!(kind.short_names()));
    }
    names
}

/// Adds the sub-resources and the columns of `kubectl get`.
fn with_extras(kind: Kind, mut version: Value) -> Value {
    if kind == Kind::Deployment {
        let scale = json!({ "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas" });
        insert(&mut version, "subresources", json!({ "status": {}, "scale": scale }));
    }
    let columns =
        columns(kind).iter().map(|(name, kind, path)| json!({ "name": name, "type": kind, "jsonPath": path }));
    let age = json!({ "name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp" });
    insert(&mut version, "additionalPrinterColumns", columns.chain([age]).collect());
    version
}

const fn columns(kind: Kind) -> &'static [(&'static str, &'static str, &'static str)] {
    match kind {
        Kind::Network => &[("Driver", "string", ".spec.driver"), ("Internal", "boolean", ".spec.internal")],
        Kind::Volume => &[("Driver", "string", ".spec.driver"), ("Reclaim", "string", ".spec.reclaimPolicy")],
        Kind::ConfigMap => &[],
        Kind::Secret => &[("Type", "string", ".type")],
        Kind::Deployment => &[
            ("Replicas", "integer", ".spec.replicas"),
            ("Ready", "integer", ".status.readyReplicas"),
            ("Image", "string", ".spec.template.container.image"),
        ],
        Kind::Job => {
            &[("Completions", "integer", ".spec.completions"), ("Image", "string", ".spec.template.container.image")]
        }
        Kind::CronJob => &[
            ("Schedule", "string", ".spec.schedule"),
            ("Time Zone", "string", ".spec.timeZone"),
            ("Suspend", "boolean", ".spec.suspend"),
        ],
    }
}

/// The schema of a whole document. The metadata is Kubernetes' own and may not be described.
fn root(kind: Kind) -> Value {
    let (fields, description) = shape::of(kind);
    let mut schema = object(fields);
    insert(&mut schema, "description", json!(description));
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("apiVersion".to_owned(), json!({ "type": "string" }));
        properties.insert("kind".to_owned(), json!({ "type": "string" }));
        properties.insert("metadata".to_owned(), json!({ "type": "object" }));
    }
    schema
}

fn object(fields: &Fields) -> Value {
    let properties: Map<String, Value> = fields.all.iter().map(|field| (field.name.clone(), property(field))).collect();
    let required: Vec<&str> = fields.all.iter().filter(|it| it.required).map(|it| it.name.as_str()).collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        insert(&mut schema, "required", json!(required));
    }
    schema
}

/// A field with its description; what may be left out may be null.
fn property(field: &Field) -> Value {
    let mut schema = structural(&field.shape);
    if !field.required {
        insert(&mut schema, "nullable", json!(true));
        if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
            words.push(Value::Null);
        }
    }
    if !field.description.is_empty() {
        insert(&mut schema, "description", json!(field.description));
    }
    schema
}

fn structural(shape: &Shape) -> Value {
    match shape {
        Shape::Object(fields) => object(fields),
        Shape::Map(inner) => json!({ "type": "object", "additionalProperties": structural(inner) }),
        Shape::List(inner) => json!({ "type": "array", "items": structural(inner) }),
        Shape::Words(words) => {
            let words: Vec<&str> = words.iter().map(|word| word.word.as_str()).collect();
            json!({ "type": "string", "enum": words })
        }
        Shape::Text | Shape::Format(Format::Duration) => json!({ "type": "string" }),
        Shape::Integer(least, most) => integer(*least, *most),
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Format(
            Format::Cpu
            | Format::Bytes
            | Format::IntOrPercent
            | Format::PortRef
            | Format::HostPort
            | Format::MemorySwap,
        ) => json!({ "x-kubernetes-int-or-string": true }),
        Shape::Either(_) | Shape::Any => json!({ "x-kubernetes-preserve-unknown-fields": true }),
    }
}

fn integer(least: i128, most: i128) -> Value {
    let fits_32 = least >= i128::from(i32::MIN) && most <= i128::from(i32::MAX);
    let mut schema = json!({ "type": "integer", "format": if fits_32 { "int32" } else { "int64" } });
    for (name, bound, natural) in [("minimum", least, i64::MIN), ("maximum", most, i64::MAX)] {
        if let Some(bound) = i64::try_from(bound).ok().filter(|bound| *bound != natural) {
            insert(&mut schema, name, json!(bound));
        }
    }
    schema
}

fn insert(schema: &mut Value, key: &str, value: Value) {
    if let Some(object) = schema.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}
