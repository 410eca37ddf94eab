//! What is watched with every single step: whose things are touched, what is lost, how many serve, what is tried again.

use skiff_core::Plan;

use crate::bounds::{Bounds, Sight};
use crate::controller::Performed;
use crate::data::Data;
use crate::guard::{Before, check_disk, check_images, check_prune};
use crate::ledger::Ledger;
use crate::manifests::Manifests;
use crate::order::Order;
use crate::record::Record;
use crate::{hooks, inits};

/// What was said, and what has been seen of it.
#[derive(Default)]
pub(crate) struct Watch {
    pub(crate) ledger: Ledger,
    /// Everything that was ever declared.
    pub(crate) past: Vec<Manifests>,
    pub(crate) record: Record,
    bounds: Bounds,
    before: Option<Before>,
    /// What there was when it was last planned.
    data: Data,
}

impl Watch {
    /// The controller is told something.
    pub(crate) fn tell(&mut self, manifests: &Manifests, order: &Order) {
        self.past.push(manifests.clone());
        self.ledger.tell(manifests, order);
        let to_run = if order.is_down() { &Manifests::default() } else { &self.ledger.scope };
        self.record.load(to_run);
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
        self.data = Data::of(sight.engine);
        check_disk(plan, sight.engine)?;
        check_prune(plan, sight.engine, &self.ledger)?;
        hooks::check_plan(plan, sight.engine, &self.past)?;
        inits::check_plan(plan, sight.engine, &self.past)?;
        self.record.planned(plan, sight.engine);
        check_images(plan, sight.engine, &self.record)?;
        self.bounds.planned(plan, &self.record, sight)
    }

    pub(crate) fn before_step(&mut self, sight: Sight<'_>) {
        self.bounds.world_did(&self.record, sight);
        self.before = Some(Before::of(sight.engine, &self.ledger));
    }

    /// # Errors
    /// What the step did that none may do.
    pub(crate) fn after_step(&mut self, sight: Sight<'_>, performed: &Performed) -> Result<(), String> {
        if let Some(before) = self.before.take() {
            before.check(sight.engine)?;
        }
        self.data.check(performed, sight.engine)?;
        // What a step tells of the version that is worked towards is no doing of its own.
        self.bounds.check(&performed.step, &self.record, sight)?;
        self.record.performed(&performed.step, sight.engine)
    }
}
