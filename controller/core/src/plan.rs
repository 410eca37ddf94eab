//! The plan: single steps, each with its reason and what it follows, and what is held.

use jiff::Timestamp;
use serde::Serialize;
use skiff_api::ObjectKey;

use crate::action::Action;
use crate::held::Held;
use crate::reason::Reason;

/// The number of a step in its plan, counted from 0 in the order in which steps are best begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct StepId(pub usize);

/// One effect, why, and after which others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number.
    pub id: StepId,
    /// The object that it is for.
    pub object: ObjectKey,
    /// What is done.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// The steps that must have succeeded before; all have smaller numbers.
    pub after: Vec<StepId>,
}

/// What is to be done now, what is not, and when time alone will change that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is to be done.
    pub steps: Vec<Step>,
    /// What is not done, and why.
    pub held: Vec<Held>,
    /// When time alone will change the answer.
    pub wake_at: Option<Timestamp>,
}

impl Plan {
    /// Whether there is nothing to do and nothing that waits.
    pub fn is_settled(&self) -> bool {
        self.steps.is_empty() && !self.is_waiting()
    }

    /// Whether something is held that time or another step will end.
    pub fn is_waiting(&self) -> bool {
        self.held.iter().any(|held| held.why.is_waiting())
    }
}
