//! The files of a repository, as the cache that they are: what a git left behind that was cut off goes before the next one begins.
//!
//! All of this is done under the lock of the repository's folder: nobody else's git works in it then.

use std::fs;
use std::path::Path;

/// How large a repository may become by a fetch, in bytes.
pub(super) const LARGEST: u64 = 2 << 30;

/// Removes lock files and half of packs and objects.
pub(super) fn tidy(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        // What cannot be removed is in git's way, and git says so.
        match (is_left_behind(&entry.file_name().to_string_lossy()), is_folder) {
            (true, true) => fs::remove_dir_all(&path).unwrap_or_default(),
            (true, false) => fs::remove_file(&path).unwrap_or_default(),
            (false, true) => tidy(&path),
            (false, false) => {}
        }
    }
}

/// Git names no reference so, and ours are called otherwise.
fn is_left_behind(name: &str) -> bool {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    name.rsplit_once('.').is_some_and(|(_, last)| last == "lock")
        || name == "gc.pid"
        || begins(&["tmp_", ".tmp-", "shallow_"])
}

/// How many bytes a folder holds.
pub(super) fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => size(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
