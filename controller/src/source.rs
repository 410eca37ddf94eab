//! Manifests and Compose files from the disk: files and folders, overlays merged over them, and what is wrong with any of it.
//!
//! Loading is total: whatever is wrong is among the problems, each with its file and line, and everything else is loaded.
//! [`merge_last_good`] then makes up for what is wrong with what was good before. A load says what the files say, not what
//! shall be done about it: pruning and its guards are the planner's.

mod builds;
mod complete;
mod compose;
mod documents;
mod given;
mod host_files;
mod last_good;
mod layers;
mod mounted;
mod name;
mod options;
mod parts;
mod problem;
mod read;
mod relocate;
mod sealed;
mod text;
mod tree;
mod walk;
pub mod watch;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use skiff_api::{Mended, Object, ObjectKey};
use skiff_core::HostFiles;
use skiff_remote::git::Commit;
use skiff_yaml::{FileId, Positions, Span};

pub use complete::{complete, complete_beside, warn_of_taken};
pub use compose::{ComposeProject, project as compose_project};
pub use given::GivenSource;
pub(crate) use last_good::is_elsewhere;
pub use last_good::merge_last_good;
pub use name::is_source_name;
pub use options::{ComposeOptions, Limits, SourceOptions};
pub use parts::{Part, PartsError, parts};
pub use problem::{Problem, RelatedPlace, reason};
pub use text::{SourceText, Texts};
pub use tree::TreeSource;

/// What a source says.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The source's name.
    pub source: String,
    /// Whether the person named it: then it is that source wherever it is read from.
    pub named: bool,
    /// The files and folders that were read, from the root, `-` for the standard input.
    pub roots: Vec<PathBuf>,
    /// The revision, for sources that have one.
    pub revision: Option<String>,
    /// The commit that it is of, for sources that have commits.
    pub commit: Option<Commit>,
    /// A commit that is newer and not in force, because something is wrong with it.
    pub refused: Option<Commit>,
    /// Copies that containers mount, and what each is a copy of: they must be there before anything is done.
    pub mounts: BTreeMap<PathBuf, PathBuf>,
    /// The valid objects.
    pub objects: BTreeMap<ObjectKey, Declared>,
    /// What is left of objects that are wrong by themselves, to find what else is.
    pub flawed: BTreeMap<ObjectKey, Flawed>,
    /// Everything that is wrong. While there is anything, nothing of the source may be pruned.
    pub problems: Vec<Problem>,
    /// What is odd and stands in the way of nothing, such as files that are no manifests.
    pub warnings: Vec<Problem>,
    /// The texts that spans refer to, by their file's number.
    pub texts: Texts,
    /// The content of small host files that are mounted read-only.
    pub host_files: HostFiles,
    /// What the load depends on besides the manifests, for whoever watches.
    pub beside: Beside,
    /// What Compose files read besides manifests: a digest of each file, `None` where there was none.
    pub read: BTreeMap<PathBuf, Option<[u8; 32]>>,
    /// What the objects of Compose files are called there: "service `web`".
    pub composed: BTreeMap<ObjectKey, String>,
    /// What Compose attributes became that is not what they mean to Compose.
    pub approximated: Vec<skiff_compose::Row>,
    /// Secrets whose last good content went with a reboot.
    pub lost: BTreeSet<ObjectKey>,
    /// A digest of everything that was read: equal fingerprints mean equal loads.
    pub fingerprint: String,
}

impl Loaded {
    /// Where each object is declared, `web.yaml:7`.
    pub fn places(&self) -> BTreeMap<ObjectKey, String> {
        let place = |Origin { file, line, .. }: &Origin| format!("{}:{line}", file.display());
        self.objects.iter().map(|(key, declared)| (key.clone(), place(&declared.origin))).collect()
    }
}

/// What a load depends on besides the manifests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Where host files that count as content, build contexts, the key file and what Compose files read are or could be.
    pub files: BTreeSet<PathBuf>,
    /// The folders of build contexts, in which everything counts.
    pub folders: BTreeSet<PathBuf>,
}

/// An object, and where it comes from.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The object, its namespace filled in.
    pub object: Object,
    /// The folder of its manifest, absolute, or the one that `skiff.dev/paths-relative-to` leads to: relative host paths start there, those
    /// of overlays too.
    pub base: PathBuf,
    /// Where it stands.
    pub origin: Origin,
    /// Whether this is its last good version, because what the files say now is wrong.
    pub last_good: bool,
    /// A Secret as it was written, what is encrypted still closed.
    pub written: Option<serde_json::Value>,
}

/// An object that is wrong by itself, and is not used.
#[derive(Clone, Debug)]
pub struct Flawed {
    /// What it comes to without what is wrong with it.
    pub mended: Mended,
    /// Where it stands.
    pub origin: Origin,
}

impl Flawed {
    fn new(mended: Mended, key: &ObjectKey, origin: Origin) -> Self {
        Self { mended: mended.in_namespace(&key.namespace), origin }
    }
}

/// Where an object stands.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The file.
    pub file: PathBuf,
    /// Which of the file's documents it is, from 0.
    pub document: usize,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// Where every field stands, each in the file that it came from; `None` for a last good version.
    pub positions: Option<Arc<Positions>>,
}

impl Origin {
    /// The place of a field, or of the nearest one above it. `at_key` asks for its key.
    pub fn place(&self, pointer: &str, at_key: bool) -> Option<Span> {
        self.positions.as_ref().map(|positions| problem::place(positions, pointer, at_key))
    }
}

/// Reads everything that the options name, with the process's standard input for `-`.
pub fn load(options: &SourceOptions) -> Loaded {
    load_with(options, &mut std::io::stdin().lock())
}

/// As [`load`], with another standard input.
pub fn load_with(options: &SourceOptions, stdin: &mut dyn std::io::Read) -> Loaded {
    let mut loaded = Loaded {
        source: name::of(options),
        named: match (&options.tree, &options.given) {
            (Some(tree), _) => tree.named,
            (None, Some(given)) => given.named,
            (None, None) => options.name.is_some(),
        },
        roots: match (&options.tree, &options.given) {
            (Some(tree), _) => vec![tree.root.clone()],
            (None, Some(given)) => vec![given.root.clone()],
            (None, None) => {
                options.paths.iter().map(|path| if is_stdin(path) { path.clone() } else { absolute(path) }).collect()
            }
        },
        ..Loaded::default()
    };
    loaded.problems.extend(name::problem(options));
    let overlays = walk::identities(&options.overlays);
    let base = documents::read(&options.paths, &overlays, options, &mut loaded, stdin);
    let mut declaring: BTreeSet<FileId> = base.iter().map(|candidate| candidate.file).collect();
    let mut layers = layers::Layers::new(base, &mut loaded);
    for overlay in &options.overlays {
        let root = std::slice::from_ref(overlay);
        let before = loaded.problems.len();
        let layer = documents::read(root, &BTreeSet::new(), options, &mut loaded, stdin);
        loaded.problems.iter_mut().skip(before).for_each(|problem| away(problem, overlay, options.tree.is_some()));
        declaring.extend(layer.iter().map(|candidate| candidate.file));
        layers.lay(layer, &mut loaded);
    }
    let opener = sealed::Opener::of(options);
    layers.finish(&opener, &mut loaded);
    opener.finish(&mut loaded);
    relocate::settle(&mut loaded, options);
    mounted::demote(&mut loaded, &declaring);
    builds::name(&mut loaded, options);
    host_files::collect(&mut loaded);
    if loaded.objects.is_empty() && loaded.problems.is_empty() {
        let paths = if options.paths.is_empty() { &loaded.roots } else { &options.paths };
        let message = format!("{} holds no manifests", shown(paths));
        let help = match &options.given {
            Some(given) => format!("`skiff push PATH etcd://HOST{}` writes documents there", given.prefix),
            None => "a manifest is a .yaml, .yml or .json file that begins with `apiVersion: skiff.dev/v1`, or a Compose file"
                .to_owned(),
        };
        loaded.warnings.push(Problem::new(reason::NO_MANIFESTS, message).with_help(help));
    }
    if let Some(tree) = &options.tree {
        let roots: Vec<PathBuf> = options.paths.iter().chain(&options.overlays).cloned().collect();
        tree::settle(&mut loaded, tree, &roots);
    }
    if let Some(given) = &options.given {
        given::settle(&mut loaded, given);
    }
    problem::sort(&mut loaded.problems);
    problem::sort(&mut loaded.warnings);
    loaded.fingerprint = fingerprint(&loaded);
    loaded
}

/// An overlay that is away removes nothing and cannot be removed: what to do about it is something else.
fn away(problem: &mut Problem, overlay: &Path, is_in_address: bool) {
    if problem.reason == reason::SOURCE_UNAVAILABLE && problem.file.as_deref() == Some(overlay) {
        let named = if is_in_address { "`overlay=` of the address" } else { "`--overlay`" };
        problem.help =
            Some(format!("is the path behind {named} right? while it is away, what it changes stays as it was"));
    }
}

fn shown(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn fingerprint(loaded: &Loaded) -> String {
    let mut hasher = Sha256::new();
    let mut add = |part: &[u8]| {
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part);
    };
    for text in loaded.texts.iter() {
        add(text.path.as_os_str().as_encoded_bytes());
        add(text.text.as_bytes());
    }
    for ((base, path), bytes) in &loaded.host_files {
        add(base.as_bytes());
        add(path.as_bytes());
        add(bytes);
    }
    for built in loaded.objects.values().filter_map(builds::build) {
        add(built.image.as_bytes());
    }
    for (path, digest) in &loaded.read {
        add(path.as_os_str().as_encoded_bytes());
        add(digest.as_ref().map_or(&[], |digest| digest.as_slice()));
    }
    for problem in loaded.problems.iter().chain(&loaded.warnings) {
        add(problem.message.as_bytes());
    }
    hasher.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

/// Every path of the host that an object mounts, as it is written.
pub fn host_paths(object: &Object) -> impl Iterator<Item = &str> {
    host_files::all(object).map(|host| host.path.as_str())
}

/// Reads a file of at most `limit` bytes, whole.
///
/// # Errors
/// Why it was not read.
pub fn read_file(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    read::file(path, limit).map_err(|unread| std::io::Error::other(unread.words(limit)))
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

impl Loaded {
    /// A file from the root, without looking at the disk; one of a commit is called as git calls it.
    pub fn located(&self, file: &Path) -> PathBuf {
        if self.commit.is_some() || self.refused.is_some() { file.to_owned() } else { absolute(file) }
    }
}

/// The path from the root, without looking at the disk.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
