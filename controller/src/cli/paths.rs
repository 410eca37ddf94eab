//! The flags of commands that read manifests.

use std::path::PathBuf;
use std::str::FromStr;

use super::Settings;
use crate::source::SourceOptions;

/// Where the manifests are.
#[derive(Clone, Debug, clap::Args)]
pub struct PathArgs {
    /// Files and folders of manifests; `-` is stdin.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// A folder or file whose documents are merged over the manifests; the last one wins.
    #[arg(long = "overlay", value_name = "PATH")]
    pub overlays: Vec<PathBuf>,
}

impl PathArgs {
    /// What to load.
    pub fn source(&self, settings: &Settings) -> SourceOptions {
        settings.source_options(&self.paths, &self.overlays)
    }
}

/// `NAME=N`: how many replicas of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scale {
    /// The deployment.
    pub name: String,
    /// How many.
    pub replicas: u32,
}

impl FromStr for Scale {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('=').filter(|(name, _)| !name.is_empty());
        let (name, count) = parts.ok_or_else(|| "write NAME=N, such as web=3".to_owned())?;
        let replicas = count.parse().map_err(|_| format!("`{count}` is not a number of replicas"))?;
        Ok(Self { name: name.to_owned(), replicas })
    }
}
