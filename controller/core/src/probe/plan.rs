//! The probes of a container with Kubernetes' defaults filled in.

use jiff::SignedDuration;
use skiff_api::{Container, Probe};

use super::ProbeKind;
use super::early::early;
use crate::check::{Address, Check};

/// The probes of one container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbePlan {
    /// Whether it has started.
    pub startup: Option<ProbeSpec>,
    /// Whether it can serve.
    pub readiness: Option<ProbeSpec>,
    /// Whether it must be restarted.
    pub liveness: Option<ProbeSpec>,
    /// Whether that it has started is asked by Docker's own check, which Docker itself asks later.
    pub is_early: bool,
}

/// One probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeSpec {
    /// What is asked.
    pub check: Check,
    /// How long after the start it is first asked.
    pub initial_delay: SignedDuration,
    /// How long lies between two tries.
    pub period: SignedDuration,
    /// How long an answer may take.
    pub timeout: SignedDuration,
    /// How many passes in a row count.
    pub success_threshold: u32,
    /// How many failures in a row count.
    pub failure_threshold: u32,
}

/// Whether a container has a probe.
pub(crate) const fn is_probed(container: &Container) -> bool {
    gates_readiness(container) || container.liveness_probe.is_some()
}

/// Whether a container has a probe that it must pass to be Ready.
pub(crate) const fn gates_readiness(container: &Container) -> bool {
    container.startup_probe.is_some() || container.readiness_probe.is_some()
}

impl ProbePlan {
    /// The probes of a container at this address, on an engine of this version; `None` where there are none.
    pub(crate) fn of(container: &Container, address: Address<'_>, api_version: (u32, u32)) -> Option<Self> {
        let spec = |probe: &Option<Probe>| probe.as_ref().map(|probe| ProbeSpec::of(probe, container, address));
        let early = early(container, api_version);
        let is_early = early.is_some();
        (is_early || is_probed(container)).then(|| Self {
            startup: spec(&container.startup_probe).or(early),
            readiness: spec(&container.readiness_probe),
            liveness: spec(&container.liveness_probe),
            is_early,
        })
    }

    /// The probe of a kind.
    pub const fn get(&self, kind: ProbeKind) -> Option<&ProbeSpec> {
        match kind {
            ProbeKind::Startup => self.startup.as_ref(),
            ProbeKind::Readiness => self.readiness.as_ref(),
            ProbeKind::Liveness => self.liveness.as_ref(),
        }
    }
}

impl ProbeSpec {
    fn of(probe: &Probe, container: &Container, address: Address<'_>) -> Self {
        let seconds = |said: Option<u32>, default: u32| SignedDuration::from_secs(i64::from(said.unwrap_or(default)));
        Self {
            check: Check::of_probe(probe, container, address),
            initial_delay: seconds(probe.initial_delay_seconds, 0),
            period: seconds(probe.period_seconds.filter(|seconds| *seconds > 0), 10),
            timeout: seconds(probe.timeout_seconds.filter(|seconds| *seconds > 0), 1),
            success_threshold: probe.success_threshold.unwrap_or(1).max(1),
            failure_threshold: probe.failure_threshold.unwrap_or(3).max(1),
        }
    }
}
