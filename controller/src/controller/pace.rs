//! How soon a pass may follow another, so that a burst of events costs few and whoever waits for one waits little.

use std::time::Duration;

use tokio::time::Instant;

/// So long after one pass begins the next at the latest; the first event of a burst waits for nothing.
const LONGEST: Duration = Duration::from_millis(100);
const SHORTEST: Duration = Duration::from_millis(10);
/// Where work waits for it, a pass rests for so many times what it took: passes take a fifth of the time at most.
const TIMES: u32 = 4;

/// When the last pass ended, and what it took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    ended: Option<Instant>,
    took: Duration,
}

impl Pace {
    /// Before the first pass: it may be at once.
    pub(super) const fn new() -> Self {
        Self { ended: None, took: Duration::ZERO }
    }

    /// Takes in a pass that ends now.
    pub(super) fn passed(&mut self, begun: Instant) {
        let now = Instant::now();
        *self = Self { ended: Some(now), took: now.duration_since(begun) };
    }

    /// The earliest moment for a pass because something happened. Most of it is of our own steps, which tell when they have ended.
    pub(super) fn after_event(&self) -> Instant {
        self.after(LONGEST)
    }

    /// The earliest moment for a pass because an object may be planned again. Where nothing else is under way it is at once: there is
    /// nothing that a rest would gather.
    pub(super) fn after_work(&self, is_last: bool) -> Instant {
        self.after(if is_last { Duration::ZERO } else { (self.took * TIMES).clamp(SHORTEST, LONGEST) })
    }

    fn after(&self, rest: Duration) -> Instant {
        self.ended.map_or_else(Instant::now, |ended| ended + rest)
    }
}
