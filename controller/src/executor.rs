//! Performs the steps of a plan. It takes no decisions: a step starts when every step that it follows has succeeded, the others
//! are skipped, and whoever plans next sees what came of it.
//!
//! Bounded: engine calls, stops, pulls and hooks each have their own limit, so that a slow one delays no other object.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use skiff_api::ObjectKey;
use skiff_core::{Action, ContentStore, EngineError, Outcome, Plan, Step, StepId};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{self, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::engine::{Engine, Progress};

/// How many calls of a sort are under way at once. More gain nothing on the engine, and above eight its networks suffer.
const AT_ONCE: usize = 8;
/// How many hooks are under way at once. They mostly wait.
const HOOKS: usize = 64;

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

/// Performs plans on an engine.
#[derive(Debug)]
pub struct Executor<E> {
    engine: Arc<E>,
    calls: Arc<Semaphore>,
    stops: Arc<Semaphore>,
    pulls: Arc<Semaphore>,
    hooks: Arc<Semaphore>,
    reports: mpsc::UnboundedSender<Report>,
}

impl<E> Clone for Executor<E> {
    fn clone(&self) -> Self {
        Self {
            engine: Arc::clone(&self.engine),
            calls: Arc::clone(&self.calls),
            stops: Arc::clone(&self.stops),
            pulls: Arc::clone(&self.pulls),
            hooks: Arc::clone(&self.hooks),
            reports: self.reports.clone(),
        }
    }
}

impl<E: Engine> Executor<E> {
    /// An executor that tells what happens through `reports`.
    pub fn new(engine: Arc<E>, reports: mpsc::UnboundedSender<Report>) -> Self {
        let limit = || Arc::new(Semaphore::new(AT_ONCE));
        let hooks = Arc::new(Semaphore::new(HOOKS));
        Self { engine, calls: limit(), stops: limit(), pulls: limit(), hooks, reports }
    }

    /// Performs the steps of a plan to their end. Once cancelled, what has begun is brought to its end and nothing else begins.
    pub async fn perform(self, plan: Plan, content: Arc<ContentStore>, cancel: CancellationToken) {
        let mut batch = Batch::new(plan.steps);
        let mut running = JoinSet::new();
        let mut steps: BTreeMap<task::Id, Step> = BTreeMap::new();
        loop {
            for step in batch.take_ready() {
                let (executor, content, cancel) = (self.clone(), Arc::clone(&content), cancel.clone());
                let performed = step.clone();
                let task = running.spawn(async move { executor.perform_step(performed, &content, &cancel).await });
                steps.insert(task.id(), step);
            }
            let Some(ended) = running.join_next_with_id().await else { break };
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
    /// not begin.
    async fn perform_step(&self, step: Step, content: &ContentStore, cancel: &CancellationToken) -> bool {
        // The semaphore is never closed.
        let Some(Ok(_permit)) = cancel.run_until_cancelled(self.limit_of(&step.action).acquire()).await else {
            return false;
        };
        self.tell(Report::Began(Box::new(step.clone())));
        let began = Instant::now();
        let result = self.engine.perform(&step.action, content, self.progress_of(&step)).await;
        log(&step, &result, began.elapsed().as_millis());
        let succeeded = result.is_ok();
        self.tell(Report::Ended { step: Box::new(step), result });
        succeeded
    }

    fn limit_of(&self, action: &Action) -> &Semaphore {
        match action {
            Action::PullImage(_) => &self.pulls,
            Action::StopContainer(_) => &self.stops,
            Action::RunHook(_) => &self.hooks,
            Action::CreateNetwork(_)
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
        if matches!(step.action, Action::PullImage(_)) {
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

/// The steps of a plan on their way.
#[derive(Debug)]
struct Batch {
    waiting: BTreeMap<StepId, Step>,
    succeeded: BTreeSet<StepId>,
    /// How many steps of each object have not ended.
    open: BTreeMap<ObjectKey, usize>,
    objects: BTreeMap<StepId, ObjectKey>,
}

impl Batch {
    fn new(steps: Vec<Step>) -> Self {
        let mut open: BTreeMap<ObjectKey, usize> = BTreeMap::new();
        let mut objects = BTreeMap::new();
        // A hook may take long, and its object is free meanwhile.
        for step in steps.iter().filter(|step| !step.action.is_hook()) {
            *open.entry(step.object.clone()).or_default() += 1;
            objects.insert(step.id, step.object.clone());
        }
        let waiting = steps.into_iter().map(|step| (step.id, step)).collect();
        Self { waiting, succeeded: BTreeSet::new(), open, objects }
    }

    /// The steps that may begin now, in the order of their numbers.
    fn take_ready(&mut self) -> Vec<Step> {
        let ready: Vec<StepId> = self
            .waiting
            .values()
            .filter(|step| step.after.iter().all(|before| self.succeeded.contains(before)))
            .map(|step| step.id)
            .collect();
        ready.into_iter().filter_map(|id| self.waiting.remove(&id)).collect()
    }

    /// Notes that a step has ended, skips what followed it in vain, and returns the objects that are free now.
    fn end(&mut self, id: StepId, succeeded: bool) -> Vec<ObjectKey> {
        let mut free: Vec<ObjectKey> = self.close(id).into_iter().collect();
        if succeeded {
            self.succeeded.insert(id);
            return free;
        }
        let mut failed = BTreeSet::from([id]);
        loop {
            let next = self.waiting.values().find(|step| step.after.iter().any(|before| failed.contains(before)));
            let Some(skipped) = next.map(|step| step.id) else { return free };
            self.waiting.remove(&skipped);
            failed.insert(skipped);
            free.extend(self.close(skipped));
        }
    }

    /// Notes that a step of an object is over; returns the object when it was the last one.
    fn close(&mut self, id: StepId) -> Option<ObjectKey> {
        let object = self.objects.remove(&id)?;
        let count = self.open.get_mut(&object)?;
        *count = count.saturating_sub(1);
        if *count > 0 {
            return None;
        }
        self.open.remove(&object);
        Some(object)
    }

    /// The objects that are not free yet, where a step ended without saying so.
    fn rest(self) -> Vec<ObjectKey> {
        self.open.into_keys().collect()
    }
}

#[cfg(test)]
mod tests;
