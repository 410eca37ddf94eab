//! The loop: observe → plan → hand the steps to tasks → remember → publish.
//!
//! Level-triggered: whatever wakes it, a pass looks at everything. It never waits for an action; each that ends wakes it, and what
//! another manifest has overtaken is given up where that leaves nothing half done. What it remembers (failures, objects in flight) is
//! its own and may be lost at any moment: Docker is the database.

mod flights;
mod hooks;
mod leave;
mod memory;
mod pace;
mod telling;
mod wiring;

use std::iter;
use std::sync::Arc;
use std::time::Duration;

use skiff_core::{
    EngineError, Failures, History, Observed, Outcome, Plan, Timestamp, effective, grant, note_conditions, note_hook,
    note_image, plan, status,
};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine::{Engine, Look, Wake};
use crate::executor::{Cancels, Executor, Report};
use crate::state::Troubles;
use flights::Flights;
use hooks::Hooks;
use memory::Memory;
use pace::Pace;
pub use wiring::{Asked, Settings, Snapshot, Target, Wiring};

/// How soon and how late an engine that does not answer is asked again.
const ENGINE_RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How long actions that have begun may take to end, once the loop is told to.
const LAST_ACTIONS: Duration = Duration::from_secs(10);

/// The loop with what it remembers.
#[derive(Debug)]
pub struct Controller<E> {
    engine: Arc<E>,
    settings: Settings,
    wiring: Wiring,
    executor: Executor<E>,
    ended: mpsc::UnboundedReceiver<Report>,
    tasks: TaskTracker,
    memory: Memory,
    flights: Flights,
    hooks: Hooks,
    /// What was last left for those who ask what is wrong.
    troubles: Option<Troubles>,
    /// What went wrong lately, as it was left last for those who plan beside it.
    failures: Option<Failures>,
    history: Arc<History>,
    /// The history that was handed on to be written last.
    written: Arc<History>,
    passes: u64,
    spent: Duration,
    engine_failures: u32,
    /// When the next pass is due.
    next: Instant,
    pace: Pace,
}

impl<E: Engine> Controller<E> {
    /// A loop that has not begun.
    pub fn new(engine: Arc<E>, settings: Settings, mut wiring: Wiring) -> Self {
        let (reports, ended) = mpsc::unbounded_channel();
        let history = std::mem::take(&mut wiring.history).resumed(settings.clock.now());
        Self {
            executor: Executor::new(Arc::clone(&engine), reports, settings.fail_point.clone()),
            engine,
            settings,
            wiring,
            ended,
            tasks: TaskTracker::new(),
            memory: Memory::resumed(&history),
            flights: Flights::default(),
            hooks: Hooks::default(),
            troubles: None,
            failures: None,
            written: Arc::clone(&history),
            history,
            passes: 0,
            spent: Duration::ZERO,
            engine_failures: 0,
            next: Instant::now(),
            pace: Pace::new(),
        }
    }

    /// Runs until cancelled; then waits for the actions that have begun, leaves restarts to Docker and the workloads as they are.
    pub async fn run(mut self, cancel: CancellationToken) {
        let stopping = CancellationToken::new();
        while self.rest(&cancel).await {
            tokio::select! {
                biased;
                () = cancel.cancelled() => break,
                () = self.pass(&stopping) => {}
            }
        }
        stopping.cancel();
        self.tasks.close();
        if tokio::time::timeout(LAST_ACTIONS, self.tasks.wait()).await.is_err() {
            tracing::warn!("actions are still under way; the next controller takes up what they come to");
        }
        // A hook that has ended is not run again by the next controller.
        self.hear();
        self.leave().await;
        self.write_history().await;
    }

    /// Takes in what steps have come to so far.
    fn hear(&mut self) {
        for _ in 0..self.ended.len() {
            if let Ok(report) = self.ended.try_recv() {
                self.remember(report);
            }
        }
    }

    /// Rests until something may have changed; false when it is time to end.
    async fn rest(&mut self, cancel: &CancellationToken) -> bool {
        loop {
            // A pass that is due comes before whatever else there is to hear: no flood of reports or events puts it off.
            tokio::select! {
                biased;
                () = cancel.cancelled() => return false,
                () = tokio::time::sleep_until(self.next) => return true,
                changed = self.wiring.target.changed() => match changed {
                    Ok(()) => self.soon(),
                    Err(_) => return false,
                },
                Ok(()) = self.wiring.verdicts.changed() => self.soon(),
                Ok(()) = self.wiring.tags.changed() => self.soon(),
                Some(wake) = self.wiring.wakes.recv() => self.woken(&wake),
                Some(asked) = self.wiring.asked.recv() => self.answer(asked).await,
                Some(report) = self.ended.recv() => self.remember(report),
            }
        }
    }

    fn woken(&mut self, wake: &Wake) {
        tracing::trace!(?wake, "woken");
        match wake {
            Wake::Event { .. } => self.soon(),
            // It may be back, or it is gone: worth one look now. If it still does not answer, the back-off goes on from where it was.
            Wake::Reconnected => self.next = self.next.min(self.pace.after_event()),
        }
    }

    /// Grants what is asked, or says why not; the next pass acts on it. What is answered is on the disk: whoever asked may read there at
    /// once what has become of it.
    async fn answer(&mut self, asked: Asked) {
        let target = Arc::clone(&self.wiring.target.borrow());
        let granted = grant(&mut self.history, &asked.request, Some(&target.desired), self.settings.clock.now());
        let answer = granted.map(|event| {
            let message = event.message.clone();
            tracing::info!(object = event.subject(), reason = event.reason, "{message}");
            self.tell(vec![event]);
            message
        });
        self.write_history().await;
        self.soon();
        // Whoever asked may have lost patience.
        asked.reply.send(answer).ok();
    }

    /// Asks for a pass as soon as one may be.
    fn soon(&mut self) {
        self.not_before(self.pace.after_event());
    }

    fn not_before(&mut self, earliest: Instant) {
        // An engine that does not answer is not asked more often because events of our own failed calls come in.
        if self.engine_failures == 0 {
            self.next = self.next.min(earliest);
        }
    }

    /// Takes in what came of a step.
    fn remember(&mut self, report: Report) {
        self.flights.hear(&report);
        if let Report::Ended { step, result: Ok(outcome) } = &report {
            note_image(&mut self.history, step, outcome);
        }
        if self.hooks.hear(&report) {
            self.soon();
        }
        if let Report::Ended { step, result } = &report {
            note_hook(&mut self.history, step, result);
        }
        match &report {
            Report::Ended { step, result: Err(error) } => {
                self.memory.failed(step, error, self.settings.clock.now());
                self.tell(vec![step.failed(error, self.settings.clock.now())]);
            }
            Report::Ended { step, result: Ok(outcome @ (Outcome::Done | Outcome::Warned { .. })) } => {
                let now = self.settings.clock.now();
                self.memory.done(step, now);
                self.tell(iter::once(step.done(now)).chain(step.warned(outcome.warnings(), now)).collect());
            }
            Report::Free(_) => self.not_before(self.pace.after_work(self.flights.is_empty())),
            Report::Began(_) | Report::Progress { .. } | Report::Ended { .. } => {}
        }
        if let Some(reports) = &self.wiring.reports {
            // Whoever watched may have gone.
            reports.send(report).ok();
        }
    }

    /// One pass. What steps come to while it looks is taken in after it has decided: an object whose step ended meanwhile counts as
    /// in flight, because what was seen may be older than the step's effect.
    async fn pass(&mut self, stopping: &CancellationToken) {
        self.hear();
        // What is seen was so when it was asked for: by a later clock it would have lasted as long as the engine took to answer.
        let (begun, now) = (Instant::now(), self.settings.clock.now());
        let look = if self.passes == 0 { Look::Full } else { Look::Changed };
        match self.engine.observe(&self.settings.instance, look).await {
            Err(error) => self.engine_failed(error),
            Ok(observed) => {
                if self.engine_failures > 0 {
                    tracing::info!("the engine answers again");
                }
                self.engine_failures = 0;
                self.passes += 1;
                self.decide(observed, stopping, (begun, now)).await;
            }
        }
        self.pace.passed(begun);
    }

    /// Nothing is known of an engine that does not answer, so nothing is decided.
    fn engine_failed(&mut self, error: EngineError) {
        if self.engine_failures == 0 {
            tracing::warn!(%error, "the engine does not answer; workloads are left as they are");
        }
        let (first, longest) = ENGINE_RETRY;
        let wait = first.saturating_mul(1 << self.engine_failures.min(5)).min(longest);
        self.engine_failures = self.engine_failures.saturating_add(1);
        self.next = Instant::now() + wait;
        self.wiring.snapshots.send_modify(|snapshot| {
            *snapshot = Arc::new(Snapshot { engine_error: Some(error), ..Snapshot::clone(snapshot) });
        });
    }

    async fn decide(
        &mut self,
        mut observed: Observed,
        stopping: &CancellationToken,
        (begun, now): (Instant, Timestamp),
    ) {
        let target = Arc::clone(&self.wiring.target.borrow_and_update());
        let desired = &target.desired;
        observed.hear_health(&target.content);
        observed.probes = Arc::clone(&self.wiring.verdicts.borrow_and_update());
        observed.tags = Arc::clone(&self.wiring.tags.borrow_and_update());
        self.flights.give_up_overtaken(desired);
        observed.in_flight = self.flights.objects();
        observed.hooks_in_flight = self.hooks.in_flight();
        self.memory.complete(&effective(desired, &self.history), &mut observed, now);
        self.learn_history(desired, &mut observed, now).await;
        let plan = plan(desired, &observed, now);
        let status = status(desired, &observed, &plan, now);
        self.note_troubles(&status, &plan);
        self.note_failures(&observed.failures);
        note_conditions(&mut self.history, desired, &status, now);
        self.schedule(&plan);
        if !plan.steps.is_empty() {
            let (content, given_up) = (Arc::clone(&target.content), self.flights.begin(&plan, desired));
            self.hooks.begin(&plan);
            let cancels = Cancels { stop: stopping.clone(), given_up };
            self.tasks.spawn(self.executor.clone().perform(plan.clone(), content, cancels));
        }
        self.spent += begun.elapsed();
        let (pass, spent) = (self.passes, self.spent);
        let snapshot = Snapshot { pass, spent, target, observed, plan, status, engine_error: None };
        self.wiring.snapshots.send_replace(Arc::new(snapshot));
        self.write_history().await;
    }

    /// When to look again, if nothing happens before.
    fn schedule(&mut self, plan: &Plan) {
        let tick = Instant::now() + self.settings.tick;
        let wake = plan.wake_at.map(|moment| Instant::now() + self.settings.clock.until(moment));
        self.next = wake.map_or(tick, |wake| wake.min(tick));
    }
}
