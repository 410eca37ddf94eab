//! `skiff import`: what was written for others, as manifests of Skiff.

use super::{CliError, Context, Exit};

mod compose;
mod report;
mod write;

/// Write manifests of what was written for others
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Compose(compose::Args),
}

/// Does what the sub-command says.
///
/// # Errors
/// The sub-command's.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    match &args.command {
        Command::Compose(args) => compose::run(args, context),
    }
}
