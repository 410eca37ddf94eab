//! A git that runs, and all that it has begun: one process group, which is asked to end before it is made to. Git takes its lock files
//! away when it is asked, and leaves them behind for good when it is not.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

/// Asked to end where it is dropped before it has been waited for.
#[derive(Debug)]
pub(super) struct Running {
    child: Option<Child>,
    /// What waits for the ends of those that were dropped.
    ends: TaskTracker,
}

/// How long it may take to end.
const GRACE: Duration = Duration::from_secs(5);

impl Running {
    /// Starts it, as the head of a process group of its own.
    pub(super) fn begin(command: &mut Command, ends: TaskTracker) -> io::Result<Self> {
        Ok(Self { child: Some(command.process_group(0).spawn()?), ends })
    }

    /// What it says, and what it says besides; once.
    pub(super) fn pipes(&mut self) -> io::Result<(ChildStdout, ChildStderr)> {
        let pipes = self.child.as_mut().and_then(|child| Some((child.stdout.take()?, child.stderr.take()?)));
        pipes.ok_or_else(|| io::Error::other("no pipes"))
    }

    /// Waits for its end.
    pub(super) async fn wait(mut self) -> io::Result<ExitStatus> {
        let Some(child) = &mut self.child else { return Err(io::Error::other("no process")) };
        let ended = child.wait().await;
        self.child = None;
        ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let Some(group) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) else { return };
        // One that has ended meanwhile is no failure.
        kill_process_group(group, Signal::TERM).ok();
        // Without a runtime this process is ending, and what was asked ends by itself.
        let Ok(runtime) = Handle::try_current() else { return };
        let end = async move {
            if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
                kill_process_group(group, Signal::KILL).ok();
                child.wait().await.ok();
            }
        };
        self.ends.spawn_on(end, &runtime);
    }
}
