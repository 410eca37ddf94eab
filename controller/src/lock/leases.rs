//! The leases of candidates on this host: each in a file of its own, which its owner has locked for as long as it could act by the lease.
//!
//! A lease whose file nobody has locked is one in whose name no write can begin any more: its owner has ended, however that happened, or
//! has given up its leave to act. Whoever finds it may give it back, and need not wait until it ends by itself, which takes a whole lease
//! from when etcd is there again.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::Elected;

/// The leases by which those of this host stand in one election.
#[derive(Clone, Debug)]
pub struct Leases {
    /// What the names of their files begin with.
    stem: PathBuf,
    election: String,
}

/// A lease by which somebody may act, until it is dropped or the process ends.
#[derive(Debug)]
pub struct NotedLease {
    path: PathBuf,
    /// Held for its lock.
    _file: File,
}

/// A lease by which nobody acts any more.
#[derive(Debug, PartialEq, Eq)]
pub struct LeftLease {
    /// What etcd calls it.
    pub lease: i64,
    path: PathBuf,
}

impl Leases {
    pub(super) fn new(name: &Path, election: &str) -> Self {
        Self { stem: name.with_extension("lease"), election: election.to_owned() }
    }

    /// Notes a lease before it is stood with.
    ///
    /// # Errors
    /// When there is no place for it.
    pub fn note(&self, lease: i64) -> io::Result<NotedLease> {
        let path = self.stem.with_extension(format!("lease-{lease:x}"));
        let noted = Elected { election: self.election.clone(), lease };
        let file = draft(&path, |file| Ok(serde_json::to_writer(file, &noted)?))?;
        Ok(NotedLease { path, _file: file })
    }

    /// The leases of this election whose owners act no more.
    pub fn left_behind(&self) -> Vec<LeftLease> {
        let Some((folder, stem)) = self.stem.parent().zip(self.stem.file_name()) else { return Vec::new() };
        let start = format!("{}-", stem.to_string_lossy());
        let files = folder.read_dir().into_iter().flatten().flatten();
        files
            .filter(|file| file.file_name().to_string_lossy().starts_with(&start))
            .filter_map(|file| self.left(file.path()))
            .collect()
    }

    fn left(&self, path: PathBuf) -> Option<LeftLease> {
        let file = File::open(&path).ok()?;
        file.try_lock_shared().ok()?;
        let noted: Elected = serde_json::from_reader(file).ok()?;
        (noted.election == self.election).then_some(LeftLease { lease: noted.lease, path })
    }
}

impl NotedLease {
    /// The lease has been given back: there is nothing to look after any more.
    pub fn forget(self) {
        std::fs::remove_file(&self.path).ok();
    }
}

impl LeftLease {
    /// It has been given back, or has ended.
    pub fn forget(self) {
        std::fs::remove_file(&self.path).ok();
    }
}

/// Puts a file in a place, written and locked before anybody sees it there.
pub(super) fn draft(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<File> {
    // Controllers in containers may have the same process id.
    let draft = path.with_extension(format!("{}-{}", std::process::id(), Timestamp::now().as_nanosecond()));
    let mut options = OpenOptions::new();
    let mut file = options.read(true).write(true).create_new(true).mode(0o600).open(&draft)?;
    // Nobody else knows it yet.
    file.lock()?;
    write(&mut file)?;
    std::fs::rename(&draft, path)?;
    Ok(file)
}
