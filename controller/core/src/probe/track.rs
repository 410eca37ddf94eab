//! The answers to one probe: how many in a row, what they have come to, when the next is asked for.

use jiff::{SignedDuration, Timestamp};

use super::plan::ProbeSpec;

/// The wait after the first quick try.
const QUICK: SignedDuration = SignedDuration::from_millis(5);

/// What is known of one probe of one start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Track {
    /// Whether answers have decided anything, or need not: of a container that ran before anybody asked the first pass decides alone, and
    /// one failure says no more than of any other.
    is_judged: bool,
    /// Whether it has ever passed.
    pub(super) has_passed: bool,
    /// Whether it is tried quickly until it first passes.
    is_quick: bool,
    /// When it was last asked, and when the answer came.
    last: Option<(Timestamp, Timestamp)>,
    /// Passes in a row.
    passes: u32,
    /// Failures in a row, of which one a period counts.
    failures: u32,
    /// When the last failure that counts was asked for.
    counted_at: Option<Timestamp>,
    /// How long the next quick try waits.
    wait: SignedDuration,
    /// Since when it passes: enough passes in a row, and not enough failures since.
    pub(super) passing_since: Option<Timestamp>,
    /// What the last answer said, where it was a failure.
    pub(super) message: Option<String>,
}

/// When a probe was asked, when it answered, and since when it then passes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) asked_at: Timestamp,
    pub(super) answered_at: Timestamp,
    pub(super) passes_since: Timestamp,
}

impl Track {
    pub(super) const fn new(is_quick: bool, first_decides: bool) -> Self {
        Self {
            is_judged: !first_decides,
            has_passed: false,
            is_quick,
            last: None,
            passes: 0,
            failures: 0,
            counted_at: None,
            wait: QUICK,
            passing_since: None,
            message: None,
        }
    }

    /// Whether neither a pass has come nor as many failures as it may have.
    pub(super) const fn is_unjudged(&self) -> bool {
        !self.is_judged
    }

    /// Whether it has not been asked.
    pub(super) const fn is_unasked(&self) -> bool {
        self.last.is_none()
    }

    /// Whether all that it has answered were failures.
    pub(super) const fn has_only_failed(&self) -> bool {
        !self.has_passed && self.failures > 0
    }

    /// Whether it has failed as often in a row as it may.
    pub(super) const fn is_exhausted(&self, spec: &ProbeSpec) -> bool {
        self.failures >= spec.failure_threshold
    }

    /// How many of the failures that it may have it has had: ` (1 of 3 failures)`.
    pub(super) fn so_far(&self, spec: &ProbeSpec) -> String {
        if self.failures == 0 {
            return String::new();
        }
        format!(" ({} of {} failures)", self.failures, spec.failure_threshold)
    }

    /// Takes in an answer.
    pub(super) fn take(&mut self, spec: &ProbeSpec, times: Times, result: Result<(), String>) {
        let decides = self.is_unjudged();
        if self.last.is_some() {
            self.wait = self.wait.saturating_mul(3) / 2;
        }
        self.last = Some((times.asked_at, times.answered_at));
        match result {
            Ok(()) => self.pass(spec, decides, times.passes_since),
            Err(message) => self.fail(spec, times.asked_at, message),
        }
    }

    fn pass(&mut self, spec: &ProbeSpec, decides: bool, since: Timestamp) {
        (self.failures, self.counted_at, self.message, self.is_quick) = (0, None, None, false);
        self.passes = self.passes.saturating_add(1);
        (self.is_judged, self.has_passed) = (true, true);
        if decides || self.passes >= spec.success_threshold {
            self.passing_since.get_or_insert(since);
        }
    }

    fn fail(&mut self, spec: &ProbeSpec, asked_at: Timestamp, message: String) {
        (self.passes, self.message) = (0, Some(message));
        // A clock that was put back does not keep a failure from counting.
        let counts = self.counted_at.is_none_or(|counted| {
            let elapsed = asked_at.duration_since(counted);
            elapsed >= spec.period || elapsed.is_negative()
        });
        if counts {
            self.failures = self.failures.saturating_add(1);
            self.counted_at = Some(asked_at);
        }
        if self.is_exhausted(spec) {
            self.is_judged = true;
            self.passing_since = None;
        }
    }

    /// When it is asked next: `earliest` for the first time.
    pub(super) fn due(&self, spec: &ProbeSpec, earliest: Timestamp, now: Timestamp) -> Timestamp {
        let Some((asked, answered)) = self.last else { return not_beyond(earliest, spec.initial_delay, now) };
        let quick = later(answered, self.wait.min(spec.period));
        let due = match self.counted_at {
            // The tries that count are on the period, whatever the quick ones are.
            Some(counted) if self.is_quick => quick.min(later(counted, spec.period)),
            None if self.is_quick => quick,
            Some(_) | None => later(asked, spec.period),
        };
        not_beyond(due, spec.period, now)
    }
}

fn later(moment: Timestamp, span: SignedDuration) -> Timestamp {
    moment.saturating_add(span).unwrap_or(Timestamp::MAX)
}

/// A moment, or now where it is further away than it can be: the clock was put back.
fn not_beyond(moment: Timestamp, furthest: SignedDuration, now: Timestamp) -> Timestamp {
    if moment > later(now, furthest) { now } else { moment }
}
