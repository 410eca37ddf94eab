//! What the loop remembers between passes besides the history. It may be lost at any moment: Docker is the database, and what counts of
//! the ends of containers is in the history as well.

use std::collections::BTreeMap;

use skiff_api::ObjectKey;
use skiff_core::{Crashes, Desired, EngineError, Failures, History, Observed, Step, Timestamp, notice_crashes};

/// Failures, ends of containers, and what has run.
#[derive(Debug, Default)]
pub(super) struct Memory {
    failures: Failures,
    /// The template with which each object has run.
    has_run: BTreeMap<ObjectKey, String>,
    crashes: Crashes,
}

impl Memory {
    /// What a controller that starts knows from the one before.
    pub(super) fn resumed(history: &History) -> Self {
        Self { crashes: history.crashes.clone(), ..Self::default() }
    }

    /// Whether the restarts of a container are, or just were, Skiff's because it ended again and again.
    pub(super) fn has_restarts(&self) -> bool {
        self.crashes.values().any(|crash| crash.is_loop || crash.recovered)
    }

    /// A step failed.
    pub(super) fn failed(&mut self, step: &Step, error: &EngineError, now: Timestamp) {
        self.failures.failed(step, error, now);
    }

    /// A step was done, which may say that its object has failed.
    pub(super) fn done(&mut self, step: &Step, now: Timestamp) {
        self.failures.done(step, now);
    }

    /// Learns from what was seen, and adds to it what is remembered. `desired` is what is worked towards.
    pub(super) fn complete(&mut self, desired: &Desired, observed: &mut Observed, now: Timestamp) {
        self.learn(desired, observed);
        self.failures.forget(now);
        observed.failures = self.failures.clone();
        observed.has_run = self.has_run.clone();
        notice_crashes(&mut self.crashes, desired, observed, now);
        observed.crashes.clone_from(&self.crashes);
    }

    /// Remembers which objects run with the template that is worked towards.
    fn learn(&mut self, desired: &Desired, observed: &Observed) {
        let is_declared = |object: &ObjectKey, hash: &str| {
            desired.workloads.get(object).is_some_and(|workload| workload.template.hash == hash)
        };
        self.has_run.retain(|object, hash| is_declared(object, hash));
        self.has_run.extend(observed.running_templates().filter(|(object, hash)| is_declared(object, hash)));
    }
}
