//! `skiff describe`.

use super::{CliError, Context, Exit, Output, engine};
use crate::ui::description;

/// Show everything that is known of an object
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff describe deployment/web\n  \
    skiff describe web            the same, where no other object has the name\n  \
    skiff describe volume/data -n shop")]
pub(super) struct Args {
    /// The objects, as NAME, KIND/NAME or KIND/NAMESPACE/NAME.
    #[arg(required = true, value_name = "KIND/NAME")]
    names: Vec<String>,
}

/// Answers with the descriptions.
///
/// # Errors
/// When one of them does not exist, or stdout cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let views = &engine::objects_now(&context.settings)?;
    let views: Vec<_> =
        args.names.iter().map(|name| super::get::named(views, name, context)).collect::<Result<_, _>>()?;
    match context.settings.output {
        Output::Name => context.names(views.iter().map(|view| &view.object))?,
        Output::Json | Output::Yaml => {
            for view in views {
                context.data(&view.to_data())?;
            }
        }
        Output::Text | Output::Wide => {
            let now = jiff::Timestamp::now();
            let texts: Vec<_> =
                views.iter().map(|view| description::description(view, now)).collect::<Result<_, _>>()?;
            context.ui.answer(&texts.join("\n"))?;
        }
    }
    Ok(Exit::Done)
}
