//! Which files there are: folders recursively, in the order of names, each file and folder once, however it is reached.
//!
//! A folder with a Compose file is a project: of what else is in it only manifests of Skiff beside that file count, because the rest,
//! such as the source of a program, is the project's own. Hidden entries are passed over. Links are followed; one that leads back to a folder that it stands in is a problem. Nothing
//! is opened here: FIFOs, sockets and devices are known by their metadata.

use std::collections::BTreeSet;
use std::fs::{self, FileType, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::compose::{self, Project};
use super::{Limits, Problem, reason};

/// What the kernel knows a file by.
pub(super) type Identity = (u64, u64);

/// What was found below some paths.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The files to read.
    pub(super) files: Vec<Found>,
    /// The Compose projects to read.
    pub(super) projects: Vec<Project>,
    /// The folders that were entered.
    pub(super) folders: Vec<PathBuf>,
    /// The links that were passed.
    pub(super) links: Vec<PathBuf>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

/// A file to read.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) manner: Manner,
}

/// How a file came to be one to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// A person named this very file, and so means it to be a manifest.
    Named,
    /// It is in a folder of manifests.
    InFolder,
    /// It is beside a Compose file, where most are something else.
    BesideCompose,
}

/// Finds the files below the paths, but for what is below `excluded`.
pub(super) fn walk(roots: &[PathBuf], excluded: &BTreeSet<Identity>, limits: &Limits) -> Walk {
    let mut walker = Walker { walk: Walk::default(), seen: excluded.clone(), above: Vec::new(), limits };
    let named = roots.iter().filter(|root| root.as_path() != Path::new("-"));
    // Several Compose files that are named are laid over each other.
    let (compose, others): (Vec<_>, Vec<_>) = named.partition(|root| compose::is_compose(root) && root.is_file());
    walker.walk.projects.extend(Project::of_files(compose.into_iter().cloned().collect()));
    for root in others {
        walker.root(root);
    }
    walker.walk
}

/// What paths are known by to the kernel.
pub(super) fn identities(paths: &[PathBuf]) -> BTreeSet<Identity> {
    paths.iter().filter_map(|path| fs::metadata(path).ok()).map(|meta| identity(&meta)).collect()
}

/// Whether a file is one that manifests stand in, by its name.
pub(super) fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
}

/// What sort of thing that is not a file, in words.
pub(super) fn word(kind: FileType) -> &'static str {
    if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_dir() {
        "a folder"
    } else {
        "a device"
    }
}

pub(super) fn not_a_file(path: &Path, kind: FileType) -> Problem {
    let problem = Problem::new(reason::NOT_A_FILE, format!("it is {}, not a file", word(kind)));
    problem.in_file(path).with_help("take it out of the folder, or give it a name that does not end like a manifest's")
}

fn identity(meta: &Metadata) -> Identity {
    (meta.dev(), meta.ino())
}

struct Walker<'a> {
    walk: Walk,
    seen: BTreeSet<Identity>,
    /// The folders that the walk is in.
    above: Vec<Identity>,
    limits: &'a Limits,
}

impl Walker<'_> {
    fn root(&mut self, path: &Path) {
        match fs::metadata(path) {
            Err(error) => {
                let problem = Problem::new(reason::SOURCE_UNAVAILABLE, unavailable(&error));
                let help = "is the path right? nothing is removed while it is away; `skiff down --source NAME` would remove it";
                self.walk.problems.push(problem.in_file(path).with_help(help));
            }
            Ok(meta) if meta.is_dir() => self.folder(path, &meta, true),
            Ok(meta) if meta.is_file() => match other_tool(path) {
                Some(problem) => self.walk.problems.push(problem),
                None => self.file(path, &meta, Manner::Named),
            },
            Ok(meta) => {
                let problem = not_a_file(path, meta.file_type());
                self.walk.problems.push(problem.with_help("name a file or folder, or pipe the text into `skiff up -`"));
            }
        }
    }

    fn folder(&mut self, path: &Path, meta: &Metadata, named: bool) {
        let identity = identity(meta);
        if self.above.contains(&identity) {
            let problem = Problem::new(reason::LINK_LOOP, "it leads back to a folder that it is in").in_file(path);
            self.walk.problems.push(problem.with_help("remove the link"));
            return;
        }
        if !self.seen.insert(identity) {
            return;
        }
        if self.above.len() >= self.limits.depth {
            let message = format!("it is more than {} folders deep", self.limits.depth);
            let problem = Problem::new(reason::TOO_MANY, message).in_file(path);
            self.walk.problems.push(problem.with_help("name a folder that holds manifests only"));
            return;
        }
        self.above.push(identity);
        self.walk.folders.push(path.to_owned());
        match entries(path) {
            Ok(entries) if compose::is_project(path, &entries, self.limits.file_size) => {
                self.project(path, &entries, named);
            }
            Ok(entries) => entries.iter().for_each(|entry| self.entry(entry)),
            Err(error) => {
                let reason = if named { reason::SOURCE_UNAVAILABLE } else { reason::UNREADABLE };
                self.walk.problems.push(unreadable(path, &error, reason));
            }
        }
        self.above.pop();
    }

    fn project(&mut self, folder: &Path, entries: &[PathBuf], named: bool) {
        self.walk.projects.push(Project { folder: folder.to_owned(), files: Vec::new(), named });
        for path in entries.iter().filter(|path| is_manifest(path) && !compose::is_compose(path)) {
            if let Ok(meta) = fs::metadata(path)
                && meta.is_file()
            {
                self.file(path, &meta, Manner::BesideCompose);
            }
        }
    }

    fn entry(&mut self, path: &Path) {
        let Ok(own) = fs::symlink_metadata(path) else {
            // Removed since the folder was listed.
            return;
        };
        let is_link = own.is_symlink();
        if is_link {
            self.walk.links.push(path.to_owned());
        }
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => self.folder(path, &meta, false),
            Ok(_) if !is_manifest(path) => {}
            Ok(meta) if meta.is_file() => match other_tool(path) {
                Some(problem) => self.walk.warnings.push(problem),
                None => self.file(path, &meta, Manner::InFolder),
            },
            Ok(meta) => self.walk.problems.push(not_a_file(path, meta.file_type())),
            Err(error) if is_link && is_manifest(path) => self.walk.problems.push(broken_link(path, &error)),
            Err(_) => {}
        }
    }

    fn file(&mut self, path: &Path, meta: &Metadata, manner: Manner) {
        if !self.seen.insert(identity(meta)) {
            return;
        }
        if self.walk.files.len() < self.limits.files {
            self.walk.files.push(Found { path: path.to_owned(), manner });
        } else if self.walk.files.len() == self.limits.files && !self.walk.problems.iter().any(is_too_many) {
            let message = format!("there are more than {} manifest files", self.limits.files);
            let problem = Problem::new(reason::TOO_MANY, message).in_file(path);
            self.walk.problems.push(problem.with_help("name a folder that holds manifests only"));
        }
    }
}

fn is_too_many(problem: &Problem) -> bool {
    problem.reason == reason::TOO_MANY
}

/// The entries of a folder that are not hidden, in the order of their names.
fn entries(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

pub(super) fn unreadable(path: &Path, error: &io::Error, reason: &'static str) -> Problem {
    let problem = Problem::new(reason, format!("it cannot be read: {error}")).in_file(path);
    if error.kind() == io::ErrorKind::PermissionDenied {
        return problem.with_help("let the user that skiff runs as read it");
    }
    problem
}

fn unavailable(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        return "there is no such file or folder".to_owned();
    }
    format!("it cannot be read: {error}")
}

fn broken_link(path: &Path, error: &io::Error) -> Problem {
    let (reason, what) = if error.kind() == io::ErrorKind::NotFound {
        (reason::UNREADABLE, "the link leads nowhere".to_owned())
    } else if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
        (reason::LINK_LOOP, "the link leads back to itself".to_owned())
    } else {
        (reason::UNREADABLE, format!("the link cannot be followed: {error}"))
    };
    let problem = Problem::new(reason, what).in_file(path);
    problem.with_help("remove the link, or let it lead to a file")
}

/// What to say of a file that another tool reads, by its name.
fn other_tool(path: &Path) -> Option<Problem> {
    let name = path.file_name()?.to_str()?;
    let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).unwrap_or(name);
    let help = match stem {
        "kustomization" | "Kustomization" => {
            "kustomize's files are not read: name the folder of the base, and each environment with `--overlay`"
        }
        _ if compose::is_compose(path) => COMPOSE,
        _ => return None,
    };
    Some(
        Problem::new(reason::OTHER_TOOL, "it is not a manifest of skiff and is passed over")
            .in_file(path)
            .with_help(help),
    )
}

const COMPOSE: &str = "there is no compose.yaml beside it to lay it over: name the files that make up the project, each behind `-f` but the first";
