//! Anchors, aliases and merge keys.

use serde_json::json;

use super::{complaints, tree};
use crate::Span;

const fn point(span: &Span) -> (u32, u32) {
    (span.start.line, span.start.column)
}

#[test]
fn an_alias_is_a_copy_that_knows_definition_and_use() {
    let tree = tree("a: &x {k: [1]}\nb: *x\n");
    assert_eq!(tree.to_json(), json!({"a": {"k": [1]}, "b": {"k": [1]}}));
    let copied = tree.pointer("/b/k/0").expect("the copy");
    assert_eq!(point(&copied.span), (1, 12));
    assert_eq!(copied.used_at.as_deref().map(point), Some((2, 4)));
    assert_eq!(point(&copied.place()), (2, 4));
    assert_eq!(tree.pointer("/a/k/0").and_then(|node| node.used_at.clone()), None);
}

#[test]
fn an_alias_in_an_alias_knows_the_outer_use() {
    let tree = tree("a: &x 1\nb: &y [*x]\nc: *y\n");
    let used = |pointer: &str| tree.pointer(pointer).and_then(|node| node.used_at.clone()).as_deref().map(point);
    assert_eq!(used("/b/0"), Some((2, 8)));
    assert_eq!(used("/c/0"), Some((3, 4)));
}

#[test]
fn the_nearest_anchor_above_counts() {
    assert_eq!(tree("[&x 1, *x, &x 2, *x]").to_json(), json!([1, 1, 2, 2]));
}

#[test]
fn a_key_can_be_an_alias() {
    assert_eq!(tree("&k name: v\nother: {*k : w}\n").to_json(), json!({"name": "v", "other": {"name": "w"}}));
}

#[test]
fn a_merge_key_brings_in_what_the_mapping_lacks() {
    let table = [
        ("base: &b {x: 1, y: 2}\na: {<<: *b, y: 3}\n", json!({"y": 3, "x": 1})),
        ("base: &b {x: 1, y: 2}\na: {y: 3, <<: *b}\n", json!({"y": 3, "x": 1})),
        ("b: &b {x: 1}\nc: &c {x: 2, z: 3}\na: {<<: [*b, *c]}\n", json!({"x": 1, "z": 3})),
        ("l: &l [{x: 1}, {y: 2}]\na: {<<: *l}\n", json!({"x": 1, "y": 2})),
        ("a: {<<: {x: 1}, y: 2}\n", json!({"x": 1, "y": 2})),
        ("b: &b {x: 1}\nc: &c {<<: *b, y: 2}\na: {<<: *c}\n", json!({"x": 1, "y": 2})),
        ("a: {'<<': 1}\n", json!({"<<": 1})),
        ("a: {\"<<\": {x: 1}}\n", json!({"<<": {"x": 1}})),
        ("a: {<<: []}\n", json!({})),
    ];
    for (text, expected) in table {
        assert_eq!(tree(text).get("a").map(crate::Node::to_json), Some(expected), "{text}");
    }
}

#[test]
fn a_merged_value_knows_definition_and_use() {
    let tree = tree("b: &b {x: 1}\na:\n  <<: *b\n");
    let (key, node) = tree.get("a").and_then(|a| a.entry("x")).expect("the merged entry");
    assert_eq!((point(&key.span), point(&node.span)), ((1, 8), (1, 11)));
    assert_eq!(node.used_at.as_deref().map(point), Some((3, 7)));
}

#[test]
fn what_cannot_be_merged_is_a_problem_of_the_use() {
    insta::assert_snapshot!(complaints("s: &s 1\na: {<<: *s}\nb: {<<: [*s, {x: 1}]}\nc: {<<: *nope}\nd: {<<: }\n").join("\n"), @r"
    2:9 `<<` merges a mapping or a list of mappings, not an integer
    3:10 `<<` merges a mapping or a list of mappings, not an integer
    4:9 this alias has no anchor above it (mark the value that it stands for with `&` and the alias's name, or put text that begins with `*` in quotes)
    5:7 `<<` merges a mapping or a list of mappings, not null
    ");
}

#[test]
fn two_merge_keys_are_a_key_twice() {
    insta::assert_snapshot!(complaints("b: &b {x: 1}\na:\n  <<: *b\n  <<: *b\n").join("\n"), @"4:3 `<<` is defined twice (merge several with a list: `<<: [*a, *b]`) [3:3 first defined here]");
}

#[test]
fn a_value_that_contains_itself_is_refused() {
    insta::assert_snapshot!(complaints("a: &x\n  b: *x\n").join("\n"), @"2:6 an alias refers to a value that it is part of [2:3 the value starts here]");
}
