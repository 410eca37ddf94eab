//! What is known of the probes of one start of a container, and what one more answer makes of it.

use jiff::Timestamp;

use super::plan::{ProbePlan, ProbeSpec};
use super::track::{Times, Track};
use super::{ProbeFailure, ProbeKind, ProbeVerdict, Readiness};

/// What is known of the probes of one start of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeState {
    started_at: Timestamp,
    found: Found,
    startup: Track,
    readiness: Track,
    liveness: Track,
    /// Whether startup is known to have passed.
    has_started: bool,
}

/// How the start of a container came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// It was seen.
    Starting,
    /// It ran before anybody looked, and was too young for its liveness probe to have been asked.
    Young,
    /// It ran before anybody looked.
    Running,
    /// Other probes were asked of it before.
    Changed,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeSample {
    /// The start of the container that was asked.
    pub started_at: Timestamp,
    /// Which probe.
    pub probe: ProbeKind,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// Whether it passed, or why not.
    pub result: Result<(), String>,
}

impl ProbeState {
    /// A container whose start was seen: it is not Ready before it says so.
    pub const fn begun(started_at: Timestamp) -> Self {
        Self::new(started_at, Found::Starting, false)
    }

    /// A container that ran before anybody looked at it: its first pass, or as many failures as it may have, say how it is.
    /// `has_started` is whether startup is remembered to have passed.
    pub const fn adopted(started_at: Timestamp, has_started: bool) -> Self {
        Self::new(started_at, Found::Running, has_started)
    }

    /// The same, of one that is found at a moment: before the first delay of its liveness probe is over, that has not failed.
    #[must_use]
    pub fn found(self, plan: &ProbePlan, now: Timestamp) -> Self {
        let first = |spec: &ProbeSpec| self.started_at.saturating_add(spec.initial_delay).unwrap_or(Timestamp::MAX);
        let is_young = plan.liveness.as_ref().is_some_and(|spec| now < first(spec));
        Self { found: if is_young { Found::Young } else { self.found }, ..self }
    }

    /// One whose probes have changed. A liveness probe that has never passed may itself be wrong: what was well until then is not
    /// restarted for it.
    pub const fn changed(started_at: Timestamp, has_started: bool) -> Self {
        Self::new(started_at, Found::Changed, has_started)
    }

    const fn new(started_at: Timestamp, found: Found, has_started: bool) -> Self {
        let is_adopted = !matches!(found, Found::Starting);
        Self {
            started_at,
            found,
            startup: Track::new(true, is_adopted),
            readiness: Track::new(true, is_adopted),
            liveness: Track::new(false, is_adopted),
            has_started,
        }
    }

    /// The start that this is about.
    pub const fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// When a probe is asked next; `None` where there is none, or it waits for an address or for startup, or is done with.
    pub fn due(&self, plan: &ProbePlan, probe: ProbeKind, now: Timestamp) -> Option<Timestamp> {
        let spec = plan.get(probe).filter(|spec| !spec.check.is_for_later())?;
        let is_open = match probe {
            ProbeKind::Startup => !self.has_started(plan),
            ProbeKind::Readiness | ProbeKind::Liveness => self.has_started(plan),
        };
        let earliest = self.started_at.saturating_add(spec.initial_delay).unwrap_or(Timestamp::MAX);
        is_open.then(|| self.track(probe).due(spec, earliest, now))
    }

    /// What the answers have come to.
    pub fn verdict(&self, plan: &ProbePlan) -> ProbeVerdict {
        ProbeVerdict {
            started_at: self.started_at,
            started: self.has_started(plan),
            passed_startup: plan.startup.is_some() && self.has_started(plan),
            passed_early: plan.is_early && self.has_started(plan),
            readiness: self.readiness(plan),
            is_lost: plan.readiness.is_some() && self.readiness.has_passed && self.readiness.passing_since.is_none(),
            failed: self.exhausted(plan).filter(|_| !self.is_unproven(plan)),
            unproven: self.exhausted(plan).filter(|_| self.is_unproven(plan)),
        }
    }

    fn has_started(&self, plan: &ProbePlan) -> bool {
        plan.startup.is_none() || self.has_started || self.startup.passing_since.is_some()
    }

    fn readiness(&self, plan: &ProbePlan) -> Readiness {
        let not = |probe: ProbeKind| {
            let track = self.track(probe);
            let message = format!("{probe}: {}", track.message.as_deref().unwrap_or("not asked yet"));
            // Before the first answer nobody knows: what serves is not to go for that.
            match plan.get(probe).filter(|_| track.is_unjudged() || self.is_unasked()) {
                Some(spec) => Readiness::Undecided { message: message + &track.so_far(spec) },
                None => Readiness::Not { message },
            }
        };
        if !self.has_started(plan) {
            return not(ProbeKind::Startup);
        }
        if let Some(spec) = &plan.liveness {
            let said = self.liveness.message.as_deref().unwrap_or("not asked yet");
            let message = format!("{}: {said}{}", ProbeKind::Liveness, self.liveness.so_far(spec));
            if self.may_be_failing() {
                return Readiness::Undecided { message };
            }
            // What has not been alive once is not Ready, however many failures it may have.
            if self.found != Found::Changed && self.liveness.has_only_failed() {
                return Readiness::Not { message };
            }
        }
        let began = self.startup.passing_since.unwrap_or(self.started_at);
        match (&plan.readiness, self.readiness.passing_since) {
            (None, _) => Readiness::Since(began),
            (Some(_), Some(since)) => Readiness::Since(since.max(began)),
            (Some(_), None) => not(ProbeKind::Readiness),
        }
    }

    /// The probe that has failed as often as it may: startup until it passes, then liveness.
    fn exhausted(&self, plan: &ProbePlan) -> Option<ProbeFailure> {
        let probe = if self.has_started(plan) { ProbeKind::Liveness } else { ProbeKind::Startup };
        let (spec, track) = (plan.get(probe)?, self.track(probe));
        let message = track.message.clone().unwrap_or_default();
        track.is_exhausted(spec).then_some(ProbeFailure { probe, message })
    }

    fn is_unproven(&self, plan: &ProbePlan) -> bool {
        self.found == Found::Changed && self.has_started(plan) && !self.liveness.has_passed
    }

    /// Whether it ran before anybody asked, and may have failed its liveness probe for as long: it is not taken for well before that has
    /// passed, or failed as often as it may.
    const fn may_be_failing(&self) -> bool {
        matches!(self.found, Found::Running) && self.liveness.is_unjudged()
    }

    const fn is_unasked(&self) -> bool {
        self.startup.is_unasked() && self.readiness.is_unasked()
    }

    const fn track(&self, probe: ProbeKind) -> &Track {
        match probe {
            ProbeKind::Startup => &self.startup,
            ProbeKind::Readiness => &self.readiness,
            ProbeKind::Liveness => &self.liveness,
        }
    }
}

/// What one more answer makes of what is known. One that is about another start of the container is not heard.
pub fn judge(plan: &ProbePlan, mut state: ProbeState, sample: ProbeSample, now: Timestamp) -> ProbeState {
    let ProbeSample { started_at, probe, asked_at, result } = sample;
    let Some(spec) = plan.get(probe).filter(|_| started_at == state.started_at) else { return state };
    // What ran and passes when it is first asked has been so since its start, for all that is known.
    let is_first_look = state.found != Found::Starting && state.track(probe).is_unasked();
    let passes_since = if is_first_look { state.started_at } else { now };
    let track = match probe {
        ProbeKind::Startup => &mut state.startup,
        ProbeKind::Readiness => &mut state.readiness,
        ProbeKind::Liveness => &mut state.liveness,
    };
    track.take(spec, Times { asked_at, answered_at: now, passes_since }, result);
    state
}
