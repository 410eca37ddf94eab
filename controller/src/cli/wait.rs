//! `skiff wait`.

use std::time::{Duration, Instant};

use clap::ValueEnum;
use skiff_core::EngineError;

use super::{CliError, Context, Exit, Settings, engine, get};
use crate::engine::docker::Docker;
use crate::session::Onlooker;
use crate::ui::live::{self, Unready};
use crate::view::{Body, Verdict, View};

/// How often Docker is asked: a change is noticed in less than a person's patience.
const EVERY: Duration = Duration::from_millis(300);

/// Wait until objects are Ready, or gone
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff wait                       until everything is Ready\n  \
    skiff wait web db --timeout 2m\n  \
    skiff wait job/migrate --for complete\n  \
    skiff wait web --for gone\n\n\
    It ends with 1 and names what is missing when the time is over.")]
pub(super) struct Args {
    /// Objects; all of them where none is named.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// What to wait for: ready, complete (of jobs) or gone.
    #[arg(long = "for", value_name = "STATE", default_value = "ready", hide_possible_values = true)]
    state: State,
    /// How long.
    #[arg(long, value_name = "TIME", default_value = "5m")]
    timeout: skiff_api::Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum State {
    Ready,
    Complete,
    Gone,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Complete => "complete",
            Self::Gone => "gone",
        }
    }
}

/// Waits.
///
/// # Errors
/// When the time is over, or the engine does not answer.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    Context::block_on(async {
        let docker = engine::connect(&context.settings).await?;
        let began = Instant::now();
        let (mut said, mut onlooker) = (String::new(), Onlooker::staying());
        loop {
            let views = engine::objects_seen_by(&mut onlooker, &docker, &context.settings).await?;
            let (total, missing) = missing(args, &views, context)?;
            let summary = || live::summary(args.state.word(), total, &missing, began.elapsed());
            if missing.is_empty() {
                context.ui.say(&summary());
                return Ok(Exit::Done);
            }
            let in_vain = args.state == State::Complete && views.iter().any(|view| has_failed(view, &missing));
            if in_vain || began.elapsed() >= args.timeout.to_std() {
                context.ui.say(&summary());
                return Err(CliError::Reported);
            }
            let now: Vec<_> = missing.iter().map(|unready| format!("{} ({})", unready.object, unready.why)).collect();
            let now = format!("waiting for {}", now.join(", "));
            if now != said {
                context.ui.say(&now);
                said = now;
            }
            tokio::time::sleep(EVERY).await;
        }
    })
}

/// How many objects are meant, and which of them are not yet as they are waited for.
fn missing(args: &Args, views: &[View], context: &Context) -> Result<(usize, Vec<Unready>), CliError> {
    let selected = if args.names.is_empty() {
        get::select(&[], views, context)?
    } else {
        let found = args.names.iter().map(|name| (name, get::named(views, name, context)));
        // What is not there is gone already.
        let meant = found.filter(|(_, found)| args.state != State::Gone || found.is_ok());
        meant.map(|(_, found)| found).collect::<Result<Vec<_>, _>>()?
    };
    let total = selected.len().max(args.names.len());
    let missing = selected.into_iter().filter_map(|view| {
        let why = match args.state {
            State::Ready => unready(view)?,
            State::Complete => incomplete(view)?,
            State::Gone => exists(view)?,
        };
        Some(Unready { object: view.object.clone(), why, remedy: None, at: view.at.clone() })
    });
    Ok((total, missing.collect()))
}

/// Why an object is not Ready, if it is not.
pub(super) fn unready(view: &View) -> Option<String> {
    match &view.body {
        Body::Workload(workload) if workload.is_ready() => None,
        Body::Workload(workload) => {
            let words = match workload.job.as_ref().and_then(|job| Some((job.runs.last()?.succeeded, job.completions)))
            {
                Some((succeeded, wanted)) => format!("{succeeded}/{wanted} completed"),
                None => format!("{}/{} Ready", workload.ready(), workload.wanted),
            };
            Some(format!("{}, {words}", workload.verdict()))
        }
        Body::Network(networks) if networks.is_empty() => Some(Verdict::Missing.to_string()),
        Body::Volume(volumes) if volumes.is_empty() => Some(Verdict::Missing.to_string()),
        Body::Network(_) | Body::Volume(_) | Body::Declared => None,
    }
}

/// Why an object has not completed, if it has not.
fn incomplete(view: &View) -> Option<String> {
    match &view.body {
        Body::Workload(workload) if workload.verdict() == Verdict::Completed => None,
        Body::Workload(workload) if workload.verdict().is_ready() => {
            Some(format!("{}, it does not complete", workload.verdict()))
        }
        Body::Workload(_) => unready(view),
        Body::Network(_) | Body::Volume(_) | Body::Declared => None,
    }
}

/// Whether one of those that are waited for will not complete by itself.
fn has_failed(view: &View, missing: &[Unready]) -> bool {
    let is_failed = matches!(&view.body, Body::Workload(workload) if workload.verdict() == Verdict::Failed);
    is_failed && missing.iter().any(|unready| unready.object == view.object)
}

/// What there still is of an object, if anything.
fn exists(view: &View) -> Option<String> {
    match &view.body {
        Body::Workload(workload) if workload.replicas.is_empty() && workload.others.is_empty() => None,
        Body::Workload(workload) => Some(format!("{} left", workload.replicas.len() + workload.others.len())),
        Body::Network(networks) if networks.is_empty() => None,
        Body::Volume(volumes) if volumes.is_empty() => None,
        Body::Network(_) | Body::Volume(_) => Some("there".to_owned()),
        Body::Declared => None,
    }
}

/// Waits until one container is Ready.
///
/// # Errors
/// When it is not in time, or the engine does not answer.
pub(super) async fn until_ready(
    docker: &Docker,
    id: &str,
    deadline: Instant,
    settings: &Settings,
) -> Result<(), CliError> {
    let mut onlooker = Onlooker::staying();
    loop {
        let verdict = verdict(&mut onlooker, docker, id, settings).await?;
        if matches!(verdict, Some(Verdict::Ready | Verdict::Completed)) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let word = verdict.map_or_else(|| "gone".to_owned(), |verdict| verdict.to_string());
            return Err(CliError::refused(
                format!("container {} is not Ready in time: {word}", id.get(..12).unwrap_or(id)),
                "`skiff logs` shows what it says; the other containers have not been restarted",
            ));
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn verdict(
    onlooker: &mut Onlooker,
    docker: &Docker,
    id: &str,
    settings: &Settings,
) -> Result<Option<Verdict>, EngineError> {
    let views = engine::objects_seen_by(onlooker, docker, settings).await?;
    let mut replicas = views.iter().flat_map(|view| match &view.body {
        Body::Workload(workload) => workload.replicas.iter().chain(&workload.others).collect(),
        Body::Network(_) | Body::Volume(_) | Body::Declared => Vec::new(),
    });
    Ok(replicas.find(|replica| replica.id == id).map(|replica| replica.verdict.clone()))
}
