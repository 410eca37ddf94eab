//! The flags of `up`, which `plan` and `diff` take as well, so that one can see beforehand what exactly that `up` would do.

use std::path::PathBuf;

use super::Settings;
use super::paths::{ComposeArgs, Scale};
use crate::session::TargetOptions;
use crate::source::{ComposeOptions, SourceOptions};

/// What is applied, and how.
#[derive(Clone, Debug, clap::Args)]
pub struct ApplyArgs {
    /// A file or folder of manifests, or a Compose file; `-` is stdin.
    pub path: PathBuf,
    /// Objects to apply, with what they depend on; all of them where none is named.
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// More files and folders of manifests.
    #[arg(short = 'f', long = "file", value_name = "PATH")]
    pub files: Vec<PathBuf>,
    /// A folder or file whose documents are merged over the manifests; the last one wins.
    #[arg(long = "overlay", value_name = "PATH")]
    pub overlays: Vec<PathBuf>,
    /// How Compose files are read.
    #[command(flatten)]
    pub compose: ComposeArgs,
    /// Allow that most of a source is removed at once.
    #[arg(long)]
    pub confirm_prune: bool,
    /// Run so many replicas, whatever the manifest says.
    #[arg(long, value_name = "NAME=N")]
    pub scale: Vec<Scale>,
}

impl ApplyArgs {
    /// What to load.
    pub fn source(&self, settings: &Settings) -> SourceOptions {
        let paths: Vec<PathBuf> = std::iter::once(&self.path).chain(&self.files).cloned().collect();
        // `deployment/web` as well as `web`.
        let named = |name: &String| name.rsplit('/').next().unwrap_or(name).to_owned();
        let services = self.names.iter().map(named).collect();
        let compose = ComposeOptions { services, ..self.compose.options() };
        SourceOptions { compose, ..settings.source_options(&paths, &self.overlays) }
    }

    /// What the command line adds to it.
    pub fn target(&self) -> TargetOptions {
        let (confirm_prune, scale, only) = (self.confirm_prune, self.scale.clone(), self.names.clone());
        TargetOptions { confirm_prune, scale, only, ..TargetOptions::default() }
    }
}
