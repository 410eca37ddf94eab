//! What this host says: whether the engine can be reached, and our own folders.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{Access, access};
use skiff_core::EngineError;

use super::Check;
use crate::state::{Folders, Leader};
use crate::ui::age::age;

/// An engine that does not answer. Why, and what to do, the adapter knows best: it has tried.
pub(super) fn unreachable(error: &EngineError) -> Check {
    Check::failed("engine", error.to_string(), "`journalctl -u docker` has its log; -H names another engine")
}

/// Who leads, where controllers of this host are elected.
pub(super) fn leader(leader: &Leader, now: Timestamp) -> Check {
    let Leader { name, since, trouble } = leader;
    let ago = age(*since, now);
    match (name, trouble) {
        (Some(name), _) => Check::ok("leader", format!("{name} leads since {ago}")),
        (None, trouble) => {
            let why = trouble.as_deref().unwrap_or("the election is under way");
            // They are here: one more that acts without an election is refused beside them.
            let remedy = "what runs is left to Docker until one of those that stand by is elected: see to the cluster; \
                          to do without it, stop all of them, and then run one with `--alone`";
            Check::warning("leader", format!("nobody leads since {ago}: {why}"), remedy)
        }
    }
}

/// The state directory, the folder of secrets, and the program that repositories are asked by.
pub(super) fn checks(folders: &Folders) -> Vec<Check> {
    let told = std::process::Command::new("git").arg("--version").output();
    let git = git(told.as_ref().ok().map(|output| String::from_utf8_lossy(&output.stdout)).as_deref());
    vec![writable("state", &folders.state, "--state-dir"), secrets(&folders.run), git]
}

/// What git says of itself, where it is there.
pub(super) fn git(told: Option<&str>) -> Check {
    match told.and_then(|told| told.trim().strip_prefix("git version ")) {
        Some(version) => Check::ok("git", format!("{version}, for manifests in repositories")),
        None => Check::warning(
            "git",
            "the git program is not there, so no manifests come from repositories",
            "install it where they are to, such as by `apt-get install git`",
        ),
    }
}

fn writable(name: &'static str, folder: &Path, flag: &str) -> Check {
    let existing = nearest(folder);
    let shown = folder.display();
    if access(&existing, Access::WRITE_OK | Access::EXEC_OK).is_ok() {
        if rustix::fs::statvfs(&existing)
            .is_ok_and(|disk| is_full(disk.f_bavail * disk.f_frsize, disk.f_files, disk.f_favail))
        {
            let remedy = format!(
                "history and the last good manifests are not kept: make room, or choose another folder with {flag}"
            );
            return Check::failed(name, format!("the disk of {shown} is full"), remedy);
        }
        let made = if existing == folder { "" } else { " (made when it is needed)" };
        return Check::ok(name, format!("{shown}{made}"));
    }
    Check::failed(
        name,
        format!("{} cannot be written", existing.display()),
        format!("run as its owner, or choose another folder with {flag}"),
    )
}

/// Whether a disk has no room for the few files that are kept. One that does not count its files has none.
pub(super) const fn is_full(free: u64, files: u64, free_files: u64) -> bool {
    free < 1 << 20 || (files > 0 && free_files == 0)
}

fn secrets(run: &Path) -> Check {
    const MEMORY: [i64; 2] = [0x0102_1994, 0x8584_58f6];
    let existing = nearest(run);
    let shown = run.display();
    if access(&existing, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let remedy = "secrets and locks live there: run as root, or set XDG_RUNTIME_DIR";
        return Check::failed("secrets", format!("{} cannot be written", existing.display()), remedy);
    }
    if rustix::fs::statfs(&existing).is_ok_and(|stat| MEMORY.contains(&stat.f_type)) {
        return Check::ok("secrets", format!("{shown} is in memory"));
    }
    let remedy = "secrets would reach the disk, so they are not written as files: mount a tmpfs there";
    Check::warning("secrets", format!("{shown} is not in memory"), remedy)
}

/// The folder itself, or the nearest one above that exists.
fn nearest(folder: &Path) -> PathBuf {
    folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/")).to_owned()
}
