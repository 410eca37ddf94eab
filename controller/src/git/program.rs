//! One call of git: its deadline, its limits, and what came of it.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use skiff_remote::git::{GitAddress, Obstacle};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio_util::task::TaskTracker;

use super::cache::{LARGEST, size};
use super::process::Running;
use super::turn::Turn;
use super::{GitError, configuration};

/// Git in one repository.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// The bare repository.
    pub(super) repository: PathBuf,
    /// The environment of each call.
    environment: Vec<(OsString, OsString)>,
    address: GitAddress,
    /// What waits for the ends of calls that nobody waits for any more.
    ends: TaskTracker,
}

/// How long a call may take that asks nobody else.
const LOCAL: Duration = Duration::from_secs(120);
/// How long a call may take that asks another host.
const REMOTE: Duration = Duration::from_secs(600);
/// How many bytes an answer may have: a tree of 50,000 entries has 10 MiB.
const LONGEST: u64 = 64 << 20;
/// How often the size is looked at.
const LOOK: Duration = Duration::from_millis(500);

impl Program {
    pub(super) fn new(folder: &Path, address: &GitAddress) -> Self {
        let environment = configuration::environment(folder, address);
        Self {
            repository: folder.join("repository.git"),
            environment,
            address: address.clone(),
            ends: TaskTracker::new(),
        }
    }

    /// Asks the repository on this host.
    pub(super) async fn ask<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Result<Vec<u8>, GitError> {
        let mut command = self.command();
        command.arg("--git-dir").arg(&self.repository).args(args);
        self.run(command, LOCAL).await
    }

    /// Asks the other side, with no repository at hand.
    pub(super) async fn ask_remote<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Vec<u8>, GitError> {
        let mut command = self.command();
        command.args(args);
        self.run(command, REMOTE).await
    }

    /// Asks the repository on this host a question whose answer is the exit code.
    pub(super) async fn judge<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Option<i32>, GitError> {
        let mut command = self.command();
        command.arg("--git-dir").arg(&self.repository).args(args);
        self.end(command, LOCAL).await.map(|ended| ended.status.code())
    }

    /// Gets objects, and gives up where they become too many.
    pub(super) async fn fetch<S: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
        turn: &Turn,
    ) -> Result<Vec<u8>, GitError> {
        let mut command = self.command();
        command.arg("--git-dir").arg(&self.repository).args(args).stdin(turn.input());
        tokio::select! {
            biased;
            fetched = self.run(command, REMOTE) => fetched,
            () = grown(&self.repository) => {
                let message = format!("{}: the repository has more than {} GiB", self.address.url, LARGEST >> 30);
                Err(GitError::tree(message))
            }
        }
    }

    /// Waits for the ends of calls that were given up.
    pub(super) async fn ended(&self) {
        self.ends.close();
        self.ends.wait().await;
    }

    /// A call for work on a thread of its own, such as reading many objects.
    pub(super) fn blocking(&self) -> std::process::Command {
        let mut command = std::process::Command::new("git");
        command.env_clear().envs(self.environment.iter().cloned()).arg("--git-dir").arg(&self.repository);
        command
    }

    fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.env_clear().envs(self.environment.iter().cloned()).current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    async fn run(&self, command: Command, patience: Duration) -> Result<Vec<u8>, GitError> {
        let Ended { status, answer, words } = self.end(command, patience).await?;
        if status.success() { Ok(answer) } else { Err(GitError::told(&words, &self.address)) }
    }

    /// Waits for the end of a call, well or not.
    async fn end(&self, mut command: Command, patience: Duration) -> Result<Ended, GitError> {
        let running = Running::begin(&mut command, self.ends.clone()).map_err(|error| not_started(&error))?;
        let Ok(ended) = tokio::time::timeout(patience, answer(running)).await else {
            let message = format!("{}: no answer within {} s", self.address.url, patience.as_secs());
            let help = "is the network slow, or the repository very large? it is asked again";
            return Err(GitError::new(Obstacle::Away, message, help));
        };
        ended.map_err(|error| GitError::here("git", &error))
    }
}

/// What came of a call.
struct Ended {
    status: ExitStatus,
    /// What it said.
    answer: Vec<u8>,
    /// What was said besides.
    words: String,
}

async fn answer(mut running: Running) -> io::Result<Ended> {
    let (mut answer, mut words) = (Vec::new(), Vec::new());
    let (stdout, stderr) = running.pipes()?;
    let (mut stdout, mut stderr) = (stdout.take(LONGEST), stderr.take(64 << 10));
    tokio::try_join!(stdout.read_to_end(&mut answer), stderr.read_to_end(&mut words))?;
    if stdout.limit() == 0 {
        return Err(io::Error::other(format!("an answer of more than {} MiB", LONGEST >> 20)));
    }
    // What goes on talking is not listened to any more, and ends by that.
    drop((stdout, stderr));
    let status = running.wait().await?;
    Ok(Ended { status, answer, words: String::from_utf8_lossy(&words).into_owned() })
}

pub(super) fn not_started(error: &io::Error) -> GitError {
    if error.kind() == io::ErrorKind::NotFound {
        return GitError::new(
            Obstacle::Other,
            "the git program is not there",
            "install it, such as by `apt-get install git`",
        );
    }
    GitError::here("git cannot be started", error)
}

/// Returns once a folder holds more than it may.
async fn grown(folder: &Path) {
    loop {
        tokio::time::sleep(LOOK).await;
        let folder = folder.to_owned();
        if tokio::task::spawn_blocking(move || size(&folder)).await.is_ok_and(|size| size > LARGEST) {
            return;
        }
    }
}
