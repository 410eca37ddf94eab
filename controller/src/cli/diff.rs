//! The flags of `skiff diff`, and its answer.

use skiff_core::Plan;

use super::{ApplyArgs, CliError, Context, Exit, Output};
use crate::ui::plan;

/// Show what differs between the manifests and what runs, field by field
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff diff ./manifests\n  \
    skiff diff ./manifests web            of this object and what it depends on\n  \
    skiff diff ./manifests --overlay ./manifests/prod -o json\n\n\
    It ends with 0 when nothing differs, 2 when something does, 1 on an error.")]
pub struct Args {
    /// What would be applied.
    #[command(flatten)]
    pub apply: ApplyArgs,
}

/// Answers with what a plan would make equal.
///
/// # Errors
/// When stdout cannot be written.
pub fn answer(plan: &Plan, context: &mut Context) -> Result<Exit, CliError> {
    let diffs = plan::diffs(plan);
    if context.settings.output == Output::Name {
        context.names(diffs.iter().map(|diff| &diff.object))?;
    } else if !context.data(&diffs)? {
        context.ui.answer(&plan::diff(&diffs))?;
    }
    Ok(super::plan::exit(plan))
}

/// Shows what differs. Nothing is written, to the engine or the disk.
///
/// # Errors
/// When there is a mistake in the manifests or the engine does not answer.
pub fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let plan = super::plan::made(&args.apply, context)?;
    answer(&plan, context)
}
