//! Files into a folder: what an export before this one left there goes, what others put there is never touched.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use skiff_kubernetes::Files;

use crate::cli::CliError;

/// Lists what an export wrote, so that the next one knows what is its own.
const LIST: &str = ".skiff-export";

/// Secrets are among the files: nobody else reads them.
const MODE: u32 = 0o600;

/// Writes the files.
pub(super) fn folder(dir: &Path, files: &Files) -> Result<(), CliError> {
    let failed = |path: &Path| {
        let message = format!("cannot write {}", path.display());
        move |error| CliError::failed(message, error)
    };
    fs::create_dir_all(dir).map_err(failed(dir))?;
    let own = fs::read_to_string(dir.join(LIST)).unwrap_or_default();
    let own: BTreeSet<&str> = own.lines().collect();
    if let Some(foreign) = files.keys().find(|path| !own.contains(path.as_str()) && dir.join(path).exists()) {
        let message = format!("{} is there, and no export has written it", dir.join(foreign).display());
        return Err(CliError::refused(message, "choose an empty folder, or remove the file"));
    }
    for old in own.iter().filter(|path| !files.contains_key(**path) && is_inner(path)) {
        fs::remove_file(dir.join(old)).ok();
    }
    let list = files.keys().map(String::as_str).chain([""]).collect::<Vec<_>>().join("\n");
    let all = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).chain([(LIST, list.as_str())]);
    for (path, text) in all {
        let path = dir.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed(parent))?;
        }
        write(&path, text).map_err(failed(&path))?;
    }
    Ok(())
}

/// Whether a path leads nowhere out of the folder.
fn is_inner(path: &str) -> bool {
    let path = Path::new(path);
    path.is_relative() && path.components().all(|part| matches!(part, std::path::Component::Normal(_)))
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> Files {
        names.iter().map(|name| ((*name).to_owned(), format!("{name}\n"))).collect()
    }

    #[test]
    fn what_an_export_before_left_goes_and_what_others_put_there_stays() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("README.md"), "mine").expect("a file");
        folder(dir.path(), &files(&["web.yaml", "sub/db.yaml"])).expect("written");
        folder(dir.path(), &files(&["web.yaml"])).expect("written again");
        let there = |name: &str| dir.path().join(name).exists();
        assert_eq!([there("web.yaml"), there("sub/db.yaml"), there("README.md")], [true, false, true]);
        let refused = folder(dir.path(), &files(&["README.md"])).expect_err("another's file");
        assert!(refused.to_string().contains("README.md is there"), "{refused}");
        assert_eq!(fs::read_to_string(dir.path().join("README.md")).ok().as_deref(), Some("mine"));
    }
}
