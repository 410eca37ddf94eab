//! The postStart hooks that are under way, and how those ended that the history does not know of yet.

use std::collections::{BTreeMap, BTreeSet};

use skiff_core::{Action, HookEnd, Observed, Plan, Timestamp, hook_end};

use crate::executor::Report;

/// Hooks, by the id of their container.
#[derive(Debug, Default)]
pub(super) struct Hooks {
    in_flight: BTreeSet<String>,
    ends: BTreeMap<String, (Timestamp, HookEnd)>,
}

impl Hooks {
    /// Says to a plan what is under way and what has ended. From there on the history has it.
    pub(super) fn tell(&mut self, observed: &mut Observed) {
        observed.hooks_in_flight.clone_from(&self.in_flight);
        observed.hook_ends = std::mem::take(&mut self.ends);
    }

    /// Takes in the hooks of a plan that is about to be performed.
    pub(super) fn begin(&mut self, plan: &Plan) {
        self.in_flight.extend(plan.steps.iter().filter_map(|step| match &step.action {
            Action::RunHook(hook) => hook.container.id.clone(),
            _ => None,
        }));
    }

    /// Takes in what is told of a step; says whether it was the end of a hook.
    pub(super) fn hear(&mut self, report: &Report) -> bool {
        let Report::Ended { step, result } = report else { return false };
        let Action::RunHook(hook) = &step.action else { return false };
        self.in_flight.retain(|id| Some(id) != hook.container.id.as_ref());
        self.ends.extend(hook_end(step, result));
        true
    }
}
