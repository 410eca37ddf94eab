//! The table of attributes against a reference of the Compose Specification, where that lies beside the checkout: no attribute of it is
//! without a row.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::attributes;

/// Words of the reference that are forms and values and no attributes. `watch` is within `develop`, which has one row.
const NO_ATTRIBUTES: [&str; 26] = [
    "com",
    "docker",
    "compose",
    "x",
    "watch",
    "systempaths",
    "unconfined",
    "no",
    "new",
    "privileges",
    "default",
    "n",
    "ip",
    "host",
    "range",
    "ctr",
    "proto",
    "src",
    "tgt",
    "ro",
    "rw",
    "z",
    "true",
    "k",
    "s",
    "excl",
];

#[expect(clippy::disallowed_methods, reason = "a test reads what lies beside the checkout")]
fn reference() -> Option<String> {
    let path = [env!("CARGO_MANIFEST_DIR"), "..", "..", "..", "shared", "reference", "compose.md"];
    let beside: PathBuf = path.iter().collect();
    std::fs::read_to_string(std::env::var_os("SKIFF_COMPOSE_REFERENCE").map_or(beside, PathBuf::from)).ok()
}

/// The words between backticks; what stands for a name is none.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let named = quoted.flat_map(|text| text.split(['<', '>']).step_by(2));
    named
        .flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
}

#[test]
fn the_table_has_every_attribute_of_the_reference() {
    let Some(reference) = reference() else {
        return say_skipped();
    };
    let chapter = |number: u32| reference.split_once(&format!("\n## 2.{number} ")).map(|(_, rest)| rest);
    let attributes = chapter(1).and_then(|rest| rest.split_once("\n## 2.9 ")).map(|(tables, _)| tables);
    let cells = attributes.unwrap_or_default().lines().filter(|line| line.starts_with("| ")).skip(1);
    let of_tables = cells.filter_map(|line| line.split('|').nth(1)).flat_map(words);
    let of_build = chapter(9).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
    let of_build = of_build.split_inclusive('`').take(2).collect::<String>();
    let known: BTreeSet<&str> =
        attributes::service().chain(attributes::project()).flat_map(|row| row.path.split('.')).collect();
    let found: BTreeSet<&str> = of_tables.chain(words(&of_build)).collect();
    let is_missing = |word: &&&str| !known.contains(**word) && !NO_ATTRIBUTES.contains(word);
    assert!(found.len() > 150, "the reference is read: {found:?}");
    assert_eq!(found.iter().filter(is_missing).collect::<Vec<_>>(), Vec::<&&str>::new());
}

#[expect(clippy::print_stderr, reason = "a test that had nothing to look at says so")]
fn say_skipped() {
    eprintln!("skipped: there is no reference beside the checkout");
}
