//! `extends`: a service that begins as another one is, of the same file or of another.

use std::path::{Path, PathBuf};

use skiff_api::suggest::nearest;
use skiff_yaml::{Key, Node, Span, Value};

use super::{DEPTH, Layer, Loader, entries, folder, lay, take};
use crate::merge::{is_reset, settle, take_in};
use crate::paths;
use crate::schema::SERVICE;

/// A service in a file.
type Place = (PathBuf, String);

/// A file's services while they are extended.
struct Extending<'a> {
    path: &'a Path,
    layer: &'a Layer,
    services: Vec<(Key, Node)>,
}

impl Loader<'_, '_> {
    /// Completes the services of a tree.
    pub(super) fn extend(&mut self, path: &Path, tree: &mut Node, layer: &Layer) {
        let extends = |(_, service): &(Key, Node)| service.get("extends").is_some();
        if !entries(tree, "services").iter().any(extends) {
            return;
        }
        let Some((key, mut node)) = take(tree, "services") else { return };
        let Value::Mapping(services) = &mut node.value else { return };
        let extending = Extending { path, layer, services: services.clone() };
        for (key, service) in services.iter_mut() {
            let mut open = vec![(path.to_owned(), key.name.clone())];
            let count = self.problems.count();
            self.complete(&extending, service, &mut open);
            if self.problems.count() > count {
                self.problems.incomplete(&key.name);
            }
        }
        if let Value::Mapping(entries) = &mut tree.value {
            entries.push((key, node));
        }
    }

    /// Lays a service over the one that it extends, which is completed before.
    fn complete(&mut self, file: &Extending<'_>, service: &mut Node, open: &mut Vec<Place>) {
        let Some((key, extends)) = take(service, "extends").filter(|(_, extends)| !is_reset(extends)) else { return };
        let name = open.last().map_or("", |(_, name)| name.as_str());
        let attribute = format!("services.{name}.extends");
        if self.problems.is_unread(&attribute) {
            return;
        }
        self.followed.push((attribute, key.span));
        let Some(name) = extends.get("service").and_then(Node::text) else {
            let complaint = self.problems.wrong(key.span, "`extends` names no service");
            return complaint.help("write `extends: { service: NAME }`");
        };
        let other = extends.get("file").and_then(Node::text);
        let place = extends.get("service").map_or(extends.place(), Node::place);
        let base = match other {
            None => self.base_service(file, &name, place, open),
            Some(other) => self.other_file(file, &other, &name, place, open),
        };
        let Some(mut base) = base else { return };
        let mut over = std::mem::replace(service, Node::new(Value::Null, place));
        // What puts the whole service in the place of another one does not mean the one that it extends.
        let tag = over.tag.take();
        let (place, tests) = (over.span, over.get("healthcheck").and_then(|check| check.get("test")).is_some());
        if tests && let Some(check) = entry_mut(&mut base, "healthcheck") {
            take(check, "disable");
        }
        take_in(&mut base, over, &SERVICE);
        (base.span, base.tag) = (place, tag);
        *service = base;
    }

    fn base_service(&mut self, file: &Extending<'_>, name: &str, from: Span, open: &mut Vec<Place>) -> Option<Node> {
        let place = (file.path.to_owned(), name.to_owned());
        if open.contains(&place) {
            let circle: Vec<&str> = open.iter().map(|(_, name)| name.as_str()).chain([name]).collect();
            let message = format!("services extend each other in a circle: {}", circle.join(" → "));
            self.problems.wrong(from, message).help("take `extends` out of one of them");
            return None;
        }
        let Some((_, service)) = file.services.iter().find(|(key, _)| key.name == name) else {
            let complaint =
                self.problems.wrong(from, format!("there is no service `{name}` in {}", file.path.display()));
            if let Some(meant) = nearest(name, file.services.iter().map(|(key, _)| key.name.as_str())) {
                complaint.help(format!("did you mean `{meant}`?"));
            }
            return None;
        };
        let mut service = service.clone();
        open.push(place);
        self.complete(file, &mut service, open);
        open.pop();
        if let (true, Some((_, whole))) = (self.problems.is_unread(&format!("services.{name}")), open.first()) {
            self.problems.incomplete(whole);
        }
        // Its tags were for what it extends itself, and are none to what extends it.
        settle(&mut service);
        Some(service)
    }

    fn other_file(
        &mut self,
        file: &Extending<'_>,
        other: &str,
        name: &str,
        from: Span,
        open: &mut Vec<Place>,
    ) -> Option<Node> {
        let path = paths::resolve(&file.layer.directory, other);
        if open.len() > DEPTH {
            self.problems.wrong(from, format!("services extend each other more than {DEPTH} deep"));
            return None;
        }
        if !self.files.has(&path) {
            self.problems.wrong(from, format!("there is no file {}", path.display()));
            return None;
        }
        let layer = Layer { directory: folder(&path), environment: file.layer.environment.clone() };
        let mut whole: Option<Node> = None;
        for tree in self.parse(&path) {
            if let Some(tree) = self.tree(tree, &layer) {
                lay(&mut whole, tree);
            }
        }
        let services = whole.as_ref().map(|tree| entries(tree, "services").to_vec()).unwrap_or_default();
        self.base_service(&Extending { path: &path, layer: &layer, services }, name, from, open)
    }
}

fn entry_mut<'n>(node: &'n mut Node, name: &str) -> Option<&'n mut Node> {
    let Value::Mapping(entries) = &mut node.value else { return None };
    entries.iter_mut().find(|(key, _)| key.name == name).map(|(_, value)| value)
}
