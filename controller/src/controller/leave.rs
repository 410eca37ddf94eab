//! The end of the loop: what Skiff restarts, as it crashes again and again or is paced by the manifest, is given back to Docker. `skiff_core::plan_leave` decides of which.

use std::sync::Arc;
use std::time::Duration;

use skiff_core::{effective, plan_leave};

use super::Controller;
use crate::engine::{Engine, Look};
use crate::executor::Cancels;

/// How long that may take.
const LEAVING: Duration = Duration::from_secs(5);
/// How often is looked at most: what ends while its restarts are given back is found at the next look, and is Docker's from then on.
const LOOKS: usize = 3;

impl<E: Engine> Controller<E> {
    /// Gives back what is to be given back, where the engine answers and another controller has not taken over.
    pub(super) async fn leave(&mut self) {
        let has_looked = self.passes > 0 && self.engine_failures == 0;
        let has_restarts = self.memory.has_restarts() || self.is_pacing();
        if !has_looked || !has_restarts || !self.settings.mandate.holds() {
            return;
        }
        let all = async {
            for _ in 0..LOOKS {
                if !self.give_restarts_back().await {
                    break;
                }
            }
        };
        if tokio::time::timeout(LEAVING, all).await.is_err() {
            tracing::warn!("not all restarts are given back to Docker; what ends may stay down until Skiff runs again");
        }
        self.hear();
    }

    /// Whether restarts of a deployment are Skiff's by the manifest.
    fn is_pacing(&self) -> bool {
        self.wiring.target.borrow().desired.workloads.values().any(|workload| workload.is_paced())
    }

    /// Looks once, and gives back what Skiff still has; returns whether there was any.
    async fn give_restarts_back(&mut self) -> bool {
        // Nobody hears events any more: each container is looked at.
        let mut observed = match self.engine.observe(&self.settings.instance, Look::Full).await {
            Ok(observed) => observed,
            Err(error) => {
                tracing::warn!(%error, "the engine does not answer; restarts are not given back to Docker");
                return false;
            }
        };
        let (target, now) = (Arc::clone(&self.wiring.target.borrow()), self.settings.clock.now());
        observed.probes = Arc::clone(&self.wiring.verdicts.borrow());
        observed.in_flight = self.flights.objects();
        observed.hooks_in_flight = self.hooks.in_flight();
        self.memory.complete(&effective(&target.desired, &self.history), &mut observed, now);
        observed.history = Arc::clone(&self.history);
        let plan = plan_leave(&target.desired, &observed, now);
        let has_steps = !plan.steps.is_empty();
        self.executor.clone().perform(plan, Arc::clone(&target.content), Cancels::default()).await;
        has_steps
    }
}
