//! `skiff rollout status`: follows a rollout to its end, as whoever works on it writes it down.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use skiff_api::ObjectKey;
use skiff_core::{Back, ObjectHistory, Standing};

use super::super::{CliError, Context, Exit, Settings, engine};
use crate::session::{Access, Session};
use crate::state::State;
use crate::ui::Ui;
use crate::view::{Body, Replica, View};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The deployment.
    name: String,
    /// How long to wait.
    #[arg(long, value_name = "TIME", default_value = "10m")]
    timeout: skiff_api::Duration,
    /// Say how it stands now and do not wait.
    #[arg(long)]
    no_wait: bool,
}

const LOOK: Duration = Duration::from_millis(250);

/// How a rollout stands.
#[derive(Debug, PartialEq, Eq)]
enum Stand {
    Going(String),
    Done(String),
    Failed(String),
}

/// Follows the rollout.
///
/// # Errors
/// When it failed, when nobody works on it, when the time is over.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let object = super::deployment(&args.name, context)?;
    let settings = context.settings.clone();
    Context::block_on(async {
        let session = Session::open(&settings, Access::Read).await?;
        let until = Instant::now() + args.timeout.to_std();
        let mut told = String::new();
        loop {
            let stand = stand(&session, &object, &settings).await?;
            let (Stand::Going(text) | Stand::Done(text) | Stand::Failed(text)) = &stand;
            tell(&mut context.ui, &object, text, &mut told);
            match stand {
                Stand::Done(_) => return Ok(Exit::Done),
                Stand::Failed(_) => return Err(CliError::Reported),
                Stand::Going(_) if args.no_wait => return Ok(Exit::Done),
                Stand::Going(_) => {}
            }
            if session.holder().await?.is_none() {
                let help = "`skiff run PATH` or `skiff up PATH` works on it";
                return Err(CliError::refused(format!("nobody works on {object}"), help));
            }
            if Instant::now() >= until {
                let help = "`skiff describe` says what it waits for; `--timeout` waits longer";
                return Err(CliError::refused(format!("the rollout of {object} has not ended in time"), help));
            }
            tokio::time::sleep(LOOK).await;
        }
    })
}

fn tell(ui: &mut Ui, object: &ObjectKey, text: &str, told: &mut String) {
    if told != text {
        ui.say(&format!("{object}: {text}"));
        text.clone_into(told);
    }
}

async fn stand(session: &Session, object: &ObjectKey, settings: &Settings) -> Result<Stand, CliError> {
    let state = State::read_only(session.state.folders().clone());
    let state = state.map_err(|error| CliError::state("cannot read the state directory", error))?;
    let history = state.history();
    let Some(known) = history.objects.get(object) else {
        return Ok(Stand::Going("no revision is known yet".to_owned()));
    };
    let stand = judge(known);
    match (&stand, known.restart_before) {
        (Stand::Done(_), Some(asked_at)) => {
            let views = engine::objects(&session.docker, settings).await?;
            let view = views.iter().find(|view| view.object == *object);
            Ok(view.and_then(|view| restarting(view, asked_at)).unwrap_or(stand))
        }
        (Stand::Going(_) | Stand::Done(_) | Stand::Failed(_), _) => Ok(stand),
    }
}

/// How far a restart is that was asked for, which makes no revision: `None` where it has ended.
fn restarting(view: &View, asked_at: Timestamp) -> Option<Stand> {
    let Body::Workload(workload) = &view.body else { return None };
    let is_old = |replica: &&Replica| replica.started_at.is_some_and(|at| at < asked_at);
    let old = workload.replicas.iter().filter(is_old).count();
    let is_coming = workload.verdict().is_coming();
    (old > 0 || is_coming).then(|| Stand::Going(format!("restarting: {old} of {} still to go", workload.wanted)))
}

fn judge(known: &ObjectHistory) -> Stand {
    let Some(declared) = known.declared() else { return Stand::Going("no revision is known yet".to_owned()) };
    let number = declared.number;
    if let (Some(why), Standing::Progressing { .. } | Standing::Watched { .. }) = (&declared.ailing, &declared.standing)
    {
        let text = format!("revision {number} does not come up: {why}; with none to go back to, it is tried on");
        return Stand::Failed(text);
    }
    match &declared.standing {
        Standing::Progressing { .. } if known.paused => {
            Stand::Going(format!("revision {number} is paused; `skiff rollout resume` lets it go on"))
        }
        Standing::Progressing { progress: None, .. } => Stand::Going(format!("revision {number} begins")),
        Standing::Progressing { available, .. } => {
            Stand::Going(format!("revision {number}: {available} available so far"))
        }
        Standing::Watched { .. } => Stand::Going(format!("revision {number} is complete and watched for a moment")),
        Standing::Superseded { .. } => Stand::Going(format!("revision {number} was superseded by another")),
        Standing::Stable => Stand::Done(format!("revision {number} is stable")),
        Standing::Failed { why, back, .. } => {
            let what = format!("revision {number} {why}");
            match back {
                Back::Going { to, .. } => Stand::Going(format!("{what}; going back to {to}")),
                // What a person asked for has come about.
                Back::Arrived { to } if why.is_undone() => Stand::Done(format!("{what}; it went back to {to}")),
                Back::Arrived { to } => Stand::Failed(format!("{what}; it went back to {to}")),
                Back::Nowhere | Back::Superseded => Stand::Failed(format!("{what}; it stays where it is")),
                Back::Lost { to, why: lost } => Stand::Failed(format!("{what}; going back to {to} failed: {lost}")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(standing: serde_json::Value, ailing: Option<&str>) -> Stand {
        let revision = json!({
            "number": 1, "identity": "v1:a", "pod": { "container": { "image": "app:1" } }, "base": "/", "content": {},
            "sourceRevision": null, "since": "2026-11-26T08:00:00Z", "standing": standing, "ailing": ailing,
        });
        judge(&serde_json::from_value(json!({ "revisions": [revision] })).expect("a history"))
    }

    #[test]
    fn a_first_revision_that_does_not_come_up_ends_the_wait() {
        let progressing = json!({ "is": "progressing", "progress": null, "available": 0 });
        let told = "revision 1 does not come up: web-1 ended 3 times; with none to go back to, it is tried on";
        assert_eq!(of(progressing.clone(), Some("web-1 ended 3 times")), Stand::Failed(told.to_owned()));
        assert_eq!(of(progressing, None), Stand::Going("revision 1 begins".to_owned()));
    }

    #[test]
    fn what_was_undone_by_hand_has_ended_well_once_it_is_back() {
        let back = json!({ "way": "arrived", "to": 1 });
        let failed = |why| json!({ "is": "failed", "at": "2026-11-26T08:00:00Z", "why": why, "back": back });
        let undone = of(failed(json!({ "cause": "undone" })), None);
        assert_eq!(undone, Stand::Done("revision 1 was undone by hand; it went back to 1".to_owned()));
        let crashed = of(failed(json!({ "cause": "failed", "message": "web-1 ended" })), None);
        assert_eq!(crashed, Stand::Failed("revision 1 failed: web-1 ended; it went back to 1".to_owned()));
    }
}
