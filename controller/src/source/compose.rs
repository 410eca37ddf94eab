//! Compose projects among the manifests: each becomes objects of a namespace of its own, which are validated, laid over and pruned
//! as others are.
//!
//! A file that another project includes or extends is no project of its own. Everything that a project asked the disk for is
//! watched and counts for the fingerprint, also what was not there.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use skiff_api::ObjectKey;
use skiff_compose::{FILE_NAMES, ReadError, Reader, Request};
use skiff_yaml::{FileId, Node};

use super::documents::Candidate;
use super::read::{self, Unread};
use super::{Loaded, Problem, SourceOptions, SourceText, Texts, absolute, reason};

/// A project that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Project {
    /// Its folder, as it was reached.
    pub(super) folder: PathBuf,
    /// The files that a person named; else they are looked for in the folder.
    pub(super) files: Vec<PathBuf>,
    /// Whether a person named it, and so means what the environment says of files and names.
    pub(super) named: bool,
}

impl Project {
    /// The project of files that were named, the first of which says where it is.
    pub(super) fn of_files(files: Vec<PathBuf>) -> Option<Self> {
        let folder = folder_of(files.first()?);
        Some(Self { folder, files, named: true })
    }
}

/// A Compose project by itself.
#[derive(Clone, Debug, Default)]
pub struct ComposeProject {
    /// What it comes to.
    pub loaded: skiff_compose::Loaded,
    /// What is wrong or odd with it, and its texts.
    pub said: Loaded,
}

/// The project of the files or the folder that the options name, else of this folder or one above it: for whoever looks at it rather than
/// at its objects.
pub fn project(options: &SourceOptions) -> ComposeProject {
    let (folder, files) = match options.paths.as_slice() {
        [] => (PathBuf::from("."), Vec::new()),
        [folder] if folder.is_dir() => (folder.clone(), Vec::new()),
        files @ [first, ..] => (folder_of(first), files.to_vec()),
    };
    let project = Project { folder, files, named: true };
    let (disk, mut said) = (Disk::new(options.limits.file_size), Loaded::default());
    let directory = absolute(&project.folder);
    let loaded = skiff_compose::load(&request(&project, directory, said.texts.next(), options), &disk);
    take(loaded.clone(), &project, &mut said);
    disk.finish(&mut said);
    ComposeProject { loaded, said }
}

/// Whether a file is one that a Compose project may consist of, by its name.
pub(super) fn is_compose(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"));
    stem.is_some_and(|stem| ["compose", "docker-compose"].contains(&stem.split('.').next().unwrap_or_default()))
}

/// Whether a folder with these files is a project: one of them is called as a Compose file is, or `.env` says which they are.
pub(super) fn is_project(folder: &Path, files: &[PathBuf], limit: u64) -> bool {
    let is_called_so =
        |path: &PathBuf| path.file_name().is_some_and(|name| FILE_NAMES.iter().any(|known| name == *known));
    files.iter().any(is_called_so) || names_files(&folder.join(".env"), limit)
}

/// Whether a file of variables names the Compose files of its folder. One that cannot be read names none.
fn names_files(path: &Path, limit: u64) -> bool {
    let names = |line: &str| {
        let line = line.trim_start();
        line.strip_prefix("export ").unwrap_or(line).trim_start().starts_with("COMPOSE_FILE=")
    };
    read::file(path, limit).is_ok_and(|text| String::from_utf8_lossy(&text).lines().any(names))
}

/// Whether a document is a Compose file's, or one that is laid over one.
pub(super) fn is_compose_document(root: &Node) -> bool {
    let has = |key| root.get(key).is_some();
    let keys = ["services", "include", "networks", "volumes", "configs", "secrets"];
    !has("kind") && !has("apiVersion") && keys.into_iter().any(has)
}

/// The projects, with the files that are Compose files by what they say: all that were named are laid over each other, in this order.
pub(super) fn together(mut projects: Vec<Project>, composed: Vec<PathBuf>, named: &[PathBuf]) -> Vec<Project> {
    if composed.is_empty() {
        return projects;
    }
    let of_files = projects.iter().position(|project| !project.files.is_empty());
    let mut files = of_files.map(|index| projects.remove(index).files).unwrap_or_default();
    files.extend(composed);
    files.sort_by_key(|file| named.iter().position(|path| path == file));
    projects.extend(Project::of_files(files));
    projects
}

/// Reads the projects into documents of objects. The outermost come first: they may include the others.
pub(super) fn read(mut projects: Vec<Project>, options: &SourceOptions, loaded: &mut Loaded) -> Vec<Candidate> {
    projects.sort_by_key(|project| (!project.named, project.folder.components().count()));
    let mut part_of_others: BTreeSet<PathBuf> = BTreeSet::new();
    let mut candidates = Vec::new();
    for project in projects {
        let directory = absolute(&project.folder);
        if FILE_NAMES.iter().any(|name| part_of_others.contains(&directory.join(name))) {
            continue;
        }
        let disk = Disk::new(options.limits.file_size);
        let first = loaded.texts.next();
        let known = skiff_compose::load(&request(&project, directory, first, options), &disk);
        part_of_others.extend(known.texts.iter().map(|text| text.path.clone()));
        candidates.extend(take(known, &project, loaded));
        disk.finish(loaded);
    }
    candidates
}

fn request(project: &Project, directory: PathBuf, first: FileId, options: &SourceOptions) -> Request {
    let compose = &options.compose;
    let mut environment = compose.environment.clone();
    if !project.named {
        // What the environment says of one project is not said of each that is found.
        for name in ["COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_ENV_FILES"] {
            environment.remove(name);
        }
    }
    Request {
        files: project.files.iter().map(|path| absolute(path)).collect(),
        directory,
        project_name: options.default_namespace.clone().filter(|_| project.named),
        profiles: compose.profiles.clone(),
        services: compose.services.clone(),
        env_files: compose.env_files.iter().map(|path| absolute(path)).collect(),
        environment,
        unset_is_a_problem: compose.unset_is_a_problem,
        first_file: first.0,
        ..Request::default()
    }
}

/// Takes a project into the load; its objects are left as documents, so that overlays can be laid over them.
fn take(known: skiff_compose::Loaded, project: &Project, loaded: &mut Loaded) -> Vec<Candidate> {
    let skiff_compose::Loaded { directory, objects, problems, warnings, texts, project: _, model: _, report, paths } =
        known;
    loaded.beside.files.extend(paths);
    loaded
        .approximated
        .extend(report.rows.into_iter().filter(|row| row.verdict == skiff_compose::Verdict::Approximated));
    let from = absolute(&project.folder);
    for text in texts {
        // As a person would name it.
        let path = text.path.strip_prefix(&from).map_or_else(|_| text.path.clone(), |rest| project.folder.join(rest));
        loaded.texts.add(SourceText { path, text: text.text });
    }
    let texts = &loaded.texts;
    let to_problem = |problem| problem_of(problem, &project.folder, texts);
    let (problems, warnings): (Vec<_>, Vec<_>) =
        (problems.into_iter().map(to_problem).collect(), warnings.into_iter().map(to_problem).collect());
    loaded.problems.extend(problems);
    loaded.warnings.extend(warnings);
    loaded.composed.extend(objects.iter().map(|declared| (declared.key.clone(), declared.called.clone())));
    let objects = objects.into_iter().enumerate();
    let candidate = |(document, declared): (usize, skiff_compose::Declared)| Candidate {
        key: declared.key,
        tree: declared.manifest,
        file: declared.place.file,
        base: directory.clone(),
        document,
        sound: true,
    };
    objects.map(candidate).collect()
}

/// Says what is wrong with objects of Compose files in the words of these.
pub(super) fn in_words(loaded: &mut Loaded) {
    let Loaded { composed, problems, warnings, .. } = loaded;
    for Problem { message, help, related, object, .. } in problems.iter_mut().chain(warnings) {
        let Some(object) = object.as_ref().filter(|object| composed.contains_key(*object)) else { continue };
        let called = |key: &ObjectKey| match composed.get(key)? {
            called if key.namespace == object.namespace => Some(called.clone()),
            called => Some(format!("{called} of `{}`", key.namespace)),
        };
        let texts = related.iter_mut().map(|related| &mut related.message);
        for text in texts.chain(help.as_mut()).chain([message]) {
            *text = skiff_compose::in_words(text, &called);
        }
    }
}

fn problem_of(problem: skiff_compose::Problem, folder: &Path, texts: &Texts) -> Problem {
    let skiff_compose::Problem { message, place, file, help, labels } = problem;
    let problem = Problem { help, ..Problem::new(reason::INVALID_COMPOSE, message) };
    let problem = match place {
        Some(place) => problem.at(place, texts),
        None => problem.in_file(file.unwrap_or_else(|| folder.to_owned())),
    };
    labels.into_iter().fold(problem, |problem, label| problem.also(label.span, texts, label.message))
}

fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

/// The disk, which remembers what was in the files that it was asked for.
struct Disk {
    limit: u64,
    /// A digest of each file that was asked for; `None` where there was none.
    digests: RefCell<BTreeMap<PathBuf, Option<[u8; 32]>>>,
}

impl Disk {
    fn new(limit: u64) -> Self {
        Self { limit, digests: RefCell::default() }
    }

    fn finish(self, loaded: &mut Loaded) {
        loaded.read.extend(self.digests.into_inner());
    }
}

impl Reader for Disk {
    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        let found = read::file(path, self.limit);
        let digest = found.as_ref().ok().map(|bytes| Sha256::digest(bytes).into());
        self.digests.borrow_mut().insert(path.to_owned(), digest);
        found.map_err(|unread| {
            let is_missing = matches!(&unread, Unread::Failed(error) if is_missing(error));
            if is_missing { ReadError::Missing } else { ReadError::Failed(unread.words(self.limit)) }
        })
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
