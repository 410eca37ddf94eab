//! Mappings, scalars and null.

use super::{BASE, PATCH, TABLE, by_field, check, lay, overlay, tree};

#[test]
fn mappings_merge_and_scalars_replace() {
    check(&[
        ("{a: 1, b: {c: 2, d: 3}}", "{b: {d: 4, e: 5}, f: 6}", r#"{"a":1,"b":{"c":2,"d":4,"e":5},"f":6}"#),
        ("{a: 1}", "{a: text}", r#"{"a":"text"}"#),
        ("{a: 1}", "{}", r#"{"a":1}"#),
        ("{}", "{a: {b: 1}}", r#"{"a":{"b":1}}"#),
        ("{a: }", "{a: {b: 1}}", r#"{"a":{"b":1}}"#),
        ("{a: }", "{a: [1]}", r#"{"a":[1]}"#),
        ("{a: 1}", "null", r#"{"a":1}"#),
    ]);
}

#[test]
fn null_removes_what_is_there_and_is_silent_where_nothing_is() {
    check(&[
        ("{a: 1, b: {c: 2}}", "{a: null, b: {c: ~}}", r#"{"b":{}}"#),
        ("{a: 1, b: {c: 2}}", "{b: }", r#"{"a":1}"#),
        ("{a: [1]}", "{a: null}", "{}"),
        ("{a: 1}", "{b: null, c: {d: null, e: 1}}", r#"{"a":1,"c":{"e":1}}"#),
    ]);
}

#[test]
fn what_does_not_fit_is_reported_and_the_base_stays() {
    insta::assert_snapshot!(lay("{a: {b: 1}, c: [1], d: 2}", "{a: 1, c: {x: 1}, d: [3], e: 4}"), @r#"
    {"a":{"b":1},"c":[1],"d":2,"e":4}
    1:5 an integer cannot be merged over a mapping (write it as the base does) [0:1:5 the base has this]
    1:11 a mapping cannot be merged over a list (add `$patch: replace` to put it in its place) [0:1:16 the base has this]
    1:22 a list cannot be merged over an integer (write it as the base does) [0:1:24 the base has this]
    "#);
}

#[test]
fn every_node_and_key_keeps_the_file_it_came_from() {
    let mut node = tree("{a: 1, b: {c: 2, d: 3}, env: [{name: X, value: 1}]}", BASE);
    let patch = tree("{b: {d: 4, e: 5}, env: [{name: X, value: 2}, {name: Y}]}", PATCH);
    assert_eq!(overlay(&mut node, &patch, &by_field(TABLE)).problems, []);
    let files: Vec<String> = node
        .positions()
        .to_map()
        .iter()
        .map(|(pointer, place)| {
            let key = place.key.map_or(String::from("-"), |key| key.file.0.to_string());
            format!("{} {key} {pointer}", place.value.file.0)
        })
        .collect();
    insta::assert_snapshot!(files.join("\n"), @r"
    0 - 
    0 0 /a
    0 0 /b
    0 0 /b/c
    1 1 /b/d
    1 1 /b/e
    0 0 /env
    0 - /env/0
    1 1 /env/0/name
    1 1 /env/0/value
    1 - /env/1
    1 1 /env/1/name
    ");
}
