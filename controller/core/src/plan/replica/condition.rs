//! In which condition a container is.

use jiff::{SignedDuration, Timestamp};
use skiff_api::RestartPolicy;

use crate::desired::Workload;
use crate::observed::{ContainerState, ObservedContainer};
use crate::plan::checks::{Checked, Checks};

/// The condition of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) enum Condition {
    /// It is Ready, and has been for as long as it must be.
    Available,
    /// It is Ready and must stay so until then.
    Ready { until: Timestamp },
    /// It runs and is not Ready.
    Unready,
    /// It runs, and its probes have not been asked often enough since Skiff began to look: neither Ready nor known not to be.
    Unjudged,
    /// It runs, and its postStart hook is to be run: a controller that died may have run it.
    Unhooked,
    /// It runs, and a check that restarts it has failed.
    Unhealthy,
    /// It ended and is not to be started again.
    Finished { code: i64 },
    /// It ended and must run.
    Exited,
    /// It was never started.
    Created,
    /// It is frozen.
    Paused,
    /// The engine starts it again by itself.
    Restarting,
    /// It must be removed.
    Dead,
    /// It is being removed.
    Removing,
}

impl Condition {
    /// Whether it has a process and keeps it.
    pub(in crate::plan) const fn is_up(self) -> bool {
        match self {
            Self::Available | Self::Ready { .. } | Self::Unready | Self::Unjudged | Self::Unhooked | Self::Paused => {
                true
            }
            Self::Unhealthy
            | Self::Finished { .. }
            | Self::Exited
            | Self::Created
            | Self::Restarting
            | Self::Dead
            | Self::Removing => false,
        }
    }

    /// Whether it runs and may be Ready or not, for all that is known.
    pub(in crate::plan) const fn is_unknown(self) -> bool {
        matches!(self, Self::Unjudged | Self::Unhooked)
    }

    pub(in crate::plan) const fn is_ready(self) -> bool {
        matches!(self, Self::Available | Self::Ready { .. })
    }

    /// Whether it runs by itself, Ready or not, or has ended for good.
    pub(in crate::plan) const fn is_at_rest(self) -> bool {
        matches!(self, Self::Available | Self::Ready { .. } | Self::Unready | Self::Unjudged | Self::Finished { .. })
    }

    /// The exit code of what has ended for good.
    pub(in crate::plan) const fn exit_code(self) -> Option<i64> {
        if let Self::Finished { code } = self { Some(code) } else { None }
    }

    /// Until when it must stay Ready to count, where only time is missing.
    pub(in crate::plan) const fn ready_until(self) -> Option<Timestamp> {
        if let Self::Ready { until } = self { Some(until) } else { None }
    }

    /// Whether it counts for a rollout: what has finished its work is as good as what serves.
    pub(in crate::plan) const fn is_available(self) -> bool {
        matches!(self, Self::Available | Self::Finished { .. })
    }
}

/// The condition of a container, by its state, its checks, the clock and the restart policy.
pub(super) fn condition(
    workload: &Workload,
    policy: RestartPolicy,
    container: &ObservedContainer,
    checks: &Checks,
    settling: SignedDuration,
    now: Timestamp,
) -> Condition {
    match container.state {
        ContainerState::Created => Condition::Created,
        ContainerState::Paused => Condition::Paused,
        ContainerState::Restarting => Condition::Restarting,
        ContainerState::Removing => Condition::Removing,
        ContainerState::Dead => Condition::Dead,
        ContainerState::Exited => ended(policy, container),
        ContainerState::Running => match checks.come_to {
            Checked::Passes(since) => ready(workload, since, settling, now),
            Checked::Unjudged => Condition::Unjudged,
            Checked::NotYet => Condition::Unready,
            Checked::Unhooked => Condition::Unhooked,
            Checked::Fails => Condition::Unhealthy,
        },
    }
}

fn ended(policy: RestartPolicy, container: &ObservedContainer) -> Condition {
    let code = container.detail.as_ref().map_or(0, |detail| detail.exit_code);
    let failed_to_start = container.detail.as_ref().is_some_and(|detail| !detail.error.is_empty());
    match policy {
        RestartPolicy::Never if !failed_to_start => Condition::Finished { code },
        RestartPolicy::OnFailure if code == 0 => Condition::Finished { code },
        RestartPolicy::Always | RestartPolicy::OnFailure | RestartPolicy::Never => Condition::Exited,
    }
}

fn ready(workload: &Workload, since: Option<Timestamp>, settling: SignedDuration, now: Timestamp) -> Condition {
    let needed = SignedDuration::from_secs(i64::from(workload.min_ready_seconds)).max(settling);
    if needed.is_zero() {
        return Condition::Available;
    }
    match since.and_then(|since| since.checked_add(needed).ok()) {
        Some(until) if until > now => Condition::Ready { until },
        Some(_) | None => Condition::Available,
    }
}
