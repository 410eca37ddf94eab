//! `skiff adopt`: takes over a stack that Docker Compose started.

use skiff_api::{Duration, Instance};
use skiff_core::{Adoption, Claim, Comparisons, EngineError, Stack, adopt, claims, projects};

use super::paths::PathArgs;
use super::{CliError, Context, Exit, plan, signals};
use crate::controller::Target;
use crate::session::{Access, Bring, Session, TargetOptions, bring, load, make_mounts, refuse_mistakes, save, target};
use crate::source::Loaded;

/// Take over a stack that Docker Compose started: show the plan, or do it with --confirm
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff adopt compose.yaml              what would be taken over, and the plan; nothing is done\n  \
    skiff adopt compose.yaml --confirm    take it over, and wait until everything is Ready\n  \
    skiff adopt ./manifests --project shop --confirm\n\n\
    Volumes keep their data and networks stay. A container that is as declared, in everything but labels, is kept as adopted until its next\n\
    change; the others are replaced one by one, the new one first where ports and volumes allow it.\n\
    What is taken over is recorded in the state directory by its full id. Stop what else runs `docker compose up` on the stack before.")]
pub(super) struct Args {
    /// What declares the stack: the Compose file, or manifests that were imported from it.
    #[command(flatten)]
    manifests: PathArgs,
    /// The name of the Compose project, where it is not the one that the manifests say.
    #[arg(long, value_name = "NAME")]
    project: Vec<String>,
    /// Do it.
    #[arg(long)]
    confirm: bool,
    /// How long to wait.
    #[arg(long, value_name = "TIME", default_value = "5m")]
    timeout: Duration,
}

/// Shows what would be taken over, or takes it over.
///
/// # Errors
/// When there is nothing to take over, when the manifests have a mistake, when the engine does not answer.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let settings = context.settings.clone();
    Context::block_on(async {
        let cancel = signals::cancelled_by_signal();
        let access = if args.confirm { Access::Act } else { Access::Read };
        let mut session = Session::open(&settings, access).await?;
        let _lock = if args.confirm { Some(session.lock("skiff adopt").await?) } else { None };
        let loads = load(&session, args.manifests.source(&settings), &cancel).await?;
        refuse_mistakes(&loads, &mut context.ui)?;
        let options = TargetOptions::default();
        let target = target(&loads, &session.state, &session.state.history(), &settings.instance, &options)?;
        let projects = if args.project.is_empty() { projects(&target.desired) } else { args.project.clone() };
        let stack = stack(&session, &projects, !args.project.is_empty()).await?;
        let compared = compare(&session, &stack, &target).await?;
        let history = session.state.history();
        let Adoption { adopted, taken, left, missed } = adopt(&stack, &target.desired, &history, &compared);
        if taken.is_empty() {
            return Err(nothing(&projects));
        }
        if !missed.is_empty() {
            return Err(empty(&missed, &left, &settings.instance));
        }
        let mut all = session.state.adopted();
        all.forget_all_but(&session.docker.remaining(&all).await?);
        all.extend(adopted);
        session.docker.adopt(all.clone());
        if !args.confirm {
            say(&taken, &left, context)?;
            let planned = session.plan(&target).await?;
            plan::answer(&planned, context)?;
            context.ui.say("nothing is done yet: `--confirm` takes it over");
            return Ok(Exit::Changes);
        }
        session.state.save_adopted(&all).map_err(|error| CliError::state("cannot record what is taken over", error))?;
        save(&mut session.state, &loads, &settings.instance);
        session.keep_archive(&target);
        make_mounts(&loads).await?;
        say(&taken, &left, context)?;
        let (places, timeout) = (loads.iter().flat_map(Loaded::places).collect(), args.timeout.to_std());
        let reached = bring(&session, Bring { target, places, timeout, run: None, cancel }, &mut context.ui).await?;
        if reached { Ok(Exit::Done) } else { Err(CliError::Reported) }
    })
}

/// How what is taken over compares with what we would make. What nothing could be made from now is not compared, and so not kept.
async fn compare(session: &Session, stack: &Stack, target: &Target) -> Result<Comparisons, CliError> {
    let mut compared = Comparisons::new();
    for Claim { container, spec } in claims(stack, &target.desired) {
        match session.docker.compare(&container.id, &spec, &target.content).await {
            Ok(comparison) => drop(compared.insert(container.id.clone(), comparison)),
            Err(EngineError::Invalid(_) | EngineError::Stale(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(compared)
}

/// What Docker Compose made for the projects.
async fn stack(session: &Session, projects: &[String], named: bool) -> Result<Stack, CliError> {
    let mut stack = Stack::default();
    for project in projects {
        stack.extend(session.docker.stack(project).await?);
    }
    if named {
        // What a person names is meant, whatever the manifests call it.
        stack.containers.iter_mut().for_each(|container| container.project = None);
    }
    Ok(stack)
}

/// Data that is meant must not be missed without a word.
fn empty(missed: &[String], left: &[String], instance: &Instance) -> CliError {
    let left: Vec<&str> = left.iter().map(String::as_str).filter(|what| what.starts_with("volume ")).collect();
    let message = format!("{} would be new and empty, and the stack has {}", missed.join(", "), left.join("; "));
    let help = if instance.is_default() {
        "give the volume the name that it has: `name` in a Compose file, `volumeName` in a manifest".to_owned()
    } else {
        // The instance is in the names of all that it makes.
        format!(
            "instance {instance} makes volumes of names of its own: declare this one as `external: true` with the name that it has, \
             or leave `--instance` out"
        )
    };
    CliError::refused(message, help)
}

fn say(taken: &[String], left: &[String], context: &mut Context) -> Result<(), CliError> {
    let taken = taken.iter().map(|what| format!("take over {what}\n"));
    let left = left.iter().map(|what| format!("leave {what}\n"));
    context.ui.answer(&format!("{}\n", taken.chain(left).collect::<String>()))?;
    Ok(())
}

fn nothing(projects: &[String]) -> CliError {
    let (message, help) = match projects {
        [] => (
            "no Compose project is named by the manifests".to_owned(),
            "name the Compose file, or the project with `--project`".to_owned(),
        ),
        names => (
            format!("there is nothing to take over of the Compose project {}", names.join(", ")),
            "`docker compose ls` lists the projects that run; `--project` names another one".to_owned(),
        ),
    };
    CliError::refused(message, help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_about_data_that_would_be_missed_works_in_the_instance_that_is_meant() {
        let help = |instance: &str| {
            let instance: Instance = instance.parse().expect("an instance");
            let refused =
                empty(&["shop_data".to_owned()], &["volume old_data: it is not declared".to_owned()], &instance);
            refused.help().unwrap_or_default().to_owned()
        };
        assert!(help("default").contains("`name` in a Compose file"));
        assert!(help("blue").contains("`external: true`") && !help("blue").contains("volumeName"));
    }
}
