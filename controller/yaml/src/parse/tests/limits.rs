//! Texts made to cost much are refused before they do; what is counted is values and bytes, not time.

use std::fmt::Write;

use super::{complaints, count, read, render};
use crate::{FileId, Limits, Parsed, Profile, parse};

fn read_with(text: &str, limits: &Limits) -> Parsed {
    parse(text, FileId(0), Profile::Kubernetes, limits)
}

/// A list of ten, ten of it, ten of that, and so on.
fn laughs(levels: usize, leaf: &str) -> String {
    let mut text = format!("a0: &a0 {leaf}\n");
    for level in 1..=levels {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{below}]").expect("a string takes text");
    }
    text
}

#[test]
fn a_billion_laughs_are_refused_at_the_limit() {
    insta::assert_snapshot!(complaints(&laughs(9, "lol")).join("\n"), @"6:45 the file holds more than 100000 values once its aliases are expanded (split the file, or use fewer aliases)");
    assert_eq!(read(&laughs(9, "lol")).documents, []);
    assert_eq!(read(&laughs(3, "lol")).problems, []);
}

#[test]
fn laughs_by_merging_are_refused_too() {
    let mut text = String::from("a0: &a0 {k: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}\n");
    for level in 1..=20 {
        let merges = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} {{<<: [{merges}]}}").expect("a string takes text");
    }
    assert_eq!(complaints(&text).len(), 1);
}

#[test]
fn few_values_of_much_text_are_refused() {
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), vec!["*a"; 1000].join(", "));
    insta::assert_snapshot!(complaints(&text).join("\n"), @"2:133 the file holds more than 16777216 bytes of text once its aliases are expanded (split the file, or use fewer aliases)");
    let keys = format!("a: &a {{? {} : 1}}\nb: [{}]\n", "x".repeat(500_000), vec!["*a"; 1000].join(", "));
    assert_eq!(complaints(&keys).len(), 1);
}

#[test]
fn values_are_counted_over_all_documents() {
    let limits = Limits { nodes: 6, ..Limits::default() };
    assert_eq!(read_with("[1, 2]\n---\n[3, 4]\n", &limits).problems, []);
    let parsed = read_with("[1, 2]\n---\n[3, 4, 5]\n---\n[6]\n", &limits);
    assert_eq!(parsed.documents.iter().map(|document| count(&document.root)).collect::<Vec<_>>(), [3]);
    assert_eq!(parsed.problems.len(), 1);
}

#[test]
fn depth_is_limited_with_and_without_aliases() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(complaints(&nested(64)), [""; 0]);
    assert_eq!(complaints(&nested(65)), ["1:65 collections are nested more than 64 deep"]);
    assert_eq!(complaints(&nested(100_000)).len(), 1);
    assert_eq!(complaints(&"[".repeat(100_000)).len(), 1);
    assert_eq!(complaints(&"- ".repeat(100_000)).len(), 1);
    assert_eq!(complaints(&"{a: ".repeat(100_000)).len(), 1);
    assert_eq!(complaints(&"? ".repeat(100_000)).len(), 1);
    let through = format!("a: &a {}\nb: {}*a{}\n", nested(40), "[".repeat(40), "]".repeat(40));
    assert_eq!(complaints(&through), ["2:44 collections are nested more than 64 deep"]);
}

#[test]
fn what_a_merge_key_brings_in_is_no_deeper_than_the_mapping() {
    let nested = format!("{}{{<<: *b}}{}", "[".repeat(62), "]".repeat(62));
    assert_eq!(complaints(&format!("b: &b {{x: 1}}\na: {nested}\n")), [""; 0]);
}

#[test]
fn a_document_that_is_too_deep_costs_only_itself() {
    let parsed = read(&format!("a: 1\n---\n{}\n---\nb: 2\n", "[".repeat(70)));
    assert_eq!(parsed.documents.len(), 2);
    assert_eq!(parsed.problems.iter().map(|problem| problem.document).collect::<Vec<_>>(), [Some(1)]);
}

#[test]
fn size_and_number_of_documents_are_limited() {
    let limits = Limits { text: 12, documents: 2, ..Limits::default() };
    let lines: Vec<String> = ["1234567890123", "---\n---\n---"]
        .iter()
        .flat_map(|text| read_with(text, &limits).problems)
        .map(|problem| render(&problem))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    1:1 the file has 13 bytes; at most 12 are read (split the file)
    3:1 the file holds more than 2 documents (split the file)
    ");
    let parsed = read_with(&"--- 1\n".repeat(10_001), &Limits::default());
    assert_eq!((parsed.documents.len(), parsed.problems.len()), (10_000, 1));
}

#[test]
fn a_file_made_of_mistakes_reports_a_thousand() {
    let parsed = read(&"a: 1\n".repeat(20_000));
    assert_eq!(parsed.problems.len(), 1_001);
    assert_eq!(read(&"--- ]\n".repeat(5_000)).problems.len(), 1_001);
}

#[test]
fn pathological_texts_end() {
    let n = 100_000;
    let texts = [
        "[a, ", "{", "'", "\"", "&a ", "*a ", "!t ", "a: ", "a:\n", "- - ", "#", "%", "---\n", "? ", "|\n", "\t", "{a",
        "[]",
    ];
    for text in texts {
        read(&text.repeat(n));
    }
}
