//! What a service mounts: volumes, folders of the host, memory, images.

use skiff_api::Kind;
use skiff_api::validate::is_tmpfs_option;
use skiff_yaml::{Node, Span, Value};

use super::Converter;
use super::security::words;
use super::service::{Service, is_true};
use crate::canonical::form::bytes;
use crate::manifest::{mapping, text};
use crate::names;

impl Converter<'_, '_, '_> {
    pub(super) fn mounts(&mut self, service: &mut Service<'_>) {
        for mount in service.items("volumes") {
            self.mount(service, mount);
        }
        for written in service.items("tmpfs") {
            tmpfs(service, written);
        }
        if is_true(service.attribute("use_api_socket")) {
            let place = service.attribute("use_api_socket").map_or(service.place, Node::place);
            let path = mapping(place, [("path", Some(text("/var/run/docker.sock", place)))]);
            add(
                service,
                Source { field: "hostPath", value: path, name: Some("docker-socket") },
                "/var/run/docker.sock",
                [None, None],
                place,
            );
        }
        for from in service.items("volumes_from") {
            if let Some(whose) = self.mounts_from(service, from) {
                service.push("template/container/volumesFrom", text(whose, from.place()));
            }
        }
        self.grants(service);
    }

    /// `service[:ro]` or `container:name[:ro]`: whose mounts are used.
    fn mounts_from(&mut self, service: &mut Service<'_>, from: &Node) -> Option<String> {
        let written = words(Some(from));
        if let Some(container) = written.strip_prefix("container:") {
            return Some(container.to_owned());
        }
        let (name, mode) = written.split_once(':').map_or((written.as_str(), None), |(name, mode)| (name, Some(mode)));
        if self.kind_of(name).is_some_and(|kind| kind != Kind::Deployment) {
            let does = format!("`{name}` runs to its end, and its containers go");
            service.refused("volumes_from", from.place(), &does, "name its volumes in `volumes` of both");
            return None;
        }
        let name = names::object(name);
        Some(mode.map_or_else(|| format!("deployment:{name}"), |mode| format!("deployment:{name}:{mode}")))
    }

    fn mount(&mut self, service: &mut Service<'_>, mount: &Node) {
        let place = mount.place();
        let Some(target) = mount.get("target").and_then(Node::text) else {
            self.problems.wrong(place, "a mount has no `target`").help("write the path in the container");
            return;
        };
        let kind = mount.get("type").and_then(Node::text).unwrap_or_else(|| "volume".to_owned());
        let source = mount.get("source");
        if source.is_none() && ["bind", "image", "npipe", "cluster"].contains(&kind.as_str()) {
            self.problems.wrong(place, format!("a mount of type `{kind}` has no `source`"));
            return;
        }
        let sub_path = mount.get("volume").and_then(|volume| volume.get("subpath")).cloned();
        let value = match kind.as_str() {
            "bind" => Source::new("hostPath", host_path(service, mount)),
            "tmpfs" => Source::new("tmpfs", tmpfs_source(mount)),
            "image" => {
                let below = mount.get("image").and_then(|image| image.get("subpath")).cloned();
                Source::new("image", mapping(place, [("reference", source.cloned()), ("subPath", below)]))
            }
            "npipe" => Source::new("namedPipe", text(words(source), place)),
            "cluster" => {
                let does = "there is one host and no volumes of a cluster";
                return service.refused("volumes", place, does, "use a volume with the driver of the storage");
            }
            _ => volume(service, mount),
        };
        add(service, value, &target, [sub_path, mount.get("read_only").cloned()], place);
    }
}

/// Writes a mount and what it mounts.
pub(super) fn add(
    service: &mut Service<'_>,
    source: Source<'_>,
    target: &str,
    [sub_path, read_only]: [Option<Node>; 2],
    place: Span,
) {
    let name = volume_name(service, source.name.unwrap_or(target));
    let item = mapping(place, [("name", Some(text(&name, place))), (source.field, Some(source.value))]);
    service.push("template/volumes", item);
    let entries = [
        ("name", Some(text(&name, place))),
        ("mountPath", Some(text(target, place))),
        ("subPath", sub_path),
        ("readOnly", read_only.filter(|node| is_true(Some(node)))),
    ];
    service.push("template/container/volumeMounts", mapping(place, entries));
}

/// A folder or file of the host.
fn host_path(service: &mut Service<'_>, mount: &Node) -> Node {
    let place = mount.place();
    let bind = mount.get("bind");
    let option = |name: &str| bind.and_then(|bind| bind.get(name));
    let creates = option("create_host_path").is_none_or(|node| is_true(Some(node)));
    let recursive = option("recursive").and_then(Node::as_str);
    if let (Some(how @ ("writable" | "readonly")), Some(node)) = (recursive, option("recursive")) {
        let does = format!("mounts below it are as Docker makes them, not `{how}`");
        service.approximated("volumes.bind.recursive", node.place(), &does, "mount each of them");
    }
    let selinux =
        option("selinux").map(|node| text(if node.as_str() == Some("z") { "shared" } else { "private" }, node.place()));
    let on = |is: bool| is.then(|| Node::new(Value::Bool(true), place));
    let entries = [
        ("path", mount.get("source").cloned()),
        // The one form of a mount that makes its folder knows nothing of the mounts below it.
        ("create", on(creates && recursive != Some("disabled"))),
        ("propagation", option("propagation").cloned()),
        ("nonRecursive", on(recursive == Some("disabled"))),
        ("selinux", selinux),
        ("consistency", mount.get("consistency").cloned()),
    ];
    mapping(place, entries)
}

/// `path[:size=64m,mode=1777,uid=5,exec]`.
fn tmpfs(service: &mut Service<'_>, written: &Node) {
    let (line, place) = (words(Some(written)), written.place());
    let (target, options) = line.split_once(':').unwrap_or((&line, ""));
    let (mut size, mut mode, mut uid, mut gid, mut exec, mut read_only) = (None, None, None, None, None, None);
    let mut others = Vec::new();
    for option in options.split(',').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let number = match name {
            "size" => bytes(value),
            "mode" => i64::from_str_radix(value, 8).ok(),
            "uid" | "gid" => value.parse().ok(),
            _ => None,
        };
        let number = number.map(|number| Node::new(Value::Int(number), place));
        match name {
            "size" if number.is_some() => size = number,
            "mode" if number.is_some() => mode = number,
            "uid" if number.is_some() => uid = number,
            "gid" if number.is_some() => gid = number,
            "size" | "mode" | "uid" | "gid" => {
                let does = format!("`{option}` is no number of that kind");
                service.refused("tmpfs", place, &does, "write it as `size=64m`, `mode=1777`, `uid=1000`, `gid=1000`");
            }
            "exec" => exec = Some(Node::new(Value::Bool(true), place)),
            "ro" => read_only = Some(Node::new(Value::Bool(true), place)),
            // What Docker does by itself.
            "rw" | "nosuid" | "nodev" | "noexec" => {}
            _ if is_tmpfs_option(option) => others.push(text(option, place)),
            _ => {
                let does = format!("`{option}` is not given to the kernel");
                service.approximated("tmpfs", place, &does, "leave it out");
            }
        }
    }
    let options = (!others.is_empty()).then(|| Node::new(Value::Sequence(others), place));
    let entries = [("size", size), ("mode", mode), ("uid", uid), ("gid", gid), ("exec", exec), ("options", options)];
    let value = mapping(place, entries);
    add(service, Source::new("tmpfs", value), target, [None, read_only], place);
}

/// What is mounted.
pub(super) struct Source<'a> {
    /// Its field in an item of `volumes`.
    pub(super) field: &'a str,
    pub(super) value: Node,
    /// What it is called, where not after its path.
    pub(super) name: Option<&'a str>,
}

impl<'a> Source<'a> {
    pub(super) fn new(field: &'a str, value: Node) -> Self {
        Self { field, value, name: None }
    }
}

fn tmpfs_source(mount: &Node) -> Node {
    let option = |name: &str| mount.get("tmpfs").and_then(|tmpfs| tmpfs.get(name)).cloned();
    mapping(mount.place(), [("size", option("size")), ("mode", option("mode"))])
}

/// A volume with a name, or one without, which each container hands on to the next.
fn volume(service: &mut Service<'_>, mount: &Node) -> Source<'static> {
    let place = mount.place();
    let labels = mount.get("volume").and_then(|volume| volume.get("labels"));
    let Some(source) = mount.get("source") else {
        return Source::new("anonymous", mapping(place, [("labels", labels.cloned())]));
    };
    if let Some(labels) = labels {
        // As with Compose: it is there before anything mounts it.
        let does = "a volume with a name has the labels of its own definition only";
        let remedy = "write them at `volumes.<name>.labels`";
        service.approximated("volumes.volume.labels", labels.place(), does, remedy);
    }
    let no_copy = mount.get("volume").and_then(|volume| volume.get("nocopy")).cloned();
    let name = text(names::object(&words(Some(source))), source.place());
    Source::new("volume", mapping(place, [("name", Some(name)), ("noCopy", no_copy)]))
}

/// A name for a volume of a template, by the path that it is mounted at, so that it stays when others come and go.
fn volume_name(service: &Service<'_>, target: &str) -> String {
    let name = names::object(target.trim_start_matches('/'));
    let volumes = service.field("template/volumes").and_then(Node::as_sequence).unwrap_or_default();
    let is_taken = |name: &str| volumes.iter().any(|volume| volume.get("name").and_then(Node::as_str) == Some(name));
    if !is_taken(&name) {
        return name;
    }
    let stem: String = name.chars().take(58).collect();
    let numbered = (2..=volumes.len() + 2).map(|number| format!("{stem}-{number}")).find(|name| !is_taken(name));
    numbered.unwrap_or(name)
}
