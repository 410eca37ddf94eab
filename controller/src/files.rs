//! File sets: the files of a ConfigMap or Secret, laid out for one mount, in a folder named by the set's id.
//!
//! A set is whole or absent: it is written beside its place and renamed. One that is updated in place changes all at once
//! (see `in_place`). Secrets are only ever written to memory; where the folder for them is not a tmpfs, nothing is written and
//! the error says what to do. Which sets are needed is the planner's choice. Writers take turns, those of other processes too.
//! Everything here blocks; callers run it where that is allowed.

mod in_place;

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use skiff_core::{ContentStore, EngineError, FileEntry, FileSet, Outcome};

/// `f_type` of statfs(2) for the file systems that are only in memory.
const MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];

/// Where file sets are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStore {
    /// The folder of config files, on disk.
    pub config_root: PathBuf,
    /// The folder of secret files, on a tmpfs.
    pub secret_root: PathBuf,
}

impl FileStore {
    /// The folder of a set.
    pub fn folder(&self, set: &FileSet) -> PathBuf {
        self.root(set.secret).join(&set.id)
    }

    /// The set that a path of the host belongs to.
    pub fn set_of(&self, path: &Path) -> Option<String> {
        let below = [&self.config_root, &self.secret_root].into_iter().find_map(|root| path.strip_prefix(root).ok())?;
        match below.components().next()? {
            Component::Normal(id) => Some(id.to_string_lossy().into_owned()),
            Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => None,
        }
    }

    /// Whether a path is that of a file of a commit which Skiff wrote out, and is gone. What is in sets is written again by the plan.
    pub fn is_lost(&self, path: &Path) -> bool {
        let commits = self.config_root.parent().map(|state| state.join("git"));
        commits.is_some_and(|commits| path.starts_with(commits)) && matches!(path.try_exists(), Ok(false))
    }

    /// The ids of the sets that are whole, each with its version where it is updated in place.
    ///
    /// # Errors
    /// When a folder is there and cannot be read.
    pub fn list(&self) -> Result<BTreeMap<String, Option<String>>, EngineError> {
        let mut sets = BTreeMap::new();
        for root in [&self.config_root, &self.secret_root] {
            let entries = match fs::read_dir(root) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries.map_err(|error| failed("read", root, &error))?,
            };
            for entry in entries {
                let entry = entry.map_err(|error| failed("read", root, &error))?;
                let name = entry.file_name();
                let name = name.to_string_lossy();
                // What starts with a dot is being written, or was when Skiff was killed.
                if !name.starts_with('.') {
                    sets.insert(name.into_owned(), in_place::version(&entry.path()));
                }
            }
        }
        Ok(sets)
    }

    /// Writes a set, unless it is there. One of another version gives way all at once.
    ///
    /// # Errors
    /// When a key has no content, when secrets would go to a disk, or when the host refuses.
    pub fn write(&self, set: &FileSet, content: &ContentStore) -> Result<Outcome, EngineError> {
        check_id(&set.id)?;
        let (folder, root) = (self.folder(set), self.root(set.secret));
        if is_there(&folder, set) {
            return Ok(Outcome::Already);
        }
        make_folder(root, if set.secret { 0o700 } else { 0o755 })?;
        if set.secret {
            check_memory(root)?;
        }
        let _turn = take_turn(root)?;
        if is_there(&folder, set) {
            return Ok(Outcome::Already);
        }
        if let Some(version) = set.version.as_deref().filter(|_| folder.is_dir()) {
            let grace = || std::thread::sleep(in_place::GRACE);
            return in_place::replace(&folder, version, set, content, grace).map(|()| Outcome::Done);
        }
        let draft = root.join(format!(".{}", set.id));
        remove_tree(&draft)?;
        let written = match &set.version {
            Some(version) => in_place::lay_out(&draft, version, set, content),
            None => write_files(&draft, set, content),
        };
        let written =
            written.and_then(|()| fs::rename(&draft, &folder).map_err(|error| failed("write", &folder, &error)));
        if written.is_err() {
            remove_tree(&draft)?;
        }
        written.map(|()| Outcome::Done)
    }

    /// Removes a set.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn remove(&self, id: &str) -> Result<Outcome, EngineError> {
        check_id(id)?;
        let mut outcome = Outcome::Already;
        for root in [&self.config_root, &self.secret_root] {
            let folder = root.join(id);
            if folder.exists() {
                let _turn = take_turn(root)?;
                // Renamed first: half a set must never look like a set.
                let draft = root.join(format!(".{id}"));
                remove_tree(&draft)?;
                fs::rename(&folder, &draft).map_err(|error| failed("remove", &folder, &error))?;
                remove_tree(&draft)?;
                outcome = Outcome::Done;
            }
        }
        Ok(outcome)
    }

    fn root(&self, secret: bool) -> &Path {
        if secret { &self.secret_root } else { &self.config_root }
    }
}

fn is_there(folder: &Path, set: &FileSet) -> bool {
    folder.is_dir() && (set.version.is_none() || in_place::version(folder) == set.version)
}

/// Waits until nobody else writes below a root; the turn ends with the value.
fn take_turn(root: &Path) -> Result<File, EngineError> {
    let lock = || -> io::Result<File> {
        let root = File::open(root)?;
        root.lock()?;
        Ok(root)
    };
    lock().map_err(|error| failed("lock", root, &error))
}

fn check_id(id: &str) -> Result<(), EngineError> {
    let fit = !id.starts_with('.') && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if fit && !id.is_empty() {
        Ok(())
    } else {
        Err(EngineError::Invalid(format!(
            "`{id}` cannot name a folder of files: letters, digits, `.`, `_` and `-` can"
        )))
    }
}

fn check_memory(root: &Path) -> Result<(), EngineError> {
    let stat = rustix::fs::statfs(root).map_err(|error| failed("look at", root, &error.into()))?;
    // The type is a signed word on some platforms and an unsigned one on others.
    let kind = u64::try_from(stat.f_type).unwrap_or_default();
    if MEMORY.contains(&kind) {
        return Ok(());
    }
    Err(EngineError::Failed(format!(
        "secrets are written to memory only and {root} is on a disk: give Skiff a folder below /run, or mount one \
         (`mount -t tmpfs -o mode=0700 tmpfs {root}`)",
        root = root.display()
    )))
}

fn write_files(draft: &Path, set: &FileSet, content: &ContentStore) -> Result<(), EngineError> {
    // The process in the container reads through this folder under its own user; only the root above keeps others out.
    make_folder(draft, 0o755)?;
    for entry in &set.files {
        let path = draft.join(safe_path(&entry.path)?);
        let folders = path.parent().map(|parent| parent.ancestors().take_while(|folder| *folder != draft));
        let mut folders: Vec<&Path> = folders.into_iter().flatten().collect();
        folders.reverse();
        for folder in folders {
            make_folder(folder, 0o755)?;
        }
        write_file(&path, entry, &bytes_of(set, entry, content)?)?;
    }
    Ok(())
}

fn bytes_of(set: &FileSet, entry: &FileEntry, content: &ContentStore) -> Result<std::sync::Arc<[u8]>, EngineError> {
    content.get(&set.object, &entry.key).cloned().ok_or_else(|| {
        EngineError::Invalid(format!(
            "{} has no key `{}`, which the file {} is made from",
            set.object, entry.key, entry.path
        ))
    })
}

/// A path that stays below its folder.
fn safe_path(path: &str) -> Result<&Path, EngineError> {
    let path = Path::new(path);
    let mut parts = path.components().peekable();
    if parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_))) {
        Ok(path)
    } else {
        Err(EngineError::Invalid(format!("the path `{}` of a file must stay below its mount", path.display())))
    }
}

fn write_file(path: &Path, entry: &FileEntry, bytes: &[u8]) -> Result<(), EngineError> {
    let write = || -> io::Result<()> {
        // Nobody else may read it before its mode and owner are right.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        if entry.uid.is_some() || entry.gid.is_some() {
            std::os::unix::fs::fchown(&file, entry.uid, entry.gid)?;
        }
        file.set_permissions(Permissions::from_mode(entry.mode & 0o7777))?;
        file.sync_all()
    };
    write().map_err(|error| {
        let owned = entry.uid.is_some() || entry.gid.is_some();
        if owned && error.kind() == io::ErrorKind::PermissionDenied {
            return EngineError::Failed(format!(
                "{} cannot be given to its owner: only root may do that; run Skiff as root or leave out uid and gid",
                path.display()
            ));
        }
        failed("write", path, &error)
    })
}

fn make_folder(folder: &Path, mode: u32) -> Result<(), EngineError> {
    let make = || -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        DirBuilder::new().recursive(true).mode(mode).create(folder)?;
        // The umask has had its say; the mode is meant as it is.
        fs::set_permissions(folder, Permissions::from_mode(mode))
    };
    make().map_err(|error| failed("make", folder, &error))
}

fn remove_tree(folder: &Path) -> Result<(), EngineError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", folder, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn failed(verb: &str, path: &Path, error: &io::Error) -> EngineError {
    EngineError::Failed(format!("cannot {verb} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
