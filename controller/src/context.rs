//! The folder that an image is built from: what of it is sent to the engine, and a digest of all that decides what is built.
//!
//! As Docker has it: what `.dockerignore` names is left out, the Dockerfile and `.dockerignore` are always sent, links are sent as
//! links, sockets and devices are not, everything belongs to root. A Dockerfile that is written in the manifest is sent under a name of
//! its own, which `.dockerignore` names too, so that no image holds it. When a file was written is sent and is not part of the digest.
//! One pass makes both the archive and its digest, so that what is built is what was meant.

mod ignore;
mod pack;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use skiff_api::{Build, naming};
use skiff_core::BuildImage;

use ignore::Ignore;
pub use pack::Archive;

/// Where a context says what of it is not sent.
const IGNORE_FILE: &str = ".dockerignore";

/// Why an image cannot be built from a folder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ContextError {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl ContextError {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }

    fn unreadable(path: &Path, error: &io::Error) -> Self {
        let help = format!("make it readable, or name it in {IGNORE_FILE}");
        Self::new(format!("{} cannot be read: {error}", path.display()), help)
    }
}

/// How large a context may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextLimits {
    /// Files, folders and links.
    pub entries: usize,
    /// Bytes of all files.
    pub bytes: u64,
}

impl Default for ContextLimits {
    fn default() -> Self {
        Self { entries: 50_000, bytes: 512 << 20 }
    }
}

/// What of a folder is sent, in order.
#[derive(Clone, Debug)]
pub struct Context {
    root: PathBuf,
    entries: Vec<Entry>,
    folders: BTreeSet<PathBuf>,
}

/// Something in a context, by its path there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    path: PathBuf,
    kind: EntryKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum EntryKind {
    Folder,
    File,
    Link,
}

impl Context {
    /// Walks the context of a build.
    ///
    /// # Errors
    /// When there is no such folder or no Dockerfile in it, when something cannot be read, or when it is beyond the limits.
    pub fn read(build: &BuildImage, limits: &ContextLimits) -> Result<Self, ContextError> {
        let root = folder(build);
        if !fs::metadata(&root).is_ok_and(|meta| meta.is_dir()) {
            let message = format!("the build context {} is no folder", root.display());
            return Err(ContextError::new(
                message,
                "name the folder of the Dockerfile, relative to the manifest's file",
            ));
        }
        let dockerfile = dockerfile(&build.build);
        let is_written = build.build.dockerfile_inline.is_some();
        if !is_written && !fs::metadata(root.join(&dockerfile)).is_ok_and(|meta| meta.is_file()) {
            let message = format!("there is no {dockerfile} in the build context {}", root.display());
            return Err(ContextError::new(message, "write it, or say with `dockerfile` where in the context it is"));
        }
        let ignore = Ignore::read(&root.join(IGNORE_FILE))?;
        let mut walk =
            Walk { ignore: &ignore, sent: [&dockerfile, IGNORE_FILE], limits, bytes: 0, entries: Vec::new() };
        let mut folders = BTreeSet::from([root.clone()]);
        walk.folder(&root, Path::new(""), &mut folders)?;
        let mut entries = walk.entries;
        entries.sort();
        Ok(Self { root, entries, folders })
    }

    /// Every folder in which a change may be one of what is built.
    pub const fn folders(&self) -> &BTreeSet<PathBuf> {
        &self.folders
    }
}

/// The folder of a context, from the root, `./` taken out of it.
pub fn folder(build: &BuildImage) -> PathBuf {
    Path::new(&build.base).join(&build.build.context).components().collect()
}

/// The Dockerfile's path in the archive. One that is written in the manifest has a name that no file of a context has.
pub fn dockerfile(build: &Build) -> String {
    match &build.dockerfile_inline {
        Some(text) => format!(".dockerfile.{:x}", Sha256::digest(text.as_bytes())),
        None => build.dockerfile().to_owned(),
    }
}

/// The name of the image that is built from a context, by its repository and what the context holds now.
///
/// # Errors
/// When something cannot be read.
pub fn image(repository: &str, build: &BuildImage, context: &Context) -> Result<String, ContextError> {
    let digest = Archive::write(context, build, io::sink())?.digest();
    Ok(format!("{repository}:{}", naming::build_tag(&digest)))
}

struct Walk<'a> {
    ignore: &'a Ignore,
    sent: [&'a str; 2],
    limits: &'a ContextLimits,
    bytes: u64,
    entries: Vec<Entry>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, below: &Path, folders: &mut BTreeSet<PathBuf>) -> Result<(), ContextError> {
        let unreadable = |error: &io::Error| ContextError::unreadable(folder, error);
        for item in fs::read_dir(folder).map_err(|error| unreadable(&error))? {
            let item = item.map_err(|error| unreadable(&error))?;
            let (path, found) = (below.join(item.file_name()), item.path());
            let kind = item.file_type().map_err(|error| ContextError::unreadable(&found, &error))?;
            let is_ignored = self.ignore.ignores(&path) && !self.sent.iter().any(|sent| path == Path::new(sent));
            if kind.is_dir() {
                let is_passed = is_ignored && !self.may_hold_sent(&path);
                if !is_passed {
                    folders.insert(found.clone());
                    self.folder(&found, &path, folders)?;
                }
            }
            let kind = match () {
                () if kind.is_dir() => EntryKind::Folder,
                () if kind.is_symlink() => EntryKind::Link,
                () if kind.is_file() => EntryKind::File,
                // A socket, a device, a FIFO.
                () => continue,
            };
            if !is_ignored {
                let bytes = item.metadata().map_err(|error| ContextError::unreadable(&found, &error))?.len();
                self.add(Entry { path, kind }, if kind == EntryKind::File { bytes } else { 0 })?;
            }
        }
        Ok(())
    }

    /// Whether there may be something in an ignored folder that is sent all the same.
    fn may_hold_sent(&self, folder: &Path) -> bool {
        self.ignore.has_exceptions() || self.sent.iter().any(|sent| Path::new(sent).starts_with(folder))
    }

    fn add(&mut self, entry: Entry, bytes: u64) -> Result<(), ContextError> {
        self.entries.push(entry);
        self.bytes = self.bytes.saturating_add(bytes);
        let ContextLimits { entries, bytes } = self.limits;
        let message = match () {
            () if self.entries.len() > *entries => format!("the build context holds more than {entries} files"),
            () if self.bytes > *bytes => format!("the build context holds more than {} MiB", bytes >> 20),
            () => return Ok(()),
        };
        let help = format!("name what the Dockerfile does not need in {IGNORE_FILE}, such as .git and node_modules");
        Err(ContextError::new(message, help))
    }
}
