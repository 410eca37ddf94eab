use proptest::prelude::*;

use super::*;

/// What RFC 6902 says of an operation, read anew; nothing where a test fails or a place is not there.
fn apply(root: &mut Value, operation: &Value) -> Option<()> {
    let text = |key: &str| operation.get(key).and_then(Value::as_str);
    let (path, value) = (text("path")?, operation.get("value").cloned());
    match text("op")? {
        "test" => return (root.pointer(path) == value.as_ref()).then_some(()),
        "replace" => *root.pointer_mut(path)? = value?,
        op => {
            let (above, last) = path.rsplit_once('/')?;
            let last = last.replace("~1", "/").replace("~0", "~");
            match (op, root.pointer_mut(above)?) {
                ("remove", Value::Object(fields)) => drop(fields.remove(&last)?),
                ("remove", Value::Array(items)) => drop(items.remove(last.parse().ok()?)),
                ("add", Value::Object(fields)) => drop(fields.insert(last, value?)),
                ("add", Value::Array(items)) if last == "-" => items.push(value?),
                ("add", Value::Array(items)) => items.insert(last.parse().ok()?, value?),
                _ => return None,
            }
        }
    }
    Some(())
}

fn applied(root: &Value, operations: &[Value]) -> Option<Value> {
    let mut root = root.clone();
    operations.iter().try_for_each(|operation| apply(&mut root, operation))?;
    Some(root)
}

#[test]
fn only_what_differs_is_said() {
    let old = json!({ "a": { "b/c": 1, "gone": 2 }, "list": [1, 2], "same": true });
    let new = json!({ "a": { "b/c": 3 }, "list": [1], "same": true, "new": null });
    let expected = json!([
        { "op": "remove", "path": "/a/gone" },
        { "op": "replace", "path": "/a/b~1c", "value": 3 },
        { "op": "replace", "path": "/list", "value": [1] },
        { "op": "add", "path": "/new", "value": null },
    ]);
    assert_eq!(Value::Array(between(&old, &new)), expected);
}

fn pod(limit: &str, level: &str, image: &str) -> Value {
    json!({ "containers": [
        { "name": "proxy", "image": image },
        { "name": "web", "image": image, "env": [{ "name": "LEVEL", "value": level }], "resources": { "limits": { "memory": limit } } },
    ] })
}

#[test]
fn what_one_container_has_else_leaves_the_base_to_say_everything_beside_it() {
    let operations = between(&pod("64Mi", "info", "a:1"), &pod("1Gi", "warn", "a:1"));
    let expected = json!([
        { "op": "test", "path": "/containers/1/name", "value": "web" },
        { "op": "test", "path": "/containers/1/env/0/name", "value": "LEVEL" },
        { "op": "replace", "path": "/containers/1/env/0/value", "value": "warn" },
        { "op": "replace", "path": "/containers/1/resources/limits/memory", "value": "1Gi" },
    ]);
    assert_eq!(Value::Array(operations.clone()), expected);
    // A later edit of the base goes through, and another order of it fails.
    assert_eq!(applied(&pod("64Mi", "info", "a:2"), &operations), Some(pod("1Gi", "warn", "a:2")));
    let mut turned = pod("64Mi", "info", "a:1");
    turned.pointer_mut("/containers").and_then(Value::as_array_mut).expect("containers").reverse();
    assert_eq!(applied(&turned, &operations), None);
}

#[test]
fn what_is_new_or_gone_in_a_list_of_names_is_put_and_taken_there() {
    let old = json!([{ "name": "a" }, { "name": "b" }, { "metadata": { "name": "c" }, "size": 1 }]);
    let new = json!([{ "name": "x" }, { "name": "b" }, { "metadata": { "name": "c" }, "size": 2 }, { "name": "y" }]);
    let expected = json!([
        { "op": "test", "path": "/0/name", "value": "a" },
        { "op": "remove", "path": "/0" },
        { "op": "test", "path": "/0/name", "value": "b" },
        { "op": "add", "path": "/0", "value": { "name": "x" } },
        { "op": "test", "path": "/2/metadata/name", "value": "c" },
        { "op": "replace", "path": "/2/size", "value": 2 },
        { "op": "add", "path": "/-", "value": { "name": "y" } },
    ]);
    assert_eq!(Value::Array(between(&old, &new)), expected);
}

/// Lists of items with few names, so that the same ones meet, some twice and some without.
fn lists() -> impl Strategy<Value = Value> {
    let item = prop_oneof![
        9 => ("[a-d]", 0..3_u8).prop_map(|(name, size)| json!({ "name": name, "size": size })),
        1 => (0..3_u8).prop_map(|size| json!(size)),
    ];
    proptest::collection::vec(item, 0..5).prop_map(|items| json!({ "list": items }))
}

proptest! {
    #[test]
    fn what_is_said_leads_from_one_to_the_other(old in lists(), new in lists()) {
        prop_assert_eq!(applied(&old, &between(&old, &new)), Some(new));
    }
}
