//! What the checks of a running container come to: its postStart hook, Docker's own health check, and the probes that Skiff runs.
//!
//! A check that fails for good restarts the container, readiness never does. Without a verdict on the start that is seen, nothing is
//! known: such a container is not Ready, and does not go for not being so.

use jiff::{SignedDuration, Timestamp};
use skiff_api::{OwnerLabels, PodTemplate};

use super::draft::Draft;
use super::hook::PostStart;
use super::replica::Replica;
use crate::check::NoAddress;
use crate::desired::Workload;
use crate::made_from::{made_from, ran_whole};
use crate::observed::{ContainerState, Health, ObservedContainer};
use crate::probe::{ProbeVerdict, Readiness, UNASKED, gates_readiness, is_probed};
use crate::reason::Reason;

/// The hook as its failures are told.
pub(crate) const POST_START: &str = "postStart";
/// How long to wait for an address before looking again.
const LEAST_WAIT: SignedDuration = SignedDuration::from_millis(20);
/// Docker's own check as its failures are told.
const HEALTH_CHECK: &str = "healthCheck";

/// What checks come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// All pass, since then.
    Passes(Option<Timestamp>),
    /// Nobody has asked since this start, or not often enough to say.
    Unjudged,
    /// One does not pass, and it must not be restarted for that.
    NotYet,
    /// Its postStart hook has not been run since this start.
    Unhooked,
    /// One has failed that restarts it.
    Fails,
}

/// What checks come to, and what the one says that decides.
#[derive(Clone, Debug)]
pub(super) struct Checks {
    pub(super) come_to: Checked,
    pub(super) complaint: Option<Complaint>,
}

/// What a check says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    /// The field of the manifest, empty where the message names it.
    pub(super) check: String,
    pub(super) message: String,
}

impl Complaint {
    pub(super) fn reason(&self) -> Reason {
        Reason::Unhealthy { check: self.check.clone(), message: self.message.clone() }
    }

    /// `readinessProbe: HTTP 503`.
    pub(super) fn text(&self) -> String {
        [self.check.as_str(), self.message.as_str()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(": ")
    }
}

impl Checks {
    pub(super) fn of(
        draft: &Draft<'_>,
        workload: &Workload,
        container: &ObservedContainer,
        labels: &OwnerLabels,
    ) -> Self {
        let said = |come_to, check: &str, message: &str| Self {
            come_to,
            complaint: Some(Complaint { check: check.to_owned(), message: message.to_owned() }),
        };
        let started_at = container.detail.as_ref().and_then(|detail| detail.started_at);
        let template = made_from(Some(workload), draft.history, labels);
        match PostStart::of(draft.observed, draft.history, template, container, labels) {
            PostStart::Done => {}
            PostStart::Due => return Self { come_to: Checked::Unhooked, complaint: None },
            // It may be the second time, as a controller died before it could note the first.
            PostStart::Running if ran_whole(draft.history, labels) => {
                return said(Checked::Unjudged, POST_START, "running");
            }
            PostStart::Running => return said(Checked::NotYet, POST_START, "running"),
            PostStart::Failed(message) => return said(Checked::Fails, POST_START, message),
        }
        let probed = template.map(|pod| &pod.container).filter(|template| is_probed(template));
        let verdict = verdict(draft, container, started_at).filter(|verdict| probed.is_some() || verdict.passed_early);
        if let Some(failure) = verdict.and_then(|verdict| verdict.failed.as_ref()) {
            return said(Checked::Fails, &failure.probe.to_string(), &failure.message);
        }
        match container.health {
            Some(Health::Unhealthy) => {
                return said(Checked::Fails, HEALTH_CHECK, health_said(container).unwrap_or("unhealthy"));
            }
            Some(Health::Starting) if verdict.is_some_and(|verdict| verdict.passed_early) => {}
            Some(Health::Starting) => match health_said(container) {
                Some(message) => return said(Checked::NotYet, HEALTH_CHECK, message),
                None => return Self { come_to: Checked::NotYet, complaint: None },
            },
            None | Some(Health::Healthy) => {}
        }
        match verdict.map(|verdict| &verdict.readiness) {
            Some(Readiness::Since(since)) => Self { come_to: Checked::Passes(Some(*since)), complaint: None },
            Some(Readiness::Not { message }) => said(Checked::NotYet, "", message),
            Some(Readiness::Undecided { message }) => said(Checked::Unjudged, "", message),
            None if probed.is_some_and(gates_readiness) => Self { come_to: Checked::Unjudged, complaint: None },
            // It ran before this controller began, and may have failed its liveness probe for as long.
            None if probed.is_some() && started_at.is_some_and(|at| draft.now.duration_since(at) > UNASKED) => {
                Self { come_to: Checked::Unjudged, complaint: None }
            }
            None => Self { come_to: Checked::Passes(started_at), complaint: None },
        }
    }
}

/// Has all looked at again soon where a container has no address yet at which it is to be asked. No event tells of that; the longer it
/// takes since the start, the longer is the wait.
pub(super) fn await_addresses(draft: &mut Draft<'_>, workload: &Workload, replicas: &[Replica<'_>]) {
    let is_asked = |pod: &PodTemplate| is_probed(&pod.container) || pod.container.lifecycle.is_some();
    let running = replicas.iter().filter(|replica| replica.container.state == ContainerState::Running);
    for Replica { container, labels, .. } in running {
        let started_at = container.detail.as_ref().and_then(|detail| detail.started_at);
        let template = made_from(Some(workload), draft.history, labels);
        if !template.is_some_and(is_asked) || draft.address(container) != Err(NoAddress::Yet) {
            continue;
        }
        let ran = started_at.map_or(LEAST_WAIT, |at| draft.now.duration_since(at));
        if let Ok(at) = draft.now.checked_add(ran.max(LEAST_WAIT)) {
            draft.wake(at);
        }
    }
}

/// What Docker's own check said last, where it fails.
fn health_said(container: &ObservedContainer) -> Option<&str> {
    container.detail.as_ref()?.health_output.as_ref()?.told()
}

/// The verdict on this very start of a container.
fn verdict<'a>(
    draft: &Draft<'a>,
    container: &ObservedContainer,
    started_at: Option<Timestamp>,
) -> Option<&'a ProbeVerdict> {
    draft.observed.probes.get(&container.id).filter(|verdict| Some(verdict.started_at) == started_at)
}
