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

/// The place around a place.
fn around(place: &str) -> &str {
    place.rsplit_once('/').map_or("", |(above, _)| above)
}

fn lies_in(pointer: &str, place: &str) -> bool {
    pointer.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The document with a value at a place that no form has.
fn with_nonsense(document: &Value, place: &str) -> Option<(String, Value)> {
    let mut copy = document.clone();
    *copy.pointer_mut(place)? = json!([[[]]]);
    Some((place.to_owned(), copy))
}

/// The document with a key misspelt.
fn with_slip(document: &Value, place: &str) -> Option<(String, Value)> {
    let mut copy = document.clone();
    let key = place.rsplit('/').next()?.replace("~1", "/").replace("~0", "~");
    let object = copy.pointer_mut(around(place))?.as_object_mut()?;
    let value = object.remove(&key)?;
    object.insert(format!("{key}z"), value);
    let complaints = parse_object(&copy).err()?;
    // A key of a person's own choice has no right spelling.
    complaints.iter().any(|complaint| complaint.message.contains("unknown field")).then(|| (format!("{place}z"), copy))
}

#[test]
fn a_wrong_form_in_one_place_hides_no_mistake_of_another_and_begets_none() {
    const MISTAKE: &str = "/metadata/name";
    let mut odd = Vec::new();
    for mut document in documents() {
        if let Some(name) = document.pointer_mut(MISTAKE) {
            *name = json!("Bad_Name");
        }
        let mut all = Vec::new();
        places(&document, "", &mut all);
        all.retain(|place| !lies_in(MISTAKE, place) && place != "/kind");
        let broken = all.iter().flat_map(|place| [with_nonsense(&document, place), with_slip(&document, place)]);
        for (place, document) in broken.flatten() {
            let complaints = parse_object(&document).err().unwrap_or_default();
            let there = |pointer: &&str| lies_in(pointer, &place) || *pointer == around(&place);
            let (there, elsewhere): (Vec<&str>, _) =
                complaints.iter().map(|complaint| complaint.pointer.as_str()).partition(there);
            if there.is_empty() || elsewhere != [MISTAKE] {
                odd.push(format!("{place}: {there:?} {elsewhere:?}"));
            }
        }
    }
    assert_eq!(odd, Vec::<String>::new());
}

#[test]
fn a_secret_value_of_the_wrong_type_never_shows() {
    for strange in [json!("hunter2"), json!(["hunter2"]), json!({ "a": "hunter2!" }), json!({ "a": ["hunter2"] })] {
        for field in ["data", "stringData"] {
            let metadata = json!({ "name": "Bad_Name", "lables": {} });
            let document =
                json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, field: strange.clone() });
            let complaints = parse_object(&document).err().unwrap_or_default();
            assert!(complaints.iter().any(|complaint| complaint.pointer == "/metadata/name"), "{complaints:?}");
            for complaint in complaints {
                let text = format!("{}{:?}", complaint.message, complaint.help);
                assert!(!text.contains("hunter2"), "{text}");
            }
        }
    }
}
