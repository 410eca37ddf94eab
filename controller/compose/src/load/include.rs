//! `include`: projects of their own, with their own folder and variables, taken into this one.
//!
//! What both declare merges, and what the including file says wins, then what it includes first, as Docker Compose does it.

use std::path::{Path, PathBuf};

use skiff_yaml::{Node, Span, Value};

use super::{Layer, Loader, folder, take};
use crate::merge::{settle, take_in};
use crate::paths;
use crate::schema::PROJECT;

impl Loader<'_, '_> {
    /// A tree over everything that it includes.
    pub(super) fn include(&mut self, mut tree: Node, layer: &Layer) -> Node {
        let Some((key, list)) = take(&mut tree, "include") else { return tree };
        self.followed.push((key.name, key.span));
        for entry in list.as_sequence().unwrap_or_default() {
            if let Some(mut included) = self.included(entry, layer) {
                leave_known(&mut included, &tree);
                take_in(&mut included, tree, &PROJECT);
                tree = included;
            }
        }
        tree
    }

    fn included(&mut self, entry: &Node, layer: &Layer) -> Option<Node> {
        let texts = |name: &str| -> Vec<String> {
            entry.get(name).and_then(Node::as_sequence).unwrap_or_default().iter().filter_map(Node::text).collect()
        };
        let paths: Vec<PathBuf> = texts("path").iter().map(|path| paths::resolve(&layer.directory, path)).collect();
        let first = paths.first().or_else(|| {
            self.problems.wrong(entry.place(), "`include` names no file").help("write `- path: other/compose.yaml`");
            None
        })?;
        let directory = match entry.get("project_directory").and_then(Node::text) {
            Some(path) => paths::resolve(&layer.directory, &path),
            None => folder(first),
        };
        let env_files: Vec<PathBuf> =
            texts("env_file").iter().map(|path| paths::resolve(&layer.directory, path)).collect();
        let environment = self.with_files(&env_files, &directory, &layer.environment);
        let own = Layer { directory, environment };
        let mut whole: Option<Node> = None;
        for path in &paths {
            if !self.enter(path, entry.place(), "includes") {
                continue;
            }
            let trees = self.parse_included(path, entry.place());
            self.file(path, trees, &own, &mut whole);
            self.open.pop();
        }
        let mut whole = whole?;
        settle(&mut whole);
        take(&mut whole, "name");
        Some(whole)
    }

    fn parse_included(&mut self, path: &Path, from: Span) -> Vec<Node> {
        if self.files.has(path) {
            return self.parse(path);
        }
        self.problems.wrong(from, format!("there is no file {}", path.display()));
        Vec::new()
    }
}

/// Takes out what a tree has from the same place already: a file that two others include is there once, and its lists do not grow.
fn leave_known(included: &mut Node, tree: &Node) {
    let Value::Mapping(sections) = &mut included.value else { return };
    for (section, node) in sections {
        let (Some(known), Value::Mapping(entries)) = (tree.get(&section.name), &mut node.value) else { continue };
        entries.retain(|(key, node)| known.get(&key.name) != Some(node));
    }
}
