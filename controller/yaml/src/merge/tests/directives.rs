//! `$patch`.

use super::{check, lay};

#[test]
fn delete_removes_an_item_a_mapping_or_the_whole_object() {
    check(&[
        ("{env: [{name: A}, {name: B}]}", "{env: [{name: A, $patch: delete}]}", r#"{"env":[{"name":"B"}]}"#),
        ("{a: {b: 1}, c: 2}", "{a: {$patch: delete}}", r#"{"c":2}"#),
        ("{a: 1}", "{b: {$patch: delete}}", r#"{"a":1}"#),
        ("{a: 1}", "{$patch: delete}", "removed"),
    ]);
}

#[test]
fn replace_puts_the_patch_in_the_place_of_the_base() {
    check(&[
        ("{a: {b: 1, c: 2}}", "{a: {$patch: replace, d: 3}}", r#"{"a":{"d":3}}"#),
        ("{a: [1]}", "{a: {$patch: replace, d: 3}}", r#"{"a":{"d":3}}"#),
        ("{}", "{a: {$patch: replace, d: 3}}", r#"{"a":{"d":3}}"#),
        ("{a: 1, b: 2}", "{$patch: replace, c: 3}", r#"{"c":3}"#),
        (
            "{env: [{name: A, value: 1}, {name: B}]}",
            "{env: [{name: A, $patch: replace, x: 2}, {name: C, $patch: replace}]}",
            r#"{"env":[{"name":"A","x":2},{"name":"B"},{"name":"C"}]}"#,
        ),
    ]);
}

#[test]
fn an_item_that_only_says_replace_makes_the_list_the_patch_s_own() {
    check(&[
        ("{env: [{name: A}]}", "{env: [{$patch: replace}, {name: B}]}", r#"{"env":[{"name":"B"}]}"#),
        ("{env: [{name: A}]}", "{env: [{$patch: replace}]}", r#"{"env":[]}"#),
        ("{args: [a]}", "{args: [{$patch: replace}, b]}", r#"{"args":["b"]}"#),
    ]);
}

#[test]
fn merge_is_what_happens_anyway() {
    check(&[("{a: {b: 1}}", "{a: {$patch: merge, c: 2}}", r#"{"a":{"b":1,"c":2}}"#)]);
}

#[test]
fn deleting_an_item_that_is_not_there_is_reported() {
    insta::assert_snapshot!(
        lay("{env: [{name: A}]}", "{env: [{name: B, $patch: delete}], args: [{$patch: delete}], mounts: [{mountPath: /a, $patch: delete}]}"),
        @r#"
    {"args":[],"env":[{"name":"A"}],"mounts":[]}
    1:8 there is no such item to delete (remove this item from the overlay, or correct what it names)
    1:43 there is no such item to delete (remove this item from the overlay, or correct what it names)
    1:71 there is no such item to delete (remove this item from the overlay, or correct what it names)
    "#);
}

#[test]
fn a_word_that_is_no_directive_is_reported_once_and_merges() {
    insta::assert_snapshot!(lay("{a: {b: 1}, env: [{name: A}]}", "{a: {$patch: remove, c: 2}, env: [{name: A, $patch: 1, x: 2}], d: {$patch: }}"), @r#"
    {"a":{"b":1,"c":2},"d":{},"env":[{"name":"A","x":2}]}
    1:14 unknown directive `$patch: remove` (it is `delete`, `replace` or `merge`)
    1:53 unknown directive `$patch: 1` (it is `delete`, `replace` or `merge`)
    1:74 unknown directive `$patch: ` (it is `delete`, `replace` or `merge`)
    "#);
}
