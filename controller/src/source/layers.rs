//! Overlays over the base: documents that name an existing object are merged over it, others stand for themselves.
//!
//! An object that is wrong in any layer is left out whole: half of it would be something that nobody wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skiff_api::{ObjectKey, parse_object, suggest};
use skiff_yaml::merge::{self, BY_MOUNT_PATH, BY_NAME, BY_PORT, KeyField, ListKey, by_field};

use super::documents::Candidate;
use super::sealed::Opener;
use super::{Declared, Loaded, Origin, Problem, problem, reason};

/// The lists whose items have a natural key, by the name of their field.
const LISTS: &[(&str, ListKey)] = &[
    ("dependsOn", BY_NAME),
    ("env", BY_NAME),
    ("httpHeaders", BY_NAME),
    ("initContainers", BY_NAME),
    ("networks", BY_NAME),
    ("volumes", BY_NAME),
    ("ports", BY_PORT),
    ("volumeMounts", BY_MOUNT_PATH),
    ("items", ListKey::ByKeys(&[&[KeyField::required("key")]])),
    ("devices", ListKey::ByKeys(&[&[KeyField::required("path")]])),
];

/// The objects as far as the layers have been laid.
#[derive(Debug)]
pub(super) struct Layers {
    objects: BTreeMap<ObjectKey, Layered>,
    /// Objects that something is wrong with.
    broken: BTreeSet<ObjectKey>,
}

#[derive(Debug)]
struct Layered {
    candidate: Candidate,
    /// Whether it stands in an overlay only.
    of_overlay: bool,
}

impl Layers {
    /// The base.
    pub(super) fn new(base: Vec<Candidate>, loaded: &mut Loaded) -> Self {
        let mut layers = Self { objects: BTreeMap::new(), broken: BTreeSet::new() };
        for candidate in layers.single(base, loaded) {
            layers.objects.insert(candidate.key.clone(), Layered { candidate, of_overlay: false });
        }
        layers
    }

    /// Lays an overlay over what there is.
    pub(super) fn lay(&mut self, overlay: Vec<Candidate>, loaded: &mut Loaded) {
        for patch in self.single(overlay, loaded) {
            match self.objects.get_mut(&patch.key) {
                Some(base) => {
                    let overlaid = merge::overlay(&mut base.candidate.tree, &patch.tree, &by_field(LISTS));
                    let is_wrong = !overlaid.problems.is_empty();
                    let problems = overlaid.problems.into_iter();
                    let problems = problems.map(|it| Problem::of_yaml(it, reason::INVALID_OVERLAY, &loaded.texts));
                    loaded.problems.extend(problems.map(|problem| problem.about(&patch.key)));
                    if is_wrong {
                        self.broken.insert(patch.key.clone());
                    }
                    if is_wrong || overlaid.removed {
                        self.objects.remove(&patch.key);
                    }
                }
                None if self.broken.contains(&patch.key) => {}
                None => {
                    self.objects.insert(patch.key.clone(), Layered { candidate: patch, of_overlay: true });
                }
            }
        }
    }

    /// Reads what the layers have become into objects.
    pub(super) fn finish(self, opener: &Opener<'_>, loaded: &mut Loaded) {
        let base: BTreeSet<ObjectKey> =
            self.objects.iter().filter(|(_, it)| !it.of_overlay).map(|(key, _)| key.clone()).collect();
        for (key, layered) in self.objects {
            let Candidate { mut tree, file, base: folder, document, .. } = layered.candidate;
            let positions = tree.positions();
            let is_open = opener.open(&key, &mut tree, loaded);
            match parse_object(&tree.to_json()) {
                Ok(_) if !is_open => {}
                Ok(mut object) => {
                    object.metadata_mut().namespace = Some(key.namespace.clone());
                    let start = tree.span.start;
                    let (line, column) = (start.line, start.column);
                    let file = loaded.texts.path(file);
                    let origin = Origin { file, document, line, column, positions: Some(Arc::new(positions)) };
                    loaded.objects.insert(key, Declared { object, base: folder, origin, last_good: false });
                }
                Err(complaints) => {
                    let texts = &loaded.texts;
                    let to_problem = |it| Problem::of_complaint(it, &positions, texts).about(&key);
                    let problems: Vec<Problem> = complaints.into_iter().map(to_problem).collect();
                    if layered.of_overlay {
                        loaded.problems.push(no_base(&key, &base, &problems).at(problem::first(tree.place()), texts));
                    } else {
                        loaded.problems.extend(problems);
                    }
                }
            }
        }
    }

    /// The sound documents of a layer, without those that declare one object twice.
    fn single(&mut self, layer: Vec<Candidate>, loaded: &mut Loaded) -> Vec<Candidate> {
        let mut by_key: BTreeMap<ObjectKey, Vec<Candidate>> = BTreeMap::new();
        for candidate in layer {
            by_key.entry(candidate.key.clone()).or_default().push(candidate);
        }
        let mut single = Vec::new();
        for (key, mut candidates) in by_key {
            let sound = candidates.iter().all(|candidate| candidate.sound);
            match candidates.pop() {
                Some(only) if sound && candidates.is_empty() => single.push(only),
                Some(last) => {
                    loaded.problems.extend(duplicate(&key, &candidates, &last, loaded));
                    self.objects.remove(&key);
                    self.broken.insert(key);
                }
                None => {}
            }
        }
        single
    }
}

/// Two documents of one object: neither is believed.
fn duplicate(key: &ObjectKey, earlier: &[Candidate], last: &Candidate, loaded: &Loaded) -> Option<Problem> {
    let place = |candidate: &Candidate| {
        let tree = &candidate.tree;
        let name = tree.get("metadata").and_then(|metadata| metadata.get("name"));
        problem::first(name.unwrap_or(tree).place())
    };
    let first = earlier.first()?;
    let problem = Problem::new(reason::DUPLICATE_OBJECT, format!("{key} is declared {} times", earlier.len() + 1));
    let problem = problem.at(place(last), &loaded.texts).about(key).with_help(
        "remove one of them, or give one another name or namespace; to change an object for an environment, use `--overlay`",
    );
    let problem = problem.also(place(first), &loaded.texts, "it is declared here too");
    let others = earlier.iter().skip(1);
    Some(others.fold(problem, |problem, other| problem.also(place(other), &loaded.texts, "and here")))
}

/// A document of an overlay that is not complete and has nothing to be merged over.
fn no_base(key: &ObjectKey, base: &BTreeSet<ObjectKey>, complaints: &[Problem]) -> Problem {
    let because = complaints.first().map(|first| first.message.as_str()).unwrap_or_default();
    let message = format!("there is no {key} to lay this over, and it is not complete by itself: {because}");
    let problem = Problem::new(reason::INVALID_OVERLAY, message).about(key);
    let same_name = base.iter().find(|other| other.kind == key.kind && other.name == key.name);
    let names = base.iter().filter(|other| other.kind == key.kind && other.namespace == key.namespace);
    match (same_name, suggest::nearest(&key.name, names.map(|other| other.name.as_str()))) {
        (Some(other), _) => problem.with_help(format!("did you mean {other}? write `namespace: {}`", other.namespace)),
        (None, Some(name)) => problem.with_help(format!("did you mean `{name}`?")),
        (None, None) => problem.with_help("name an object of the base, or complete the document"),
    }
}
