//! Copies of parts of a commit, which containers mount: made once, whole, and never changed.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Copies a file or folder of a commit. It is there whole and on the disk, or not at all: a container that starts after a power cut must
/// not find half of it.
///
/// # Errors
/// When the disk does not take it.
pub fn copy_whole(from: &Path, to: &Path) -> io::Result<()> {
    let parent = to.parent().unwrap_or(to);
    fs::create_dir_all(parent)?;
    let draft =
        parent.join(format!(".{}.{}", to.file_name().unwrap_or_default().to_string_lossy(), std::process::id()));
    clear(&draft)?;
    copy(from, &draft)?;
    rustix::fs::syncfs(fs::File::open(parent)?)?;
    match fs::rename(&draft, to) {
        // Somebody else was first, with the same.
        Err(_) if to.exists() => clear(&draft),
        renamed => renamed,
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let meta = fs::symlink_metadata(from)?;
    if meta.is_symlink() {
        return symlink(fs::read_link(from)?, to);
    }
    if meta.is_file() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

fn clear(path: &Path) -> io::Result<()> {
    let cleared = match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    cleared.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}
