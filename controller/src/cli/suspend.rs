//! `skiff suspend` and `skiff resume`: a job or a schedule that does nothing for a while, whatever its manifest says.

use skiff_api::ObjectKey;
use skiff_core::Request;

use super::{CliError, Context, Exit, engine, get};
use crate::session::{Access, Session};

/// Begin no run of a schedule, and no attempt of a job, until it is resumed
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff suspend cronjob/backup           no run begins, what runs may end\n  \
    skiff suspend job/migrate              what runs is stopped, no attempt begins\n  \
    skiff resume cronjob/backup\n\n\
    It holds across restarts of Skiff and changes of the manifest. Moments that pass meanwhile are not made up for.\n\
    A deployment is not suspended: `skiff rollout pause` holds its rollout, and `replicas: 0` in its manifest stops it.")]
pub(super) struct SuspendArgs {
    /// Jobs and schedules, as NAME, KIND/NAME or KIND/NAMESPACE/NAME.
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

/// Let what was suspended by hand go on
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff resume cronjob/backup\n\n\
    What its manifest suspends is resumed there.")]
pub(super) struct ResumeArgs {
    /// Jobs and schedules, as NAME, KIND/NAME or KIND/NAMESPACE/NAME.
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

/// Suspends.
///
/// # Errors
/// When there is no such job or schedule.
pub(super) fn suspend(args: &SuspendArgs, context: &mut Context) -> Result<Exit, CliError> {
    ask(&args.names, context, |object| Request::Suspend { object })
}

/// Resumes.
///
/// # Errors
/// When it was not suspended by hand.
pub(super) fn resume(args: &ResumeArgs, context: &mut Context) -> Result<Exit, CliError> {
    ask(&args.names, context, |object| Request::Unsuspend { object })
}

fn ask(names: &[String], context: &mut Context, request: impl Fn(ObjectKey) -> Request) -> Result<Exit, CliError> {
    let settings = context.settings.clone();
    let views = engine::objects_now(&settings)?;
    let meant = names.iter().map(|name| Ok(get::named(&views, name, context)?.object.clone()));
    let meant = meant.collect::<Result<Vec<ObjectKey>, CliError>>()?;
    for object in meant {
        let message = Context::block_on(async {
            let session = Session::open(&settings, Access::Act).await?;
            session.request(&request(object.clone())).await
        })?;
        context.ui.say(&format!("{object}: {message}"));
    }
    Ok(Exit::Done)
}
