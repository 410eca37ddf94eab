//! What is mounted where: as the engine has mounted it, in whichever of its three forms it was told.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Compared, Differences, entries, items, said, text};

/// Docker's mode of a file system in memory.
const MODE: &str = "1777";
/// The length of a name that the engine gave a volume, in hexadecimal.
const GIVEN_NAME: usize = 64;

type Mounts = BTreeMap<String, Value>;

pub(super) fn compare(compared: &Compared<'_>, found: &mut Differences) {
    let (wanted, mut has) = (wanted(compared.wanted), mounted(compared.container));
    for target in compared.same_files {
        if let (Some(has), Some(wanted)) = (has.get_mut(target), wanted.get(target)) {
            has.clone_from(wanted);
        }
    }
    // What only the image asks for has no name, and nobody else says anything of it.
    let of_image =
        |target: &String| compared.image.pointer("/Config/Volumes").is_some_and(|of| of.get(target).is_some());
    has.retain(|target, mount| wanted.contains_key(target) || !of_image(target) || !text(mount, "/source").is_empty());
    let others = items(compared.container.pointer("/HostConfig/VolumesFrom"));
    if !others.is_empty() {
        // What it got from another container is said by that one.
        has.retain(|target, _| wanted.contains_key(target) || is_told(compared.container, target));
    }
    found.named("Mounts", &has, &wanted, false);
}

/// Whether the engine was told of a mount for the container itself.
fn is_told(container: &Value, target: &str) -> bool {
    let host = |name: &str| container.pointer(&format!("/HostConfig/{name}"));
    let is_it = |told: &str| path(told) == target;
    items(host("Mounts")).iter().any(|mount| is_it(text(mount, "/Target")))
        || items(host("Binds")).iter().filter_map(Value::as_str).any(|bind| bind.split(':').nth(1).is_some_and(is_it))
        || entries(host("Tmpfs")).any(|(told, _)| is_it(told))
        || entries(container.pointer("/Config/Volumes")).any(|(told, _)| is_it(told))
}

/// What the engine would be told.
fn wanted(body: &Value) -> Mounts {
    let host = body.get("HostConfig");
    let field = |name: &str| host.and_then(|host| host.get(name));
    let mut mounts: Mounts = items(field("Mounts")).iter().filter_map(asked).collect();
    mounts.extend(items(field("Binds")).iter().filter_map(|bind| bound(bind.as_str()?)));
    mounts.extend(entries(field("Tmpfs")).map(|(target, options)| (path(target), memory(options.as_str()))));
    mounts
}

/// What the engine has mounted. Memory is only in what it was told.
fn mounted(container: &Value) -> Mounts {
    let told = |name: &str| container.get("HostConfig").and_then(|host| host.get(name));
    let in_memory = |mount: &&Value| text(mount, "/Type") == "tmpfs";
    let mut mounts: Mounts =
        items(container.get("Mounts")).iter().filter(|mount| !in_memory(mount)).map(seen).collect();
    mounts.extend(items(told("Mounts")).iter().filter(in_memory).filter_map(asked));
    mounts.extend(entries(told("Tmpfs")).map(|(target, options)| (path(target), memory(options.as_str()))));
    for (target, folder) in items(told("Mounts")).iter().filter_map(sub_path) {
        if let Some(Value::Object(mount)) = mounts.get_mut(&target) {
            mount.insert("folder".to_owned(), folder);
        }
    }
    mounts
}

/// An item of `Mounts`.
fn asked(mount: &Value) -> Option<(String, Value)> {
    let target = path(mount.get("Target")?.as_str()?);
    let (kind, source) = (text(mount, "/Type"), text(mount, "/Source"));
    let read_only = mount.get("ReadOnly").and_then(Value::as_bool).unwrap_or_default();
    if kind == "tmpfs" {
        let option = |name: &str| mount.pointer(name).and_then(Value::as_u64).filter(|value| *value > 0);
        let size = option("/TmpfsOptions/SizeBytes").map(|size| format!("size={size}"));
        let mode = option("/TmpfsOptions/Mode").map(|mode| format!("mode={mode:o}"));
        let words: Vec<String> = read_only.then(|| "ro".to_owned()).into_iter().chain(size).chain(mode).collect();
        return Some((target, memory(Some(&words.join(",")))));
    }
    let propagation = text(mount, "/BindOptions/Propagation");
    let folder = sub_path(mount).map(|(_, folder)| folder);
    let mount = described(kind, source, read_only, propagation, "");
    Some((target, with_folder(mount, folder)))
}

fn sub_path(mount: &Value) -> Option<(String, Value)> {
    let folder = mount.pointer("/VolumeOptions/Subpath").or_else(|| mount.pointer("/ImageOptions/Subpath"))?;
    Some((path(mount.get("Target")?.as_str()?), said(folder)?))
}

fn with_folder(mut mount: Value, folder: Option<Value>) -> Value {
    if let (Value::Object(fields), Some(folder)) = (&mut mount, folder) {
        fields.insert("folder".to_owned(), folder);
    }
    mount
}

/// `source:target[:options]`.
fn bound(bind: &str) -> Option<(String, Value)> {
    let mut parts = bind.split(':');
    let (source, target) = (parts.next()?, parts.next()?);
    let words: Vec<&str> = parts.next().unwrap_or_default().split(',').collect();
    let one_of = |known: &[&str]| words.iter().copied().find(|word| known.contains(word)).unwrap_or_default();
    let propagation = one_of(&["shared", "rshared", "slave", "rslave", "private", "rprivate"]);
    Some((path(target), described("bind", source, words.contains(&"ro"), propagation, one_of(&["z", "Z"]))))
}

/// A mount as an inspect shows it.
fn seen(mount: &Value) -> (String, Value) {
    let kind = text(mount, "/Type");
    let source = text(mount, if kind == "volume" { "/Name" } else { "/Source" });
    let read_only = mount.get("RW").and_then(Value::as_bool) == Some(false);
    let label = text(mount, "/Mode").split(',').find(|word| ["z", "Z"].contains(word)).unwrap_or_default();
    // Of a volume with a name the engine relabels what it mounts by itself.
    let label = if kind == "bind" { label } else { "" };
    let propagation = if kind == "bind" { text(mount, "/Propagation") } else { "" };
    (path(text(mount, "/Destination")), described(kind, source, read_only, propagation, label))
}

/// A mount, by all that makes it another one. A volume that the engine named has no name.
fn described(kind: &str, source: &str, read_only: bool, propagation: &str, label: &str) -> Value {
    let is_given = source.len() == GIVEN_NAME && source.bytes().all(|byte| byte.is_ascii_hexdigit());
    let source = if kind == "volume" && is_given { String::new() } else { path(source) };
    let propagation = if propagation == "rprivate" { "" } else { propagation };
    json!({ "type": kind, "source": source, "readOnly": read_only, "propagation": propagation, "label": label })
}

/// Memory by its options: what Docker does by itself is left out, sizes are bytes.
fn memory(options: Option<&str>) -> Value {
    let words = options.unwrap_or_default().split(',').filter(|word| !word.is_empty());
    let mut words: Vec<String> = words.filter_map(memory_option).collect();
    words.sort();
    words.dedup();
    json!({ "type": "tmpfs", "options": words })
}

fn memory_option(word: &str) -> Option<String> {
    match word.split_once('=') {
        Some(("mode", mode)) => {
            let mode = mode.trim_start_matches('0');
            (mode != MODE).then(|| format!("mode={mode}"))
        }
        Some(("size", size)) => {
            Some(format!("size={}", bytes(size).map_or_else(|| size.to_owned(), |size| size.to_string())))
        }
        None if ["rw", "nosuid", "nodev", "noexec"].contains(&word) => None,
        Some(_) | None => Some(word.to_owned()),
    }
}

/// `64m` as bytes.
fn bytes(size: &str) -> Option<u64> {
    let (digits, unit) = size.split_at(size.find(|c: char| !c.is_ascii_digit()).unwrap_or(size.len()));
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_shl(shift)
}

/// A path without what says nothing at its end.
fn path(path: &str) -> String {
    let bare = path.trim_end_matches('/');
    if bare.is_empty() { path.to_owned() } else { bare.to_owned() }
}
