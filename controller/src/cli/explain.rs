//! `skiff explain`.

use skiff_api::explain::{ExplainError, explain};

use super::{CliError, Context, Exit};
use crate::ui::explanation;

/// Show what a field of a manifest means
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff explain deployment\n  \
    skiff explain deployment.spec.strategy\n  \
    skiff explain deploy.spec.template.container.ports")]
pub(super) struct Args {
    /// A kind, followed by the fields on the way.
    #[arg(value_name = "KIND.FIELD")]
    path: String,
}

/// Answers with the documentation of the field.
///
/// # Errors
/// When there is no such field, or stdout cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let explanation = explain(&args.path).map_err(refused)?;
    if !context.data(&explanation)? {
        let width = context.ui.width.min(110);
        context.ui.answer(&explanation::explanation(&explanation, width))?;
    }
    Ok(Exit::Done)
}

fn refused(error: ExplainError) -> CliError {
    let message = error.to_string();
    match error {
        ExplainError::NoKind { nearest: Some(nearest), .. } | ExplainError::NoField { nearest: Some(nearest), .. } => {
            CliError::refused(message, format!("did you mean `{nearest}`?"))
        }
        ExplainError::NoKind { .. } => CliError::refused(
            message,
            format!("the kinds are {}", skiff_api::Kind::ALL.map(skiff_api::Kind::lower).join(", ")),
        ),
        ExplainError::NoField { parent, .. } => {
            CliError::refused(message, format!("`skiff explain {parent}` shows the fields that it has"))
        }
    }
}
