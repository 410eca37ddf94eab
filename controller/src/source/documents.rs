//! The documents of the files of one layer: whose each is, before anybody asks whether it is valid.
//!
//! A document that names its kind and its name is somebody's, however broken it is otherwise. One that has nothing of a
//! manifest is passed over with a warning, since folders hold other YAML too; should the last good state know objects of its
//! file, the warning becomes a problem (see `last_good`).

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use skiff_api::{Kind, ObjectKey, parse_object};
use skiff_yaml::{Document, FileId, Node, Profile};

use super::compose;
use super::walk::{self, Found, Identity, Manner};
use super::{Loaded, Problem, SourceOptions, SourceText, absolute, problem, read, reason};

/// A document that says whose it is.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) key: ObjectKey,
    pub(super) tree: Node,
    pub(super) file: FileId,
    pub(super) base: PathBuf,
    pub(super) document: usize,
    /// Whether its text is in order; an unsound document only tells whose it is.
    pub(super) sound: bool,
}

/// Reads the files below some paths.
pub(super) fn read(
    paths: &[PathBuf],
    excluded: &BTreeSet<Identity>,
    options: &SourceOptions,
    loaded: &mut Loaded,
    stdin: &mut dyn Read,
) -> Vec<Candidate> {
    let walk = walk::walk(paths, excluded, &options.limits);
    loaded.problems.extend(walk.problems);
    loaded.warnings.extend(walk.warnings);
    let mut reader = Reader { options, loaded, candidates: Vec::new(), composed: Vec::new() };
    if paths.iter().any(|path| path == Path::new("-")) {
        reader.stdin(stdin);
    }
    walk.files.iter().for_each(|found| reader.file(found));
    for given in options.given.iter().flat_map(|given| &given.texts) {
        reader.bytes(&given.path, given.text.as_bytes().to_vec(), Manner::InFolder);
    }
    let Reader { mut candidates, composed, .. } = reader;
    candidates.extend(compose::read(compose::together(walk.projects, composed, paths), options, loaded));
    candidates
}

struct Reader<'a> {
    options: &'a SourceOptions,
    loaded: &'a mut Loaded,
    candidates: Vec<Candidate>,
    /// The files that were named and are Compose files by what they say.
    composed: Vec<PathBuf>,
}

/// Where a document was found.
#[derive(Clone, Copy)]
struct Spot<'a> {
    file: FileId,
    base: &'a Path,
    document: usize,
    sound: bool,
    manner: Manner,
}

impl Reader<'_> {
    fn stdin(&mut self, stdin: &mut dyn Read) {
        let (path, limit) = (Path::new("-"), self.options.limits.file_size);
        match read::bounded(stdin, limit) {
            Ok(bytes) => match u64::try_from(bytes.len()) {
                Ok(size) if size <= limit => self.bytes(path, bytes, Manner::Named),
                Ok(_) | Err(_) => self.loaded.problems.push(read::too_large(path, limit + 1, limit)),
            },
            Err(error) => self.loaded.problems.push(walk::unreadable(path, &error, reason::UNREADABLE)),
        }
    }

    fn file(&mut self, found: &Found) {
        let limit = self.options.limits.file_size;
        match read::file(&found.path, limit) {
            Ok(bytes) if found.manner == Manner::BesideCompose && !names_skiff(&bytes) => {}
            Ok(bytes) => self.bytes(&found.path, bytes, found.manner),
            Err(_) if found.manner == Manner::BesideCompose => {}
            Err(unread) => self.loaded.problems.push(unread.problem(&found.path, limit)),
        }
    }

    fn bytes(&mut self, path: &Path, bytes: Vec<u8>, manner: Manner) {
        match read::text(path, bytes) {
            Ok(text) if text.trim().is_empty() => self.loaded.warnings.push(empty(path)),
            Ok(text) => self.text(path, &text, manner),
            Err(problem) => self.loaded.problems.push(*problem),
        }
    }

    fn text(&mut self, path: &Path, text: &str, manner: Manner) {
        let file = self.loaded.texts.next();
        let parsed = skiff_yaml::parse(text, file, Profile::Kubernetes, &self.options.limits.yaml());
        let is_compose =
            || parsed.documents.first().is_some_and(|document| compose::is_compose_document(&document.root));
        if manner == Manner::Named && path != Path::new("-") && is_compose() {
            self.composed.push(path.to_owned());
            return;
        }
        self.loaded.texts.add(SourceText { path: path.to_owned(), text: text.into() });
        let texts = &self.loaded.texts;
        let problems = parsed.problems.into_iter();
        self.loaded.problems.extend(problems.map(|it| Problem::of_yaml(it, reason::INVALID_SYNTAX, texts)));
        let base = base(path);
        for Document { index, root, sound } in parsed.documents {
            self.document(root, Spot { file, base: &base, document: index, sound, manner });
        }
    }

    /// A list stands for its items.
    fn document(&mut self, mut root: Node, spot: Spot<'_>) {
        match items(&mut root) {
            Some(items) => items.into_iter().for_each(|item| self.item(item, spot)),
            None => self.item(root, spot),
        }
    }

    fn item(&mut self, tree: Node, spot: Spot<'_>) {
        let Spot { file, base, document, sound, manner } = spot;
        match key(&tree, self.options.namespace()) {
            Some(key) => {
                self.candidates.push(Candidate { key, tree, file, base: base.to_owned(), document, sound });
            }
            None if manner == Manner::BesideCompose => {}
            None if manner == Manner::InFolder && !is_like_a_manifest(&tree) => {
                self.loaded.warnings.push(self.not_a_manifest(&tree));
            }
            None if sound => self.complain(&tree),
            // What is wrong with it has been said.
            None => {}
        }
    }

    fn not_a_manifest(&self, tree: &Node) -> Problem {
        let problem = Problem::new(
            reason::NOT_A_MANIFEST,
            "this is no manifest and is passed over: it has no apiVersion and no kind",
        );
        let help = "a manifest begins with `apiVersion: skiff.dev/v1` and `kind: Deployment`; hide other files from skiff by a dot before their name";
        problem.at(problem::first(tree.place()), &self.loaded.texts).with_help(help)
    }

    fn complain(&mut self, tree: &Node) {
        let positions = tree.positions();
        let complaints = parse_object(&tree.to_json()).err().unwrap_or_default();
        let texts = &self.loaded.texts;
        let problems = complaints.into_iter().map(|complaint| Problem::of_complaint(complaint, &positions, texts));
        self.loaded.problems.extend(problems.collect::<Vec<_>>());
    }
}

fn empty(path: &Path) -> Problem {
    let problem = Problem::new(reason::EMPTY_FILE, "it is empty").in_file(path);
    problem.with_help("write its manifests; to remove the objects that it declared, delete the file")
}

fn base(path: &Path) -> PathBuf {
    let absolute = absolute(if path == Path::new("-") { Path::new("./-") } else { path });
    absolute.parent().map(Path::to_owned).unwrap_or_default()
}

/// The items of `kind: List`, or of a list of one kind.
fn items(root: &mut Node) -> Option<Vec<Node>> {
    let is_list = root.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
    if !is_list {
        return None;
    }
    let skiff_yaml::Value::Mapping(entries) = &mut root.value else { return None };
    let (_, items) = entries.iter_mut().find(|(key, _)| key.name == "items")?;
    let skiff_yaml::Value::Sequence(items) = &mut items.value else { return None };
    Some(std::mem::take(items))
}

/// Whose the document is, if it says so.
fn key(tree: &Node, default_namespace: &str) -> Option<ObjectKey> {
    let kind = tree.get("kind").and_then(Node::as_str)?;
    let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind)?;
    let metadata = tree.get("metadata")?;
    let name = metadata.get("name").and_then(Node::as_str)?;
    let namespace = match metadata.get("namespace") {
        None => default_namespace,
        Some(node) if node.is_null() => default_namespace,
        Some(node) => node.as_str()?,
    };
    Some(ObjectKey::new(kind, namespace, name))
}

/// Whether a file may be a manifest of Skiff at all.
fn names_skiff(bytes: &[u8]) -> bool {
    const GROUP: &[u8] = b"skiff.dev/";
    bytes.windows(GROUP.len()).any(|window| window == GROUP)
}

/// Whether somebody meant it to be a manifest.
fn is_like_a_manifest(tree: &Node) -> bool {
    let is_skiffs = |version: &str| version.starts_with("skiff.dev/");
    let words = ["apiVersion", "kind", "metadata", "spec"];
    tree.get("apiVersion").and_then(Node::as_str).is_some_and(is_skiffs)
        || words.iter().filter(|word| tree.get(word).is_some()).count() >= 2
}
