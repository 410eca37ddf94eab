//! What is said of objects, in the words of the Compose file that they come from: attributes instead of fields, services instead of
//! deployments.
//!
//! What a manifest is refused for is found by those who know manifests, and knows only their words.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use skiff_api::ObjectKey;
use skiff_yaml::{Node, Span, Value};

use crate::problem::first_line;
use crate::schema::{PROJECT, Shape};

/// Fields whose attribute is not the same word written another way; none of them is one of `x-skiff`.
const OTHERWISE: [(&str, &str); 18] = [
    ("containerPort", "`target`"),
    ("cpu", "`cpus`"),
    ("env", "`environment`"),
    ("extraHosts", "`extra_hosts`"),
    ("hostAliases", "`extra_hosts`"),
    ("hostPort", "host port"),
    ("ipcMode", "`ipc`"),
    ("memoryReservation", "`mem_reservation`"),
    ("memorySwap", "`memswap_limit`"),
    ("memorySwappiness", "`mem_swappiness`"),
    ("mountPath", "`target`"),
    ("networkName", "`name`"),
    ("pidMode", "`pid`"),
    ("resources.limits.cpu", "`cpus`"),
    ("restartPolicy", "`restart`"),
    ("terminationGracePeriodSeconds", "`stop_grace_period`"),
    ("utsMode", "`uts`"),
    ("volumeName", "`name`"),
];

/// Every attribute by its name.
static ATTRIBUTES: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let mut found = BTreeSet::new();
    collect(&PROJECT, &mut found);
    found
});

fn collect(shape: &'static Shape, found: &mut BTreeSet<&'static str>) {
    if let Shape::List(inner) | Shape::Map(inner) = shape.plain() {
        return collect(inner, found);
    }
    for field in shape.fields() {
        found.insert(field.name);
        collect(field.shape, found);
    }
}

/// What Compose calls the object that it makes of an entry of a section.
pub(crate) fn called(section: &str, name: &str) -> String {
    format!("{} `{name}`", section.strip_suffix('s').unwrap_or(section))
}

/// A sentence about objects in Compose's words. `called` is asked what the object is called in its Compose file, if it comes from one.
pub fn in_words(text: &str, called: &dyn Fn(&ObjectKey) -> Option<String>) -> String {
    let word = |word: &str| {
        let core = word.trim_matches(|c: char| ",;:()".contains(c));
        let meant = word_of(core, called);
        meant.map_or_else(|| word.to_owned(), |meant| word.replacen(core, &meant, 1))
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn word_of(word: &str, called: &dyn Fn(&ObjectKey) -> Option<String>) -> Option<String> {
    if let Some(field) = word.strip_prefix('`').and_then(|word| word.strip_suffix('`')) {
        return attribute_of(field).or_else(|| Some(format!("`service:{}`", field.strip_prefix("deployment:")?)));
    }
    if let Some(name) = word.strip_prefix("deployment:") {
        return Some(format!("service:{name}"));
    }
    if word.contains('/') {
        return word.parse().ok().and_then(|key: ObjectKey| called(&key));
    }
    // Only a word that no sentence has is a field without a mark.
    attribute_of(word)
        .filter(|_| word.contains(|c: char| c.is_ascii_uppercase()) && !word.starts_with(|c: char| c.is_uppercase()))
}

/// Whether a field is called by a word of its own, which says more than an attribute.
pub(crate) fn is_called_otherwise(field: &str) -> bool {
    attribute_of(field).is_some_and(|word| !word.starts_with('`'))
}

/// The attribute that a field is.
fn attribute_of(field: &str) -> Option<String> {
    if let Some((_, meant)) = OTHERWISE.iter().find(|(known, _)| *known == field) {
        return Some((*meant).to_owned());
    }
    let attribute = snake(field);
    (attribute != field && ATTRIBUTES.contains(attribute.as_str())).then(|| format!("`{attribute}`"))
}

/// `hostIP` as `host_ip`.
fn snake(field: &str) -> String {
    let mut words = String::with_capacity(field.len() + 4);
    let mut follows_lower = false;
    for c in field.chars() {
        if c.is_ascii_uppercase() && follows_lower {
            words.push('_');
        }
        follows_lower = !c.is_ascii_uppercase();
        words.push(c.to_ascii_lowercase());
    }
    words
}

/// The path of the attribute whose value, or whose key, stands at a place: the outermost, as a short form is all that it stands for.
pub(crate) fn attribute_at(node: &Node, place: Span, path: &str) -> Option<String> {
    if first_line(node.place()) == place {
        return Some(path.to_owned());
    }
    match &node.value {
        Value::Mapping(entries) => entries.iter().find_map(|(key, value)| {
            let path = format!("{path}.{}", key.name);
            let is_key = first_line(key.span) == place;
            if is_key { Some(path) } else { attribute_at(value, place, &path) }
        }),
        Value::Sequence(items) => items.iter().find_map(|item| attribute_at(item, place, &format!("{path}[]"))),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::String(_) => None,
    }
}

/// What messages call the field at a pointer, as they begin with it.
pub(crate) fn field_at(pointer: &str) -> String {
    let (above, last) = pointer.rsplit_once('/').unwrap_or(("", pointer));
    if last.parse::<usize>().is_ok() {
        let list = above.rsplit('/').next().unwrap_or_default();
        return format!("{list}[{last}]");
    }
    last.to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use skiff_api::Kind;

    use super::*;

    #[test]
    fn fields_are_attributes_and_objects_what_the_file_calls_them() {
        let key = |kind, name: &str| ObjectKey::new(kind, "p", name);
        let known = [
            (key(Kind::Deployment, "api-1"), called("services", "api_1")),
            (key(Kind::Network, "n"), called("networks", "n")),
        ];
        let known = BTreeMap::from(known);
        let table = [
            (
                "`hostPort` 80 is published by deployment/p/api-1 too",
                "host port 80 is published by service `api_1` too",
            ),
            ("take another port, or another `hostIP`", "take another port, or another `host_ip`"),
            ("`hostPort` 1 with networkMode deployment:api-1", "host port 1 with `network_mode` service:api-1"),
            (
                "objects wait for each other: deployment/p/api-1 → job/p/b",
                "objects wait for each other: service `api_1` → job/p/b",
            ),
            ("as that of network/p/n", "as that of network `n`"),
            ("`memorySwap` is 3, less than the memory limit 4", "`memswap_limit` is 3, less than the memory limit 4"),
            ("write `8080:80`, or Docker's `IP`", "write `8080:80`, or Docker's `IP`"),
            ("`stopSignal` cannot be `SIGFOO`", "`stop_signal` cannot be `SIGFOO`"),
        ];
        for (said, meant) in table {
            assert_eq!(in_words(said, &|key| known.get(key).cloned()), meant);
        }
    }
}
