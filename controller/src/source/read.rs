//! A file's bytes, whole, or why not.
//!
//! What is no regular file is never read: it is opened without waiting and looked at again once it is open, so that nothing
//! can be put in its place in between. A file that changes while it is read is read again.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::{Problem, reason, walk};

/// Why a file was not read.
#[derive(Debug)]
pub(super) enum Unread {
    NotAFile(FileType),
    TooLarge(u64),
    BeingWritten,
    Failed(io::Error),
}

const ATTEMPTS: usize = 3;

/// Reads a file of at most `limit` bytes.
pub(super) fn file(path: &Path, limit: u64) -> Result<Vec<u8>, Unread> {
    unless_changed(path, limit, &|| {})
}

/// As [`file()`]; `meanwhile` happens whenever the bytes have been read.
pub(super) fn unless_changed(path: &Path, limit: u64, meanwhile: &dyn Fn()) -> Result<Vec<u8>, Unread> {
    for _ in 0..ATTEMPTS {
        if let Some(bytes) = once(path, limit, meanwhile)? {
            return Ok(bytes);
        }
    }
    Err(Unread::BeingWritten)
}

/// `None` where the file changed meanwhile.
fn once(path: &Path, limit: u64, meanwhile: &dyn Fn()) -> Result<Option<Vec<u8>>, Unread> {
    let file = open(path).map_err(Unread::Failed)?;
    let before = file.metadata().map_err(Unread::Failed)?;
    if !before.is_file() {
        return Err(Unread::NotAFile(before.file_type()));
    }
    if before.len() > limit {
        return Err(Unread::TooLarge(before.len()));
    }
    let bytes = bounded(&file, limit).map_err(Unread::Failed)?;
    meanwhile();
    let after = file.metadata().map_err(Unread::Failed)?;
    let whole = u64::try_from(bytes.len()).is_ok_and(|len| len == after.len());
    Ok((whole && stamp(&before) == stamp(&after)).then_some(bytes))
}

/// Waits for nobody at the other end, becomes nobody's terminal.
fn open(path: &Path) -> io::Result<File> {
    use rustix::fs::OFlags;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    OpenOptions::new().read(true).custom_flags(i32::try_from(flags.bits()).unwrap_or_default()).open(path)
}

/// At most one byte more than the limit.
pub(super) fn bounded(from: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn stamp(meta: &Metadata) -> (u64, i64, i64) {
    (meta.len(), meta.mtime(), meta.mtime_nsec())
}

impl Unread {
    /// Why, after the file has been named.
    pub(super) fn words(&self, limit: u64) -> String {
        match self {
            Self::NotAFile(kind) => format!("it is {}, not a file", walk::word(*kind)),
            Self::TooLarge(size) => format!("it has {size} bytes, and at most {limit} are read"),
            Self::BeingWritten => "it changes while it is read".to_owned(),
            Self::Failed(error) => error.to_string(),
        }
    }

    pub(super) fn problem(self, path: &Path, limit: u64) -> Problem {
        match self {
            Self::NotAFile(kind) => walk::not_a_file(path, kind),
            Self::TooLarge(size) => too_large(path, size, limit),
            Self::BeingWritten => {
                let problem = Problem::new(reason::BEING_WRITTEN, "it changes while it is read");
                problem.in_file(path).with_help("it is read again as soon as it is written")
            }
            Self::Failed(error) => walk::unreadable(path, &error, reason::UNREADABLE),
        }
    }
}

pub(super) fn too_large(path: &Path, size: u64, limit: u64) -> Problem {
    let message = format!("it has {size} bytes, a manifest at most {limit}");
    Problem::new(reason::TOO_LARGE, message).in_file(path).with_help("split it, or take it out of the folder")
}

/// The bytes as text; the place of the first byte that is none.
pub(super) fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Box<Problem>> {
    let refused = |what: String| {
        let problem = Problem::new(reason::NOT_TEXT, format!("it is no text: {what}")).in_file(path);
        let help = "a manifest is UTF-8 text: convert the file, or take it out of the folder";
        Err(Box::new(problem.with_help(help)))
    };
    match String::from_utf8(bytes) {
        Ok(text) => match text.find('\0') {
            Some(at) => refused(format!("byte {at} is zero")),
            None => Ok(text),
        },
        Err(error) => refused(format!("byte {} is not UTF-8", error.utf8_error().valid_up_to())),
    }
}
