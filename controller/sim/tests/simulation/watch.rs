//! What is watched with every single step: whose things are touched, what is lost, how many serve, what is tried again.

use skiff_core::Plan;

use crate::bounds::{Bounds, Sight};
use crate::controller::Performed;
use crate::history::Before;
use crate::manifests::Manifests;
use crate::record::Record;

/// What is declared, and what has been seen of it.
#[derive(Default)]
pub(crate) struct Watch {
    pub(crate) manifests: Manifests,
    /// Everything that was ever declared.
    pub(crate) past: Vec<Manifests>,
    pub(crate) record: Record,
    bounds: Bounds,
    before: Option<Before>,
}

impl Watch {
    /// Something is declared.
    pub(crate) fn load(&mut self, manifests: &Manifests) {
        self.manifests = manifests.clone();
        self.past.push(manifests.clone());
        self.record.load(manifests);
    }

    /// The controller has forgotten its plans.
    pub(crate) fn crashed(&mut self) {
        self.bounds.forget();
    }

    /// Steps are planned.
    ///
    /// # Errors
    /// Where they would take too much.
    pub(crate) fn planned(&mut self, plan: &Plan, sight: Sight<'_>) -> Result<(), String> {
        self.record.planned(plan);
        self.bounds.planned(plan, &self.record, sight)
    }

    pub(crate) fn before_step(&mut self, sight: Sight<'_>) {
        self.bounds.world_did(&self.record, sight);
        self.before = Some(Before::of(sight.engine));
    }

    /// # Errors
    /// What the step did that none may do.
    pub(crate) fn after_step(&mut self, sight: Sight<'_>, performed: &Performed) -> Result<(), String> {
        if let Some(before) = self.before.take() {
            before.check(sight.engine, &self.manifests, &self.past)?;
        }
        // What a step tells of the version that is worked towards is no doing of its own.
        self.bounds.check(&performed.step, &self.record, sight)?;
        self.record.performed(&performed.step, sight.engine)
    }
}
