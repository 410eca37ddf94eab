//! The archive of a context in the format of tar(5), and the digest of what decides the image.

use std::fmt::{self, Write as _};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use sha2::{Digest, Sha256};
use skiff_api::{Build, HostEntry, Ulimit};
use skiff_core::BuildImage;
use tar::{Builder, EntryType, Header};

use super::{Context, ContextError, Entry, EntryKind, IGNORE_FILE, dockerfile};

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
            let is_replaced = build.build.dockerfile_inline.is_some() && entry.path == Path::new(IGNORE_FILE);
            let written = if is_replaced { Ok(()) } else { archive.entry(entry, &path) };
            written.map_err(|error| ContextError::unreadable(&path, &error))?;
        }
        archive.inline(context, build)?;
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
        // Which layers are used again, whether the base is asked for and what else it is called make no other image.
        let Build {
            context: _,
            dockerfile: _,
            dockerfile_inline: _,
            args,
            target,
            network,
            extra_hosts,
            shm_size,
            ulimits,
            labels,
            cache_from: _,
            no_cache: _,
            pull: _,
            tags: _,
        } = build;
        self.count(VERSION);
        self.count(dockerfile(build).as_bytes());
        for (name, value) in args {
            self.count(name.as_bytes());
            self.count(value.as_bytes());
        }
        for setting in [target, platform] {
            self.count(&[u8::from(setting.is_some())]);
            self.count(setting.as_deref().unwrap_or_default().as_bytes());
        }
        // Counted only where they are there: what was built before Skiff knew of them is not built again.
        if let Some(network) = network {
            self.setting("network", &[network]);
        }
        for HostEntry { ip, hostnames } in extra_hosts {
            self.setting("host", &[std::slice::from_ref(ip), hostnames].concat());
        }
        if let Some(size) = shm_size {
            self.setting("shm", &[size.get()]);
        }
        for (name, Ulimit { soft, hard }) in ulimits {
            self.setting("ulimit", &[name, &soft.to_string(), &hard.to_string()]);
        }
        for (name, value) in labels {
            self.setting("label", &[name, value]);
        }
    }

    /// A setting by its name, and where its parts end.
    fn setting(&mut self, name: &str, parts: &[impl ToString]) {
        self.count(name.as_bytes());
        self.count(&parts.len().to_be_bytes());
        for part in parts {
            self.count(part.to_string().as_bytes());
        }
    }

    /// A Dockerfile that lies nowhere, and `.dockerignore` with its name in it: the engine takes out what that names once it has read it.
    fn inline(&mut self, context: &Context, build: &BuildImage) -> Result<(), ContextError> {
        let Some(text) = &build.build.dockerfile_inline else { return Ok(()) };
        let path = context.root.join(IGNORE_FILE);
        let own = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => IGNORE_FILE.to_owned(),
            read => read.map_err(|error| ContextError::unreadable(&path, &error))?,
        };
        let name = dockerfile(&build.build);
        let ignore = format!("{own}\n{name}\n");
        self.begin(b"inline", ignore.as_bytes(), 0);
        for (path, text) in [(IGNORE_FILE, &ignore), (name.as_str(), text)] {
            let mut header = header(EntryType::Regular, 0o644, u64::try_from(text.len()).unwrap_or(u64::MAX), 0);
            let written = self.archive.append_data(&mut header, path, text.as_bytes());
            written.map_err(|error| ContextError::unreadable(Path::new(path), &error))?;
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry, path: &Path) -> io::Result<()> {
        let name = entry.path.as_os_str().as_bytes();
        match entry.kind {
            EntryKind::Link => {
                let target = fs::read_link(path)?;
                self.begin(b"link", name, 0);
                self.count(target.as_os_str().as_bytes());
                let mut header = header(EntryType::Symlink, 0o777, 0, fs::symlink_metadata(path)?.mtime());
                self.archive.append_link(&mut header, &entry.path, &target)
            }
            EntryKind::Folder => {
                let meta = fs::metadata(path)?;
                let mode = meta.permissions().mode() & 0o7777;
                self.begin(b"folder", name, mode);
                let mut header = header(EntryType::Directory, mode, 0, meta.mtime());
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
        let mut header = header(EntryType::Regular, mode, meta.len(), meta.mtime());
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
fn header(kind: EntryType, mode: u32, size: u64, modified: i64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(u64::try_from(modified).unwrap_or_default());
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
