//! The postStart hooks that are under way.

use std::collections::BTreeSet;

use skiff_core::{Action, Plan, Step};

use crate::executor::Report;

/// The ids of the containers in which a hook runs.
#[derive(Debug, Default)]
pub(super) struct Hooks(BTreeSet<String>);

impl Hooks {
    pub(super) fn in_flight(&self) -> BTreeSet<String> {
        self.0.clone()
    }

    /// Takes in the hooks of a plan that is about to be performed.
    pub(super) fn begin(&mut self, plan: &Plan) {
        let hook_in =
            |step: &Step| if let Action::RunHook(hook) = &step.action { hook.container.id.clone() } else { None };
        self.0.extend(plan.steps.iter().filter_map(hook_in));
    }

    /// Takes in what is told of a step; says whether it was the end of a hook.
    pub(super) fn hear(&mut self, report: &Report) -> bool {
        let Report::Ended { step, result: _ } = report else { return false };
        let Action::RunHook(hook) = &step.action else { return false };
        self.0.retain(|id| Some(id) != hook.container.id.as_ref());
        true
    }
}
