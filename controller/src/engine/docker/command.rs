//! A command in a container from its begin to its end: for probes and hooks, which want to know how it ended and little more.

use std::fmt;
use std::time::Duration;

use skiff_api::HookCommand;
use skiff_core::{EngineError, Masking};

use super::client::Client;
use super::exec::{ExecControl, exec_as};

/// How much of what a command writes is kept, for the words of an error.
const KEPT: usize = 4096;

/// How a command ended, or that it did not in time.
#[derive(Debug)]
pub enum CommandEnd {
    /// It ended.
    Exited {
        /// Its exit code.
        code: i64,
        /// The end of what it wrote.
        said: Said,
    },
    /// It still runs. Nothing can end it but itself, or its container's end.
    Running(Box<ExecControl>),
}

/// The end of what a command wrote. It may hold values of Secrets, so that it is told by [`Said::masked`] only.
#[derive(Default)]
pub struct Said {
    bytes: Vec<u8>,
    is_cut: bool,
}

/// Shows how much it is.
impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Said").field("bytes", &self.bytes.len()).field("is_cut", &self.is_cut).finish()
    }
}

impl Said {
    fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let surplus = self.bytes.len().saturating_sub(KEPT);
        self.bytes.drain(..surplus);
        self.is_cut |= surplus > 0;
    }

    /// Its last line without the values of Secrets; empty where it cannot be told.
    fn masked(&self, masking: Masking<'_>) -> String {
        masking.last_line(&String::from_utf8_lossy(&self.bytes), self.is_cut)
    }
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
        let command = HookCommand { command: argv.to_vec(), ..HookCommand::default() };
        self.run_as(container, &command, limit).await
    }

    /// As [`Commands::run`], as the user, in the folder and with the variables that the command says.
    ///
    /// # Errors
    /// Where the container does not run or is gone.
    pub(crate) async fn run_as(
        &self,
        container: &str,
        command: &HookCommand,
        limit: Duration,
    ) -> Result<CommandEnd, EngineError> {
        let session = exec_as(&self.0, container, command, false, false).await?;
        let (mut output, control) = (session.output, session.control);
        let mut said = Said::default();
        let drained = async {
            while let Some((_, bytes)) = output.next().await? {
                said.extend(&bytes);
            }
            Ok::<_, EngineError>(())
        };
        match tokio::time::timeout(limit, drained).await {
            Err(_) => return Ok(CommandEnd::Running(Box::new(control))),
            Ok(drained) => drained?,
        }
        let code = control.exit_code().await?;
        Ok(code.map_or_else(|| CommandEnd::Running(Box::new(control)), |code| CommandEnd::Exited { code, said }))
    }
}

/// `exit code 1: cannot connect`, without the values of Secrets.
pub(crate) fn exited(code: i64, said: &Said, masking: Masking<'_>) -> String {
    skiff_core::exited(code, &said.masked(masking))
}

#[cfg(test)]
mod tests {
    use skiff_api::{Kind, ObjectKey};
    use skiff_core::{ContentStore, GivenLabels};

    use super::*;

    fn told(value: &str, written: &[&str], used: Option<&str>) -> String {
        let mut content = ContentStore::default();
        content.insert(ObjectKey::new(Kind::Secret, "shop", "db"), "pw".to_owned(), value.as_bytes().to_vec());
        let mut said = Said::default();
        for text in written {
            said.extend(text.as_bytes());
        }
        exited(1, &said, Masking::new(&content, GivenLabels { content: used, ..GivenLabels::default() }))
    }

    #[test]
    fn the_last_line_is_told_without_values_of_secrets() {
        let written = ["connecting\n", "password hunt", "er2 refused\n"];
        assert_eq!(told("hunter2", &written, None), "exit code 1: password *** refused");
        assert_eq!(told("hunter2", &["\n"], None), "exit code 1");
    }

    #[test]
    fn of_values_that_are_not_known_the_exit_code_is_all_that_is_told() {
        let used = Some(r#"{"secret/db":"key:other"}"#);
        assert_eq!(told("hunter2", &["password hunter1"], used), "exit code 1");
    }

    #[test]
    fn a_value_that_the_kept_end_begins_within_is_starred() {
        let value: String = (1000..1250).map(|number: i32| number.to_string()).collect();
        assert_eq!(told(&value, &[value.as_str(); 5], None), "exit code 1: ***");
    }
}
