//! What was done, counted while it is reported.

use std::collections::BTreeMap;
use std::sync::Arc;

use skiff_core::{Action, EngineError, Outcome};
use tokio::sync::{mpsc, watch};

use super::exposition::Exposition;
use crate::executor::Report;

/// How often each action came to what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts(BTreeMap<(&'static str, &'static str), u64>);

impl Counts {
    /// Takes in what came of an action.
    pub(super) fn note(&mut self, action: &Action, result: &Result<Outcome, EngineError>) {
        let result = match result {
            Ok(Outcome::Done | Outcome::Warned { .. }) => "done",
            Ok(Outcome::Already) => "already",
            Err(_) => "failed",
        };
        *self.0.entry((action.verb(), result)).or_default() += 1;
    }

    pub(super) fn tell(&self, out: &mut Exposition) {
        let mut family = out.counter("skiff_actions", "Actions on Docker and on files, by what came of them.");
        for ((action, result), count) in &self.0 {
            family.sample(&[("action", action), ("result", result)], *count);
        }
    }
}

/// Counts until the loop has ended.
pub(crate) async fn count(mut reports: mpsc::UnboundedReceiver<Report>, counts: watch::Sender<Arc<Counts>>) {
    while let Some(report) = reports.recv().await {
        if let Report::Ended { step, result } = &report {
            counts.send_modify(|counts| Arc::make_mut(counts).note(&step.action, result));
        }
    }
}
