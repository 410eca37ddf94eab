//! `skiff restart`.

use std::time::{Duration, Instant};

use skiff_api::Kind;

use super::{CliError, Context, Exit, engine, wait};
use crate::engine::docker::Docker;
use crate::session::{Access, Session};
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
        let docker = engine::connect(&context.settings).await?;
        let session = Session::open(&context.settings, Access::Act).await?;
        let _lock = session
            .lock_for("skiff restart", "`skiff rollout restart NAME` asks it to replace the replicas one by one")
            .await?;
        let views = engine::objects(&docker, &context.settings).await?;
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
        for replica in replicas {
            restart(&docker, replica, args.timeout.to_std(), context).await?;
        }
        Ok(Exit::Done)
    })
}

async fn restart(docker: &Docker, replica: &Replica, timeout: Duration, context: &mut Context) -> Result<(), CliError> {
    let began = Instant::now();
    docker.restart(&replica.id, replica.grace_seconds()).await?;
    wait::until_ready(docker, &replica.id, began + timeout, &context.settings).await?;
    let name = paint(NAME, &replica.name);
    context.ui.say(&format!("{name} {} in {}", paint(GOOD, "restarted"), took(began.elapsed())));
    Ok(())
}
