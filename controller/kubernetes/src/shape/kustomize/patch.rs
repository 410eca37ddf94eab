//! What leads from one value to another, as a JSON patch (RFC 6902).
//!
//! Items of a list that have names are patched one by one, each after a test that it still stands where it stood: an overlay then takes
//! on what the base changes elsewhere, and fails where the base has another order. Any other list is replaced as a whole.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// The operations.
pub(super) fn between(old: &Value, new: &Value) -> Vec<Value> {
    let mut operations = Vec::new();
    walk(old, new, "", &mut operations);
    operations
}

fn walk(old: &Value, new: &Value, path: &str, out: &mut Vec<Value>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Value::Object(before), Value::Object(after)) => {
            let below = |key: &str| format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
            for key in before.keys().filter(|key| !after.contains_key(*key)) {
                out.push(json!({ "op": "remove", "path": below(key) }));
            }
            for (key, value) in after {
                match before.get(key) {
                    Some(old) => walk(old, value, &below(key), out),
                    None => out.push(json!({ "op": "add", "path": below(key), "value": value })),
                }
            }
        }
        (Value::Array(before), Value::Array(after)) if is_in_order(before, after) => items(before, after, path, out),
        _ => out.push(json!({ "op": "replace", "path": path, "value": new })),
    }
}

/// Where an item may have its name.
const NAMES: [&str; 2] = ["/name", "/metadata/name"];

/// The name of an item, and where it stands.
fn name(item: &Value) -> Option<(&'static str, &str)> {
    NAMES.into_iter().find_map(|pointer| Some((pointer, item.pointer(pointer)?.as_str()?)))
}

/// Whether each item has a name of its own, and what both lists have stands in one order.
fn is_in_order(before: &[Value], after: &[Value]) -> bool {
    let names = |items: &[Value]| -> Option<Vec<String>> {
        let names: Vec<String> =
            items.iter().map(|item| name(item).map(|(_, name)| name.to_owned())).collect::<Option<_>>()?;
        (names.iter().collect::<BTreeSet<_>>().len() == names.len()).then_some(names)
    };
    let (Some(before), Some(after)) = (names(before), names(after)) else { return false };
    let kept: Vec<&String> = before.iter().filter(|name| after.contains(name)).collect();
    !kept.is_empty() && kept.into_iter().eq(after.iter().filter(|name| before.contains(name)))
}

/// Takes away what is gone, from the end; then goes through what stays, and puts what is new between.
fn items(before: &[Value], after: &[Value], path: &str, out: &mut Vec<Value>) {
    let is_in = |items: &[Value], item: &Value| items.iter().any(|other| name(other) == name(item));
    let mut left: Vec<&Value> = before.iter().collect();
    for (index, item) in before.iter().enumerate().rev().filter(|(_, item)| !is_in(after, item)) {
        stands(item, &format!("{path}/{index}"), out);
        out.push(json!({ "op": "remove", "path": format!("{path}/{index}") }));
        left.remove(index);
    }
    let mut left = left.into_iter().peekable();
    for (index, item) in after.iter().enumerate() {
        let here = format!("{path}/{index}");
        match left.peek() {
            Some(old) if name(old) == name(item) => {
                if *old != item {
                    stands(old, &here, out);
                    walk(old, item, &here, out);
                }
                left.next();
            }
            Some(next) => {
                stands(next, &here, out);
                out.push(json!({ "op": "add", "path": here, "value": item }));
            }
            None => out.push(json!({ "op": "add", "path": format!("{path}/-"), "value": item })),
        }
    }
}

/// Fails where another item stands there.
fn stands(item: &Value, path: &str, out: &mut Vec<Value>) {
    out.extend(
        name(item).map(|(pointer, name)| json!({ "op": "test", "path": format!("{path}{pointer}"), "value": name })),
    );
}

#[cfg(test)]
mod tests;
