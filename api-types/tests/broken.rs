//! Broken documents: whatever stands wherever, the complaints are ours and point to a place that exists.

use serde_json::{Value, json};
use skiff_api::{Object, parse_object};

fn documents() -> Vec<Value> {
    serde_json::from_str(include_str!("every-field.json")).expect("the golden manifests are JSON")
}

/// The pointers to all places in a value.
fn places(value: &Value, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    for (key, value) in value.as_object().into_iter().flatten() {
        places(value, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), out);
    }
    for (index, value) in value.as_array().into_iter().flatten().enumerate() {
        places(value, &format!("{at}/{index}"), out);
    }
}

/// What is odd about the complaints of a document, or about the object that it was read into all the same.
fn odd(document: &Value) -> Option<String> {
    let complaints = match parse_object(document) {
        Err(complaints) => complaints,
        Ok(object) => {
            let manifest = object.to_manifest();
            let reads_back =
                Object::from_manifest(&manifest).as_ref() == Ok(&object) && parse_object(&manifest) == Ok(object);
            return (!reads_back).then(|| format!("does not read back: {manifest}"));
        }
    };
    let stray = complaints.iter().find(|complaint| document.pointer(&complaint.pointer).is_none());
    // What serde says means that the form let something pass that the type does not take.
    let foreign = complaints.iter().find(|complaint| complaint.message.contains("invalid "));
    let full_stop = complaints.iter().find(|complaint| complaint.message.ends_with('.'));
    stray.or(foreign).or(full_stop).map(|complaint| format!("{complaint:?}"))
}

#[test]
fn anything_anywhere_reads_back_or_is_complained_about_at_a_place_that_exists() {
    let mut found = Vec::new();
    for document in documents() {
        let mut all = Vec::new();
        places(&document, "", &mut all);
        for place in all {
            for strange in [
                json!(null),
                json!(-7),
                json!(1.5),
                json!(true),
                json!("\u{0}é~/"),
                json!([{}]),
                json!({ "zzz": null, "zz/z": 1 }),
            ] {
                let mut broken = document.clone();
                if let Some(value) = broken.pointer_mut(&place) {
                    *value = strange;
                }
                found.extend(odd(&broken).map(|odd| format!("{place}: {odd}")));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_secret_value_of_the_wrong_type_never_shows() {
    for strange in [json!("hunter2"), json!(["hunter2"]), json!({ "a": "hunter2!" }), json!({ "a": ["hunter2"] })] {
        for field in ["data", "stringData"] {
            let document =
                json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "db" }, field: strange.clone() });
            for complaint in parse_object(&document).err().unwrap_or_default() {
                let text = format!("{}{:?}", complaint.message, complaint.help);
                assert!(!text.contains("hunter2"), "{text}");
            }
        }
    }
}
