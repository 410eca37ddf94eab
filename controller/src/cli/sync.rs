//! `skiff sync`: has the controller ask its repositories now.

use super::{CliError, Context, Exit};
use crate::session::{Access, Session};
use crate::state::SyncRequest;

/// Have `skiff run` fetch its repositories now, and say which commit is in force then
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff sync\n  \
    skiff sync shop    only this source\n\n\
    Besides, each is asked every `interval=` of its address, and when a webhook calls (see `skiff run --help`).\n\
    It ends with 1 where a repository cannot be reached or its newest commit has mistakes.")]
pub(super) struct Args {
    /// The source; all of them where none is named.
    #[arg(value_name = "SOURCE")]
    name: Option<String>,
}

/// Asks, and answers with what is in force.
///
/// # Errors
/// When no controller runs, or the newest commit is not in force.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let settings = context.settings.clone();
    let source = args.name.clone().or_else(|| settings.source.clone());
    let message = Context::block_on(async {
        let session = Session::open(&settings, Access::Act).await?;
        session.sync(&SyncRequest { source }).await
    })?;
    context.ui.answer(&format!("{message}\n"))?;
    Ok(Exit::Done)
}
