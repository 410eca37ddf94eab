//! A git that runs, and all that it has begun: one process group, which is asked to end before it is made to. Git takes its lock files
//! away when it is asked, and leaves them behind for good when it is not.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::runtime::Handle;

/// Asked to end where it is dropped before it has been waited for.
#[derive(Debug)]
pub(super) struct Running(Option<Child>);

/// How long it may take to end.
const GRACE: Duration = Duration::from_secs(5);

impl Running {
    /// Starts it, as the head of a process group of its own.
    pub(super) fn begin(command: &mut Command) -> io::Result<Self> {
        Ok(Self(Some(command.process_group(0).spawn()?)))
    }

    /// What it says, and what it says besides; once.
    pub(super) fn pipes(&mut self) -> io::Result<(ChildStdout, ChildStderr)> {
        let pipes = self.0.as_mut().and_then(|child| Some((child.stdout.take()?, child.stderr.take()?)));
        pipes.ok_or_else(|| io::Error::other("no pipes"))
    }

    /// Waits for its end.
    pub(super) async fn wait(mut self) -> io::Result<ExitStatus> {
        let Some(child) = &mut self.0 else { return Err(io::Error::other("no process")) };
        let ended = child.wait().await;
        self.0 = None;
        ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut child) = self.0.take() else { return };
        let Some(group) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) else { return };
        // One that has ended meanwhile is no failure.
        kill_process_group(group, Signal::TERM).ok();
        // Without a runtime this process is ending, and what was asked ends by itself.
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
                kill_process_group(group, Signal::KILL).ok();
                child.wait().await.ok();
            }
        });
    }
}
