//! `skiff down`: removes what a source declares.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use skiff_api::OwnerLabels;
use skiff_api::suggest::nearest;
use skiff_core::{Intent, Observed, SourceState, is_elsewhere};
use tokio_util::sync::CancellationToken;

use super::paths::ComposeArgs;
use super::{CliError, Context, Exit, Settings, signals};
use crate::controller::Target;
use crate::session::{
    Access, Bring, Session, TargetOptions, bring, forget_taken_down, load, named_by_address, needed_by_others, target,
};
use crate::source::{Loaded, SourceOptions, reason};

/// Remove what the manifests declare; volumes stay unless asked for
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff down ./manifests\n  \
    skiff down git+https://example.com/shop.git\n  \
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

/// How long `down` may take before it says what is left.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(600);

/// Removes what the manifests, or the named source, declare.
///
/// # Errors
/// When it is not said what shall go, when the engine does not answer, when another controller acts.
pub fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    args.check(&context.settings)?;
    if args.volumes && !args.yes && !confirmed(context)? {
        return Err(CliError::refused("nothing was removed", "say `y`, or use --yes where nobody can answer"));
    }
    let settings = context.settings.clone();
    Context::block_on(async {
        let cancel = signals::cancelled_by_signal();
        let mut session = Session::open(&settings, Access::Act).await?;
        let _lock = session.lock("skiff down").await?;
        let target = goal(args, &session, context, &cancel).await?;
        let sources = target.desired.sources.clone();
        let goal = Bring { target, places: BTreeMap::new(), timeout: TIMEOUT, run: None, cancel };
        let reached = bring(&session, goal, &mut context.ui).await?;
        if !reached {
            let there = owned(&session.observe().await?).map(|labels| labels.object.clone()).collect();
            let sources: Vec<String> = sources.into_keys().collect();
            forget_taken_down(&mut session.state, &sources, &there, &settings.instance);
            return Err(CliError::Reported);
        }
        for (source, state) in sources {
            session.state.remove(&source, |departed| is_elsewhere(&state.roots, &departed.roots));
        }
        Ok(Exit::Done)
    })
}

/// What shall go: the sources that are named by their manifests, by name, or all that are known. Docker knows them by its
/// labels even where the state directory does not.
async fn goal(
    args: &Args,
    session: &Session,
    context: &mut Context,
    cancel: &CancellationToken,
) -> Result<Target, CliError> {
    let intent = Intent::Down { volumes: args.volumes };
    let options = TargetOptions { intent, ..TargetOptions::default() };
    let source = SourceOptions {
        compose: ComposeArgs::default().options(),
        ..session.settings.source_options(&args.paths, &[])
    };
    let mut named = if args.paths.is_empty() { Vec::new() } else { named_by_address(&source)? };
    if named.is_empty() && !args.paths.is_empty() {
        // Mistakes do not keep what runs from going: its labels say whose it is.
        let loads = load(session, source, cancel).await?;
        for loaded in &loads {
            refuse_nowhere(loaded, session).await?;
        }
        return target(&loads, &session.state, &session.state.history(), &session.settings.instance, &options);
    }
    if named.len() != args.paths.len() {
        let help = "take them down one after the other";
        return Err(CliError::refused("files and repositories are named together", help));
    }
    let mut goal = Target::default();
    goal.desired.instance = session.settings.instance.clone();
    goal.desired.intent = intent;
    let known = known_sources(session).await?;
    if named.is_empty() {
        named.extend(context.settings.source.clone());
    }
    if let Some(name) = named.iter().find(|name| !known.contains(*name)) {
        return Err(unknown(name, &known));
    }
    let going = if named.is_empty() {
        known
    } else {
        let names: Vec<&str> = named.iter().map(String::as_str).collect();
        goal.desired.claimed = session.state.other_claims(&names);
        goal.desired.needed = needed_by_others(&session.state, &names, &session.settings.instance);
        named.into_iter().collect()
    };
    for source in going {
        goal.desired.departed.extend(session.state.departed(&source));
        goal.desired.sources.insert(source, SourceState::default());
    }
    Ok(goal)
}

/// Every source that the state directory or a label names.
async fn known_sources(session: &Session) -> Result<BTreeSet<String>, CliError> {
    Ok(session.state.sources().map(ToOwned::to_owned).chain(labelled(&session.observe().await?)).collect())
}

/// A slip in a name must not pass for a job done.
fn unknown(name: &str, known: &BTreeSet<String>) -> CliError {
    let names = || known.iter().map(String::as_str);
    let help = match nearest(name, names()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if known.is_empty() => "this instance has no sources; another one is named with --instance".to_owned(),
        None => format!("its sources are {}", names().collect::<Vec<_>>().join(", ")),
    };
    CliError::refused(format!("nothing is known of a source `{name}`"), help)
}

/// The sources that the instance's labels name.
fn labelled(observed: &Observed) -> Vec<String> {
    owned(observed).map(|labels| labels.source.clone()).collect()
}

/// The labels of all that is the instance's.
fn owned(observed: &Observed) -> impl Iterator<Item = &OwnerLabels> {
    let containers = observed.containers.iter().map(|container| &container.owner);
    let networks = observed.networks.iter().map(|network| &network.owner);
    let volumes = observed.volumes.iter().map(|volume| &volume.owner);
    containers.chain(networks).chain(volumes).filter_map(|owner| owner.labels())
}

/// Refuses a path that is not there, unless its source is known: then it is known what shall go.
async fn refuse_nowhere(loaded: &Loaded, session: &Session) -> Result<(), CliError> {
    let away = loaded.problems.iter().find(|problem| problem.reason == reason::SOURCE_UNAVAILABLE);
    let Some(problem) = away.filter(|_| session.state.sources().all(|known| known != loaded.source)) else {
        return Ok(());
    };
    if labelled(&session.observe().await?).contains(&loaded.source) {
        return Ok(());
    }
    let path = problem.file.as_deref().map(|path| format!("{}: ", path.display())).unwrap_or_default();
    Err(CliError::refused(
        format!("{path}{problem}, and nothing is known of a source `{}`", loaded.source),
        "name the manifests as they were named to `skiff up`, or their source: `skiff down --source NAME`",
    ))
}

/// Asks on the terminal; no where there is none.
fn confirmed(context: &mut Context) -> Result<bool, CliError> {
    if !context.ui.stderr_is_terminal {
        return Ok(false);
    }
    context.ui.say("This removes the volumes too, with all data in them. Go on? [y/N]");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|error| CliError::failed("cannot read the answer", error))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
