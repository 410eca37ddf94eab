//! `skiff run-now`: a run of a job or a schedule, because somebody wants it now.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use skiff_api::{Kind, ObjectKey};
use skiff_core::{Refusal, Request, RunOutcome, RunRecord, Timestamp, grant, run_name_at};

use super::{CliError, Context, Exit, signals};
use crate::session::{Access, AskedRun, Bring, Recalled, Session, bring, recall};
use crate::ui::Ui;

/// Run a job again, or what a schedule runs, now
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    skiff run-now cronjob/backup           beside its schedule, whatever its concurrency policy\n  \
    skiff run-now migrate                  once more, although it has completed\n  \
    skiff run-now backup --no-wait\n\n\
    Beside a controller that runs, the controller does it; else this command does. It ends with 0 when the run has\n\
    completed, with 1 when it has failed.")]
pub(super) struct Args {
    /// The job or schedule, as NAME, KIND/NAME or KIND/NAMESPACE/NAME.
    name: String,
    /// How long to wait.
    #[arg(long, value_name = "TIME", default_value = "1h")]
    timeout: skiff_api::Duration,
    /// Begin the run and do not wait for its end.
    #[arg(long)]
    no_wait: bool,
}

const LOOK: Duration = Duration::from_millis(250);

/// Begins a run, and waits for its end.
///
/// # Errors
/// When there is no such job, when it is refused, when the run fails or does not end in time.
pub(super) fn run(args: &Args, context: &mut Context) -> Result<Exit, CliError> {
    let settings = context.settings.clone();
    let ui = &mut context.ui;
    Context::block_on(async {
        let session = Session::open(&settings, Access::Act).await?;
        let recalled = recall(&session, &args.name, &[Kind::Job, Kind::CronJob])?;
        let asked = Timestamp::now();
        let request = Request::RunNow { object: recalled.object.clone(), asked };
        if session.holder().await?.is_none() {
            return here(&session, &recalled, &request, args, ui).await;
        }
        let message = session.request(&request).await?;
        ui.say(&format!("{}: {message}", recalled.object));
        if args.no_wait {
            return Ok(Exit::Done);
        }
        follow(&session, &recalled.object, &run_name_at(asked), Instant::now() + args.timeout.to_std(), ui).await
    })
}

/// Does it itself: nobody else works on the instance.
async fn here(
    session: &Session,
    recalled: &Recalled,
    request: &Request,
    args: &Args,
    ui: &mut Ui,
) -> Result<Exit, CliError> {
    if args.no_wait {
        let help = "leave --no-wait out, or start `skiff run PATH`, which works on it";
        return Err(CliError::refused("nobody would go on with the run", help));
    }
    let cancel = signals::cancelled_by_signal();
    let _lock = session.lock("skiff run-now").await?;
    let mut target = recalled.target(session)?;
    for cron in target.desired.crons.values_mut() {
        // Its moments are for whoever stays.
        Arc::make_mut(cron).followed = false;
    }
    let mut history = session.state.history();
    let granted = grant(&mut history, request, Some(&target.desired), Timestamp::now());
    let event = granted.map_err(|Refusal { message, help }| CliError::refused(message, help))?;
    ui.say(&format!("{}: {}", recalled.object, event.message));
    let chronicle = session.state.chronicle();
    let saved = chronicle.save(&history).and_then(|()| chronicle.append(&[event]));
    saved.map_err(|error| CliError::failed("cannot write the history", error))?;
    let Request::RunNow { object, asked } = request else { return Ok(Exit::Done) };
    let run = Some(AskedRun { object: object.clone(), name: run_name_at(*asked), history });
    if !bring(session, Bring { target, places: BTreeMap::new(), timeout: args.timeout.to_std(), run, cancel }, ui)
        .await?
    {
        return Err(CliError::Reported);
    }
    ui.say(&format!("{object}: run {} {}", run_name_at(*asked), RunOutcome::Succeeded));
    Ok(Exit::Done)
}

/// Follows a run that the controller works on, as the controller writes it down.
async fn follow(
    session: &Session,
    object: &ObjectKey,
    run: &str,
    until: Instant,
    ui: &mut Ui,
) -> Result<Exit, CliError> {
    let mut told = 0;
    loop {
        let history = session.state.chronicle().history();
        let history = history.map_err(|error| CliError::failed("cannot read the history", error))?;
        let record = history.objects.get(object).and_then(|known| known.runs.get(run));
        let news = record.map(attempts).unwrap_or_default();
        news.iter().skip(told).for_each(|line| ui.say(&format!("{object}: {line}")));
        told = news.len();
        if let Some(end) = record.and_then(|record| record.end) {
            ui.say(&format!("{object}: run {run} {}", end.outcome));
            return if end.outcome == RunOutcome::Succeeded { Ok(Exit::Done) } else { Err(CliError::Reported) };
        }
        if session.holder().await?.is_none() {
            let help = "the next `skiff run PATH` goes on with it";
            return Err(CliError::refused(format!("nobody works on run {run} of {object} any more"), help));
        }
        if Instant::now() >= until {
            let help = "it goes on; `skiff describe` says how it fares, `--timeout` waits longer";
            return Err(CliError::refused(format!("run {run} of {object} has not ended in time"), help));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What is known of the attempts of a run, in the order in which they ended.
fn attempts(record: &RunRecord) -> Vec<String> {
    let mut ended: Vec<_> = record.attempts.iter().collect();
    ended.sort_by_key(|(number, end)| (end.at, **number));
    let line = |(number, end): (&u32, &skiff_core::AttemptEnd)| format!("attempt {number} exited with {}", end.code);
    ended.into_iter().map(line).collect()
}
