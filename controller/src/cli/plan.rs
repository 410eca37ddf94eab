//! The flags of `skiff plan`, and its answer.

use skiff_core::Plan;

use super::{ApplyArgs, CliError, Context, Exit, Output, signals};
use crate::session::{Access, Session, TargetOptions, load, refuse_mistakes, target};
use crate::ui::plan;

/// Show what `up` would do, and why, without doing it
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff plan ./manifests\n  \
    skiff plan ./manifests web --scale web=5   what `up` with the same words would do\n  \
    skiff plan ./manifests -o wide             every single call\n  \
    skiff plan ./manifests -o json             for programs\n\n\
    It ends with 0 when there is nothing to do, 2 when something would change, 1 on an error.")]
pub struct Args {
    /// What would be applied.
    #[command(flatten)]
    pub apply: ApplyArgs,
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

/// What is held on purpose is no change; what is judged by other probes is one, though nothing is done to it.
pub(super) fn exit(plan: &Plan) -> Exit {
    if plan.is_settled() && plan.rejudged.is_empty() { Exit::Done } else { Exit::Changes }
}

/// Shows what `up` would do. Nothing is written, to the engine or the disk.
///
/// # Errors
/// When there is a mistake in the manifests or the engine does not answer.
pub fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let plan = made(&args.apply, context)?;
    answer(&plan, context)
}

/// The plan that leads from what runs to what the manifests declare.
pub(super) fn made(args: &ApplyArgs, context: &mut Context) -> Result<Plan, CliError> {
    let settings = context.settings.clone();
    Context::block_on(async {
        let mut session = Session::open(&settings, Access::Read).await?;
        let loads = signals::unless_ended(async |cancel| load(&session, args.source(&settings), cancel).await).await?;
        refuse_mistakes(&loads, &mut context.ui)?;
        session.hear_traces().await?;
        let options = TargetOptions { stays: session.is_kept().await?, ..args.target() };
        let target = target(&loads, &session.state, &session.state.history(), &settings.instance, &options)?;
        session.plan(&target).await
    })
}
