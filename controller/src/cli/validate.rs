//! `skiff validate`.

use super::paths::PathArgs;
use super::{CliError, Context, Exit, Output, engine, signals};
use crate::session::{Access, read_all};
use crate::source::{self, Loaded, SourceOptions};
use crate::state::Good;
use crate::ui::problem::{self, Mistake, Severity};
use crate::ui::style::{GOOD, paint};

/// Check manifests without an engine: every mistake, with its line and what to do
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff validate ./manifests\n  \
    skiff validate ./manifests --overlay ./manifests/prod -o json\n  \
    skiff validate - < app.yaml\n\n\
    It ends with 1 when there is a mistake.")]
pub(super) struct Args {
    /// Where the manifests are.
    #[command(flatten)]
    manifests: PathArgs,
}

/// Answers with what is wrong.
///
/// # Errors
/// When something is, or stdout cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    // Whoever validates, such as a CI, need not have the key.
    let options = SourceOptions { may_stay_closed: true, ..args.manifests.source(&context.settings) };
    let folders = engine::folders(&context.settings);
    let loads = Context::block_on(signals::unless_ended(async |cancel| {
        read_all(&options, &folders, Access::Read, cancel).await
    }))?;
    // What was good before is no excuse here, and what shows only among all objects counts as well.
    let loads = source::complete(loads, &|_| Good::default(), &context.settings.instance);
    let mistakes: Vec<Mistake> = loads.iter().flat_map(problem::mistakes).collect();
    let valid = mistakes.iter().all(|mistake| mistake.severity == Severity::Warning);
    match context.settings.output {
        Output::Json | Output::Yaml => drop(context.data(&mistakes)?),
        Output::Name => {
            if !mistakes.is_empty() {
                context.ui.say(&problem::plain(&mistakes));
            }
            context.names(loads.iter().flat_map(|loaded| loaded.objects.keys()))?;
        }
        Output::Text | Output::Wide => text(&mistakes, &loads, valid, context)?,
    }
    if valid { Ok(Exit::Done) } else { Err(CliError::Reported) }
}

fn text(mistakes: &[Mistake], loads: &[Loaded], valid: bool, context: &mut Context) -> Result<(), CliError> {
    let ui = &mut context.ui;
    let text = if ui.stdout_is_terminal { problem::graphical(mistakes, ui.width) } else { problem::plain(mistakes) };
    ui.answer(&text)?;
    if valid {
        let count: usize = loads.iter().map(|loaded| loaded.objects.len()).sum();
        let objects = if count == 1 { "object is" } else { "objects are" };
        ui.answer(&format!("{}\n", paint(GOOD, format_args!("{count} {objects} valid"))))?;
    }
    Ok(())
}
