//! Two files of generated documents come to what the oracle says, in whichever way one is laid over the other.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::load_files;
use super::generated::{network, service};
use super::oracle::{NETWORK, OVERRIDE, RESET, Rule, SERVICE, alone, find, merged};
use super::values::Written;

/// A value as YAML, in flow style, with its tags.
fn yaml(value: &Value) -> String {
    match value {
        Value::Object(entries) => match entries.iter().next() {
            Some((tag, value)) if tag == OVERRIDE || tag == RESET => format!("{tag} {}", yaml(value)),
            _ => {
                let entry = |(name, value): (&String, &Value)| format!("{}: {}", json!(name), yaml(value));
                format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        },
        Value::Array(items) => format!("[{}]", items.iter().map(yaml).collect::<Vec<_>>().join(", ")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

/// The ways in which one file comes to be laid over another.
const WAYS: [fn(&str, [&Written; 2]) -> Files; 3] = [overriding, including, extending];

/// Files, each with its text.
type Files = Vec<(&'static str, String)>;

fn overriding(section: &str, [base, over]: [&Written; 2]) -> Files {
    vec![("compose.yaml", file(section, &base.text)), ("compose.override.yaml", file(section, &over.text))]
}

fn including(section: &str, [base, over]: [&Written; 2]) -> Files {
    let over = format!("include: [base.yaml]\n{}", file(section, &over.text));
    vec![("base.yaml", file(section, &base.text)), ("compose.yaml", over)]
}

/// Only services extend; of anything else it is the same as including.
fn extending(section: &str, [base, over]: [&Written; 2]) -> Files {
    if section != "services" {
        return including(section, [base, over]);
    }
    let mut over = over.clone();
    let extends = json!({ "file": "base.yaml", "service": "a" });
    over.text.as_object_mut().expect("a service").insert("extends".to_owned(), extends);
    vec![("base.yaml", file(section, &base.text)), ("compose.yaml", file(section, &over.text))]
}

fn file(section: &str, text: &Value) -> String {
    let other = if section == "networks" { "services:\n  s: { image: i }\n" } else { "" };
    format!("{other}{section}:\n  a: {}\n", yaml(text))
}

/// What the loader makes of files, at the place of what two of them say.
fn loaded(section: &str, files: &Files) -> Value {
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let model = load_files(&files).model.map(|model| model.to_json()).unwrap_or_default();
    model.pointer(&format!("/{section}/a")).cloned().unwrap_or_default()
}

/// What the oracle makes of them.
fn expected(rules: &'static [(&'static str, Rule)], [base, over]: [&Written; 2]) -> Value {
    merged(Rule::Fields(rules), alone(&base.means), &over.means).unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn two_files_come_to_what_the_specification_says_of_each_attribute(base in service(), over in service()) {
        let expected = expected(SERVICE, [&base, &over]);
        let names: Vec<&String> = expected.as_object().into_iter().flat_map(Map::keys).collect();
        for files in WAYS.map(|way| way("services", [&base, &over])) {
            let found = loaded("services", &files);
            for name in &names {
                prop_assert_eq!(found.get(name), expected.get(name), "{} of {:#?}", name, files);
            }
            let more: Vec<&String> = found.as_object().into_iter().flat_map(Map::keys).filter(|name| !names.contains(name)).collect();
            prop_assert!(more.is_empty(), "{:?} of {:#?}", more, files);
        }
    }

    #[test]
    fn two_files_come_to_what_the_specification_says_of_a_network(base in network(), over in network()) {
        let expected = expected(NETWORK, [&base, &over]);
        for files in WAYS.map(|way| way("networks", [&base, &over])) {
            prop_assert_eq!(loaded("networks", &files), expected.clone(), "{:#?}", files);
        }
    }
}

#[test]
fn every_attribute_with_a_rule_is_generated() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let tree = service().new_tree(&mut runner).expect("a service");
        let service = proptest::strategy::ValueTree::current(&tree).means;
        seen.extend(service.as_object().into_iter().flat_map(Map::keys).cloned());
    }
    for (name, _) in SERVICE {
        assert!(seen.contains(*name), "{name}");
    }
    assert!(matches!(find(SERVICE, "user"), Rule::Replace));
}
