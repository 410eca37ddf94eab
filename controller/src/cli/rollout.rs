//! `skiff rollout`: how a deployment goes from one revision to another, and what people may ask of it.

mod history;
mod status;

use skiff_api::{Kind, ObjectKey};
use skiff_core::Request;

pub(super) use history::table as revisions;

use super::{CliError, Context, Exit, Output, engine, get};
use crate::session::{Access, Session};

/// Follow, hold, undo or repeat the rollout of a deployment
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff rollout status web\n  \
    skiff rollout history web\n  \
    skiff rollout undo web                  back to the last revision that was stable\n  \
    skiff rollout undo web --to-revision 3\n  \
    skiff rollout pause web                 and later: skiff rollout resume web\n  \
    skiff rollout restart web               new containers, one after the other, from the same manifest\n\n\
    What is asked beside a controller that runs is handed to it; else the next `skiff run` or `skiff up` takes it up.")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Wait until the rollout has ended, and say how.
    Status(status::Args),
    /// List the revisions and what became of them.
    History(history::Args),
    /// Go back to an earlier revision, until the manifest changes.
    Undo(UndoArgs),
    /// Hold the rollout where it stands.
    Pause(NameArgs),
    /// Let a rollout that was paused go on.
    Resume(NameArgs),
    /// Replace all replicas as a rollout does, without a change of the manifest.
    Restart(NameArgs),
}

#[derive(Debug, clap::Args)]
struct NameArgs {
    /// The deployment.
    name: String,
}

/// Go back to an earlier revision, until the manifest changes
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff rollback web\n  \
    skiff rollback web --to-revision 3\n\n\
    `skiff rollout history NAME` lists the revisions. To keep it so, change the manifest.")]
pub(super) struct UndoArgs {
    /// The deployment.
    name: String,
    /// The revision to go back to; the last stable one where none is named.
    #[arg(long, value_name = "N")]
    to_revision: Option<u64>,
}

impl Args {
    /// The formats for programs that it answers in.
    pub(super) const fn formats(&self) -> &'static [Output] {
        match self.verb {
            Verb::History(_) => &[Output::Json, Output::Yaml, Output::Name],
            Verb::Status(_) | Verb::Undo(_) | Verb::Pause(_) | Verb::Resume(_) | Verb::Restart(_) => &[],
        }
    }
}

/// Does what the verb says.
///
/// # Errors
/// When there is no such deployment, when what is asked is refused, when the rollout failed.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    match &args.verb {
        Verb::Status(args) => status::run(args, context),
        Verb::History(args) => history::run(args, context),
        Verb::Undo(args) => undo(args, context),
        Verb::Pause(args) => ask(&args.name, context, |object| Request::Pause { object }),
        Verb::Resume(args) => ask(&args.name, context, |object| Request::Resume { object }),
        Verb::Restart(args) => ask(&args.name, context, |object| Request::Restart { object }),
    }
}

/// Goes back.
///
/// # Errors
/// When there is nothing to go back to.
pub(super) fn undo(args: &UndoArgs, context: &mut Context) -> Result<Exit, CliError> {
    ask(&args.name, context, |object| Request::Undo { object, to: args.to_revision })
}

fn ask(name: &str, context: &mut Context, request: impl FnOnce(ObjectKey) -> Request) -> Result<Exit, CliError> {
    let settings = context.settings.clone();
    let object = deployment(name, context)?;
    let message = Context::block_on(async {
        let session = Session::open(&settings, Access::Act).await?;
        session.request(&request(object.clone())).await
    })?;
    context.ui.say(&format!("{object}: {message}"));
    Ok(Exit::Done)
}

/// The deployment that a word means.
fn deployment(name: &str, context: &Context) -> Result<ObjectKey, CliError> {
    let views = engine::objects_now(&context.settings)?;
    let word = if name.contains('/') { name.to_owned() } else { format!("{}/{name}", Kind::Deployment.lower()) };
    let object = get::named(&views, &word, context)?.object.clone();
    if object.kind == Kind::Deployment {
        return Ok(object);
    }
    Err(CliError::refused(format!("{object} has no rollouts"), "only deployments have"))
}
