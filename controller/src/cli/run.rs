//! `skiff run`: its flags, and how it begins.

use skiff_api::Duration;

use super::paths::PathArgs;
use super::{CliError, Context, Exit, signals};
use crate::session::{Access, Keep, Session, TargetOptions, keep};
use crate::telemetry::LogFormat;

/// Keep the manifests applied: reconcile at every change, event and tick until stopped
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff run ./manifests\n  \
    skiff run ./manifests --overlay ./manifests/prod --log-format json\n\n\
    SIGTERM or Ctrl-C ends it and leaves what runs running; the second one ends it at once.")]
pub struct Args {
    /// Where the manifests are.
    #[command(flatten)]
    pub manifests: PathArgs,
    /// How often to look at everything, whether or not something seems to have happened.
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub tick: Duration,
    /// Allow that most of a source is removed at once.
    #[arg(long)]
    pub confirm_prune: bool,
    /// How to log: text or json.
    #[arg(long, value_name = "FORMAT", default_value = "text", hide_possible_values = true)]
    pub log_format: LogFormat,
}

/// Keeps the manifests applied until SIGTERM or Ctrl-C.
///
/// # Errors
/// When it cannot begin: no engine, no state directory, another controller.
pub fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let settings = context.settings.clone();
    Context::block_on(async move {
        let cancel = signals::cancelled_by_signal();
        let session = Session::open(&settings, Access::Act).await?;
        let _lock = session.lock("skiff run").await?;
        let source = session.source_options(&args.manifests.paths, &args.manifests.overlays);
        let target = TargetOptions { confirm_prune: args.confirm_prune, ..TargetOptions::default() };
        tracing::info!(instance = %settings.instance, tick = %args.tick, "keeping the manifests applied; Ctrl-C ends it and leaves what runs running");
        keep(session, Keep { source, target, tick: args.tick.to_std(), cancel }, |_| {}).await?;
        tracing::info!("ended; what runs is left running");
        Ok(Exit::Done)
    })
}
