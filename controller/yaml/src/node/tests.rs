//! What a node tells about itself.

use serde_json::json;

use crate::{FileId, Limits, Node, Position, Profile, Span, Value, parse};

fn tree(text: &str) -> Node {
    let parsed = parse(text, FileId(0), Profile::Kubernetes, &Limits::default());
    assert_eq!(parsed.problems, [], "{text}");
    parsed.documents.into_iter().next().expect("one document").root
}

#[test]
fn a_scalar_keeps_the_text_it_was_written_as() {
    let tree = tree("[0644, yes, ~, 1.50, '0644', text, [], '']");
    let texts: Vec<Option<String>> = tree.as_sequence().expect("a list").iter().map(Node::text).collect();
    let expected = [Some("0644"), Some("yes"), Some("~"), Some("1.50"), Some("0644"), Some("text"), None, Some("")];
    assert_eq!(texts, expected.map(|text| text.map(String::from)));
    assert_eq!(tree.to_json(), json!([420, true, null, 1.5, "0644", "text", [], ""]));
}

#[test]
fn entries_are_found_by_their_text_in_source_order() {
    let tree = tree("{b: 1, 0644: 2, yes: 3}");
    let names: Vec<&str> = tree.as_mapping().expect("a mapping").iter().map(|(key, _)| key.name.as_str()).collect();
    assert_eq!(names, ["b", "0644", "yes"]);
    assert_eq!(tree.get("yes").map(|node| &node.value), Some(&Value::Int(3)));
    assert_eq!(tree.get("c"), None);
}

#[test]
fn a_pointer_unescapes_its_segments() {
    let tree = tree("{a/b: {c~d: [x, {'': y}]}}");
    assert_eq!(tree.pointer("/a~1b/c~0d/1/").and_then(Node::as_str), Some("y"));

    assert_eq!(tree.pointer(""), Some(&tree));
    assert_eq!(tree.pointer("/a~1b/c~0d/01"), None);
}

#[test]
fn a_node_that_was_not_parsed_has_a_text_too() {
    let span = Span::new(FileId(1), Position::START, Position::START);
    let texts = [Value::Null, Value::Bool(true), Value::Int(-1), Value::UInt(1), Value::Float(1.5)]
        .map(|value| Node::new(value, span).text().unwrap_or_default());
    assert_eq!(texts, ["", "true", "-1", "1", "1.5"]);
}

#[test]
fn a_tilde_before_a_digit_in_a_key_is_told_from_a_slash() {
    let tree = tree("{~1: tilde, /: slash}");
    assert_eq!(tree.pointer("/~01").and_then(Node::as_str), Some("tilde"));
    assert_eq!(tree.pointer("/~1").and_then(Node::as_str), Some("slash"));
}

#[test]
fn another_value_has_another_text_in_the_same_place() {
    let mut node = tree("0644");
    let before = node.span;
    node.set(Value::Int(1));
    assert_eq!((node.text().as_deref(), node.span), (Some("1"), before));
}
