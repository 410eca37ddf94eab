//! The flags of `skiff down`.

use std::path::PathBuf;

use super::{CliError, Settings};

/// Remove what the manifests declare; volumes stay unless asked for
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff down ./manifests\n  \
    skiff down --source shop           without the manifests\n  \
    skiff down ./manifests --volumes   with the data in the volumes, after a question")]
pub struct Args {
    /// Files and folders of manifests whose source goes; `-` is stdin.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Remove volumes too, with the data in them.
    #[arg(long)]
    pub volumes: bool,
    /// Do not ask.
    #[arg(short, long)]
    pub yes: bool,
}

impl Args {
    /// Whether it is said what shall go. An empty line must not remove everything.
    ///
    /// # Errors
    /// When neither a path nor a source nor all of the instance was named.
    pub fn check(&self, settings: &Settings) -> Result<(), CliError> {
        if self.paths.is_empty() && settings.source.is_none() && !settings.all_namespaces {
            return Err(CliError::refused(
                "what shall go is not said",
                "name the manifests (`skiff down ./manifests`), their source (`--source shop`), or everything of this \
                 instance (`--all-namespaces`)",
            ));
        }
        Ok(())
    }
}
