//! `skiff export`.

mod kubernetes;
mod write;

use clap::Subcommand;

use super::{CliError, Context, Exit};

/// Leave for another system: manifests or a Compose project as what it wants
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Kubernetes(kubernetes::Args),
}

/// Runs what was asked for.
///
/// # Errors
/// When something is wrong with the manifests, or what comes out cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    match &args.command {
        Command::Kubernetes(args) => kubernetes::run(args, context),
    }
}
