//! Overlays over the base: documents that name an existing object are merged over it, others stand for themselves.
//!
//! An object that is wrong in any layer is left out whole: half of it would be something that nobody wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use skiff_api::{Broken, Kind, Mended, Object, ObjectKey, odd_in_object, parse_or_mend, suggest};
use skiff_yaml::merge::{self, BY_MOUNT_PATH, BY_NAME, BY_PORT, KeyField, ListKey, by_field};

use super::compose::is_compose;
use super::documents::Candidate;
use super::sealed::Opener;
use super::{Declared, Flawed, Loaded, Origin, Problem, problem, reason};

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

/// How many documents of one object are looked through for mistakes: two that declare it, with two of an overlay over each, are four.
const LARGEST_CROWD: usize = 8;

/// The objects as far as the layers have been laid.
#[derive(Debug)]
pub(super) struct Layers {
    objects: BTreeMap<ObjectKey, Layered>,
    /// Objects that something is wrong with. They are laid and looked through like others, so that all of it is told, and left out.
    broken: BTreeSet<ObjectKey>,
}

#[derive(Debug)]
struct Layered {
    /// What it may be: one tree, or several where two documents of a layer declare it.
    trees: Vec<Candidate>,
    /// Whether it stands in an overlay only.
    of_overlay: bool,
}

impl Layers {
    /// The base.
    pub(super) fn new(base: Vec<Candidate>, loaded: &mut Loaded) -> Self {
        let mut layers = Self { objects: BTreeMap::new(), broken: BTreeSet::new() };
        for (key, trees) in layers.by_object(base, loaded) {
            layers.objects.insert(key, Layered { trees, of_overlay: false });
        }
        layers
    }

    /// Lays an overlay over what there is.
    pub(super) fn lay(&mut self, overlay: Vec<Candidate>, loaded: &mut Loaded) {
        for (key, patches) in self.by_object(overlay, loaded) {
            match self.objects.remove(&key) {
                Some(base) => self.lay_over(key, base, &patches, loaded),
                None if self.broken.contains(&key) => {}
                None => {
                    self.objects.insert(key, Layered { trees: patches, of_overlay: true });
                }
            }
        }
    }

    /// Lays each patch over each tree; almost always there is one of either.
    fn lay_over(&mut self, key: ObjectKey, base: Layered, patches: &[Candidate], loaded: &mut Loaded) {
        let mut trees = Vec::new();
        for tree in base.trees {
            for patch in patches {
                let mut laid = tree.clone();
                let overlaid = merge::overlay(&mut laid.tree, &patch.tree, &by_field(LISTS));
                if !overlaid.problems.is_empty() {
                    self.broken.insert(key.clone());
                }
                for problem in overlaid.problems {
                    let problem = Problem::of_yaml(problem, reason::INVALID_OVERLAY, &loaded.texts);
                    tell(problem.about(&key), loaded);
                }
                trees.extend((!overlaid.removed).then_some(laid));
            }
        }
        trees.truncate(LARGEST_CROWD);
        if !trees.is_empty() {
            self.objects.insert(key, Layered { trees, of_overlay: base.of_overlay });
        }
    }

    /// Reads what the layers have become into objects.
    pub(super) fn finish(self, opener: &Opener<'_>, loaded: &mut Loaded) {
        let base: BTreeSet<ObjectKey> =
            self.objects.iter().filter(|(_, it)| !it.of_overlay).map(|(key, _)| key.clone()).collect();
        for (key, layered) in self.objects {
            for candidate in layered.trees {
                let place = problem::first(candidate.tree.place());
                let Unusable { flawed, problems } = match read(&key, candidate, opener, loaded) {
                    Ok(declared) if !self.broken.contains(&key) => {
                        loaded.objects.insert(key.clone(), declared);
                        continue;
                    }
                    Ok(Declared { object, origin, .. }) => Unusable {
                        flawed: Some(Flawed { mended: Mended::whole(object), origin }),
                        problems: Vec::new(),
                    },
                    Err(Unusable { problems, .. }) if layered.of_overlay && !problems.is_empty() => {
                        let problem = no_base(&key, &base, &problems).at(place, &loaded.texts);
                        Unusable { flawed: None, problems: vec![problem] }
                    }
                    Err(unusable) => unusable,
                };
                loaded.flawed.extend(flawed.map(|flawed| (key.clone(), flawed)));
                for problem in problems {
                    tell(problem, loaded);
                }
            }
        }
    }

    /// The sound documents of a layer. What declares an object twice is told, and so is what is not sound: none of it is believed.
    fn by_object(&mut self, layer: Vec<Candidate>, loaded: &mut Loaded) -> BTreeMap<ObjectKey, Vec<Candidate>> {
        let mut by_key: BTreeMap<ObjectKey, Vec<Candidate>> = BTreeMap::new();
        for candidate in layer {
            by_key.entry(candidate.key.clone()).or_default().push(candidate);
        }
        for (key, candidates) in &mut by_key {
            if candidates.len() > 1 || candidates.iter().any(|candidate| !candidate.sound) {
                loaded.problems.extend(duplicate(key, candidates, loaded));
                self.broken.insert(key.clone());
                candidates.retain(|candidate| candidate.sound);
                candidates.truncate(LARGEST_CROWD);
            }
        }
        by_key
    }
}

/// A document that cannot be used.
struct Unusable {
    /// What is left of it.
    flawed: Option<Flawed>,
    /// What is still to be told; nothing where a value stays closed, which has been told.
    problems: Vec<Problem>,
}

/// Reads a tree into the object that it declares.
fn read(key: &ObjectKey, candidate: Candidate, opener: &Opener<'_>, loaded: &mut Loaded) -> Result<Declared, Unusable> {
    let Candidate { mut tree, file, base, document, .. } = candidate;
    let positions = Arc::new(tree.positions());
    let written = (key.kind == Kind::Secret).then(|| tree.to_json());
    let is_open = opener.open(key, &mut tree, loaded);
    let start = tree.span.start;
    let origin = Origin {
        file: loaded.texts.path(file),
        document,
        line: start.line,
        column: start.column,
        positions: Some(Arc::clone(&positions)),
    };
    match parse_or_mend(&tree.to_json()) {
        Ok(object) if is_open => {
            let odd = odd_in_object(&object).into_iter();
            let odd = odd.map(|it| Problem::of_complaint(it, &positions, &loaded.texts).about(key)).collect::<Vec<_>>();
            loaded.warnings.extend(odd);
            let object = in_namespace(object, &key.namespace);
            Ok(Declared { object, base, origin, last_good: false, written })
        }
        Ok(object) => {
            let flawed = Some(Flawed::new(Mended::whole(object), key, origin));
            Err(Unusable { flawed, problems: Vec::new() })
        }
        Err(Broken { complaints, mended }) => {
            let told = complaints.into_iter().map(|it| Problem::of_complaint(it, &positions, &loaded.texts).about(key));
            let problems = told.collect();
            Err(Unusable { flawed: mended.map(|mended| Flawed::new(mended, key, origin)), problems })
        }
    }
}

fn in_namespace(mut object: Object, namespace: &str) -> Object {
    object.metadata_mut().namespace = Some(namespace.to_owned());
    object
}

/// Adds a problem, unless another document of the same object has brought it up.
fn tell(problem: Problem, loaded: &mut Loaded) {
    if !loaded.problems.contains(&problem) {
        loaded.problems.push(problem);
    }
}

/// Two documents of one object: neither is believed.
fn duplicate(key: &ObjectKey, candidates: &[Candidate], loaded: &Loaded) -> Option<Problem> {
    let place = |candidate: &Candidate| {
        let tree = &candidate.tree;
        let name = tree.get("metadata").and_then(|metadata| metadata.get("name"));
        problem::first(name.unwrap_or(tree).place())
    };
    let (last, earlier) = candidates.split_last()?;
    let (first, others) = earlier.split_first()?;
    let file = |candidate: &Candidate| loaded.texts.path(candidate.file);
    let are_projects = candidates.iter().all(|candidate| is_compose(&file(candidate)));
    let mut message = format!("{key} is declared {} times", candidates.len());
    let help = if are_projects {
        "write `name: OTHER` at the top of one of the Compose files: a project has a namespace of its own"
    } else {
        "remove one of them, or give one another name or namespace; to change an object for an environment, use `--overlay`"
    };
    if are_projects {
        write!(message, ": several Compose projects come to the namespace `{}`", key.namespace).ok();
    }
    let problem = Problem::new(reason::DUPLICATE_OBJECT, message);
    let problem = problem.at(place(last), &loaded.texts).about(key).with_help(help);
    let problem = problem.also(place(first), &loaded.texts, "it is declared here too");
    Some(others.iter().fold(problem, |problem, other| problem.also(place(other), &loaded.texts, "and here")))
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
