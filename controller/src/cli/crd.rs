//! `skiff crd`.

use std::path::PathBuf;

use skiff_api::Kind;

use super::{CliError, Context, Exit, Output};
use crate::ui::data;

/// Print the kinds as `CustomResourceDefinitions` of Kubernetes
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff crd | kubectl apply --server-side -f -\n  \
    skiff crd deployment\n  \
    skiff crd --dir manifests/crds   a file a kind")]
pub(super) struct Args {
    /// Some kinds only, such as deployment.
    kinds: Vec<Kind>,
    /// Write a file for each kind into this folder instead.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Answers with the definitions.
///
/// # Errors
/// When stdout or a file cannot be written.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let wanted = |kind: &Kind| args.kinds.is_empty() || args.kinds.contains(kind);
    let kinds: Vec<_> = Kind::ALL.into_iter().filter(wanted).collect();
    match &args.dir {
        Some(dir) => write_files(dir, &kinds)?,
        None => context.ui.answer(&text(&kinds, context.settings.output)?)?,
    }
    Ok(Exit::Done)
}

fn text(kinds: &[Kind], output: Output) -> Result<String, CliError> {
    let definitions = kinds.iter().map(|kind| skiff_api::crd::of(*kind));
    match output {
        Output::Json => data::json(&definitions.collect::<Vec<_>>()),
        Output::Name => Ok(kinds.iter().map(|kind| file_stem(*kind) + "\n").collect()),
        Output::Text | Output::Wide | Output::Yaml => {
            let documents: Vec<_> = definitions.map(|definition| data::yaml(&definition)).collect::<Result<_, _>>()?;
            Ok(documents.join("---\n"))
        }
    }
}

fn write_files(dir: &std::path::Path, kinds: &[Kind]) -> Result<(), CliError> {
    let failed = |error| CliError::failed(format!("cannot write into {}", dir.display()), error);
    std::fs::create_dir_all(dir).map_err(failed)?;
    for kind in kinds {
        let text = data::yaml(&skiff_api::crd::of(*kind))?;
        std::fs::write(dir.join(format!("{}.yaml", file_stem(*kind))), text).map_err(failed)?;
    }
    Ok(())
}

fn file_stem(kind: Kind) -> String {
    let group = skiff_api::API_VERSION.split('/').next().unwrap_or_default();
    format!("{}.{group}", kind.plural())
}
