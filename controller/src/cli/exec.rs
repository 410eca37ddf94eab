//! `skiff exec`: a command in a running container, with its exit code as ours.

use clap::builder::ValueHint;
use skiff_api::Instance;

use super::{CliError, Context, Exit, engine};
use crate::view::{Replica, View, find};

mod converse;
mod terminal;

pub(super) use converse::{Manner, converse};
pub(super) use terminal::RawTerminal;

/// Run a command in a running container
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff exec web -- ls /data\n  \
    skiff exec -it web-2 -- sh          a shell in the second replica\n  \
    skiff exec -i db -- psql < dump.sql\n\n\
    It ends with the exit code of the command. Here -i keeps stdin open; the instance is --instance.")]
pub(super) struct Args {
    /// An object, whose first Ready replica is taken, or a container.
    #[arg(value_name = "NAME")]
    name: String,
    /// Pass stdin on.
    #[arg(short = 'i', long)]
    stdin: bool,
    /// Give the command a terminal.
    #[arg(short, long)]
    tty: bool,
    // The same argument as the global one, without its short form, which means stdin here as it does elsewhere.
    /// Which controller's objects.
    #[arg(
        id = "instance",
        long,
        env = "SKIFF_INSTANCE",
        hide_env_values = true,
        value_name = "NAME",
        default_value = "default"
    )]
    _instance: Instance,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    command: Vec<String>,
}

/// Runs the command to its end.
///
/// # Errors
/// When the container is not there or does not run, or the connection breaks.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    if args.tty && args.stdin && !terminal::is_terminal() {
        return Err(CliError::refused("stdin is not a terminal", "leave -t out"));
    }
    Context::block_on(async {
        let docker = engine::connect(&context.settings).await?;
        let views = engine::objects(&docker, &context.settings).await?;
        let replica = choose(&views, &args.name, context)?;
        let session = docker.exec(&replica.id, &args.command, args.tty, args.stdin).await?;
        let raw = if args.tty && args.stdin { Some(RawTerminal::enter()?) } else { None };
        let end = converse(session, Manner { tty: args.tty, stdin: args.stdin }).await;
        drop(raw);
        end
    })
}

/// The container that is named, or the first one of the object that is Ready, or runs at least.
fn choose<'a>(views: &'a [View], name: &str, context: &Context) -> Result<&'a Replica, CliError> {
    let found = find::find(views, name, context.settings.namespace.as_deref())
        .map_err(|error| CliError::refused(error.to_string(), error.help()))?;
    let mut replicas: Vec<_> = found.replicas().into_iter().filter(|replica| replica.started_at.is_some()).collect();
    replicas.sort_by_key(|replica| !replica.verdict.is_ready());
    replicas.first().copied().ok_or_else(|| {
        CliError::refused(
            format!("no container of {} runs", found.view.object),
            format!("`skiff describe {}` says why", found.view.object),
        )
    })
}
