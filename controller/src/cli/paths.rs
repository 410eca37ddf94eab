//! The flags of commands that read manifests.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use super::Settings;
use crate::source::{ComposeOptions, SourceOptions};

/// What the flags for Compose files stand under in the help. A heading of the whole struct would go on over the flags after it.
pub(super) const COMPOSE: &str = "Compose files";

/// Where the manifests are.
#[derive(Clone, Debug, clap::Args)]
pub struct PathArgs {
    /// Files and folders of manifests, Compose files among them; `-` is stdin.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// A folder or file whose documents are merged over the manifests; the last one wins.
    #[arg(long = "overlay", value_name = "PATH")]
    pub overlays: Vec<PathBuf>,
    /// How Compose files are read.
    #[command(flatten)]
    pub compose: ComposeArgs,
}

impl PathArgs {
    /// What to load.
    pub fn source(&self, settings: &Settings) -> SourceOptions {
        SourceOptions { compose: self.compose.options(), ..settings.source_options(&self.paths, &self.overlays) }
    }
}

/// How Compose files are read.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ComposeArgs {
    /// Switch a profile on; `*` is all.
    #[arg(long = "profile", value_name = "NAME", help_heading = COMPOSE)]
    pub profiles: Vec<String>,
    /// A file of variables instead of `.env`; the last one wins.
    #[arg(long = "env-file", value_name = "PATH", help_heading = COMPOSE)]
    pub env_files: Vec<PathBuf>,
}

impl ComposeArgs {
    /// The same with the variables of the process.
    pub fn options(&self) -> ComposeOptions {
        let Self { profiles, env_files } = self.clone();
        let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        let environment = std::env::vars_os().filter_map(text).collect();
        ComposeOptions { environment, profiles, services: Vec::new(), env_files, unset_is_a_problem: false }
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
