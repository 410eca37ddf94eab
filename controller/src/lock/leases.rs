//! The leases of candidates on this host: each in a file of its own, which its owner has locked for as long as it could act by the lease.
//!
//! A lease whose file nobody has locked is one in whose name no write can begin any more: its owner has ended, however that happened, or
//! has given up its leave to act. Whoever finds it may give it back, and need not wait until it ends by itself, which takes a whole lease
//! from when etcd is there again.
//!
//! A file's time says until when its owner may act. That is no matter of any cluster: whoever is elected while another one of this host
//! may act still, and goes on to, was elected elsewhere.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;
use skiff_remote::etcd::Moment;

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
    /// Held for its lock, and its time.
    file: File,
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
        let path = self.path_of(lease);
        let noted = Elected { election: self.election.clone(), lease };
        let file = draft(&path, |file| {
            serde_json::to_writer(&mut *file, &noted)?;
            file.set_modified(time_of(Moment::ZERO))
        })?;
        Ok(NotedLease { path, file })
    }

    /// The leases of this election whose owners act no more.
    pub fn left_behind(&self) -> Vec<LeftLease> {
        self.noted().into_iter().filter_map(|path| self.left(path)).collect()
    }

    /// Until when somebody may act by another lease than this one, of whichever election and cluster, if at all after now.
    pub fn another_acts_until(&self, own: i64, now: Moment) -> Option<Moment> {
        let acts = |path: PathBuf| {
            let file = File::open(&path).ok()?;
            let until = file.metadata().ok()?.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            (until > now && matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))).then_some(until)
        };
        let own = self.path_of(own);
        self.noted().into_iter().filter(|path| *path != own).filter_map(acts).max()
    }

    fn path_of(&self, lease: i64) -> PathBuf {
        self.stem.with_extension(format!("lease-{lease:x}"))
    }

    /// The files of all leases, whatever their election.
    fn noted(&self) -> Vec<PathBuf> {
        let Some((folder, stem)) = self.stem.parent().zip(self.stem.file_name()) else { return Vec::new() };
        let start = format!("{}-", stem.to_string_lossy());
        let files = folder.read_dir().into_iter().flatten().flatten();
        files.filter(|file| file.file_name().to_string_lossy().starts_with(&start)).map(|file| file.path()).collect()
    }

    fn left(&self, path: PathBuf) -> Option<LeftLease> {
        let file = File::open(&path).ok()?;
        file.try_lock_shared().ok()?;
        let noted: Elected = serde_json::from_reader(file).ok()?;
        (noted.election == self.election).then_some(LeftLease { lease: noted.lease, path })
    }
}

impl NotedLease {
    /// Says until when its owner may act, on the clock of mandates, before it does. A time is written at once and whole.
    ///
    /// # Errors
    /// When it cannot be said.
    pub fn acts_until(&self, until: Moment) -> io::Result<()> {
        self.file.set_modified(time_of(until))
    }

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

/// A moment as the time of a file.
fn time_of(moment: Moment) -> SystemTime {
    SystemTime::UNIX_EPOCH + moment
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
