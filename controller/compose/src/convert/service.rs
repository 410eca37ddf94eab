//! One service → one workload.

use skiff_api::Kind;
use skiff_yaml::{Key, Node, Span, Value};

use super::security::words;
use super::{Converter, deploy, rows};
use crate::load::entries;
use crate::manifest::{Manifest, text};
use crate::{Verdict, attributes, names};

/// Where the image of a service goes.
const IMAGE: &str = "template/container/image";

/// A service while it is made into a workload.
pub(super) struct Service<'n> {
    /// Compose's name of it.
    pub(super) name: &'n str,
    /// Where it begins.
    pub(super) place: Span,
    pub(super) node: &'n Node,
    pub(super) manifest: Manifest,
    /// What stands before the fields of the spec.
    spec: &'static str,
    /// What became of single attributes otherwise than the table says.
    pub(super) verdicts: Vec<rows::Special>,
}

impl<'n> Service<'n> {
    /// An attribute by its path.
    pub(super) fn attribute(&self, path: &str) -> Option<&'n Node> {
        path.split('.').try_fold(self.node, |node, name| node.get(name))
    }

    /// The text of an attribute.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        self.attribute(path).and_then(Node::text)
    }

    /// The number of an attribute.
    pub(super) fn integer(&self, path: &str) -> Option<i64> {
        self.attribute(path).and_then(integer)
    }

    /// The items of a list.
    pub(super) fn items(&self, path: &str) -> &'n [Node] {
        self.attribute(path).and_then(Node::as_sequence).unwrap_or_default()
    }

    /// Writes a field of the spec.
    pub(super) fn put(&mut self, path: &str, value: Node) {
        let path = format!("{}{path}", self.spec);
        self.manifest.put(&path, value);
    }

    /// Writes a scalar of the spec.
    pub(super) fn set(&mut self, path: &str, value: Value, place: Span) {
        self.put(path, Node::new(value, place));
    }

    /// Adds to a list of the spec.
    pub(super) fn push(&mut self, path: &str, item: Node) {
        let path = format!("{}{path}", self.spec);
        self.manifest.push(&path, item);
    }

    /// Writes an entry of a mapping of the spec, whatever its key.
    pub(super) fn entry(&mut self, path: &str, key: &str, value: Node) {
        let path = format!("{}{path}", self.spec);
        self.manifest.entry(&path, key, value);
    }

    /// A field of the spec, as far as it is written.
    pub(super) fn field(&self, path: &str) -> Option<&Node> {
        self.manifest.get(&format!("{}{path}", self.spec))
    }

    pub(super) fn is_job(&self) -> bool {
        self.manifest.kind != Kind::Deployment
    }

    /// Says what became of an attribute where that is not what the table says.
    pub(super) fn special(&mut self, verdict: Verdict, path: &str, place: Span, does: &str, remedy: &str) {
        let (path, does, remedy) = (path.to_owned(), does.to_owned(), remedy.to_owned());
        self.verdicts.push(rows::Special { verdict, path, place, does, remedy });
    }

    /// Says that an attribute means what it means to Compose with the value that stands at a place.
    pub(super) fn honoured(&mut self, path: &str, place: Span) {
        self.special(Verdict::Honoured, path, place, "", "");
    }

    pub(super) fn approximated(&mut self, path: &str, place: Span, does: &str, remedy: &str) {
        self.special(Verdict::Approximated, path, place, does, remedy);
    }

    pub(super) fn refused(&mut self, path: &str, place: Span, does: &str, remedy: &str) {
        self.special(Verdict::Refused, path, place, does, remedy);
    }
}

/// The number of a node.
pub(super) fn integer(node: &Node) -> Option<i64> {
    if let Value::Int(number) = node.value { Some(number) } else { None }
}

/// Whether a node is true.
pub(super) fn is_true(node: Option<&Node>) -> bool {
    node.is_some_and(|node| node.value == Value::Bool(true))
}

impl Converter<'_, '_, '_> {
    /// What a service becomes.
    fn kind(&self, name: &str, node: &Node) -> Kind {
        let is_scheduled = node.get("x-skiff").and_then(|extension| extension.get("schedule")).is_some();
        let mode = node.get("deploy").and_then(|deploy| deploy.get("mode")).and_then(Node::as_str);
        match mode {
            _ if is_scheduled => Kind::CronJob,
            Some("replicated-job" | "global-job") => Kind::Job,
            _ if self.project.awaited.contains(name) => Kind::Job,
            _ => Kind::Deployment,
        }
    }

    /// What another service of the project becomes.
    pub(super) fn kind_of(&self, name: &str) -> Option<Kind> {
        let services = entries(&self.project.model, "services");
        services.iter().find(|(key, _)| key.name == name).map(|(_, node)| self.kind(name, node))
    }

    pub(super) fn service(&mut self, key: &Key, node: &Node) {
        let kind = self.kind(&key.name, node);
        let name = names::object(&key.name);
        let manifest = Manifest::new(kind, &self.namespace, &name, key.span);
        let spec = if kind == Kind::CronJob { "spec/jobTemplate/spec/" } else { "spec/" };
        let mut service = Service { name: &key.name, place: key.span, node, manifest, spec, verdicts: Vec::new() };
        copy(&mut service);
        self.process(&mut service);
        self.lifecycle(&mut service);
        deploy::deploy(&mut service);
        self.devices(&mut service);
        self.security(&mut service);
        self.networks(&mut service);
        self.mounts(&mut service);
        self.extension(&mut service);
        if service.field(IMAGE).is_none() {
            // Why there is none is told, or will be: nothing else is to be said of it.
            service.put(IMAGE, text("none", key.span));
        }
        let Service { manifest, verdicts, .. } = service;
        self.service_rows(&key.name, node, &verdicts);
        self.problems.settle();
        self.declare(manifest, ("services", &key.name));
    }
}

/// The attributes that go into a field as they are.
fn copy(service: &mut Service<'_>) {
    let mut found = Vec::new();
    copied(service.node, "", &mut found);
    // Attempts of a job are not restarted.
    let is_moot = |field: &str| service.is_job() && field.starts_with("template/restart/");
    // To Docker 0 is no limit.
    let is_no_limit = |field: &str, node: &Node| {
        field.starts_with("template/container/resources/") && words(Some(node)).parse::<f64>() == Ok(0.0)
    };
    found.retain(|(field, node)| !is_moot(field) && !is_no_limit(field, node));
    for (field, node) in found {
        let mut node = node.clone();
        if let (Value::Float(number), true) = (&node.value, field.ends_with("/cpu")) {
            node.set(Value::String(number.to_string()));
        }
        service.put(field, node);
    }
}

fn copied<'n>(node: &'n Node, path: &str, found: &mut Vec<(&'static str, &'n Node)>) {
    for (key, value) in node.as_mapping().unwrap_or_default() {
        let path = if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
        match attributes::of_service(&path) {
            Some(attribute) if attribute.copied => found.push((attribute.becomes, value)),
            None if value.as_mapping().is_some() => copied(value, &path, found),
            Some(_) | None => {}
        }
    }
}

/// The names of the services of a project that another one names.
pub(super) fn is_service(project: &crate::load::Project, name: &str) -> bool {
    entries(&project.model, "services").iter().any(|(key, _)| key.name == name)
}
