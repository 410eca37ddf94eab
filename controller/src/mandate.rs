//! Leave to act, until a moment: looked at before each write, to the engine and to what processes share.
//!
//! The moment is on a clock that counts suspend (`CLOCK_BOOTTIME`), so that a process that was frozen, or a host that slept, finds its
//! leave gone when it wakes, before anybody has told it so. Between the look and the write there is nothing that waits: to the engine the
//! socket itself looks. Whoever has once found it gone finds it gone for good: what was given up meanwhile is not missed later.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use skiff_core::EngineError;
use skiff_remote::etcd::Moment;

/// Leave to act; what is cloned shares it.
#[derive(Clone, Debug)]
pub struct Mandate {
    /// In milliseconds since the host started.
    until: Arc<AtomicU64>,
    /// Who has it, where several take turns.
    holder: Option<Arc<str>>,
}

impl Mandate {
    /// Leave for good: where a lock, or a person, sees to it that nobody else acts.
    pub fn for_good() -> Self {
        Self { until: Arc::new(AtomicU64::new(FOR_GOOD)), holder: None }
    }

    /// No leave yet, for one of several.
    pub fn none_yet(holder: &str) -> Self {
        Self { until: Arc::default(), holder: Some(holder.into()) }
    }

    /// Gives leave anew, until a moment.
    pub fn begin(&self, until: Moment) {
        self.until.store(millis(until), Ordering::SeqCst);
    }

    /// Gives leave until a later moment. Whether that came in time: before anybody found it gone.
    #[must_use]
    pub fn extend(&self, until: Moment) -> bool {
        let later = |now: u64| (now > ENDED).then(|| now.max(millis(until)));
        self.until.fetch_update(Ordering::SeqCst, Ordering::SeqCst, later).is_ok()
    }

    /// Takes the leave back.
    pub fn end(&self) {
        self.until.store(ENDED, Ordering::SeqCst);
    }

    /// Who has it, where several take turns.
    pub fn holder(&self) -> Option<&str> {
        self.holder.as_deref()
    }

    /// Whether there is leave now.
    pub fn holds(&self) -> bool {
        // Where it has no end nobody asks what time it is.
        self.until.load(Ordering::SeqCst) == FOR_GOOD || self.holds_at(now())
    }

    /// Whether there is leave now, as whoever writes to an engine asks.
    ///
    /// # Errors
    /// When there is none.
    pub fn check(&self) -> Result<(), EngineError> {
        if self.holds() { Ok(()) } else { Err(EngineError::NotLeading) }
    }

    fn holds_at(&self, now: Moment) -> bool {
        let ends = |until: u64| (until != FOR_GOOD && until <= millis(now)).then_some(ENDED);
        let found = self.until.fetch_update(Ordering::SeqCst, Ordering::SeqCst, ends);
        // What did not end is as it was.
        found.is_err()
    }
}

/// What stands for leave that has ended, or has not begun.
const ENDED: u64 = 0;
/// What stands for leave without end.
const FOR_GOOD: u64 = u64::MAX;

fn millis(moment: Moment) -> u64 {
    moment.as_millis().try_into().unwrap_or(FOR_GOOD)
}

/// Now, on the clock of mandates and leases.
pub fn now() -> Moment {
    let now = clock_gettime(ClockId::Boottime);
    // It counts from the start of the host, and is never negative.
    let (seconds, nanos) = (now.tv_sec.try_into().unwrap_or_default(), now.tv_nsec.try_into().unwrap_or_default());
    Duration::new(seconds, nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leave_holds_until_its_moment_and_all_who_share_it_see_the_same() {
        let mandate = Mandate::none_yet("a:1");
        let shared = mandate.clone();
        assert!(!shared.holds() && shared.check() == Err(EngineError::NotLeading));
        assert!(!mandate.extend(Duration::from_secs(100)), "there is none to extend");
        mandate.begin(Duration::from_secs(100));
        assert!(shared.holds_at(Duration::from_millis(99_999)));
        assert!(mandate.extend(Duration::from_secs(200)));
        assert!(shared.holds_at(Duration::from_millis(199_999)));
        assert!(!shared.holds_at(Duration::from_secs(200)));
        assert!(
            !mandate.extend(Duration::from_secs(300)) && !shared.holds_at(Duration::from_secs(100)),
            "it was found gone"
        );
        mandate.begin(now() + Duration::from_secs(600));
        assert!(shared.holds());
        mandate.end();
        assert!(!shared.holds() && shared.holder() == Some("a:1"));
        assert!(Mandate::for_good().holds_at(Duration::from_secs(u64::MAX / 2)));
    }
}
