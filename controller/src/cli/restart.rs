//! `skiff restart`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use skiff_api::Kind;
use skiff_core::{Action, EngineError, Outcome, Step, note_hook, plan, plan_restart};
use tokio::sync::mpsc;

use super::{CliError, Context, Exit, engine, wait};
use crate::controller::Target;
use crate::engine::Engine;
use crate::session::{Access, Session, remembered};
use crate::ui::age::took;
use crate::ui::style::{GOOD, NAME, paint};
use crate::view::{Replica, find};

/// Restart the containers of objects, one after the other, each after the last is Ready
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff restart web\n  \
    skiff restart web-2          one replica\n  \
    skiff restart web api --timeout 2m\n\n\
    Where `skiff run` keeps the manifests, `skiff rollout restart` asks it for the same.")]
pub(super) struct Args {
    /// Objects or containers.
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// How long a container may take to be Ready again.
    #[arg(long, value_name = "TIME", default_value = "5m")]
    timeout: skiff_api::Duration,
}

/// Restarts what is meant.
///
/// # Errors
/// When something of it is not there, cannot be restarted, or is not Ready in time.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    Context::block_on(async {
        let session = Session::open(&context.settings, Access::Act).await?;
        let _lock = session
            .lock_for("skiff restart", "`skiff rollout restart NAME` asks it to replace the replicas one by one")
            .await?;
        let views = engine::objects(&session.docker, &context.settings).await?;
        let mut replicas = Vec::new();
        for name in &args.names {
            let found = find::find(&views, name, context.settings.namespace.as_deref())
                .map_err(|error| CliError::refused(error.to_string(), error.help()))?;
            if matches!(found.view.object.kind, Kind::Job | Kind::CronJob) {
                return Err(CliError::refused(
                    format!("{} is no deployment, and its containers run once", found.view.object),
                    format!("`skiff run-now {}` runs it again", found.view.object),
                ));
            }
            if found.replicas().is_empty() {
                return Err(CliError::refused(
                    format!("{} has no containers", found.view.object),
                    "only deployments can be restarted",
                ));
            }
            replicas.extend(found.replicas());
        }
        let target = remembered(&session.state, &session.state.history(), &context.settings.instance);
        for replica in replicas {
            restart(&session, &target, replica, args.timeout.to_std(), context).await?;
        }
        Ok(Exit::Done)
    })
}

/// Stops and starts a container, with the hooks of both, and waits until it is Ready.
async fn restart(
    session: &Session,
    target: &Target,
    replica: &Replica,
    timeout: Duration,
    context: &mut Context,
) -> Result<(), CliError> {
    let began = Instant::now();
    let (observed, now) = session.look(target).await?;
    for step in plan_restart(&target.desired, &observed, &replica.id, now) {
        if let Outcome::Warned { warnings } = perform(session, target, &step).await? {
            for warning in warnings {
                tracing::warn!("{}: {warning}", replica.name);
            }
        }
    }
    after_start(session, target, replica).await?;
    wait::until_ready(&session.docker, &replica.id, began + timeout, &context.settings).await?;
    let name = paint(NAME, &replica.name);
    context.ui.say(&format!("{name} {} in {}", paint(GOOD, "restarted"), took(began.elapsed())));
    Ok(())
}

/// Runs the postStart hook of the start that was just made, and remembers how it ended: a controller need not run it again.
async fn after_start(session: &Session, target: &Target, replica: &Replica) -> Result<(), CliError> {
    let (observed, now) = session.look(target).await?;
    let is_its_hook =
        |step: &Step| matches!(&step.action, Action::RunHook(hook) if hook.container.id.as_ref() == Some(&replica.id));
    let Some(step) = plan(&target.desired, &observed, now).steps.into_iter().find(is_its_hook) else { return Ok(()) };
    let result = perform(session, target, &step).await;
    let chronicle = session.state.chronicle();
    let mut history =
        Arc::new(chronicle.history().map_err(|error| CliError::failed("cannot read the history", error))?);
    if note_hook(&mut history, &step, &result) {
        chronicle.save(&history).map_err(|error| CliError::failed("cannot write the history", error))?;
    }
    result.map(drop).map_err(|error| CliError::failed(format!("the postStart hook of {} failed", replica.name), error))
}

async fn perform(session: &Session, target: &Target, step: &Step) -> Result<Outcome, EngineError> {
    session.docker.perform(&step.action, &target.content, mpsc::unbounded_channel().0).await
}
