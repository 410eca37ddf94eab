//! Files → one tree: read, variables replaced, brought into one form, includes and extends followed, laid over each other.

mod extends;
mod include;
mod name;
mod profiles;
mod project;

pub use project::FILE_NAMES;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use skiff_yaml::{FileId, Key, Limits, Node, Position, Profile, Span, Value};

use crate::canonical::{Context, canonical};
use crate::environment::Environment;
use crate::files::Files;
use crate::interpolate::interpolate;
use crate::merge::merge;
use crate::problems::Problems;
use crate::schema::PROJECT;
use crate::{Request, dotenv};

/// A project as its files say, before anything is made of it.
pub(crate) struct Project {
    pub(crate) name: String,
    /// The folder that its paths start at.
    pub(crate) directory: PathBuf,
    /// Everything in its canonical form, without what no active profile has.
    pub(crate) model: Node,
    pub(crate) environment: Environment,
    /// The services whose end others wait for, in whatever profile those are: what a service becomes must not depend on who runs.
    pub(crate) awaited: BTreeSet<String>,
    /// The services that no active profile has, each with its profiles.
    pub(crate) inactive: BTreeMap<String, Vec<String>>,
    /// The attributes that other files or services were taken in for, which are not in the model any more.
    pub(crate) followed: Vec<(String, Span)>,
}

/// What a file costs at most. A file of five thousand services is somewhat below.
fn limits() -> Limits {
    Limits { text: 8 << 20, depth: 48, nodes: 1_000_000, expanded: 32 << 20, documents: 1_000 }
}

/// How deep files may include or extend each other.
const DEPTH: usize = 32;

/// Loads a project. Nothing comes of it where there is no file.
pub(crate) fn load(request: &Request, files: &mut Files<'_>, problems: &mut Problems) -> Option<Project> {
    project::load(request, files, problems)
}

/// What loading needs at every step.
pub(crate) struct Loader<'a, 'r> {
    files: &'a mut Files<'r>,
    problems: &'a mut Problems,
    /// The folder that the paths of the whole project start at.
    base: PathBuf,
    /// The files that are being loaded, the outermost first.
    open: Vec<PathBuf>,
    /// Each `include` and `extends` that was followed.
    followed: Vec<(String, Span)>,
}

/// Where the files of one layer stand.
#[derive(Clone)]
struct Layer {
    /// The folder that their paths start at.
    directory: PathBuf,
    environment: Environment,
}

impl Loader<'_, '_> {
    /// The trees of a file, as they are written.
    fn parse(&mut self, path: &Path) -> Vec<Node> {
        match self.files.text(path) {
            Ok((file, text)) => self.parse_text(file, &text),
            Err(problem) => {
                self.problems.problem(*problem);
                Vec::new()
            }
        }
    }

    fn parse_text(&mut self, file: FileId, text: &str) -> Vec<Node> {
        let parsed = skiff_yaml::parse(text, file, Profile::Compose, &limits());
        self.problems.wrong.extend(parsed.problems.into_iter().map(Into::into));
        parsed.documents.into_iter().filter(|document| document.sound).map(|document| document.root).collect()
    }

    /// The trees of a file, each with what it includes and extends, laid over those of earlier files.
    fn file(&mut self, path: &Path, trees: Vec<Node>, layer: &Layer, whole: &mut Option<Node>) {
        for tree in trees {
            let Some(tree) = self.tree(tree, layer) else { continue };
            // Services may extend those that are included.
            let mut tree = self.include(tree, layer);
            self.extend(path, &mut tree, layer);
            lay(whole, tree);
        }
    }

    /// A tree with its variables replaced, in its canonical form.
    fn tree(&mut self, mut tree: Node, layer: &Layer) -> Option<Node> {
        interpolate(&mut tree, &layer.environment, self.problems);
        let mut context = Context {
            name: "",
            directory: &layer.directory,
            base: &self.base,
            environment: &layer.environment,
            problems: self.problems,
        };
        canonical(tree, &PROJECT, "", &mut context)
    }

    /// Whether one may go on into a file; complains where it is being loaded already.
    fn enter(&mut self, path: &Path, from: Span, what: &str) -> bool {
        if self.open.iter().any(|open| open == path) {
            let message = format!("{} {what} itself", path.display());
            self.problems.wrong(from, message).help("take one of the files out of the circle");
            return false;
        }
        if self.open.len() >= DEPTH {
            self.problems.wrong(from, format!("files stand more than {DEPTH} deep inside each other"));
            return false;
        }
        self.open.push(path.to_owned());
        true
    }

    /// The variables that there are, and after them those of files, of which a later one wins over an earlier one and sees what that says.
    /// Where none is named, they are those of the `.env` in a folder.
    fn with_files(&mut self, files: &[PathBuf], directory: &Path, outer: &Environment) -> Environment {
        let mut own = Environment::default();
        let mut known = outer.clone();
        for path in files {
            own.join(self.variables(path, &known, true).unwrap_or_default());
            known = outer.clone();
            known.lower(own.clone());
        }
        if files.is_empty() {
            known.lower(self.variables(&directory.join(".env"), outer, false).unwrap_or_default());
        }
        known
    }

    /// Variables of a file; `required` says whether it must be there.
    fn variables(&mut self, path: &Path, environment: &Environment, required: bool) -> Option<Environment> {
        if !required && !self.files.has(path) {
            return None;
        }
        let (file, text) = match self.files.text(path) {
            Ok(read) => read,
            Err(problem) => {
                self.problems.problem(*problem);
                return None;
            }
        };
        match dotenv::parse(&text, &|name| environment.get(name)) {
            Ok(variables) => {
                let mut own = Environment::default();
                own.add(variables);
                Some(own)
            }
            Err(errors) => {
                for error in errors {
                    self.problems.wrong(line(file, error.line), error.message);
                }
                None
            }
        }
    }
}

/// Lays a tree over what there is.
fn lay(whole: &mut Option<Node>, tree: Node) {
    if let Some(base) = whole {
        merge(base, tree, &PROJECT);
    } else {
        // Its tags are for what it will be laid over.
        *whole = Some(tree);
    }
}

/// A line of a file.
pub(crate) fn line(file: FileId, line: usize) -> Span {
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    let position = Position { line, ..Position::START };
    Span::new(file, position, position)
}

/// The entries of a mapping.
pub(crate) fn entries<'n>(model: &'n Node, name: &str) -> &'n [(Key, Node)] {
    model.get(name).and_then(Node::as_mapping).unwrap_or_default()
}

/// Takes an entry out of a mapping.
fn take(node: &mut Node, name: &str) -> Option<(Key, Node)> {
    let Value::Mapping(entries) = &mut node.value else { return None };
    let index = entries.iter().position(|(key, _)| key.name == name)?;
    Some(entries.remove(index))
}

/// The folder of a file.
fn folder(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}
