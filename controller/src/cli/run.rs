//! The flags of `skiff run`.

use skiff_api::Duration;

use super::paths::PathArgs;
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
