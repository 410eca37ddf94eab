//! What the loop learns and tells: history, events, and what is not as it should be.

use std::collections::BTreeMap;
use std::sync::Arc;

use skiff_api::ObjectKey;
use skiff_core::{Desired, Event, Failures, ObjectStatus, Observed, Plan, Severity, Timestamp, learn};

use super::Controller;
use crate::engine::Engine;
use crate::state::troubles;

impl<E: Engine> Controller<E> {
    /// Learns from what is seen; what is new is on the disk before anything is done about it.
    pub(super) async fn learn_history(&mut self, desired: &Desired, observed: &mut Observed, now: Timestamp) {
        let events = learn(&mut self.history, desired, observed, now);
        observed.history = Arc::clone(&self.history);
        self.write_history().await;
        for event in &events {
            let (object, reason, message) = (event.subject(), &event.reason, &event.message);
            match event.severity {
                Severity::Normal => tracing::info!(object, reason, "{message}"),
                Severity::Warning => tracing::warn!(object, reason, "{message}"),
            }
        }
        self.tell(events);
    }

    /// Writes what is remembered, where that is new.
    pub(super) async fn write_history(&mut self) {
        if let Some(notes) = self.wiring.notes.as_ref().filter(|_| !Arc::ptr_eq(&self.written, &self.history)) {
            notes.history(Arc::clone(&self.history)).await;
            self.written = Arc::clone(&self.history);
        }
    }

    /// Leaves what is not as it should be for those who ask beside it, where that has changed.
    pub(super) fn note_troubles(&mut self, status: &BTreeMap<ObjectKey, ObjectStatus>, plan: &Plan) {
        let troubles = troubles(status, plan);
        if let Some(notes) = self.wiring.notes.as_ref().filter(|_| self.troubles.as_ref() != Some(&troubles)) {
            notes.troubles(troubles.clone());
            self.troubles = Some(troubles);
        }
    }

    /// Leaves what went wrong lately for those who plan beside it, where that has changed: they wait as it does.
    pub(super) fn note_failures(&mut self, failures: &Failures) {
        if let Some(notes) = self.wiring.notes.as_ref().filter(|_| self.failures.as_ref() != Some(failures)) {
            notes.failures(failures.clone());
            self.failures = Some(failures.clone());
        }
    }

    pub(super) fn tell(&self, events: Vec<Event>) {
        if let Some(notes) = &self.wiring.notes {
            notes.events(events);
        }
    }
}
