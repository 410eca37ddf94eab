//! Lists, with and without natural keys.

use super::{check, lay};

#[test]
fn a_list_without_a_natural_key_is_replaced() {
    check(&[
        ("{args: [a, b]}", "{args: [c]}", r#"{"args":["c"]}"#),
        ("{args: [a, b]}", "{args: []}", r#"{"args":[]}"#),
        ("{from: [{name: a, x: 1}]}", "{from: [{name: a, y: 2}]}", r#"{"from":[{"name":"a","y":2}]}"#),
        ("{args: [a]}", "{args: [b, null]}", r#"{"args":["b",null]}"#),
    ]);
}

#[test]
fn items_of_one_name_merge_in_the_base_s_order() {
    check(&[
        (
            "{env: [{name: A, value: 1}, {name: B, value: 2}]}",
            "{env: [{name: C, value: 3}, {name: B, value: 4, x: y}]}",
            r#"{"env":[{"name":"A","value":1},{"name":"B","value":4,"x":"y"},{"name":"C","value":3}]}"#,
        ),
        ("{env: [{name: A, value: 1}]}", "{env: [{name: A, value: null}]}", r#"{"env":[{"name":"A"}]}"#),
        ("{env: [{name: A}]}", "{env: []}", r#"{"env":[{"name":"A"}]}"#),
        ("{env: [{name: A}]}", "{env: null}", "{}"),
        ("{env: [odd, {name: A}]}", "{env: [{name: A, b: 1}]}", r#"{"env":["odd",{"b":1,"name":"A"}]}"#),
        (
            "{mounts: [{mountPath: /a, x: 1}]}",
            "{mounts: [{mountPath: /a, x: 2}]}",
            r#"{"mounts":[{"mountPath":"/a","x":2}]}"#,
        ),
    ]);
}

#[test]
fn ports_merge_by_name_else_by_port_and_protocol() {
    let base = "{ports: [{name: http, containerPort: 80, hostPort: 1}, {containerPort: 53, hostPort: 2}]}";
    let table = [
        (
            "{name: http, containerPort: 81}",
            r#"[{"containerPort":81,"hostPort":1,"name":"http"},{"containerPort":53,"hostPort":2}]"#,
        ),
        (
            "{containerPort: 80, hostPort: 3}",
            r#"[{"containerPort":80,"hostPort":3,"name":"http"},{"containerPort":53,"hostPort":2}]"#,
        ),
        (
            "{containerPort: 53, protocol: TCP, hostPort: 3}",
            r#"[{"containerPort":80,"hostPort":1,"name":"http"},{"containerPort":53,"hostPort":3,"protocol":"TCP"}]"#,
        ),
        (
            "{containerPort: 53, protocol: UDP}",
            r#"[{"containerPort":80,"hostPort":1,"name":"http"},{"containerPort":53,"hostPort":2},{"containerPort":53,"protocol":"UDP"}]"#,
        ),
        (
            "{name: dns, containerPort: 53}",
            r#"[{"containerPort":80,"hostPort":1,"name":"http"},{"containerPort":53,"hostPort":2,"name":"dns"}]"#,
        ),
        (
            "{name: web, containerPort: 80}",
            r#"[{"containerPort":80,"hostPort":1,"name":"http"},{"containerPort":53,"hostPort":2},{"containerPort":80,"name":"web"}]"#,
        ),
    ];
    for (item, merged) in table {
        assert_eq!(lay(base, &format!("{{ports: [{item}]}}")), format!(r#"{{"ports":{merged}}}"#), "{item}");
    }
}

#[test]
fn items_that_cannot_be_told_apart_are_reported() {
    insta::assert_snapshot!(
        lay("{env: [{name: A}], ports: []}", "{env: [{value: 1}, text, {name: B}, {name: B, x: 1}], ports: [{hostPort: 1}]}"),
        @r#"
    {"env":[{"name":"A"},{"name":"B"}],"ports":[]}
    1:8 an item of this list is merged by `name` (add `name` to the item)
    1:20 an item of this list is merged by `name` (add `name` to the item)
    1:37 the list has two items `B` [1:1:26 the first is here]
    1:63 an item of this list is merged by `name` or `containerPort` (add `name` or `containerPort` to the item)
    "#);
}
