//! What is written is read back, by a reader that is not the writer's.

use proptest::prelude::*;
use serde_json::{Map, Number, Value, json};
use skiff_yaml::{FileId, Limits, Profile, parse};

use super::*;

fn read(text: &str) -> Value {
    let parsed = parse(text, FileId(0), Profile::Kubernetes, &Limits::default());
    assert!(parsed.problems.is_empty(), "{:?}\n{text}", parsed.problems);
    parsed.documents.first().map(|document| document.root.to_json()).unwrap_or_default()
}

#[test]
fn values_are_written_as_people_write_them() {
    let value = json!({
        "kind": "ConfigMap",
        "data": { "a.conf": "one\n\n  two\n", "b": "no end", "tab": "\tx\n", "port": "80", "yes": "on", "": "" },
        "list": [{ "name": "a", "of": [1, [true, null], {}] }, "x: y", "# no comment"],
        "empty": [],
    });
    insta::assert_snapshot!(document(&value), @r##"
    kind: ConfigMap
    data:
      a.conf: |
        one

          two
      b: no end
      tab: "\tx\n"
      port: "80"
      "yes": "on"
      "": ""
    list:
      - name: a
        of:
          - 1
          -
            - true
            - null
          - {}
      - "x: y"
      - "# no comment"
    empty: []
    "##);
    assert_eq!(read(&document(&value)), value);
}

#[test]
fn line_breaks_at_the_end_are_all_kept() {
    for text in ["a\nb", "a\nb\n", "a\nb\n\n", "a\n\n\n\nb\n\n\n", "\na\n", "\n", "\n\n", " a\nb\n", "a \nb\n"] {
        let value = json!({ "outer": [{ "text": text, "last": 1 }] });
        assert_eq!(read(&document(&value)), value, "{text:?}");
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9:#\\-'\"{}\\[\\],&*!|>%@` ~.\\\\\n\t]{0,12}",
        "\\PC{0,8}",
        "[\u{0}-\u{20}\u{7f}-\u{a0}\u{2028}\u{feff}a-c]{0,6}",
        prop::sample::select(vec![
            "yes",
            "NO",
            "1e3",
            "0x1f",
            "0o7",
            "1_000",
            "~",
            "null",
            ".inf",
            "2026-11-26",
            "12:30:45",
            "=",
            "<<"
        ])
        .prop_map(str::to_owned),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any_text().prop_map(Value::String),
        any::<i64>().prop_map(|number| Value::Number(Number::from(number))),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((any_text(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_comes_back(value in any_value()) {
        prop_assert_eq!(read(&document(&json!({ "v": value.clone() }))), json!({ "v": value }));
    }
}
