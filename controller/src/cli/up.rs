//! `skiff up`: applies the manifests once.

use std::path::PathBuf;

use skiff_api::Duration;

use super::paths::Scale;
use super::{CliError, Context, Exit, signals};
use crate::session::{Access, Bring, Session, TargetOptions, bring, load, refuse_mistakes, target};

/// Apply the manifests once and wait until everything is Ready
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff up ./manifests\n  \
    skiff up ./manifests web db          only these, and what they depend on\n  \
    skiff up ./manifests --scale web=5   five replicas, whatever the manifest says\n  \
    cat app.yaml | skiff up -\n\n\
    It ends with 1 and names what is not Ready when the time is over.")]
pub struct Args {
    /// A file or folder of manifests; `-` is stdin.
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
    /// How long to wait.
    #[arg(long, value_name = "TIME", default_value = "5m")]
    pub timeout: Duration,
    /// Allow that most of a source is removed at once.
    #[arg(long)]
    pub confirm_prune: bool,
    /// Run so many replicas, whatever the manifest says.
    #[arg(long, value_name = "NAME=N")]
    pub scale: Vec<Scale>,
}

impl Args {
    /// All paths, in the order in which they were written.
    pub fn paths(&self) -> Vec<PathBuf> {
        std::iter::once(&self.path).chain(&self.files).cloned().collect()
    }
}

/// Applies the manifests and waits until everything is Ready.
///
/// # Errors
/// When there is a mistake in the manifests, when the engine does not answer, when another controller acts.
pub fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let settings = context.settings.clone();
    Context::block_on(async {
        let cancel = signals::cancelled_by_signal();
        let mut session = Session::open(&settings, Access::Act).await?;
        let options = session.source_options(&args.paths(), &args.overlays);
        let loaded = load(&session, &options);
        refuse_mistakes(&loaded, &mut context.ui)?;
        let _lock = session.lock("skiff up").await?;
        let target_options = TargetOptions {
            confirm_prune: args.confirm_prune,
            scale: args.scale.clone(),
            only: args.names.clone(),
            ..TargetOptions::default()
        };
        let target = target(&loaded, &session.state, &session.state.history(), &settings.instance, &target_options)?;
        if args.names.is_empty() {
            session.state.save(&loaded.source, loaded.good());
        }
        session.keep_archive(&target);
        let reached =
            bring(&session, Bring { target, timeout: args.timeout.to_std(), cancel }, &mut context.ui).await?;
        if reached { Ok(Exit::Done) } else { Err(CliError::Reported) }
    })
}
