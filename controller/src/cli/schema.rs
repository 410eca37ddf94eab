//! `skiff schema`.

use skiff_api::Kind;

use super::settings::Output;
use super::{CliError, Context, Exit};
use crate::ui::data;

/// Print the JSON Schema of manifests, for editors
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff schema > skiff.schema.json\n  \
    skiff schema deployment\n\n\
    An editor with a YAML language server then completes and checks a file that begins with\n  \
    # yaml-language-server: $schema=./skiff.schema.json")]
pub(super) struct Args {
    /// One kind only, such as deployment.
    kind: Option<Kind>,
}

/// Answers with the schema of one kind, or of all.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let schema = args.kind.map_or_else(skiff_api::schema::all, skiff_api::schema::of);
    let text = match context.settings.output {
        Output::Yaml => data::yaml(&schema)?,
        Output::Text | Output::Wide | Output::Json | Output::Name => data::json(&schema)?,
    };
    context.ui.answer(&text)?;
    Ok(Exit::Done)
}
