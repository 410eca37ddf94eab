//! Files that change under the containers that mount them, in the layout in which Kubernetes does it:
//!
//! ```text
//! <set>/..<version>/<files>       what they hold
//! <set>/..data -> ..<version>     which version counts
//! <set>/<file> -> ..data/<file>   what the container opens
//! ```
//!
//! A container mounts the folder of the set, and a mount of a folder follows what is renamed in it (a mount of a single file does
//! not, nor does it follow when the folder itself is renamed: tried with Docker 20.10). One rename of the link `..data` changes
//! all files at once; whoever reads has the old file or the new one, whole. Who was just on its way to an old file finds it for a
//! moment more. What was interrupted is told by what lies about beside the version that counts, and is done again.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, DirEntry};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use skiff_core::{ContentStore, EngineError, FileSet};

use super::{failed, make_folder, remove_tree, safe_path, write_files};

/// The link to the version that counts.
const DATA: &str = "..data";
/// The same, before it takes the other's place.
const NEXT: &str = "..next";

/// How long the old files stay after the change. The kernel goes from link to link, and opening a file failed once in some
/// thousand changes where they went at once; nothing tells when the last who is on its way has arrived.
pub(super) const GRACE: Duration = Duration::from_millis(50);

/// The version of a set; empty where it was being changed when somebody was interrupted, `None` where it is not updated in place.
pub(super) fn version(set: &Path) -> Option<String> {
    let link = fs::read_link(set.join(DATA)).ok()?;
    let version = link.to_str()?.strip_prefix("..")?.to_owned();
    let settled = |entry: &DirEntry| !is_ours(entry) || entry.file_name() == DATA || entry.file_name() == *link;
    let is_settled = entries(set).is_ok_and(|entries| entries.iter().all(settled));
    Some(if is_settled { version } else { String::new() })
}

/// Lays out a set that nobody mounts yet.
pub(super) fn lay_out(draft: &Path, version: &str, set: &FileSet, content: &ContentStore) -> Result<(), EngineError> {
    make_folder(draft, 0o755)?;
    write_files(&draft.join(folder_of(version)), set, content)?;
    link_names(draft, &names(set)?)?;
    point_to(draft, version)
}

/// Puts another version into a set that containers may be mounting; the older ones go after the pause.
pub(super) fn replace(
    folder: &Path,
    version: &str,
    set: &FileSet,
    content: &ContentStore,
    pause: impl FnOnce(),
) -> Result<(), EngineError> {
    let (names, next) = (names(set)?, folder.join(folder_of(version)));
    let counts = fs::read_link(folder.join(DATA)).is_ok_and(|link| *link == *folder_of(version));
    if !counts {
        // What is left of an earlier try.
        remove_tree(&next)?;
        write_files(&next, set, content)?;
    }
    link_names(folder, &names)?;
    if !counts {
        point_to(folder, version)?;
    }
    pause();
    // The older versions last: while one is there, the set does not count as settled.
    drop_links(folder, &names)?;
    drop_others(folder, version)
}

fn folder_of(version: &str) -> String {
    format!("..{version}")
}

/// Whether a name is of this layout, and no file's of the set.
fn is_ours(entry: &DirEntry) -> bool {
    entry.file_name().as_bytes().starts_with(b"..")
}

/// The first parts of the files' paths.
fn names(set: &FileSet) -> Result<BTreeSet<OsString>, EngineError> {
    let name = |path: &str| Ok(safe_path(path)?.iter().next().unwrap_or_default().to_owned());
    let names = set.files.iter().map(|file| name(&file.path)).collect::<Result<BTreeSet<_>, EngineError>>()?;
    match names.iter().find(|name| name.as_bytes().starts_with(b"..")) {
        None => Ok(names),
        Some(name) => {
            let name = name.display();
            Err(EngineError::Invalid(format!("the path `{name}` of a file that is updated in place begins with `..`")))
        }
    }
}

fn link_names(folder: &Path, names: &BTreeSet<OsString>) -> Result<(), EngineError> {
    for name in names {
        let link = folder.join(name);
        match symlink(Path::new(DATA).join(name), &link) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed("write", &link, &error)),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// From here on another version counts.
fn point_to(folder: &Path, version: &str) -> Result<(), EngineError> {
    let (next, data) = (folder.join(NEXT), folder.join(DATA));
    let point = || -> io::Result<()> {
        match fs::remove_file(&next) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        symlink(folder_of(version), &next)?;
        fs::rename(&next, &data)
    };
    point().map_err(|error| failed("write", &data, &error))
}

/// Drops the links of files that the set has no more.
fn drop_links(folder: &Path, names: &BTreeSet<OsString>) -> Result<(), EngineError> {
    for entry in read(folder)?.iter().filter(|entry| !is_ours(entry) && !names.contains(&entry.file_name())) {
        fs::remove_file(entry.path()).map_err(|error| failed("remove", &entry.path(), &error))?;
    }
    Ok(())
}

fn drop_others(folder: &Path, version: &str) -> Result<(), EngineError> {
    let kept = [DATA.to_owned(), folder_of(version)];
    let others = read(folder)?
        .into_iter()
        .filter(|entry| is_ours(entry) && !kept.iter().any(|kept| entry.file_name() == **kept));
    for entry in others {
        remove_tree(&entry.path())?;
    }
    Ok(())
}

fn read(folder: &Path) -> Result<Vec<DirEntry>, EngineError> {
    entries(folder).map_err(|error| failed("read", folder, &error))
}

fn entries(folder: &Path) -> io::Result<Vec<DirEntry>> {
    fs::read_dir(folder)?.collect()
}

#[cfg(test)]
mod tests;
