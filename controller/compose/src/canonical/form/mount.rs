//! Mounts: `[source:]target[:options]`.

use skiff_yaml::{Key, Node, Span, Value};

use super::super::scalar::host_path;
use super::{Context, each, mapping, text};
use crate::paths;

/// The short forms of `volumes`, and the host paths of the long ones.
pub(crate) fn mounts(node: Node, context: &mut Context<'_>) -> Node {
    each(node, context, |item, context| match item.text() {
        None => vec![long(item, context)],
        Some(written) => match short(&written, item.place(), context) {
            Ok(mount) => vec![mount],
            Err(message) => {
                let complaint = context.problems.wrong(item.place(), message);
                complaint
                    .help("write `data:/data`, `./data:/data:ro`, or the long form with `type`, `source` and `target`");
                Vec::new()
            }
        },
    })
}

/// A long form: the path of a bind starts at the folder of its file.
fn long(mut item: Node, context: &Context<'_>) -> Node {
    let is_bind = item.get("type").and_then(Node::as_str) == Some("bind");
    if let Value::Mapping(entries) = &mut item.value {
        for (_, source) in entries.iter_mut().filter(|(key, _)| is_bind && key.name == "source") {
            if let Some(path) = source.text() {
                source.set(text(host_path(&path, context)));
            }
        }
    }
    item
}

fn short(written: &str, place: Span, context: &Context<'_>) -> Result<Node, String> {
    let parts = split(written);
    let (source, target, options) = match parts.as_slice() {
        [target] => (None, *target, ""),
        [source, target] => (Some(*source), *target, ""),
        [source, target, options] => (Some(*source), *target, *options),
        _ => return Err(format!("`{written}` is no mount")),
    };
    if target.is_empty() || source.is_some_and(str::is_empty) {
        return Err(format!("`{written}` is no mount"));
    }
    let is_path = |source: &str| source.starts_with(['.', '/', '~']) || paths::is_windows(source);
    let is_bind = source.is_some_and(is_path);
    let kind = if is_bind { "bind" } else { "volume" };
    let source = source.map(|source| if is_bind { host_path(source, context) } else { source.to_owned() });
    let mut mount =
        mapping(place, [("type", Some(text(kind))), ("source", source.map(text)), ("target", Some(text(target)))]);
    if is_bind {
        put(&mut mount, "bind", "create_host_path", Value::Bool(true));
    }
    for option in options.split(',').filter(|option| !option.is_empty()) {
        add(&mut mount, option, is_bind).ok_or_else(|| format!("`{option}` is no option of a mount"))?;
    }
    Ok(mount)
}

/// The parts between colons; that of a Windows drive is no separator.
fn split(written: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = written;
    loop {
        let skip = if paths::is_windows(rest) { 2 } else { 0 };
        let colon = rest.get(skip..).and_then(|behind| behind.find(':')).map(|index| index + skip);
        let Some((part, behind)) = colon.and_then(|index| Some((rest.get(..index)?, rest.get(index + 1..)?))) else {
            parts.push(rest);
            return parts;
        };
        parts.push(part);
        rest = behind;
    }
}

fn add(mount: &mut Node, option: &str, is_bind: bool) -> Option<()> {
    match option {
        "ro" => put_top(mount, "read_only", Value::Bool(true)),
        "z" | "Z" if is_bind => put(mount, "bind", "selinux", text(option)),
        // What it is anyhow; and relabelling means nothing for a volume.
        "rw" | "z" | "Z" => {}
        "nocopy" => put(mount, "volume", "nocopy", Value::Bool(true)),
        "cached" | "delegated" | "consistent" => put_top(mount, "consistency", text(option)),
        "rprivate" | "private" | "rshared" | "shared" | "rslave" | "slave" => {
            put(mount, "bind", "propagation", text(option));
        }
        _ => return None,
    }
    Some(())
}

fn put_top(mount: &mut Node, name: &str, value: Value) {
    let span = mount.span;
    if let Value::Mapping(entries) = &mut mount.value {
        entries.push((Key { name: name.to_owned(), span }, Node::new(value, span)));
    }
}

fn put(mount: &mut Node, group: &str, name: &str, value: Value) {
    if mount.get(group).is_none() {
        put_top(mount, group, Value::Mapping(Vec::new()));
    }
    let Value::Mapping(entries) = &mut mount.value else { return };
    if let Some((_, node)) = entries.iter_mut().find(|(key, _)| key.name == group) {
        put_top(node, name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_drive_is_no_separator() {
        assert_eq!(split("a:/b:ro"), ["a", "/b", "ro"]);
        assert_eq!(split("/b"), ["/b"]);
        assert_eq!(split(r"C:\a:D:\b:ro"), [r"C:\a", r"D:\b", "ro"]);
    }
}
