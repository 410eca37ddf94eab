//! A command in a container from its begin to its end: for probes and hooks, which want to know how it ended and little more.

use std::time::Duration;

use skiff_core::EngineError;

use super::client::Client;
use super::exec::{ExecControl, exec};

/// How much of what a command writes is kept, for the words of an error.
const KEPT: usize = 512;

/// How a command ended, or that it did not in time.
#[derive(Debug)]
pub enum CommandEnd {
    /// It ended.
    Exited {
        /// Its exit code.
        code: i64,
        /// The end of what it wrote.
        said: String,
    },
    /// It still runs. Nothing can end it but itself, or its container's end.
    Running(Box<ExecControl>),
}

/// The way to run commands in the containers of an engine. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Commands(pub(super) Client);

impl Commands {
    /// Runs a command in a running container and waits for its end, so long and no longer.
    ///
    /// # Errors
    /// Where the container does not run or is gone.
    pub async fn run(&self, container: &str, argv: &[String], limit: Duration) -> Result<CommandEnd, EngineError> {
        let session = exec(&self.0, container, argv, false, false).await?;
        let (mut output, control) = (session.output, session.control);
        let mut said = Vec::new();
        let drained = async {
            while let Some((_, bytes)) = output.next().await? {
                said.extend_from_slice(&bytes);
                let surplus = said.len().saturating_sub(KEPT);
                said.drain(..surplus);
            }
            Ok::<_, EngineError>(())
        };
        match tokio::time::timeout(limit, drained).await {
            Err(_) => return Ok(CommandEnd::Running(Box::new(control))),
            Ok(drained) => drained?,
        }
        let code = control.exit_code().await?;
        let said = String::from_utf8_lossy(&said).into_owned();
        Ok(code.map_or_else(|| CommandEnd::Running(Box::new(control)), |code| CommandEnd::Exited { code, said }))
    }
}

/// `exit code 1: cannot connect`.
pub(crate) fn exited(code: i64, said: &str) -> String {
    let said = said.lines().next_back().unwrap_or_default().trim();
    if said.is_empty() { format!("exit code {code}") } else { format!("exit code {code}: {said}") }
}
