//! `skiff up`: applies the manifests once.

use skiff_api::Duration;

use super::{ApplyArgs, CliError, Context, Exit, signals};
use crate::session::{Access, Bring, Session, bring, load, make_mounts, refuse_mistakes, save, target};
use crate::source::Loaded;

/// Apply the manifests once and wait until everything is Ready
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff up ./manifests\n  \
    skiff up ./manifests web db          only these, and what they depend on\n  \
    skiff up ./manifests --scale web=5   five replicas, whatever the manifest says\n  \
    cat app.yaml | skiff up -\n\n\
    It ends with 1 and names what is not Ready when the time is over, or what left the manifests\n\
    and still runs because its removal waits for --confirm-prune.")]
pub struct Args {
    /// What to apply.
    #[command(flatten)]
    pub apply: ApplyArgs,
    /// How long to wait.
    #[arg(long, value_name = "TIME", default_value = "5m")]
    pub timeout: Duration,
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
        // Before anything is read: a repository is worked in by whoever acts, and by nobody else.
        let _lock = session.lock("skiff up").await?;
        let loads = load(&session, args.apply.source(&settings), &cancel).await?;
        refuse_mistakes(&loads, &mut context.ui)?;
        session.hear_traces().await?;
        let target =
            target(&loads, &session.state, &session.state.history(), &settings.instance, &args.apply.target())?;
        if args.apply.names.is_empty() {
            save(&mut session.state, &loads, &settings.instance);
        }
        session.keep_archive(&target);
        make_mounts(&loads).await?;
        let (places, timeout) = (loads.iter().flat_map(Loaded::places).collect(), args.timeout.to_std());
        let bring_it = Bring { target, places, timeout, run: None, cancel };
        let reached = bring(&session, bring_it, &mut context.ui).await?;
        if reached { Ok(Exit::Done) } else { Err(CliError::Reported) }
    })
}
