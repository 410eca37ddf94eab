//! Files of the state: old or new after a crash, never torn, and never believed when damaged.
//!
//! A file is two lines of JSON: a header with the version of the format and a checksum, and the body. It is written beside its
//! place, synced and renamed. One that cannot be read is set aside as `<name>.damaged-<n>`, so that nothing is lost.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::StateError;

/// The version of the format that this version of Skiff reads and writes.
pub(super) const VERSION: u64 = 1;

#[derive(Serialize, Deserialize)]
struct Header {
    version: u64,
    sha256: String,
}

/// The header of whatever version: only that much is read of a file from the future.
#[derive(Deserialize)]
struct AnyHeader {
    version: u64,
}

/// Why the content of a file is not to be believed.
enum Refused {
    Damaged(&'static str),
    Future(u64),
}

/// Reads a file; `None` where there is none, or where it was damaged: it is then set aside, if that is allowed.
pub(super) fn read<T: DeserializeOwned>(
    path: &Path,
    writable: bool,
    warnings: &mut Vec<String>,
) -> Result<Option<T>, StateError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StateError::Io { path: path.to_owned(), source }),
    };
    match decode(&bytes) {
        Ok(body) => Ok(Some(body)),
        Err(Refused::Future(version)) => Err(StateError::Future { path: path.to_owned(), version }),
        Err(Refused::Damaged(why)) => {
            warnings.push(set_aside(path, why, writable));
            Ok(None)
        }
    }
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refused> {
    if bytes.is_empty() {
        return Err(Refused::Damaged("is empty"));
    }
    let line = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (head, body) = bytes.split_at_checked(line).unwrap_or((bytes, &[]));
    let any: AnyHeader = serde_json::from_slice(head).map_err(|_| Refused::Damaged("has no header"))?;
    if any.version > VERSION {
        return Err(Refused::Future(any.version));
    }
    let header: Header = serde_json::from_slice(head).map_err(|_| Refused::Damaged("has a damaged header"))?;
    if header.version != VERSION || header.sha256 != checksum(body) {
        return Err(Refused::Damaged("is torn or was changed"));
    }
    serde_json::from_slice(body).map_err(|_| Refused::Damaged("cannot be read"))
}

/// Moves a damaged file out of the way, and says so.
pub(super) fn set_aside(path: &Path, why: &str, writable: bool) -> String {
    let shown = path.display();
    if !writable {
        return format!("{shown} {why}: it is passed over");
    }
    let free = (1..u32::MAX).map(|n| with_suffix(path, &format!(".damaged-{n}"))).find(|aside| !aside.exists());
    match free.map(|aside| fs::rename(path, &aside).map(|()| aside)) {
        Some(Ok(aside)) => format!("{shown} {why}: it was set aside as {}", aside.display()),
        Some(Err(error)) => format!("{shown} {why} and cannot be set aside: {error}"),
        None => format!("{shown} {why}"),
    }
}

/// Writes a file whole or not at all.
pub(super) fn write<T: Serialize>(path: &Path, body: &T) -> Result<(), StateError> {
    let encoded = encode(body).map_err(|error| StateError::Io { path: path.to_owned(), source: error.into() })?;
    write_bytes(path, &encoded)
}

/// As [`write()`], for a file without header.
pub(super) fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    let temporary = with_suffix(path, &format!(".tmp-{}", std::process::id()));
    let result = write_beside(&temporary, path, bytes);
    if result.is_err() {
        // What is left of it is of no use, and its room may be needed.
        fs::remove_file(&temporary).ok();
    }
    result.map_err(|source| StateError::Io { path: path.to_owned(), source })
}

fn encode<T: Serialize>(body: &T) -> serde_json::Result<Vec<u8>> {
    let mut text = vec![b'\n'];
    serde_json::to_writer(&mut text, body)?;
    text.push(b'\n');
    let mut encoded = serde_json::to_vec(&Header { version: VERSION, sha256: checksum(&text) })?;
    encoded.append(&mut text);
    Ok(encoded)
}

fn write_beside(temporary: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    // One that a process of the same number left behind when it was killed.
    remove_if_there(temporary)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(temporary, path)?;
    sync_folder(path)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Removes a file, if there is one.
pub(super) fn remove(path: &Path) -> Result<(), StateError> {
    remove_if_there(path).map_err(|source| StateError::Io { path: path.to_owned(), source })
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The `.json` files of a folder in order; none where there is no folder.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, StateError> {
    let failed = |source| StateError::Io { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(failed(source)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>().map_err(failed)?;
    let mut paths: Vec<PathBuf> =
        paths.into_iter().filter(|path| path.extension() == Some(OsStr::new("json"))).collect();
    paths.sort();
    Ok(paths)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

fn checksum(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}
