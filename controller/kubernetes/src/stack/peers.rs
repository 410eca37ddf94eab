//! Who speaks to whom: names of workloads in the variables, arguments and files of others, `db:5432`.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::{Kind, Object, ObjectKey};

use super::{Stack, Workload};

/// How a workload is spoken to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spoken {
    /// The ports that are named with it, and those of the schemes of addresses that name none.
    pub(super) ports: BTreeSet<u16>,
    /// Whether something names it without saying at which port.
    pub(super) is_bare: bool,
}

/// What addresses mean that name no port.
const SCHEMES: [(&str, u16); 14] = [
    ("amqp", 5672),
    ("amqps", 5671),
    ("http", 80),
    ("https", 443),
    ("ldap", 389),
    ("mongodb", 27017),
    ("mqtt", 1883),
    ("mysql", 3306),
    ("nats", 4222),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("redis", 6379),
    ("ws", 80),
    ("wss", 443),
];

/// Those that are spoken to by their name, or waited for, and how.
pub(super) fn spoken_to(stack: &Stack<'_>) -> BTreeMap<ObjectKey, Spoken> {
    let mut named: BTreeMap<&str, Vec<&Workload<'_>>> = BTreeMap::new();
    for workload in stack.workloads.values() {
        for name in names(workload) {
            named.entry(name).or_default().push(workload);
        }
    }
    let mut spoken: BTreeMap<ObjectKey, Spoken> = BTreeMap::new();
    for speaker in stack.workloads.values() {
        let own = &stack.membership(speaker).labels;
        let hears = |it: &&&Workload<'_>| it.key != speaker.key && !stack.membership(it).labels.is_disjoint(own);
        for Word { text, before, after } in words(&said(stack, speaker)) {
            let meant = named.get(text).into_iter().flatten().filter(hears);
            for workload in meant {
                match port(before, after) {
                    Mention::None => {}
                    Mention::Bare => spoken.entry(workload.key.clone()).or_default().is_bare = true,
                    Mention::Port(port) => {
                        spoken.entry(workload.key.clone()).or_default().ports.insert(port);
                    }
                }
            }
        }
    }
    for (key, object) in stack.input.objects {
        for dependency in object.depends_on() {
            let namespace = dependency.namespace.as_deref().unwrap_or(&key.namespace);
            spoken.entry(ObjectKey::new(Kind::Deployment, namespace, dependency.name.as_str())).or_default();
        }
    }
    spoken
}

/// The names that a workload answers to.
fn names<'w>(workload: &'w Workload<'_>) -> BTreeSet<&'w str> {
    super::services::aliases(workload).chain([&workload.key.name]).map(String::as_str).collect()
}

/// Everything that a workload is told.
fn said(stack: &Stack<'_>, workload: &Workload<'_>) -> String {
    let container = &workload.template.container;
    let mut words: Vec<&str> = Vec::new();
    words.extend(container.command.iter().flatten().map(String::as_str));
    words.extend(container.args.iter().flatten().map(String::as_str));
    words.extend(container.env.iter().filter_map(|env| env.value.as_deref()));
    for object in used(stack, workload) {
        match object {
            Object::ConfigMap(config) => words.extend(config.data.values().map(String::as_str)),
            Object::Secret(secret) => words.extend(secret.string_data.values().map(String::as_str)),
            Object::Network(_) | Object::Volume(_) | Object::Deployment(_) | Object::Job(_) | Object::CronJob(_) => {}
        }
    }
    words.join("\n")
}

/// The content that a workload uses.
fn used<'s>(stack: &'s Stack<'_>, workload: &Workload<'_>) -> impl Iterator<Item = &'s Object> {
    let container = &workload.template.container;
    let mut keys: BTreeSet<(Kind, String)> = BTreeSet::new();
    for source in container.env.iter().filter_map(|env| env.value_from.as_ref()) {
        keys.extend(source.config_map_key_ref.iter().map(|it| (Kind::ConfigMap, it.name.clone())));
        keys.extend(source.secret_key_ref.iter().map(|it| (Kind::Secret, it.name.clone())));
    }
    for source in &container.env_from {
        keys.extend(source.config_map_ref.iter().map(|it| (Kind::ConfigMap, it.name.clone())));
        keys.extend(source.secret_ref.iter().map(|it| (Kind::Secret, it.name.clone())));
    }
    for volume in &workload.template.volumes {
        keys.extend(volume.config_map.iter().map(|it| (Kind::ConfigMap, it.name.clone())));
        keys.extend(volume.secret.iter().map(|it| (Kind::Secret, it.secret_name.clone())));
    }
    let namespace = workload.key.namespace.clone();
    keys.into_iter()
        .filter_map(move |(kind, name)| stack.input.objects.get(&ObjectKey::new(kind, namespace.as_str(), name)))
}

/// A word of a text, and what stands around it.
struct Word<'t> {
    text: &'t str,
    before: &'t str,
    after: &'t str,
}

/// The words of a text, each as long as it can be: a part of a longer one is another one.
fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let mut from = 0;
    std::iter::from_fn(move || {
        let rest = text.get(from..)?;
        let start = from + rest.find(is_inside)?;
        let length = text.get(start..)?.find(|c| !is_inside(c));
        let end = length.map_or(text.len(), |length| start + length);
        from = end;
        Some(Word { text: text.get(start..end)?, before: text.get(..start)?, after: text.get(end..)? })
    })
}

/// What a word is.
#[derive(Debug, PartialEq, Eq)]
enum Mention {
    /// A folder, or a word of prose.
    None,
    /// A host.
    Bare,
    /// A host, and its port.
    Port(u16),
}

/// What a word is by what stands around it: a host has a port behind it, or something of an address before it, or it is all there is, or
/// it is what a setting is set to: `host=db;port=5433`.
fn port(before: &str, after: &str) -> Mention {
    const ENDS: &str = "\n;,& \"'";
    if let Some(port) = after.strip_prefix(':').and_then(leading_number) {
        return Mention::Port(port);
    }
    if before.ends_with('@') || before.ends_with("//") {
        return scheme(before).map_or(Mention::Bare, Mention::Port);
    }
    let starts_alone = before.is_empty() || before.ends_with(['\n', ',']);
    if starts_alone && (after.is_empty() || after.starts_with(['\n', ','])) {
        return Mention::Bare;
    }
    if before.ends_with('=') && (after.is_empty() || after.starts_with(|c| ENDS.contains(c))) {
        let line = after.lines().next().unwrap_or_default().to_ascii_lowercase();
        return line
            .split_once("port=")
            .and_then(|(_, rest)| leading_number(rest))
            .map_or(Mention::Bare, Mention::Port);
    }
    Mention::None
}

/// The port of the scheme of the address that a text ends with.
fn scheme(before: &str) -> Option<u16> {
    let (before, _) = before.rsplit_once("://")?;
    let word = before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next()?;
    SCHEMES.iter().find(|(name, _)| *name == word).map(|(_, port)| *port)
}

fn leading_number(text: &str) -> Option<u16> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end).and_then(|digits| digits.parse().ok()).filter(|port| *port != 0)
}

/// The port of this machine that a word asks: `http://localhost:8000/health`, `curl -f 127.0.0.1:80`.
pub(super) fn local_port(text: &str) -> Option<u16> {
    for host in ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"] {
        let Some((before, behind)) = text.split_once(host) else { continue };
        if let Some(port) = behind.strip_prefix(':').and_then(leading_number) {
            return Some(port);
        }
        if before.ends_with("http://") {
            return Some(80);
        }
        if before.ends_with("https://") {
            return Some(443);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_found_in_addresses_and_nowhere_else() {
        let said = |text: &str| {
            let mentions = words(text).filter(|word| word.text == "db").map(|word| port(word.before, word.after));
            mentions.filter(|mention| *mention != Mention::None).collect::<Vec<_>>()
        };
        let port = Mention::Port;
        assert_eq!(said("postgres://shop:x@db:5433/shop"), vec![port(5433)]);
        assert_eq!(said("postgres://shop:x@db/shop and http://db/x"), vec![port(5432), port(80)]);
        assert_eq!(said("tcp://db/x"), vec![Mention::Bare]);
        assert_eq!(said("db"), vec![Mention::Bare]);
        assert_eq!(said("cache,db"), vec![Mention::Bare]);
        assert_eq!(said("Server=db;Port=5433;Database=shop"), vec![port(5433)]);
        assert_eq!(said("host=db dbname=shop"), vec![Mention::Bare]);
        assert_eq!(said("--host=db"), vec![Mention::Bare]);
        assert_eq!(said("/var/lib/db/x my-db:80 dbs:80 db.sqlite the db is ours, db_name=x"), vec![]);
    }

    #[test]
    fn a_check_of_this_machine_names_its_port() {
        assert_eq!(local_port("curl -f http://localhost:8000/health || exit 1"), Some(8000));
        assert_eq!(local_port("http://127.0.0.1/"), Some(80));
        assert_eq!(local_port("pg_isready"), None);
    }
}
