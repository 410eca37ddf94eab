//! Overlays.

use super::{BY_MOUNT_PATH, BY_NAME, BY_PORT, ListKey, by_field, overlay};
use crate::{FileId, Limits, Node, Profile, parse};

mod directives;
mod lists;
mod mappings;

const TABLE: &[(&str, ListKey)] = &[("env", BY_NAME), ("ports", BY_PORT), ("mounts", BY_MOUNT_PATH)];

const BASE: FileId = FileId(0);
const PATCH: FileId = FileId(1);

fn tree(text: &str, file: FileId) -> Node {
    let parsed = parse(text, file, Profile::Kubernetes, &Limits::default());
    assert_eq!(parsed.problems, [], "{text}");
    parsed.documents.into_iter().next().expect("one document").root
}

/// The merged tree as JSON, then what is wrong.
fn lay(base: &str, patch: &str) -> String {
    let mut node = tree(base, BASE);
    let overlaid = overlay(&mut node, &tree(patch, PATCH), &by_field(TABLE));
    let mut lines = vec![if overlaid.removed { String::from("removed") } else { sorted(node.to_json()).to_string() }];
    for problem in overlaid.problems {
        let labels = problem
            .labels
            .iter()
            .map(|label| format!(" [{}:{} {}]", label.span.file.0, label.span.start, label.message));
        let help = problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        lines.push(format!("{} {problem}{help}{}", problem.span.start, labels.collect::<String>()));
    }
    lines.join("\n")
}

fn check(table: &[(&str, &str, &str)]) {
    for (base, patch, merged) in table {
        assert_eq!(lay(base, patch), *merged, "{base} with {patch}");
    }
}

/// Sorted by field: whether `serde_json` keeps the order of insertion depends on who else is built with it.
fn sorted(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Object(map) => {
            let by_field: std::collections::BTreeMap<String, Value> = map.into_iter().collect();
            by_field.into_iter().map(|(field, value)| (field, sorted(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}
