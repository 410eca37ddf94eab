//! Where the time comes from: the system's clock, or tokio's in tests that pause it.

use skiff_core::Timestamp;
use tokio::time::Instant;

/// A source of the time. Decisions never ask it; they are given what it said.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The wall clock: comparable with what the engine reports.
    System,
    /// Tokio's clock, counted from a moment.
    Tokio {
        /// The moment.
        base: Timestamp,
        /// Tokio's time at that moment.
        started: Instant,
    },
}

impl Clock {
    /// Tokio's clock, counted from the epoch.
    pub fn tokio() -> Self {
        Self::Tokio { base: Timestamp::UNIX_EPOCH, started: Instant::now() }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Tokio { base, started } => base.saturating_add(started.elapsed()).unwrap_or(Timestamp::MAX),
        }
    }

    /// How long from now until a moment; nothing where it is past.
    pub fn until(&self, moment: Timestamp) -> std::time::Duration {
        moment.duration_since(self.now()).try_into().unwrap_or_default()
    }

    /// Rests until a moment; for ever where there is none.
    pub async fn rest(&self, until: Option<Timestamp>) {
        match until {
            Some(moment) => tokio::time::sleep(self.until(moment)).await,
            None => std::future::pending().await,
        }
    }
}
