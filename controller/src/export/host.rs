//! What relative host paths hold, as far as it may be content: files and small folders. Nothing outside of a manifest's reach.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use skiff_kubernetes::{HostContent, LARGEST_CONTENT};

use crate::source::{Loaded, host_paths, read_file};

/// The most files of a folder that becomes content.
const MOST_FILES: usize = 200;
/// How deep a folder is looked into.
const DEEPEST: usize = 8;

/// The content of every relative host path that is mounted, by the folder that it starts from and as it is written.
pub(super) fn contents(loaded: &Loaded) -> BTreeMap<(String, String), HostContent> {
    let mut found = BTreeMap::new();
    for declared in loaded.objects.values() {
        for path in host_paths(&declared.object).filter(|path| Path::new(path).is_relative()) {
            let key = (declared.base.display().to_string(), path.to_owned());
            let place = declared.base.join(path).components().collect::<std::path::PathBuf>();
            if !found.contains_key(&key)
                && let Some(content) = content(&place)
            {
                found.insert(key, content);
            }
        }
    }
    found
}

/// What a path holds; `None` where it is not there.
fn content(path: &Path) -> Option<HostContent> {
    let meta = fs::metadata(path).ok()?;
    if meta.is_file() {
        let bytes =
            usize::try_from(meta.len()).ok().filter(|length| *length <= LARGEST_CONTENT).and_then(|_| bytes(path));
        return Some(bytes.map_or(HostContent::Large { folder: false }, HostContent::File));
    }
    if !meta.is_dir() {
        return Some(HostContent::Special);
    }
    let mut files = BTreeMap::new();
    let mut room = LARGEST_CONTENT;
    let is_whole = walk(path, "", DEEPEST, &mut room, &mut files).is_ok();
    Some(if is_whole { HostContent::Folder(files) } else { HostContent::Large { folder: true } })
}

fn bytes(path: &Path) -> Option<Arc<[u8]>> {
    read_file(path, u64::try_from(LARGEST_CONTENT).unwrap_or(u64::MAX)).ok().map(Arc::from)
}

/// Takes the files of a folder; an error where it does not become content.
fn walk(
    folder: &Path,
    below: &str,
    depth: usize,
    room: &mut usize,
    files: &mut BTreeMap<String, Arc<[u8]>>,
) -> io::Result<()> {
    let refused = || io::Error::from(io::ErrorKind::FileTooLarge);
    if depth == 0 {
        return Err(refused());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|_| refused())?;
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        let meta = fs::metadata(entry.path())?;
        if meta.is_dir() {
            walk(&entry.path(), &path, depth - 1, room, files)?;
            continue;
        }
        let bytes = bytes(&entry.path()).filter(|_| meta.is_file() && files.len() < MOST_FILES).ok_or_else(refused)?;
        *room = room.checked_sub(bytes.len()).ok_or_else(refused)?;
        files.insert(path, bytes);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_content_while_it_is_small_and_data_once_it_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("a")).expect("a folder");
        fs::write(folder.path().join("a/b.conf"), "x").expect("a file");
        let small = content(folder.path());
        let files = BTreeMap::from([("a/b.conf".to_owned(), Arc::from(b"x".as_slice()))]);
        assert_eq!(small, Some(HostContent::Folder(files)));
        fs::write(folder.path().join("large"), vec![0; LARGEST_CONTENT]).expect("a file");
        assert_eq!(content(folder.path()), Some(HostContent::Large { folder: true }));
        assert_eq!(content(&folder.path().join("missing")), None);
        assert_eq!(content(Path::new("/dev/null")), Some(HostContent::Special));
    }
}
