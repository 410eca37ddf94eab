//! The content of `ConfigMap`s: texts as texts, and as bytes what some reader of YAML refuses.

use serde_json::{Value, json};

use crate::support::Stack;

#[test]
fn what_kustomize_refuses_in_a_text_is_binary_and_everything_else_stays_readable() {
    let manifest = "apiVersion: skiff.dev/v1\nkind: ConfigMap\nmetadata: { name: art, namespace: shop }\ndata: { plain: \"tab\\t, bell\\a, é\", del: \"a\\u007fb\", next: \"a\\u009fb\", none: \"a\\ufffeb\" }";
    let export = Stack::of(manifest).export();
    let config = export.objects.iter().find(|object| object.text("/kind") == "ConfigMap").expect("a ConfigMap");
    let of = |field: &str| config.value.get(field).cloned().unwrap_or(Value::Null);
    assert_eq!(of("data"), json!({ "plain": "tab\t, bell\u{7}, é" }));
    assert_eq!(of("binaryData"), json!({ "del": "YX9i", "next": "YcKfYg==", "none": "Ye+/vmI=" }));
}
