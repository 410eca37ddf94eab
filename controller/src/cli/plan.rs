//! The flags of `skiff plan`, and its answer.

use skiff_core::Plan;

use super::paths::PathArgs;
use super::{CliError, Context, Exit, Output};
use crate::ui::plan;

/// Show what `up` would do, and why, without doing it
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff plan ./manifests\n  \
    skiff plan ./manifests -o wide   every single call\n  \
    skiff plan ./manifests -o json   for programs\n\n\
    It ends with 0 when there is nothing to do, 2 when something would change, 1 on an error.")]
pub struct Args {
    /// Where the manifests are.
    #[command(flatten)]
    pub manifests: PathArgs,
}

/// Answers with a plan.
///
/// # Errors
/// When stdout cannot be written.
pub fn answer(plan: &Plan, context: &mut Context) -> Result<Exit, CliError> {
    if context.settings.output == Output::Name {
        context.names(plan::objects(plan))?;
    } else if !context.data(&plan::PlanData::of(plan))? {
        let text = plan::text(plan, context.settings.is_wide());
        context.ui.answer(&text)?;
    }
    Ok(exit(plan))
}

/// What is held on purpose is no change.
pub(super) fn exit(plan: &Plan) -> Exit {
    if plan.is_settled() { Exit::Done } else { Exit::Changes }
}
