//! Hooks in containers: a command through the engine, a request from the host, or only time.
//!
//! A command that was begun is never begun a second time while it runs: a controller that died has left it there, and it is waited for.

use std::time::Duration;

use serde::Deserialize;
use skiff_api::{HookCommand, label};
use skiff_core::{Check, ContainerRef, ContentStore, EngineError, GivenLabels, HttpCheck, Masking, Outcome, RunHook};

use super::client::Client;
use super::command::{CommandEnd, Commands, Said, exited};
use super::exec::ExecControl;
use super::observe::{Inspected, inspect};
use crate::ask::Asker;

/// How often it is looked whether a command has ended that somebody else began.
const PERIOD: Duration = Duration::from_millis(200);
/// How long a request of a hook may take.
const REQUEST: Duration = Duration::from_secs(60);
/// Longer than any command that anybody waits for.
const FOREVER: Duration = Duration::from_secs(60 * 60 * 24 * 365);

/// Runs a postStart hook to its end, for the start that it belongs to and no other. What it says is told without values of the content.
pub(super) async fn run(
    client: &Client,
    asker: &Asker,
    hook: &RunHook,
    content: &ContentStore,
) -> Result<Outcome, EngineError> {
    let RunHook { container, started_at, check } = hook;
    let inspected = inspect(client, container.handle()).await?;
    let Some(inspected) = inspected.filter(|found| found.started_at() == Some(*started_at) && found.is_running())
    else {
        return Err(EngineError::Stale(format!("container {} does not run any more as it did", container.name)));
    };
    let failed = |said: String| EngineError::Hook(said);
    let place = Place::of(client, &inspected, content);
    match check {
        Check::Exec { command } => place.in_turn(&[plain(command)]).await?.map_err(failed)?,
        Check::Commands(commands) => place.in_turn(commands).await?.map_err(failed)?,
        Check::Http(http) => request(asker, http).await.map_err(failed)?,
        Check::Sleep(time) => tokio::time::sleep(time.to_std()).await,
        Check::Unaskable { why, .. } => return Err(failed(why.clone())),
        // No hook asks for these.
        Check::Tcp { .. } | Check::Grpc { .. } => {}
    }
    Ok(Outcome::Done)
}

/// Runs a preStop hook within the grace period; whatever comes of it, the container is stopped then.
pub(super) async fn pre_stop(
    client: &Client,
    asker: &Asker,
    container: &ContainerRef,
    check: &Check,
    grace: Duration,
    content: &ContentStore,
) -> Result<(), String> {
    let run = async {
        // What does not run is stopped without.
        let inspected = inspect(client, container.handle()).await.map_err(|error| error.to_string())?;
        let Some(inspected) = inspected.filter(Inspected::is_running) else { return Ok(()) };
        let place = Place::of(client, &inspected, content);
        match check {
            Check::Exec { command } => {
                place.in_turn(&[plain(command)]).await.map_err(|error| error.to_string()).flatten()
            }
            Check::Commands(commands) => place.in_turn(commands).await.map_err(|error| error.to_string()).flatten(),
            Check::Http(http) => request(asker, http).await,
            Check::Sleep(time) => {
                tokio::time::sleep(time.to_std()).await;
                Ok(())
            }
            Check::Unaskable { why, .. } => Err(why.clone()),
            Check::Tcp { .. } | Check::Grpc { .. } => Ok(()),
        }
    };
    let late = || Err(format!("it did not end within the {} s of the grace period", grace.as_secs()));
    tokio::time::timeout(grace, run).await.unwrap_or_else(|_| late())
}

async fn request(asker: &Asker, http: &HttpCheck) -> Result<(), String> {
    let late = || Err(format!("no answer within {} s", REQUEST.as_secs()));
    tokio::time::timeout(REQUEST, asker.http(http)).await.unwrap_or_else(|_| late())
}

/// A command as the container's own user, in its folder.
fn plain(command: &[String]) -> HookCommand {
    HookCommand { command: command.to_vec(), ..HookCommand::default() }
}

/// Where commands of hooks run.
#[derive(Clone, Copy)]
struct Place<'a> {
    client: &'a Client,
    container: &'a Inspected,
    masking: Masking<'a>,
}

impl<'a> Place<'a> {
    fn of(client: &'a Client, container: &'a Inspected, content: &'a ContentStore) -> Self {
        let label = |name: &str| container.config.labels.as_ref()?.get(name).map(String::as_str);
        let given = GivenLabels {
            content: label(label::CONTENT),
            template: label(label::TEMPLATE),
            template_hash: label(label::TEMPLATE_HASH),
        };
        Self { client, container, masking: Masking::new(content, given) }
    }

    /// Runs commands, each when the one before has ended well. Where one of them runs already it is waited for, and those before it are not
    /// begun again. The inner error is the command's.
    async fn in_turn(self, commands: &[HookCommand]) -> Result<Result<(), String>, EngineError> {
        let mut rest = commands;
        for (index, command) in commands.iter().enumerate() {
            let Some(control) = running(self.client, self.container, &command.command).await? else { continue };
            let said = self.ended(until_ended(&control).await?, &Said::default());
            if said.is_err() {
                return Ok(said);
            }
            rest = commands.get(index + 1..).unwrap_or_default();
            break;
        }
        for command in rest {
            let said = self.exec(command).await?;
            if said.is_err() {
                return Ok(said);
            }
        }
        Ok(Ok(()))
    }

    /// Runs a command to its end. The inner error is the command's.
    async fn exec(self, command: &HookCommand) -> Result<Result<(), String>, EngineError> {
        match Commands(self.client.clone()).run_as(&self.container.id, command, FOREVER).await {
            Ok(CommandEnd::Exited { code, said }) => Ok(self.ended(code, &said)),
            Ok(CommandEnd::Running(control)) => {
                until_ended(&control).await.map(|code| self.ended(code, &Said::default()))
            }
            Err(error @ (EngineError::Unreachable(_) | EngineError::Failed(_) | EngineError::Stale(_))) => Err(error),
            // What the engine refuses to run, such as a user that the container does not know.
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    fn ended(self, code: i64, said: &Said) -> Result<(), String> {
        if code == 0 { Ok(()) } else { Err(exited(code, said, self.masking)) }
    }
}

async fn until_ended(control: &ExecControl) -> Result<i64, EngineError> {
    loop {
        if let Some(code) = control.exit_code().await? {
            return Ok(code);
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// A command as the engine knows it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Known {
    running: bool,
    process_config: Process,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Process {
    entrypoint: String,
    arguments: Vec<String>,
}

/// The command, where it runs in the container now.
async fn running(
    client: &Client,
    container: &Inspected,
    command: &[String],
) -> Result<Option<ExecControl>, EngineError> {
    for id in container.exec_ids() {
        let reply = client.get(&format!("/exec/{id}/json")).await?;
        if reply.status == 404 {
            continue;
        }
        let Known { running, process_config: Process { entrypoint, arguments } } = reply.read("inspect a command")?;
        if running && command.split_first().is_some_and(|(program, rest)| *program == entrypoint && rest == arguments) {
            return Ok(Some(ExecControl::of(client, id)));
        }
    }
    Ok(None)
}
