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
#[command(mut_arg("paths", |paths| paths.help("Files and folders of manifests, Compose files among them")))]
pub struct Args {
    /// Where the manifests are.
    #[command(flatten)]
    pub manifests: PathArgs,
    /// How often to look at everything, whether or not something seems to have happened.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = tick)]
    pub tick: Duration,
    /// Allow that most of a source is removed at once, as the manifests are when it begins.
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
    refuse_stdin(args)?;
    Context::block_on(async move {
        let cancel = signals::cancelled_by_signal();
        let session = Session::open(&settings, Access::Act).await?;
        let _lock = session.lock("skiff run").await?;
        let mut source = args.manifests.source(&settings);
        // Nobody is there to read a warning: what is not said keeps the last good version.
        source.compose.unset_is_a_problem = true;
        let target = TargetOptions { confirm_prune: args.confirm_prune, ..TargetOptions::default() };
        tracing::info!(instance = %settings.instance, tick = %args.tick, "keeping the manifests applied; Ctrl-C ends it and leaves what runs running");
        keep(session, Keep { source, target, tick: args.tick.to_std(), cancel }, |_| {}).await?;
        tracing::info!("ended; what runs is left running");
        Ok(Exit::Done)
    })
}

/// A tick of nothing would look without end.
fn tick(text: &str) -> Result<Duration, String> {
    let tick: Duration = text.parse().map_err(|error| format!("{error}"))?;
    let fits = tick.to_std() >= std::time::Duration::from_millis(100);
    fits.then_some(tick)
        .ok_or_else(|| "write at least 100ms; changes and events are seen at once, whatever the tick".to_owned())
}

/// What comes from stdin is read once and gone; there is nothing to keep applied.
fn refuse_stdin(args: &Args) -> Result<(), CliError> {
    let mut paths = args.manifests.paths.iter().chain(&args.manifests.overlays);
    if paths.any(|path| path.as_os_str() == "-") {
        return Err(CliError::refused(
            "`skiff run` cannot keep what comes from stdin",
            "write it to a file or folder and name that, or apply it once with `skiff up -`",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches as _};

    use super::*;

    fn refused(words: &[&str]) -> bool {
        let matches = Args::augment_args(clap::Command::new("run")).get_matches_from(words);
        refuse_stdin(&Args::from_arg_matches(&matches).expect("right flags")).is_err()
    }

    #[test]
    fn a_tick_is_at_least_a_tenth_of_a_second() {
        let of = |text: &str| {
            let matches =
                Args::augment_args(clap::Command::new("run")).try_get_matches_from(["run", ".", "--tick", text]);
            matches.map(|matches| Args::from_arg_matches(&matches).expect("right flags").tick.to_std().as_millis())
        };
        assert_eq!((of("100ms").ok(), of("1h").ok()), (Some(100), Some(3_600_000)));
        for wrong in ["0s", "99ms", "soon", ""] {
            let words = of(wrong).expect_err("it is refused").to_string();
            assert!(wrong.is_empty() || wrong == "soon" || words.contains("write at least 100ms"), "{wrong}: {words}");
        }
    }

    #[test]
    fn what_comes_from_stdin_cannot_be_kept() {
        assert!(refused(&["run", "-"]) && refused(&["run", "./shop", "--overlay", "-"]));
        assert!(!refused(&["run", "./shop", "./-"]));
    }
}
