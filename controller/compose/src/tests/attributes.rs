//! The table of attributes, row by row: its example yields what it says, and the schema knows nothing that it does not.

use super::{complaints, load_files};
use crate::attributes::{self, Attribute, example};
use crate::schema::{self, Shape};
use crate::{Loaded, Verdict};

fn loaded(text: &str) -> Loaded {
    let files: Vec<(&str, &str)> = example::FILES.into_iter().chain([("compose.yaml", text)]).collect();
    load_files(&files)
}

fn judge(attribute: &Attribute, text: &str, kind: &str, pointer: &str) -> Option<String> {
    let loaded = loaded(text);
    let complaints = complaints(&loaded);
    let name = attribute.path;
    if attribute.verdict == Verdict::Refused {
        let is_said = complaints.iter().any(|line| line.contains("is refused") && line.contains(attribute.does));
        return (!is_said).then(|| format!("{name}: not refused: {complaints:?}"));
    }
    if !complaints.is_empty() {
        return Some(format!("{name}: {complaints:?}\n{text}"));
    }
    let is_told = loaded.report.rows.iter().any(|row| row.verdict == attribute.verdict);
    if !is_told {
        return Some(format!("{name}: no row says {}", attribute.verdict));
    }
    if attribute.result.is_empty() {
        return None;
    }
    let objects = loaded.objects.iter().filter_map(crate::Declared::object);
    let object = objects
        .filter(|it| it.kind().as_str() == kind)
        .find(|it| it.metadata().name != "b" && it.metadata().name != "c" || kind != "Deployment");
    let json = serde_json::to_value(object).ok()?;
    let found = json.pointer(pointer).cloned().unwrap_or_default();
    let expected: serde_json::Value = serde_json::from_str(attribute.result).ok()?;
    (found != expected).then(|| format!("{name}: {found} instead of {expected}"))
}

#[test]
fn every_attribute_of_a_service_becomes_what_the_table_says() {
    let wrong = attributes::service().filter_map(|attribute| {
        let pointer = format!("/spec/{}", attribute.becomes);
        judge(attribute, &example::of_service(attribute), "Deployment", &pointer)
    });
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn every_other_attribute_becomes_what_the_table_says() {
    let wrong = attributes::project().filter_map(|attribute| {
        let (kind, pointer) = attribute.becomes.split_once('/').unwrap_or((attribute.becomes, ""));
        judge(attribute, &example::of_project(attribute), kind, &format!("/{pointer}"))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<String>::new());
}

/// The paths of a shape that hold something.
fn paths(shape: &Shape, path: &str, found: &mut Vec<String>) {
    let plain = shape.plain();
    if let Shape::List(inner) | Shape::Map(inner) = plain {
        return paths(inner, path, found);
    }
    if plain.fields().is_empty() {
        found.push(path.to_owned());
    }
    for field in plain.fields() {
        let path = if path.is_empty() { field.name.to_owned() } else { format!("{path}.{}", field.name) };
        paths(field.shape, &path, found);
    }
}

#[test]
fn the_table_has_every_attribute_of_the_schema_and_no_other() {
    let mut of_service = Vec::new();
    paths(&schema::SERVICE, "", &mut of_service);
    let mut of_project = Vec::new();
    paths(&schema::PROJECT, "", &mut of_project);
    of_project.retain(|path| !path.starts_with("services"));
    let missing = |paths: &[String], table: &[&Attribute]| -> Vec<String> {
        let has = |path: &&String| {
            // What is copied or means nothing is so with all that is in it.
            let whole = |row: &Attribute| row.copied || row.verdict != Verdict::Honoured;
            let within = |row: &Attribute| path.strip_prefix(row.path).is_some_and(|rest| rest.starts_with('.'));
            table.iter().any(|row| row.path == **path || (whole(row) && within(row)))
        };
        paths.iter().filter(|path| !has(path)).cloned().collect()
    };
    assert_eq!(missing(&of_service, &attributes::service().collect::<Vec<_>>()), Vec::<String>::new());
    assert_eq!(missing(&of_project, &attributes::project().collect::<Vec<_>>()), Vec::<String>::new());
}

#[test]
fn the_documentation_has_the_table() {
    let documentation = include_str!("../../../../docs/compose.md");
    let table = attributes::markdown();
    assert!(documentation.ends_with(&table), "run `make tables`");
}
