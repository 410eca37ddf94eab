//! `skiff describe`.

use super::{CliError, Context, Exit, Output};
use crate::ui::description;
use crate::view::View;

/// Show everything that is known of an object
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff describe deployment/web\n  \
    skiff describe web            the same, where no other object has the name\n  \
    skiff describe volume/data -n shop")]
pub struct Args {
    /// The objects, as NAME, KIND/NAME or KIND/NAMESPACE/NAME.
    #[arg(required = true, value_name = "KIND/NAME")]
    names: Vec<String>,
}

/// Answers with the descriptions.
///
/// # Errors
/// When one of them does not exist, or stdout cannot be written.
pub fn answer(args: &Args, views: &[View], context: &mut Context) -> Result<Exit, CliError> {
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
