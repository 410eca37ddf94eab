//! Texts, and what becomes of them.

use crate::{Document, FileId, Limits, Node, Parsed, Problem, Profile, Span, Value, parse};

mod aliases;
mod documents;
mod json;
mod limits;
mod mistakes;
mod properties;
mod spans;

fn read(text: &str) -> Parsed {
    parse(text, FileId(0), Profile::Kubernetes, &Limits::default())
}

/// The only document of a text with nothing wrong.
fn tree(text: &str) -> Node {
    let parsed = read(text);
    assert_eq!(parsed.problems, [], "{text:?}");
    assert_eq!(parsed.documents.len(), 1, "{text:?}");
    parsed.documents.into_iter().next().expect("one document").root
}

/// The problems as `line:column message (help) [line:column label]`.
fn complaints(text: &str) -> Vec<String> {
    read(text).problems.iter().map(render).collect()
}

fn render(problem: &Problem) -> String {
    let help = problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    let labels = problem.labels.iter().map(|label| format!(" [{} {}]", label.span.start, label.message));
    format!("{} {}{help}{}", problem.span.start, problem.message, labels.collect::<String>())
}

/// Every document as `index sound json`.
fn documents(text: &str) -> Vec<String> {
    let line = |document: &Document| format!("{} {} {}", document.index, document.sound, document.root.to_json());
    read(text).documents.iter().map(line).collect()
}

/// All spans of a tree with what they belong to, depth first.
fn walk(node: &Node, visit: &mut dyn FnMut(Span, Option<&Node>)) {
    visit(node.span, Some(node));
    for item in node.as_sequence().unwrap_or_default() {
        walk(item, visit);
    }
    for (key, value) in node.as_mapping().unwrap_or_default() {
        visit(key.span, None);
        walk(value, visit);
    }
}

fn count(node: &Node) -> usize {
    match &node.value {
        Value::Sequence(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Mapping(entries) => 1 + entries.iter().map(|(_, node)| count(node)).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::String(_) => 1,
    }
}
