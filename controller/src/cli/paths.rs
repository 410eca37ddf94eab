//! The flags of commands that read manifests.

use std::path::PathBuf;

/// Where the manifests are.
#[derive(Clone, Debug, clap::Args)]
pub struct PathArgs {
    /// Files and folders of manifests; `-` is stdin.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    /// What is laid over them.
    pub overlays: OverlayArgs,
}

/// What is laid over the manifests.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct OverlayArgs {
    /// A folder or file whose documents are merged over the manifests; the last one wins.
    #[arg(long = "overlay", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}
