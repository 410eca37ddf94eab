//! What the controller remembers besides what Docker holds: the state directory outlives a crash, the rest is lost with the process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skiff_api::{Instance, ObjectKey};
use skiff_core::{
    Archive, ContentStore, Crashes, Desired, EngineError, Event, Failures, History, Observed, Severity, Step,
    Timestamp, Traces, archived, learn, notice_crashes, traces,
};
use skiff_sim::SimEngine;

use crate::state::State;

/// What is remembered.
#[derive(Default)]
pub(crate) struct Memory {
    /// On the disk.
    pub(crate) history: Arc<History>,
    /// What the containers told when the process started.
    pub(crate) traces: Traces,
    /// On the disk.
    pub(crate) archive: Archive,
    /// On the disk.
    pub(crate) state: State,
    failures: Failures,
    crashes: Crashes,
    has_run: BTreeMap<ObjectKey, String>,
}

impl Memory {
    /// The process dies and another one reads what is on the disk.
    pub(crate) fn crash(&mut self, engine: &SimEngine) {
        let now = engine.now();
        self.failures = Failures::default();
        self.has_run.clear();
        self.history = Arc::clone(&self.history).resumed(now);
        self.crashes.clone_from(&self.history.crashes);
        self.traces = traces(&self.history, &engine.look(&Instance::default()));
    }

    /// The history is damaged and set aside.
    pub(crate) fn lose_history(&mut self) {
        self.history = Arc::default();
    }

    /// Keeps the content that revisions use.
    pub(crate) fn keep(&mut self, desired: &Desired, content: &ContentStore) {
        self.archive = archived(desired, content, &self.history, &self.archive);
    }

    /// Takes in what is seen, and completes it by what is remembered, as the loop does before it plans.
    ///
    /// # Errors
    /// Where another look at the same finds something else to warn of.
    pub(crate) fn complete(
        &mut self,
        desired: &Desired,
        observed: &mut Observed,
        in_flight: BTreeSet<ObjectKey>,
        now: Timestamp,
    ) -> Result<Vec<Event>, String> {
        observed.in_flight = in_flight;
        self.see(desired, observed, now);
        observed.history = Arc::default();
        let events = learn(&mut self.history, desired, observed, now);
        observed.history = Arc::clone(&self.history);
        let again = learn(&mut Arc::clone(&self.history), desired, observed, now);
        if let Some(event) = again.iter().find(|event| event.severity == Severity::Warning) {
            return Err(format!("nothing has happened since, and it is told: {}", event.message));
        }
        Ok(events)
    }

    /// Completes what is seen by what is remembered.
    pub(crate) fn see(&mut self, desired: &Desired, observed: &mut Observed, now: Timestamp) {
        self.note_running(desired, observed);
        self.failures.forget(now);
        observed.failures = self.failures.clone();
        observed.has_run = self.has_run.clone();
        notice_crashes(&mut self.crashes, desired, observed, now);
        observed.crashes.clone_from(&self.crashes);
        observed.history = Arc::clone(&self.history);
    }

    fn note_running(&mut self, desired: &Desired, observed: &Observed) {
        let is_declared = |object: &ObjectKey, hash: &str| {
            desired.workloads.get(object).is_some_and(|workload| workload.template.hash == hash)
        };
        self.has_run.retain(|object, hash| is_declared(object, hash));
        self.has_run.extend(observed.running_templates().filter(|(object, hash)| is_declared(object, hash)));
    }

    /// Whether Skiff owns the restarts of a container.
    pub(crate) fn is_in_crash_loop(&self) -> bool {
        self.crashes.values().any(|crash| crash.is_loop)
    }

    /// A step was done.
    pub(crate) fn done(&mut self, step: &Step, now: Timestamp) {
        self.failures.done(step, now);
    }

    /// A step failed.
    pub(crate) fn failed(&mut self, step: &Step, error: &EngineError, now: Timestamp) {
        self.failures.failed(step, error, now);
    }
}
