//! No field is dropped without a row: every leaf of a manifest that says everything is in the report, and where the report says that
//! it is exact, taking it away changes what comes out.

use crate::support::Stack;
use serde_json::Value;
use skiff_api::Object;
use skiff_kubernetes::{Options, Report, Verdict};

const EVERY_FIELD: &str = include_str!("../../../../api-types/tests/every-field.json");

fn manifests() -> Vec<Value> {
    serde_json::from_str::<Vec<Value>>(EVERY_FIELD).expect("the manifests of every field")
}

fn objects(manifests: &[Value]) -> Option<Vec<Object>> {
    manifests.iter().map(|manifest| Object::from_manifest(manifest).ok()).collect()
}

fn stack(objects: Vec<Object>) -> Stack {
    Stack::of_objects(objects).with_file("./src", b"one file")
}

/// `key[0].name` and its pointer for everything that is neither a mapping nor a list of mappings.
fn leaves(value: &Value, key: &str, pointer: &str, out: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                leaves(value, &key, &pointer, out);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (index, value) in items.iter().enumerate() {
                leaves(value, &format!("{key}[{index}]"), &format!("{pointer}/{index}"), out);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            out.push((key.to_owned(), pointer.to_owned()));
        }
    }
}

/// The rows of a field of an object, or of the nearest one above it that has any.
fn rows<'r>(report: &'r Report, object: &str, key: &str) -> Vec<&'r skiff_kubernetes::Row> {
    let of_object = || report.rows.iter().filter(|row| row.object == object);
    let below = |row: &&skiff_kubernetes::Row| {
        row.key.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let own: Vec<_> = of_object().filter(below).collect();
    if !own.is_empty() {
        return own;
    }
    // A row of a whole structure speaks for its fields; one of an object, or of its spec, speaks for none.
    let above = |row: &&skiff_kubernetes::Row| {
        row.key.matches('.').count() >= 1
            && key.strip_prefix(row.key.as_str()).is_some_and(|rest| rest.starts_with(['.', '[']))
    };
    let deepest = of_object().filter(above).map(|row| row.key.len()).max();
    of_object().filter(above).filter(|row| Some(row.key.len()) == deepest).collect()
}

#[test]
fn every_field_has_a_row() {
    let objects = objects(&manifests()).expect("valid manifests");
    let manifests: Vec<(String, Value)> =
        objects.iter().map(|object| (object.key().to_string(), object.to_manifest())).collect();
    for version in ["1.30", "1.35"] {
        let options = Options { version: version.parse().expect("a version"), ..Options::default() };
        let report = stack(objects.clone()).export_with(&options).report;
        let mut silent = Vec::new();
        for (object, manifest) in &manifests {
            let mut fields = Vec::new();
            leaves(manifest, "", "", &mut fields);
            let document = |key: &str| ["apiVersion", "kind"].contains(&key);
            let unheard = fields.into_iter().filter(|(key, _)| !document(key) && rows(&report, object, key).is_empty());
            silent.extend(unheard.map(|(key, _)| format!("{object} {key}")));
        }
        assert!(silent.is_empty(), "{version}:\n{}", silent.join("\n"));
    }
}

/// What makes no difference although it is exact, and why.
const SAME_WITHOUT: [(&str, &str); 21] = [
    ("immutable", "content under a name of its own is always immutable"),
    ("type", "Opaque is what a Secret is unless it says otherwise"),
    ("data spec.driver", "`local` is what mounts a file server, said or not"),
    ("spec.replicas", "one is what there is unless it says otherwise"),
    ("strategy.onFailure", "Pause is all that Kubernetes does"),
    ("initContainers[0].workingDir", "it is the main container's as well"),
    ("initContainers[0].privileged", "the main container is privileged as well"),
    ("container.name", "it is the object's name as well"),
    ("requests.cpu", "the shares come to the same"),
    ("volumeMounts[0].readOnly", "the volume is read-only as well"),
    ("deviceRequests[0].driver", "all GPUs are asked for as well"),
    ("deviceRequests[0].count", "all GPUs are asked for as well"),
    ("deviceRequests[0].capabilities", "all GPUs are asked for as well"),
    ("networks[0].namespace", "it is the object's own"),
    ("volume.namespace", "it is the object's own"),
    ("volume.noCopy", "Kubernetes never copies"),
    ("hostPath.readOnly", "content is always read-only"),
    ("tmpfs.exec", "programs may always be run"),
    ("configMap.updatePolicy", "the ConfigMap is not exported"),
    ("secret.updatePolicy", "the Secret is not exported"),
    ("image.subPath", "nothing mounts it"),
];

#[test]
fn what_is_said_to_be_exact_makes_a_difference() {
    let manifests = manifests();
    let all = stack(objects(&manifests).expect("valid manifests")).export();
    let mut lies = Vec::new();
    for (index, manifest) in manifests.iter().enumerate() {
        let object = Object::from_manifest(manifest).expect("a valid manifest").key().to_string();
        let mut fields = Vec::new();
        leaves(manifest, "", "", &mut fields);
        for (key, pointer) in fields {
            let found = rows(&all.report, &object, &key);
            let is_exact = !found.is_empty() && found.iter().all(|row| row.verdict == Verdict::Exact);
            let is_known = SAME_WITHOUT.iter().any(|(known, _)| format!("{object} {key}").ends_with(known));
            let mut without = manifests.clone();
            let taken = without.get_mut(index).is_some_and(|manifest| remove(manifest, &pointer));
            let Some(objects) = objects(&without).filter(|_| is_exact && !is_known && taken) else { continue };
            if stack(objects).export().objects == all.objects {
                lies.push(format!("{object} {key}"));
            }
        }
    }
    assert!(lies.is_empty(), "{}", lies.join("\n"));
}

/// Takes a field away. Whether it was there.
fn remove(value: &mut Value, pointer: &str) -> bool {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return false };
    let fields = value.pointer_mut(parent).and_then(Value::as_object_mut);
    fields.is_some_and(|fields| fields.remove(&name.replace("~1", "/").replace("~0", "~")).is_some())
}
