//! `skiff version`.

use serde::Serialize;

use super::{CliError, Context, Exit};

/// Show which Skiff this is
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    version: &'static str,
    api_version: &'static str,
}

/// Answers with the version.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn run(Args {}: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let version = Version { version: env!("CARGO_PKG_VERSION"), api_version: skiff_api::API_VERSION };
    if !context.data(&version)? {
        context.ui.answer(&format!("skiff {}\nmanifests {}\n", version.version, version.api_version))?;
    }
    Ok(Exit::Done)
}
