//! Whose turn it is in the folder of a repository: one at a time works in it, and whoever waits in vain is told for whom.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use skiff_remote::git::Obstacle;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::GitError;

/// The turn of whoever has it, until it is dropped and every git has ended that was begun with it.
#[derive(Debug)]
pub(super) struct Turn {
    file: File,
    _own: OwnedMutexGuard<()>,
}

/// How long another process is waited for: it may be just ending. One that is frozen would be waited for without end.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(50);

impl Turn {
    /// Waits for one's turn, among those of this process (`own`) and then among processes.
    pub(super) async fn wait(folder: &Path, own: &Arc<Mutex<()>>) -> Result<Self, GitError> {
        let own = Arc::clone(own).lock_owned().await;
        let path = folder.join("lock");
        let failed = |error: io::Error| GitError::here("the lock of the repository", &error);
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        let locked = async {
            loop {
                match file.try_lock() {
                    Err(TryLockError::WouldBlock) => tokio::time::sleep(LOOK).await,
                    Ok(()) => return Ok(()),
                    Err(TryLockError::Error(error)) => return Err(failed(error)),
                }
            }
        };
        match tokio::time::timeout(PATIENCE, locked).await {
            Ok(locked) => locked.map(|()| Self { file, _own: own }),
            Err(_) => Err(taken(folder, &file)),
        }
    }

    /// What a git is given as its input, which it does not read: where this process is killed, it is still its turn until it ends.
    pub(super) fn input(&self) -> Stdio {
        self.file.try_clone().map_or_else(|_| Stdio::null(), Stdio::from)
    }
}

fn taken(folder: &Path, file: &File) -> GitError {
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    let holder = file.metadata().ok().and_then(|meta| holder(&locks, meta.ino()));
    let who = holder.map_or_else(
        || "another process".to_owned(),
        |pid| match fs::read_to_string(format!("/proc/{pid}/comm")) {
            Ok(name) => format!("process {pid} ({})", name.trim()),
            Err(_) => format!("a git of process {pid}, which has ended,"),
        },
    );
    let message = format!("{who} works in {} and does not end", folder.display());
    let help = "what was good last stays in force, and it is tried again; is that process stopped or stuck? \
                `kill -CONT` wakes it, and `kill` ends it";
    GitError::new(Obstacle::Away, message, help)
}

/// The process that holds the lock of a file, as the kernel lists it: `1: FLOCK ADVISORY WRITE 4711 fe:00:1234 0 EOF`.
fn holder(locks: &str, inode: u64) -> Option<u32> {
    let of_file = |line: &&str| {
        let mut words = line.split_whitespace();
        let is_held = words.nth(1) == Some("FLOCK");
        is_held && words.nth(3).and_then(|file| file.rsplit(':').next()?.parse().ok()) == Some(inode)
    };
    locks.lines().find(of_file)?.split_whitespace().nth(4)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_who_holds_a_lock_and_who_only_waits() {
        let locks = "1: POSIX  ADVISORY  WRITE 11 fe:00:7 0 EOF\n2: -> FLOCK  ADVISORY  WRITE 12 fe:00:7 0 EOF\n\
                     3: FLOCK  ADVISORY  WRITE 13 fe:00:7 0 EOF\n";
        assert_eq!((holder(locks, 7), holder(locks, 8)), (Some(13), None));
    }
}
