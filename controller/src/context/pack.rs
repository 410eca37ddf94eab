//! The archive of a context in the format of tar(5), and the digest of what decides the image.

use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use sha2::{Digest, Sha256};
use skiff_core::BuildImage;
use tar::{Builder, EntryType, Header};

use super::{Context, ContextError, Entry, EntryKind};

/// The version of the digest: what changes here builds everything anew.
const VERSION: &[u8] = b"1";

/// An archive that has not been ended, and the digest of what is in it.
pub struct Archive<W: Write> {
    archive: Builder<W>,
    hasher: Sha256,
}

/// Shows nothing of what is in it.
impl<W: Write> fmt::Debug for Archive<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive").finish_non_exhaustive()
    }
}

impl<W: Write> Archive<W> {
    /// Writes all of a context.
    ///
    /// # Errors
    /// When something cannot be read, or nobody takes what is written.
    pub fn write(context: &Context, build: &BuildImage, to: W) -> Result<Self, ContextError> {
        let mut archive = Self { archive: Builder::new(to), hasher: Sha256::new() };
        archive.settings(build);
        for entry in &context.entries {
            let path = context.root.join(&entry.path);
            archive.entry(entry, &path).map_err(|error| ContextError::unreadable(&path, &error))?;
        }
        Ok(archive)
    }

    /// The digest of all that decides the image, in hexadecimal.
    pub fn digest(&self) -> String {
        self.hasher.clone().finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a string cannot fail.
            write!(text, "{byte:02x}").ok();
            text
        })
    }

    /// Writes the end of the archive.
    ///
    /// # Errors
    /// When nobody takes what is written.
    pub fn end(self) -> io::Result<W> {
        self.archive.into_inner()
    }

    /// Where it is written to.
    pub fn writer(&mut self) -> &mut W {
        self.archive.get_mut()
    }

    fn settings(&mut self, BuildImage { image: _, base: _, build, platform }: &BuildImage) {
        self.count(VERSION);
        self.count(build.dockerfile().as_bytes());
        for (name, value) in &build.args {
            self.count(name.as_bytes());
            self.count(value.as_bytes());
        }
        for setting in [&build.target, platform] {
            self.count(&[u8::from(setting.is_some())]);
            self.count(setting.as_deref().unwrap_or_default().as_bytes());
        }
    }

    fn entry(&mut self, entry: &Entry, path: &Path) -> io::Result<()> {
        let name = entry.path.as_os_str().as_bytes();
        match entry.kind {
            EntryKind::Link => {
                let target = fs::read_link(path)?;
                self.begin(b"link", name, 0);
                self.count(target.as_os_str().as_bytes());
                let mut header = header(&fs::symlink_metadata(path)?, EntryType::Symlink, 0o777, 0);
                self.archive.append_link(&mut header, &entry.path, &target)
            }
            EntryKind::Folder => {
                let meta = fs::metadata(path)?;
                let mode = meta.permissions().mode() & 0o7777;
                self.begin(b"folder", name, mode);
                let mut header = header(&meta, EntryType::Directory, mode, 0);
                self.archive.append_data(&mut header, &entry.path, io::empty())
            }
            EntryKind::File => self.file(entry, path),
        }
    }

    fn file(&mut self, entry: &Entry, path: &Path) -> io::Result<()> {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        let mode = meta.permissions().mode() & 0o7777;
        self.begin(b"file", entry.path.as_os_str().as_bytes(), mode);
        self.hasher.update(meta.len().to_be_bytes());
        let mut header = header(&meta, EntryType::Regular, mode, meta.len());
        let mut counted = Counted { from: file.take(meta.len()), hasher: &mut self.hasher, read: 0 };
        self.archive.append_data(&mut header, &entry.path, &mut counted)?;
        if counted.read == meta.len() { Ok(()) } else { Err(io::Error::other("it has changed meanwhile")) }
    }

    fn begin(&mut self, kind: &[u8], path: &[u8], mode: u32) {
        self.count(kind);
        self.count(path);
        self.hasher.update(mode.to_be_bytes());
    }

    /// A part, unambiguous about where it ends.
    fn count(&mut self, part: &[u8]) {
        self.hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.hasher.update(part);
    }
}

/// Owned by root, as Docker sends it.
fn header(meta: &fs::Metadata, kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(u64::try_from(meta.mtime()).unwrap_or_default());
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// Counts what is read from a file.
struct Counted<'a, R> {
    from: R,
    hasher: &'a mut Sha256,
    read: u64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        self.read += u64::try_from(count).unwrap_or_default();
        Ok(count)
    }
}
