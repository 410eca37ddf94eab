//! Where the state and the run folder are; both are ours alone.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use skiff_core::Instance;

use super::StateError;

/// The folders of one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// What outlives a reboot: `/var/lib/skiff/<instance>`, or below `$XDG_STATE_HOME` (`~/.local/state`).
    pub state: PathBuf,
    /// Locks, sockets and secrets, gone with a reboot: `/run/skiff/<instance>`, or below `$XDG_RUNTIME_DIR`; `/dev/shm` where that is no memory.
    pub run: PathBuf,
}

/// What the choice of the folders depends on.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The user.
    pub uid: u32,
    /// Whether `/run` is in memory, as it is wherever systemd is.
    pub run_is_memory: bool,
    /// `$XDG_STATE_HOME`.
    pub state_home: Option<OsString>,
    /// `$XDG_RUNTIME_DIR`.
    pub runtime_dir: Option<OsString>,
    /// `$HOME`.
    pub home: Option<OsString>,
}

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Self {
        Self {
            uid: rustix::process::geteuid().as_raw(),
            run_is_memory: is_memory(Path::new("/run")),
            state_home: std::env::var_os("XDG_STATE_HOME"),
            runtime_dir: std::env::var_os("XDG_RUNTIME_DIR"),
            home: std::env::var_os("HOME"),
        }
    }
}

impl Folders {
    /// The folders of an instance: below the roots that are given, else where they belong.
    pub fn of(instance: &Instance, state: Option<&Path>, run: Option<&Path>, around: &Surroundings) -> Self {
        let state = state.map_or_else(|| default_state(around), Path::to_owned);
        let run = run.map_or_else(|| default_run(around), Path::to_owned);
        Self { state: state.join(instance.as_str()), run: run.join(instance.as_str()) }
    }
}

fn default_state(around: &Surroundings) -> PathBuf {
    if around.uid == 0 {
        return PathBuf::from("/var/lib/skiff");
    }
    let home = || around.home.as_deref().map_or_else(|| PathBuf::from("/"), PathBuf::from).join(".local/state");
    absolute(around.state_home.as_ref()).unwrap_or_else(home).join("skiff")
}

fn default_run(around: &Surroundings) -> PathBuf {
    if around.uid == 0 {
        // Secrets are never written to a disk, and some small hosts have theirs below /run.
        return PathBuf::from(if around.run_is_memory { "/run/skiff" } else { "/dev/shm/skiff" });
    }
    match absolute(around.runtime_dir.as_ref()) {
        Some(dir) => dir.join("skiff"),
        None => PathBuf::from(format!("/dev/shm/skiff-{}", around.uid)),
    }
}

/// The XDG rules have relative paths ignored.
fn absolute(value: Option<&OsString>) -> Option<PathBuf> {
    value.map(PathBuf::from).filter(|path| path.is_absolute())
}

/// Makes a folder of mode 0700, or sees to it that an existing one is ours and private.
pub(super) fn make_private(path: &Path) -> Result<(), StateError> {
    let failed = |source| StateError::Io { path: path.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    let meta = fs::symlink_metadata(path).map_err(failed)?;
    if !meta.is_dir() {
        return Err(StateError::Unsafe { path: path.to_owned(), reason: "is a link: make it a folder" });
    }
    if meta.uid() != rustix::process::geteuid().as_raw() {
        let reason = "belongs to another user: run as that user, or choose another folder";
        return Err(StateError::Unsafe { path: path.to_owned(), reason });
    }
    if meta.mode() & 0o077 != 0 {
        fs::set_permissions(path, PermissionsExt::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}

/// As [`make_private`], but a full or read-only disk is only said.
pub(super) fn make_private_or_degrade(path: &Path) -> Result<Option<String>, StateError> {
    match path.parent().map_or(Ok(()), make_private).and_then(|()| make_private(path)) {
        Ok(()) => Ok(None),
        Err(StateError::Io { path, source }) if is_about_the_disk(&source) => {
            Ok(Some(format!("{} cannot be used: {source}", path.display())))
        }
        Err(error) => Err(error),
    }
}

fn is_about_the_disk(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(error.kind(), StorageFull | ReadOnlyFilesystem | QuotaExceeded)
}

const TMPFS: i64 = 0x0102_1994;
const RAMFS: i64 = 0x8584_58f6;

/// Whether what is written there never reaches a disk (but for swap).
pub(super) fn is_memory(path: &Path) -> bool {
    rustix::fs::statfs(path).is_ok_and(|stat| [TMPFS, RAMFS].contains(&stat.f_type))
}
