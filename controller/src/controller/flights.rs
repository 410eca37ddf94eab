//! The objects on which steps are under way, each with what has begun of it and the means to give it up.
//!
//! What may be given up is decided in `skiff_core::Flight`; this hears what the executor tells, and cancels.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::ObjectKey;
use skiff_core::{Desired, Flight, Plan};
use tokio_util::sync::CancellationToken;

use crate::executor::Report;

/// The objects in flight.
#[derive(Debug, Default)]
pub(super) struct Flights(BTreeMap<ObjectKey, (Flight, CancellationToken)>);

impl Flights {
    /// Whether nothing is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The objects that a plan must leave alone.
    pub(super) fn objects(&self) -> BTreeSet<ObjectKey> {
        self.0.keys().cloned().collect()
    }

    /// Takes in the objects of a plan that is about to be performed; returns what gives each of them up.
    pub(super) fn begin(&mut self, plan: &Plan, desired: &Desired) -> BTreeMap<ObjectKey, CancellationToken> {
        // A hook may take long, and its object is free meanwhile.
        let steps = plan.steps.iter().filter(|step| !step.action.is_hook());
        let objects: BTreeSet<&ObjectKey> = steps.map(|step| &step.object).collect();
        let begun: BTreeMap<ObjectKey, CancellationToken> =
            objects.into_iter().map(|object| (object.clone(), CancellationToken::new())).collect();
        self.0.extend(begun.iter().map(|(object, token)| {
            let flight = Flight::new(object, desired);
            (object.clone(), (flight, token.clone()))
        }));
        begun
    }

    /// Takes in what is told of a step.
    pub(super) fn hear(&mut self, report: &Report) {
        match report {
            Report::Began(step) => {
                if let Some((flight, _)) = self.0.get_mut(&step.object) {
                    flight.began(step);
                }
            }
            Report::Ended { step, .. } => {
                if let Some((flight, _)) = self.0.get_mut(&step.object) {
                    flight.ended(step);
                }
            }
            Report::Free(object) => {
                self.0.remove(object);
            }
            Report::Progress { .. } => {}
        }
    }

    /// Gives up what another manifest has overtaken; the executor tells when it is free.
    pub(super) fn give_up_overtaken(&self, desired: &Desired) {
        for (object, (flight, token)) in &self.0 {
            if !token.is_cancelled() && flight.is_overtaken(object, desired) {
                tracing::info!(%object, "its manifest changed: what has not begun is given up, and planned anew");
                token.cancel();
            }
        }
    }
}
