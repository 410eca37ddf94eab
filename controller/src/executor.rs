//! Performs the steps of a plan. It takes no decisions: a step starts when every step that it follows has succeeded, the others
//! are skipped, and whoever plans next sees what came of it.
//!
//! Bounded: engine calls, stops, pulls, builds and hooks each have their own limit, so that a slow one delays no other object.

mod batch;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use skiff_api::ObjectKey;
use skiff_core::{Action, ContentStore, EngineError, Outcome, Plan, Step};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{self, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::engine::{Engine, Progress};
use crate::fail_point::FailPoint;
use batch::Batch;

/// How many calls of a sort are under way at once. More gain nothing on the engine, and above eight its networks suffer.
const AT_ONCE: usize = 8;
/// How many pulls: so many that those of a registry which does not answer leave room for others. The engine itself fetches three
/// layers at a time.
const PULLS_AT_ONCE: usize = 64;
/// How many builds: each may take a whole processor.
const BUILDS_AT_ONCE: usize = 2;
/// How many hooks are under way at once. They mostly wait.
const HOOKS_AT_ONCE: usize = 64;

/// What happens to a step, told while it happens.
#[derive(Clone, Debug)]
pub enum Report {
    /// It has begun.
    Began(Box<Step>),
    /// It goes on.
    Progress {
        /// The object.
        object: ObjectKey,
        /// What is going on.
        progress: Progress,
    },
    /// It has ended.
    Ended {
        /// The step.
        step: Box<Step>,
        /// What came of it.
        result: Result<Outcome, EngineError>,
    },
    /// All steps of an object have ended or were skipped: it may be planned again.
    Free(ObjectKey),
}

/// What ends a batch early.
#[derive(Clone, Debug, Default)]
pub struct Cancels {
    /// What has begun is brought to its end, nothing else begins.
    pub stop: CancellationToken,
    /// The same for one object, except that a pull or a build for it is dropped where it stands. Objects that are not here are not given up.
    pub given_up: BTreeMap<ObjectKey, CancellationToken>,
}

/// Performs plans on an engine.
#[derive(Debug)]
pub struct Executor<E> {
    engine: Arc<E>,
    calls: Arc<Semaphore>,
    stops: Arc<Semaphore>,
    pulls: Arc<Semaphore>,
    builds: Arc<Semaphore>,
    hooks: Arc<Semaphore>,
    reports: mpsc::UnboundedSender<Report>,
    fail_point: FailPoint,
}

impl<E> Clone for Executor<E> {
    fn clone(&self) -> Self {
        Self {
            engine: Arc::clone(&self.engine),
            calls: Arc::clone(&self.calls),
            stops: Arc::clone(&self.stops),
            pulls: Arc::clone(&self.pulls),
            builds: Arc::clone(&self.builds),
            hooks: Arc::clone(&self.hooks),
            reports: self.reports.clone(),
            fail_point: self.fail_point.clone(),
        }
    }
}

impl<E: Engine> Executor<E> {
    /// An executor that tells what happens through `reports`.
    pub fn new(engine: Arc<E>, reports: mpsc::UnboundedSender<Report>, fail_point: FailPoint) -> Self {
        let limit = |count| Arc::new(Semaphore::new(count));
        let (calls, stops) = (limit(AT_ONCE), limit(AT_ONCE));
        let (pulls, builds, hooks) = (limit(PULLS_AT_ONCE), limit(BUILDS_AT_ONCE), limit(HOOKS_AT_ONCE));
        Self { engine, calls, stops, pulls, builds, hooks, reports, fail_point }
    }

    /// Performs the steps of a plan to their end, or as far as nothing is cancelled.
    pub async fn perform(self, plan: Plan, content: Arc<ContentStore>, cancels: Cancels) {
        let mut batch = Batch::new(plan.steps);
        let mut running = JoinSet::new();
        let mut steps: BTreeMap<task::Id, Step> = BTreeMap::new();
        let mut given_up: FuturesUnordered<_> = cancels.given_up.iter().map(given_up).collect();
        loop {
            for step in batch.take_ready() {
                let (executor, content) = (self.clone(), Arc::clone(&content));
                let (stop, give_up) = (cancels.stop.clone(), cancels.of(&step.object));
                let performed = step.clone();
                let task =
                    running.spawn(async move { executor.perform_step(performed, &content, &stop, &give_up).await });
                steps.insert(task.id(), step);
            }
            let ended = tokio::select! {
                biased;
                Some(object) = given_up.next() => {
                    for object in batch.give_up(object) {
                        self.tell(Report::Free(object));
                    }
                    continue;
                }
                ended = running.join_next_with_id() => ended,
            };
            let Some(ended) = ended else { break };
            let (task, succeeded, panicked) = match ended {
                Ok((task, succeeded)) => (task, succeeded, false),
                Err(error) => (error.id(), false, true),
            };
            let Some(step) = steps.remove(&task) else { continue };
            let id = step.id;
            if panicked {
                // It failed like any other, so that it is not tried again at once.
                let result = Err(EngineError::Failed("the step panicked, which is a mistake in Skiff".to_owned()));
                self.tell(Report::Ended { step: Box::new(step), result });
            }
            for object in batch.end(id, succeeded) {
                self.tell(Report::Free(object));
            }
        }
        for object in batch.rest() {
            self.tell(Report::Free(object));
        }
    }

    /// Performs one step once there is room for it; says whether it succeeded. One that has not begun when it is cancelled does
    /// not begin; a pull or a build that is given up is dropped, which is no failure.
    async fn perform_step(
        &self,
        step: Step,
        content: &ContentStore,
        stop: &CancellationToken,
        give_up: &CancellationToken,
    ) -> bool {
        let room = give_up.run_until_cancelled(self.limit_of(&step.action).acquire());
        // The semaphore is never closed.
        let Some(Some(Ok(_permit))) = stop.run_until_cancelled(room).await else { return false };
        self.tell(Report::Began(Box::new(step.clone())));
        let began = Instant::now();
        let performed = self.engine.perform(&step.action, content, self.progress_of(&step));
        let result = if step.action.gets_image() {
            let Some(result) = give_up.run_until_cancelled(performed).await else { return false };
            result
        } else {
            performed.await
        };
        self.fail_point.passed();
        log(&step, &result, began.elapsed().as_millis());
        let succeeded = result.is_ok();
        self.tell(Report::Ended { step: Box::new(step), result });
        succeeded
    }

    fn limit_of(&self, action: &Action) -> &Semaphore {
        match action {
            Action::PullImage(_) => &self.pulls,
            Action::BuildImage(_) => &self.builds,
            Action::StopContainer(_) => &self.stops,
            Action::RunHook(_) => &self.hooks,
            Action::RemoveImage(_)
            | Action::CreateNetwork(_)
            | Action::RemoveNetwork { .. }
            | Action::CreateVolume(_)
            | Action::RemoveVolume { .. }
            | Action::WriteFiles(_)
            | Action::RemoveFiles { .. }
            | Action::CreateContainer(_)
            | Action::ConnectNetwork(_)
            | Action::DisconnectNetwork { .. }
            | Action::StartContainer { .. }
            | Action::RemoveContainer { .. }
            | Action::RenameContainer { .. }
            | Action::UnpauseContainer { .. }
            | Action::UpdateContainer(_) => &self.calls,
        }
    }

    /// A channel whose messages become reports about the step's object.
    fn progress_of(&self, step: &Step) -> mpsc::UnboundedSender<Progress> {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        if step.action.gets_image() {
            let (reports, object) = (self.reports.clone(), step.object.clone());
            tokio::spawn(async move {
                while let Some(progress) = receiver.recv().await {
                    let report = Report::Progress { object: object.clone(), progress };
                    if reports.send(report).is_err() {
                        break;
                    }
                }
            });
        }
        sender
    }

    fn tell(&self, report: Report) {
        // Whoever listened has ended, and so will this.
        self.reports.send(report).ok();
    }
}

impl Cancels {
    fn of(&self, object: &ObjectKey) -> CancellationToken {
        self.given_up.get(object).cloned().unwrap_or_default()
    }
}

/// The object, once it is given up.
async fn given_up<'a>((object, token): (&'a ObjectKey, &'a CancellationToken)) -> &'a ObjectKey {
    token.cancelled().await;
    object
}

/// One line for each action, that tells its story.
fn log(step: &Step, result: &Result<Outcome, EngineError>, ms: u128) {
    let (object, target, reason, verb) = (&step.object, step.action.target(), &step.reason, step.action.verb());
    match result {
        Ok(Outcome::Done) => tracing::info!(%object, target, %reason, ms, "{verb}"),
        Ok(Outcome::Already) => tracing::debug!(%object, target, %reason, ms, "{verb}: already done"),
        Ok(Outcome::Warned { warnings }) => {
            tracing::warn!(%object, target, %reason, ms, warnings = warnings.join("; "), "{verb}");
        }
        Err(error) => tracing::warn!(%object, target, %reason, ms, %error, "{verb}: failed"),
    }
}
