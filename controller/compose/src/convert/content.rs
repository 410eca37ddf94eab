//! Configs and secrets: files of the project as objects, and as files in containers.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use skiff_api::Kind;
use skiff_yaml::{Key, Node, Span, Value};

use super::Converter;
use super::mounts::{Source, add};
use super::security::words;
use super::service::Service;
use crate::load::entries;
use crate::manifest::{Manifest, list, mapping, text};
use crate::{names, paths};

/// The permissions of a file that says nothing of them: everybody reads it.
const MODE: i64 = 0o444;

impl Converter<'_, '_, '_> {
    /// The objects that hold the content of configs or secrets. What no service uses is not read.
    pub(super) fn content(&mut self, section: &'static str, kind: Kind) {
        let project = self.project;
        let services = entries(&project.model, "services").iter();
        let grants = services.flat_map(|(_, it)| it.get(section).and_then(Node::as_sequence).unwrap_or_default());
        let used: BTreeSet<String> = grants.map(|grant| words(grant.get("source"))).collect();
        for (key, node) in entries(&project.model, section).iter().filter(|(key, _)| used.contains(&key.name)) {
            if let Some((bytes, place)) = self.bytes(node) {
                let manifest = self.object(kind, key, node, &bytes, place);
                self.declare(manifest, (section, &key.name));
            }
        }
    }

    fn object(&self, kind: Kind, key: &Key, node: &Node, bytes: &[u8], place: Span) -> Manifest {
        let mut manifest = Manifest::new(kind, &self.namespace, &names::object(&key.name), key.span);
        for (label, value) in entries(node, "labels") {
            manifest.entry("metadata/labels", &label.name, text(words(Some(value)), value.place()));
        }
        let name = file_key(&key.name);
        match (kind, std::str::from_utf8(bytes)) {
            (Kind::ConfigMap, Ok(content)) => manifest.entry("data", &name, text(content, place)),
            (Kind::ConfigMap, Err(_)) => manifest.entry("binaryData", &name, text(STANDARD.encode(bytes), place)),
            _ => manifest.entry("data", &name, text(STANDARD.encode(bytes), place)),
        }
        manifest
    }

    /// What a config or secret holds.
    fn bytes(&mut self, node: &Node) -> Option<(Vec<u8>, Span)> {
        if let Some(content) = node.get("content") {
            return Some((words(Some(content)).into_bytes(), content.place()));
        }
        if let Some(variable) = node.get("environment") {
            let name = words(Some(variable));
            let value = self.environment().get(&name);
            if value.is_none() {
                let complaint = self.problems.wrong(variable.place(), format!("the variable `{name}` is not set"));
                complaint.help("set it in the environment or in `.env`");
            }
            return Some((value?.into_bytes(), variable.place()));
        }
        let file = node.get("file")?;
        match self.files.bytes(&paths::resolve(&self.project.directory, &words(Some(file)))) {
            Ok(bytes) => Some((bytes.to_vec(), file.place())),
            Err(problem) => {
                self.problems.wrong(file.place(), problem.message);
                None
            }
        }
    }

    /// The configs and secrets that a service gets as files.
    pub(super) fn grants(&mut self, service: &mut Service<'_>) {
        for grant in service.items("configs") {
            self.grant(service, grant, ("configMap", "name"), "/");
        }
        for grant in service.items("secrets") {
            self.grant(service, grant, ("secret", "secretName"), "/run/secrets/");
        }
    }

    fn grant(&mut self, service: &mut Service<'_>, grant: &Node, (field, name): (&str, &'static str), folder: &str) {
        let place = grant.place();
        let source = words(grant.get("source"));
        let target = grant.get("target").and_then(Node::text).unwrap_or_else(|| source.clone());
        let target = if target.starts_with('/') { target } else { format!("{folder}{target}") };
        let file = target.rsplit('/').next().unwrap_or_default().to_owned();
        let mode = grant.get("mode").cloned().unwrap_or_else(|| Node::new(Value::Int(MODE), place));
        let entries =
            [("key", Some(text(file_key(&source), place))), ("path", Some(text(&file, place))), ("mode", Some(mode))];
        let items = list(vec![mapping(place, entries)], place);
        let value = mapping(
            place,
            [
                (name, Some(text(names::object(&source), place))),
                ("items", Some(items)),
                ("uid", self.number(grant.get("uid"))),
                ("gid", self.number(grant.get("gid"))),
            ],
        );
        let read_only = Node::new(Value::Bool(true), place);
        add(service, Source::new(field, value), &target, [Some(text(file, place)), Some(read_only)], place);
    }

    fn number(&mut self, node: Option<&Node>) -> Option<Node> {
        let node = node?;
        let Ok(number) = words(Some(node)).parse() else {
            let complaint = self.problems.wrong(node.place(), "the owner of a file must be a number");
            complaint.help("write the number of the user or group");
            return None;
        };
        Some(Node::new(Value::Int(number), node.place()))
    }
}

/// The key of the only file of an object.
fn file_key(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect()
}
