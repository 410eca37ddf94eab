//! `skiff run-once`: a container of an object's template for one command, with our standard streams and its exit code.
//!
//! It is removed when it has ended. Where this process is killed, the next controller removes it.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::builder::ValueHint;
use skiff_api::{Kind, ObjectKey};
use skiff_core::{Action, HeldReason, Once, OncePlan, StopContainer, Timestamp, plan_once};
use tokio::sync::mpsc;

use super::exec::{Manner, RawTerminal, converse};
use super::paths::ComposeArgs;
use super::{CliError, Context, Exit, Settings, signals};
use crate::controller::Target;
use crate::engine::Engine;
use crate::engine::docker::Docker;
use crate::session::{Access, Bring, Recalled, Session, bring, load, recall, recall_from, refuse_mistakes};
use crate::source::SourceOptions;
use crate::ui::Ui;

/// Run a command in a new container of an object, beside what runs
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff run-once api -- ./manage.py migrate\n  \
    skiff run-once db -- psql -h db < dump.sql\n  \
    skiff run-once shell                         with the arguments of its manifest\n  \
    skiff run-once -f compose.yaml --profile backup backup\n\n\
    It has the object's image, variables, networks, volumes and files, and neither its ports nor its names, so that it\n\
    is in nobody's way. What the object depends on is started first. It ends with the exit code of the command.")]
pub(super) struct Args {
    /// The deployment, job or schedule whose template is taken.
    name: String,
    /// Where its manifest is, where it is not of what is applied: a service of a profile that is off.
    #[arg(short, long = "file", value_name = "PATH")]
    files: Vec<PathBuf>,
    /// How Compose files are read.
    #[command(flatten)]
    compose: ComposeArgs,
    /// Do not give the command a terminal, even where we have one.
    #[arg(short = 'T', long)]
    no_tty: bool,
    /// How long to wait for what it depends on.
    #[arg(long, value_name = "TIME", default_value = "5m")]
    timeout: skiff_api::Duration,
    /// What is run instead of the command and arguments in the manifest; without a command there, the image's entrypoint gets it.
    #[arg(last = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    command: Vec<String>,
}

const KINDS: [Kind; 3] = [Kind::Deployment, Kind::Job, Kind::CronJob];
const LOOK: Duration = Duration::from_millis(250);

/// Runs the command to its end.
///
/// # Errors
/// When there is no such object, when what it depends on is not there in time, when the container cannot be made.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let settings = context.settings.clone();
    let ui = &mut context.ui;
    let tty = !args.no_tty && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    Context::block_on(async {
        let session = Session::open(&settings, Access::Act).await?;
        let recalled = args.recall(&session, ui).await?;
        let until = Instant::now() + args.timeout.to_std();
        start_dependencies(&session, &recalled, args.timeout.to_std(), ui).await?;
        let target = recalled.target(&session)?;
        let command = (!args.command.is_empty()).then(|| args.command.clone());
        let once = Once { object: recalled.object.clone(), asked: Timestamp::now(), command, tty };
        let plan = wait_for_plan(&session, &target, &once, until, ui).await?;
        let made = make(&session.docker, &plan, &target, ui).await;
        let end = match made {
            Ok(()) => attend(&session.docker, &plan, &target, tty).await,
            Err(error) => Err(error),
        };
        remove(&session.docker, &plan, &target).await?;
        end
    })
}

impl Args {
    /// The object: as its manifests are now, where these are named, else as they were when they were applied.
    async fn recall(&self, session: &Session, ui: &mut Ui) -> Result<Recalled, CliError> {
        let Some(source) = self.source(&session.settings) else { return recall(session, &self.name, &KINDS) };
        let loads = signals::unless_ended(async |cancel| load(session, source, cancel).await).await?;
        refuse_mistakes(&loads, ui)?;
        recall_from(session.settings.namespace.as_deref(), &loads, &self.name, &KINDS)
    }

    /// What is read for it, where that is not what was applied.
    pub(super) fn source(&self, settings: &Settings) -> Option<SourceOptions> {
        let source = settings.source_options(&self.files, &[]);
        let read = || SourceOptions { compose: self.compose.options(), ..source };
        (!self.files.is_empty()).then(read)
    }
}

/// Starts what the object depends on, unless a controller runs, whose work that is.
async fn start_dependencies(
    session: &Session,
    recalled: &Recalled,
    timeout: Duration,
    ui: &mut Ui,
) -> Result<(), CliError> {
    let declared = recalled.target(session)?.desired;
    let needs: Vec<ObjectKey> = declared
        .containers_of(&recalled.object)
        .map(|workload| workload.depends_on.iter().map(|dependency| dependency.object.clone()).collect())
        .unwrap_or_default();
    if needs.is_empty() || session.holder().await?.is_some() {
        return Ok(());
    }
    let _lock = session.lock("skiff run-once").await?;
    let target = recalled.target_of(session, &needs)?;
    let bring = bring(
        session,
        Bring { target, places: BTreeMap::new(), timeout, run: None, cancel: signals::cancelled_by_signal() },
        ui,
    );
    if bring.await? { Ok(()) } else { Err(CliError::Reported) }
}

/// What leads to the container, as soon as nothing stands in the way that time will end.
async fn wait_for_plan(
    session: &Session,
    target: &Target,
    once: &Once,
    until: Instant,
    ui: &mut Ui,
) -> Result<OncePlan, CliError> {
    let mut said = String::new();
    loop {
        let (observed, now) = session.look(target).await?;
        match plan_once(&target.desired, &observed, once, now) {
            Ok(plan) => return Ok(plan),
            Err(why) if why.is_waiting() && Instant::now() < until => tell(&why, &mut said, ui),
            Err(why) => {
                let help = "`skiff get all` shows how everything fares";
                return Err(CliError::refused(format!("{} cannot be run now: {why}", once.object), help));
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn tell(why: &HeldReason, said: &mut String, ui: &mut Ui) {
    let text = why.to_string();
    if *said != text {
        ui.say(&text);
        *said = text;
    }
}

/// Makes the container and what it needs.
async fn make(docker: &Docker, plan: &OncePlan, target: &Target, ui: &mut Ui) -> Result<(), CliError> {
    for step in &plan.steps {
        if let Action::PullImage(pull) = &step.action
            && !docker.image_exists(&pull.image).await?
        {
            ui.say(&format!("pull image {}", pull.image));
        }
        perform(docker, &step.action, target).await?;
    }
    Ok(())
}

async fn perform(docker: &Docker, action: &Action, target: &Target) -> Result<(), CliError> {
    docker.perform(action, &target.content, mpsc::unbounded_channel().0).await?;
    Ok(())
}

/// Attaches, starts, and passes everything on until it has ended or we are told to.
async fn attend(docker: &Docker, plan: &OncePlan, target: &Target, tty: bool) -> Result<Exit, CliError> {
    let session = docker.attach(&plan.container.name, tty).await?;
    perform(docker, &Action::StartContainer { container: plan.container.clone() }, target).await?;
    let raw = if tty { Some(RawTerminal::enter()?) } else { None };
    let end = converse(session, Manner { tty, stdin: true }).await;
    drop(raw);
    end
}

/// Stops the container where it runs, and removes it.
async fn remove(docker: &Docker, plan: &OncePlan, target: &Target) -> Result<(), CliError> {
    let (container, grace_seconds) = (plan.container.clone(), plan.grace_seconds);
    let stop = StopContainer { container, grace_seconds, pre_stop: None };
    perform(docker, &Action::StopContainer(stop), target).await?;
    let volumes = docker.asked_volumes(&plan.container.name).await?;
    perform(docker, &Action::RemoveContainer { container: plan.container.clone(), volumes }, target).await
}
