//! Paths as text: nothing here looks at the disk.

use std::path::{Component, Path, PathBuf};

/// A path without `.` and, where that needs no look at the disk, without `..`.
pub(crate) fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(tidied.components().next_back(), Some(Component::Normal(_))) => {
                tidied.pop();
            }
            Component::ParentDir | Component::Normal(_) | Component::RootDir | Component::Prefix(_) => {
                tidied.push(component);
            }
        }
    }
    tidied
}

/// Whether what an image is built from is no folder of the host.
pub(crate) fn is_elsewhere(context: &str) -> bool {
    context.contains("://") || context.starts_with("git@") || context.starts_with("github.com/")
}

/// A path of a file, from the root.
pub(crate) fn resolve(directory: &Path, path: &str) -> PathBuf {
    tidy(&directory.join(path))
}

/// How a path that stands in a file of `directory` is written in an object whose own paths start at `base`.
///
/// Below `base` it stays relative, so that what a source mounts is the same wherever the source lies.
pub(crate) fn rebased(directory: &Path, base: &Path, path: &str) -> String {
    if path.starts_with('/') || is_windows(path) {
        return path.to_owned();
    }
    let whole = resolve(directory, path);
    match whole.strip_prefix(base) {
        Ok(below) if below.as_os_str().is_empty() => ".".to_owned(),
        Ok(below) => format!("./{}", below.display()),
        Err(_) => whole.display().to_string(),
    }
}

/// `C:\data` and `\\.\pipe\name`.
pub(crate) fn is_windows(path: &str) -> bool {
    let bytes = path.as_bytes();
    let drive = matches!(bytes, [letter, b':', b'\\', ..] if letter.is_ascii_alphabetic());
    drive || path.starts_with("\\\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_below_the_project_stays_relative() {
        let base = Path::new("/srv/shop");
        let rebase = |directory: &str, path: &str| rebased(Path::new(directory), base, path);
        assert_eq!(rebase("/srv/shop", "./data"), "./data");
        assert_eq!(rebase("/srv/shop/db", "./data/../conf"), "./db/conf");
        assert_eq!(rebase("/srv/shop", "../other"), "/srv/other");
        assert_eq!(rebase("/srv/shop", "/etc/hosts"), "/etc/hosts");
        assert_eq!(rebase("/srv/shop", "."), ".");
        assert_eq!(rebase("/srv/shop", "C:\\data"), "C:\\data");
    }
}
