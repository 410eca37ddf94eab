//! Brings everything to its target once, with progress for people: `up` until all is Ready, `down` until nothing is left.

mod progress;
mod starts;
mod verdict;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use skiff_api::ObjectKey;
use skiff_core::{History, Intent, Phase};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{Session, loop_settings};
use crate::cli::CliError;
use crate::clock::Clock;
use crate::controller::{Controller, Snapshot, Target, Wiring};
use crate::engine::{Engine, Wake};
use crate::executor::Report;
use crate::probe::{DockerSampler, Prober};
use crate::scribe::{Notes, scribe};
use crate::ui::Ui;
use crate::ui::live::{self, Live, Unready, summary};
use progress::Progress;
use starts::Starts;
use verdict::{Verdict, verdict};

/// How often to look where nothing happens; what happens wakes at once.
const TICK: Duration = Duration::from_secs(1);
/// How often the view is drawn anew.
const FRAME: Duration = Duration::from_millis(100);
/// How long after the last start to look again before saying that all is well.
const SECOND_LOOK: Duration = Duration::from_secs(1);
/// How long what has crashed meanwhile must run before it is believed: as long as a rollout waits where there is nothing to probe.
const LOOK_AFTER_A_CRASH: Duration = Duration::from_secs(10);

/// What is to be brought about, and how long it may take.
#[derive(Debug)]
pub struct Bring {
    /// Where to.
    pub target: Target,
    /// Where its objects are declared, `web.yaml:7`.
    pub places: BTreeMap<ObjectKey, String>,
    /// How long it may take.
    pub timeout: Duration,
    /// A run that was asked for and is waited for.
    pub run: Option<AskedRun>,
    /// Cancelled when the user wants no more.
    pub cancel: CancellationToken,
}

/// A run that was asked for.
#[derive(Clone, Debug)]
pub struct AskedRun {
    /// The job or schedule.
    pub object: ObjectKey,
    /// The name of the run.
    pub name: String,
    /// What is remembered, the run included.
    pub history: Arc<History>,
}

/// Works until the target is reached, hopeless, or the time is over; shows progress; returns whether it was reached.
///
/// # Errors
/// When the engine does not answer.
pub async fn bring(session: &Session, bring: Bring, ui: &mut Ui) -> Result<bool, CliError> {
    let Bring { target, places, timeout, run: asked, cancel } = bring;
    let intent = target.desired.intent;
    let mut run = Run::begin(session, target, asked, ui);
    let deadline = tokio::time::Instant::now() + timeout;
    let mut frames = tokio::time::interval(FRAME);
    let end = loop {
        let look_again = run.look_again_at();
        tokio::select! {
            biased;
            () = cancel.cancelled() => break End::Interrupted,
            Some(report) = run.reports.recv() => run.report(report, ui),
            changed = run.snapshots.changed() => {
                if changed.is_err() {
                    break End::Interrupted;
                }
                if let Some(end) = run.look(ui)? {
                    break end;
                }
            }
            () = second_look(look_again) => run.ask(),
            () = tokio::time::sleep_until(deadline) => break End::TimedOut,
            _ = frames.tick() => run.live.tick(ui),
        }
    };
    run.finish(end, intent, &places, ui).await
}

/// How it ended.
enum End {
    Reached,
    Hopeless,
    TimedOut,
    Interrupted,
}

struct Run {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    reports: mpsc::UnboundedReceiver<Report>,
    wakes: mpsc::Sender<Wake>,
    /// Kept open: the loop ends with its target.
    _target: watch::Sender<Arc<Target>>,
    target: Arc<Target>,
    /// The run that is waited for: object and name.
    awaited: Option<(ObjectKey, String)>,
    watching: Option<Box<dyn FnOnce() + Send>>,
    stop: CancellationToken,
    controller: tokio::task::JoinHandle<()>,
    writing: tokio::task::JoinHandle<()>,
    live: Live,
    progress: Progress,
    began: Instant,
    /// When the last container was started, and whether it was looked at again since.
    last_start: Option<tokio::time::Instant>,
    looked_again: bool,
    starts: Starts,
    verdict: Verdict,
}

impl Run {
    fn begin(session: &Session, target: Target, asked: Option<AskedRun>, ui: &Ui) -> Self {
        let awaited = asked.as_ref().map(|asked| (asked.object.clone(), asked.name.clone()));
        let target = Arc::new(target);
        let (target_sender, target_receiver) = watch::channel(Arc::clone(&target));
        let (snapshot_sender, snapshots) = watch::channel(Arc::default());
        let (report_sender, reports) = mpsc::unbounded_channel();
        let (wakes, wake_receiver) = mpsc::channel(64);
        let (verdict_sender, verdicts) = watch::channel(Arc::default());
        let settings = loop_settings(&session.settings, TICK, &session.mandate);
        let (notes, written) = Notes::channel();
        let writing = tokio::spawn(scribe(session.state.chronicle(), written, session.mandate.clone()));
        let wiring = Wiring {
            target: target_receiver,
            wakes: wake_receiver,
            verdicts,
            // One that ends by itself follows nothing.
            tags: watch::channel(Arc::default()).1,
            snapshots: snapshot_sender,
            reports: Some(report_sender),
            notes: Some(notes),
            // One that ends by itself takes no requests.
            asked: mpsc::channel(1).1,
            history: asked.map_or_else(|| session.state.history(), |asked| asked.history),
        };
        let stop = CancellationToken::new();
        let sampler = Arc::new(DockerSampler::new(session.docker.commands()));
        let prober = Prober::new(sampler, Clock::System, snapshots.clone(), verdict_sender);
        tokio::spawn(prober.run(stop.clone()));
        let controller = Controller::new(Arc::clone(&session.docker), settings, wiring).run(stop.clone());
        let (docker, instance, sender, stopped) =
            (Arc::clone(&session.docker), session.settings.instance.clone(), wakes.clone(), stop.clone());
        let watching = move || {
            tokio::spawn(stopped.run_until_cancelled_owned(docker.watch(instance, sender)));
        };
        Self {
            snapshots,
            reports,
            wakes,
            _target: target_sender,
            target,
            awaited,
            watching: Some(Box::new(watching)),
            stop,
            controller: tokio::spawn(controller),
            writing,
            live: Live::new(ui),
            progress: Progress::default(),
            began: Instant::now(),
            last_start: None,
            looked_again: false,
            starts: Starts::default(),
            verdict: Verdict::default(),
        }
    }

    fn report(&mut self, report: Report, ui: &mut Ui) {
        if progress::is_start(&report) {
            self.started();
        }
        if let Some(event) = self.progress.of_report(&report) {
            self.live.event(event, ui);
        }
    }

    /// Something was started, which is to be looked at again.
    fn started(&mut self) {
        self.last_start = Some(tokio::time::Instant::now());
        self.looked_again = false;
    }

    /// Takes in a pass; returns how it ends, where it does.
    fn look(&mut self, ui: &mut Ui) -> Result<Option<End>, CliError> {
        let snapshot = Arc::clone(&self.snapshots.borrow_and_update());
        if let Some(error) = &snapshot.engine_error {
            return if snapshot.pass == 0 { Err(error.clone().into()) } else { Ok(None) };
        }
        let is_finished =
            |object: &ObjectKey| snapshot.status.get(object).is_some_and(|status| status.phase == Phase::Finished);
        if self.starts.look(&snapshot.observed, is_finished) {
            self.started();
        }
        self.verdict = verdict(&self.target.desired, &snapshot, self.awaited.as_ref());
        if !(snapshot.plan.is_settled() && snapshot.observed.in_flight.is_empty()) {
            // A pass that finds nothing to do needs no events.
            if let Some(watch) = self.watching.take() {
                watch();
            }
        }
        for event in self.progress.of_snapshot(&self.target.desired, &snapshot, &self.verdict) {
            self.live.event(event, ui);
        }
        if !self.verdict.is_quiet {
            return Ok(None);
        }
        if self.last_start.is_some() && !self.looked_again {
            return Ok(None);
        }
        Ok(Some(if self.verdict.unready.is_empty() { End::Reached } else { End::Hopeless }))
    }

    /// When to look again after the last start, where that is still to be done.
    fn look_again_at(&self) -> Option<tokio::time::Instant> {
        let start = self.last_start.filter(|_| !self.looked_again && self.verdict.is_quiet)?;
        // What has failed for good need not be seen to run.
        let believed = self.starts.has_crashed && self.verdict.unready.is_empty();
        Some(start + if believed { LOOK_AFTER_A_CRASH } else { SECOND_LOOK })
    }

    /// Asks the loop for a pass.
    fn ask(&mut self) {
        self.looked_again = true;
        // Full means that a pass is due anyway.
        self.wakes.try_send(Wake::Reconnected).ok();
    }

    async fn finish(
        mut self,
        end: End,
        intent: Intent,
        places: &BTreeMap<ObjectKey, String>,
        ui: &mut Ui,
    ) -> Result<bool, CliError> {
        self.stop.cancel();
        // A loop that panicked has said so.
        self.controller.await.ok();
        self.writing.await.ok();
        self.live.finish(ui);
        while let Ok(report) = self.reports.try_recv() {
            if let Some(left) = progress::left(&report) {
                ui.say(&left);
            }
        }
        let mut unready: Vec<Unready> = self.verdict.unready.into_values().collect();
        match end {
            End::Interrupted => {
                ui.say("interrupted; what was begun is left as it is, and the next run takes it up");
                return Ok(false);
            }
            End::TimedOut => unready.extend(self.verdict.coming.into_values()),
            End::Reached | End::Hopeless => {}
        }
        for unready in &mut unready {
            unready.at = places.get(&unready.object).cloned();
        }
        for note in &self.verdict.notes {
            ui.say(note);
        }
        if unready.is_empty() && !self.verdict.is_quiet {
            ui.say(
                "the time is over and work is still under way; the next run takes it up, `--timeout` gives it longer",
            );
            return Ok(false);
        }
        let total = self.verdict.total;
        match intent {
            Intent::Down { .. } if unready.is_empty() => {
                ui.say(&progress::gone(self.progress.removed(), self.began.elapsed()));
            }
            Intent::Run => ui.say(&summary("ready", total, &unready, self.began.elapsed())),
            Intent::Down { .. } => ui.say(&summary("gone", total, &unready, self.began.elapsed())),
        }
        for kept in &self.verdict.kept {
            ui.say(&live::kept(kept));
        }
        Ok(unready.is_empty() && self.verdict.kept.is_empty())
    }
}

async fn second_look(at: Option<tokio::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
