//! `skiff completion`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, CliError, Context, Exit};

/// Print a script that completes commands and flags in your shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    source <(skiff completion bash)\n  \
    skiff completion zsh > \"${fpath[1]}/_skiff\"\n  \
    skiff completion fish > ~/.config/fish/completions/skiff.fish")]
pub(super) struct Args {
    /// The shell.
    shell: Shell,
}

/// Answers with the script.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "skiff", &mut script);
    context.ui.answer(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
