//! The rules of merging, told a second time: over plain values in their long form, attribute by attribute, and nothing of the loader's.
//!
//! Source: the Compose Specification, `13-merge.md`. Mappings merge, sequences are put one behind the other, the rest is replaced;
//! the exceptions are in the tables below. A value may be tagged: `{"!override": value}` and `{"!reset": value}`.

use serde_json::{Map, Value};

pub(super) const OVERRIDE: &str = "!override";
pub(super) const RESET: &str = "!reset";

/// How a value is laid over another.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// In its place.
    Replace,
    /// Behind it, item by item.
    Append,
    /// Behind it, and what is there already is not there twice.
    Unique,
    /// Items of one identity replace each other, where the first one stood.
    Items(fn(&Value) -> String),
    /// Items of one identity merge by these rules.
    MergedItems(fn(&Value) -> String, &'static [(&'static str, Self)]),
    /// Entry by entry, each by this rule.
    Entries(&'static Self),
    /// Field by field: those that have a rule by it, the others are replaced.
    Fields(&'static [(&'static str, Self)]),
    /// `logging`: field by field under one driver, else in its place.
    Logging,
}

/// `environment`, `labels` and the like, in their long form.
pub(super) const PAIRS: Rule = Rule::Entries(&Rule::Replace);

pub(super) static SERVICE: &[(&str, Rule)] = &[
    ("command", Rule::Replace),
    ("entrypoint", Rule::Replace),
    ("environment", PAIRS),
    ("labels", PAIRS),
    ("annotations", PAIRS),
    ("sysctls", PAIRS),
    ("cap_add", Rule::Unique),
    ("cap_drop", Rule::Unique),
    ("dns", Rule::Unique),
    ("dns_search", Rule::Unique),
    ("dns_opt", Rule::Unique),
    ("tmpfs", Rule::Unique),
    ("expose", Rule::Unique),
    ("extra_hosts", Rule::Unique),
    ("ports", Rule::Items(port)),
    ("volumes", Rule::Items(target)),
    ("devices", Rule::Items(target)),
    ("secrets", Rule::Items(secret)),
    ("configs", Rule::Items(config)),
    ("env_file", Rule::Items(path)),
    ("ulimits", Rule::Entries(&Rule::Replace)),
    ("logging", Rule::Logging),
    ("networks", Rule::Entries(&Rule::Fields(&[("aliases", Rule::Unique), ("driver_opts", PAIRS)]))),
    ("depends_on", Rule::Entries(&Rule::Fields(&[]))),
    ("healthcheck", Rule::Fields(&[("test", Rule::Replace)])),
    ("post_start", Rule::Append),
    ("build", Rule::Fields(BUILD)),
    ("deploy", Rule::Fields(DEPLOY)),
];

static BUILD: &[(&str, Rule)] =
    &[("args", PAIRS), ("labels", PAIRS), ("additional_contexts", PAIRS), ("tags", Rule::Unique)];

static DEPLOY: &[(&str, Rule)] = &[
    ("labels", PAIRS),
    ("resources", Rule::Fields(&[("limits", Rule::Fields(&[])), ("reservations", Rule::Fields(&[]))])),
    ("placement", Rule::Fields(&[("preferences", Rule::Append)])),
    ("update_config", Rule::Fields(&[])),
    ("restart_policy", Rule::Fields(&[])),
];

pub(super) static NETWORK: &[(&str, Rule)] = &[
    ("labels", PAIRS),
    ("driver_opts", PAIRS),
    ("ipam", Rule::Fields(&[("config", Rule::MergedItems(subnet, &[])), ("options", PAIRS)])),
];

fn word(item: &Value, field: &str) -> String {
    match item.get(field) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

fn target(item: &Value) -> String {
    word(item, "target")
}

fn path(item: &Value) -> String {
    word(item, "path")
}

fn subnet(item: &Value) -> String {
    word(item, "subnet")
}

/// A port is `tcp` unless it says otherwise.
fn port(item: &Value) -> String {
    let protocol = word(item, "protocol");
    let protocol = if protocol.is_empty() { "tcp" } else { &protocol };
    format!("{} {} {} {protocol}", word(item, "host_ip"), word(item, "published"), word(item, "target"))
}

/// What is granted without a target is where its name leads.
fn grant(item: &Value, folder: &str) -> String {
    if item.get("target").is_some() { target(item) } else { format!("{folder}{}", word(item, "source")) }
}

fn secret(item: &Value) -> String {
    grant(item, "/run/secrets/")
}

fn config(item: &Value) -> String {
    grant(item, "/")
}

/// A value without tags, as it stands where nothing is below it; none where it is taken away.
pub(super) fn alone(value: &Value) -> Option<Value> {
    if value.get(RESET).is_some() {
        return None;
    }
    let value = value.get(OVERRIDE).unwrap_or(value);
    Some(match value {
        Value::Object(entries) => {
            Value::Object(entries.iter().filter_map(|(name, value)| Some((name.clone(), alone(value)?))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => value.clone(),
    })
}

/// What one file says, and what another one says over it. Both are in their long form; none is nothing.
pub(super) fn merged(rule: Rule, base: Option<Value>, over: &Value) -> Option<Value> {
    if over.get(RESET).is_some() || over.get(OVERRIDE).is_some() {
        return alone(over);
    }
    let Some(base) = base else { return alone(over) };
    Some(match (rule, base, over) {
        (Rule::Append, Value::Array(mut items), Value::Array(more)) => {
            items.extend(more.iter().cloned());
            Value::Array(items)
        }
        (Rule::Unique, Value::Array(items), Value::Array(more)) => Value::Array(unique(items.iter().chain(more))),
        (Rule::Items(identity), Value::Array(items), Value::Array(more)) => {
            by_identity(items, more, identity, |_, over| over.clone())
        }
        (Rule::MergedItems(identity, rules), Value::Array(items), Value::Array(more)) => {
            by_identity(items, more, identity, |base, over| {
                merged(Rule::Fields(rules), Some(base), over).unwrap_or_default()
            })
        }
        (Rule::Entries(rule), Value::Object(base), Value::Object(over)) => entries(base, over, |_| *rule),
        (Rule::Fields(rules), Value::Object(base), Value::Object(over)) => {
            entries(base, over, |name| find(rules, name))
        }
        (Rule::Logging, Value::Object(base), Value::Object(over)) => {
            let differ = base.get("driver").zip(over.get("driver")).is_some_and(|(base, over)| base != over);
            let options: &[(&str, Rule)] = &[("options", PAIRS)];
            if differ {
                return alone(&Value::Object(over.clone()));
            }
            entries(base, over, |name| find(options, name))
        }
        // `front:` says nothing of a network.
        (Rule::Fields(_), base @ Value::Object(_), Value::Null) => base,
        (_, _, over) => return alone(over),
    })
}

/// The rule of a field; what has none is replaced.
pub(super) fn find(rules: &[(&str, Rule)], name: &str) -> Rule {
    rules.iter().find(|(known, _)| *known == name).map_or(Rule::Replace, |(_, rule)| *rule)
}

fn entries(mut base: Map<String, Value>, over: &Map<String, Value>, rule: impl Fn(&str) -> Rule) -> Value {
    for (name, value) in over {
        match merged(rule(name), base.remove(name), value) {
            Some(value) => drop(base.insert(name.clone(), value)),
            None => drop(base.remove(name)),
        }
    }
    Value::Object(base)
}

fn by_identity(
    mut items: Vec<Value>,
    more: &[Value],
    identity: fn(&Value) -> String,
    lay: impl Fn(Value, &Value) -> Value,
) -> Value {
    for item in more {
        match items.iter_mut().find(|known| identity(known) == identity(item)) {
            Some(known) => *known = lay(known.clone(), item),
            None => items.push(item.clone()),
        }
    }
    Value::Array(items)
}

/// The items, each where it first stands.
pub(super) fn unique<'a>(items: impl Iterator<Item = &'a Value>) -> Vec<Value> {
    items.fold(Vec::new(), |mut seen, item| {
        if !seen.contains(item) {
            seen.push(item.clone());
        }
        seen
    })
}
