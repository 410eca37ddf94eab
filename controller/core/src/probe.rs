//! Probes: when a container is asked, and what its answers come to. Kubernetes' rules, but for how soon the first answers are had.
//!
//! - Startup gates readiness and liveness; where there is none, the start is enough.
//! - The first try is at once (after `initialDelaySeconds`). Until startup or readiness first passes, tries follow after 5 ms, growing
//!   by a half up to the period: a server answers a millisecond after its start, and nobody wants to wait a period for that.
//!   Afterwards, and for liveness always, they are a period apart.
//! - Of failures in a row one a period counts, so that quick tries give a slow start no less time than Kubernetes does.
//! - A new start of the container forgets everything. A container that ran before Skiff looked at it is judged by its first answer.
//!
//! Pure: whoever samples takes what is due from a [`ProbeSchedule`], and brings the answers back to it; [`judge`] says what each one
//! makes of what is known.

mod early;
mod plan;
mod schedule;
mod state;
mod target;
mod track;

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use early::START_INTERVAL;
pub(crate) use early::is_askable;
pub use plan::{ProbePlan, ProbeSpec};
pub(crate) use plan::{gates_readiness, is_probed};
pub use schedule::{ProbeAsk, ProbeNews, ProbeSchedule};
pub use state::{ProbeSample, ProbeState, judge};
pub(crate) use target::Places;
pub use target::{ProbeTarget, probe_targets};

/// What a probe is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProbeKind {
    /// Whether it has started.
    Startup,
    /// Whether it can serve.
    Readiness,
    /// Whether it must be restarted.
    Liveness,
}

impl ProbeKind {
    /// All of them, in the order in which they matter.
    pub const ALL: [Self; 3] = [Self::Startup, Self::Readiness, Self::Liveness];
}

/// The field of the manifest.
impl fmt::Display for ProbeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Startup => "startupProbe",
            Self::Readiness => "readinessProbe",
            Self::Liveness => "livenessProbe",
        })
    }
}

/// The verdicts on containers, by the container's id.
pub type ProbeVerdicts = BTreeMap<String, ProbeVerdict>;

/// What the probes of a container have come to, for one start of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and told as one")]
pub struct ProbeVerdict {
    /// The start.
    pub started_at: Timestamp,
    /// Whether startup has passed, or is not asked for.
    pub started: bool,
    /// Whether a startup probe has passed, which is remembered.
    pub passed_startup: bool,
    /// Whether Docker's own check has passed where Skiff asks it before Docker does.
    #[serde(default)]
    pub passed_early: bool,
    /// Whether it can serve.
    pub readiness: Readiness,
    /// Whether it could serve since this start, and no longer can.
    pub is_lost: bool,
    /// Why it must be restarted, where it must.
    pub failed: Option<ProbeFailure>,
    /// A probe that was changed, fails and has never passed, for which nothing is restarted.
    pub unproven: Option<ProbeFailure>,
}

/// After so long a container that was started under this controller is probed: one that has run for longer without a verdict was found.
pub(crate) const UNASKED: SignedDuration = SignedDuration::from_secs(5);

/// Whether a container can serve, by startup and readiness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Readiness {
    /// It can, since then.
    Since(Timestamp),
    /// It cannot.
    Not {
        /// Why: `readinessProbe: HTTP 503`.
        message: String,
    },
    /// Its answers do not say that yet: it ran before anybody asked, or is asked something else now, and has neither passed nor failed as
    /// often as it may.
    Undecided {
        /// What they say so far: `readinessProbe: HTTP 503 (1 of 3 failures)`.
        message: String,
    },
}

/// A startup or liveness probe that has failed as often as it may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbeFailure {
    /// Which.
    pub probe: ProbeKind,
    /// What it last came to.
    pub message: String,
}

impl ProbeVerdict {
    /// Whether its answers do not say yet whether it can serve.
    pub const fn is_undecided(&self) -> bool {
        matches!(self.readiness, Readiness::Undecided { .. })
    }

    /// Whether another verdict asks for nothing else, whatever its words: nobody is woken for words.
    pub fn means_the_same(&self, other: &Self) -> bool {
        let readiness = |verdict: &Self| match verdict.readiness {
            Readiness::Since(moment) => (true, Some(moment)),
            Readiness::Not { .. } => (true, None),
            Readiness::Undecided { .. } => (false, None),
        };
        let failed = |verdict: &Self| [&verdict.failed, &verdict.unproven].map(|it| it.as_ref().map(|it| it.probe));
        self.started_at == other.started_at
            && self.started == other.started
            && readiness(self) == readiness(other)
            && failed(self) == failed(other)
    }
}

#[cfg(test)]
mod tests;
