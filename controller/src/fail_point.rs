//! A fail point for tests: the process ends right after a step, as it would in a crash, without a word and without tidying up.
//!
//! What a crash leaves behind is an obligation of the design, so that the built program itself can be tested for it. It is set by
//! `SKIFF_ABORT_AFTER_STEPS`, and does nothing otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where the process ends; nowhere by default.
#[derive(Clone, Debug, Default)]
pub struct FailPoint {
    steps_left: Option<Arc<AtomicU64>>,
}

impl FailPoint {
    /// Ends the process after so many steps, counted over everything that it performs.
    pub fn after(steps: Option<u64>) -> Self {
        Self { steps_left: steps.map(|steps| Arc::new(AtomicU64::new(steps))) }
    }

    /// A step has been performed, and nobody knows yet what came of it.
    pub(crate) fn passed(&self) {
        if let Some(left) = &self.steps_left
            && left.fetch_sub(1, Ordering::SeqCst) <= 1
        {
            std::process::abort();
        }
    }
}
