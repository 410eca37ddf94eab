//! Containers that end without being asked to: who starts them again, and when.
//!
//! The first quick restarts are Docker's. After three ends within a minute, or where the manifest paces restarts as Docker cannot, Skiff
//! sets Docker's policy to `no` and owns the back-off: 1 s, doubling to 5 min, ±20 %; it gives it back after ten minutes of running.
//! Containers that have ended are part of the history, so that a controller that starts goes on from there; where that is lost, three
//! more ends bring it back.
//!
//! `maxAttempts` alone, under `OnFailure`, is Docker's own `on-failure:N` and is left to it whole: it counts, waits and gives up as it
//! does where no Skiff runs. Its count is all that says so: it begins anew with each start by anybody else, and so Skiff starts nothing
//! again that has used it up, unless the last run was a long one.

mod learn;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use skiff_api::{Component, Kind, ObjectKey, PodTemplate, RestartPolicy, RestartSettings};

use crate::desired::{Desired, EngineRestart, Workload};
use crate::failure;
use crate::observed::{ContainerDetail, ContainerState, Observed, ObservedContainer};
pub(crate) use learn::learn;

/// What is known of the ends of each container, by its id.
pub type Crashes = BTreeMap<String, Crash>;

/// So many ends within [`QUICK`] are a crash loop.
const LOOP: usize = LOOP_ENDS as usize;
const LOOP_ENDS: u32 = 3;
const QUICK: SignedDuration = SignedDuration::from_secs(60);
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_secs(600);
/// After so long a replica that ended again and again is believed: where nothing is probed it would be Ready with each of its starts, and
/// one that serves would go for it.
pub(crate) const SETTLED_AFTER: SignedDuration = SignedDuration::from_secs(10);
/// What is later than now by more than this was written down before the clock was put back.
pub(crate) const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// The ends of one container since it last ran for long.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Crash {
    /// How many.
    pub exits: u32,
    /// How many since it was made, which is never forgotten.
    #[serde(default)]
    ends: u32,
    /// When the last ones were, the oldest first.
    #[serde(default)]
    recent: Vec<Timestamp>,
    /// Whether it is a crash loop.
    #[serde(default)]
    pub is_loop: bool,
    /// Whether it was one, and has run for long enough since then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recovered: bool,
    /// Whether the engine has restarted it as often as it may, and it ended soon after all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gave_up: bool,
    /// How the last end was, where somebody looked while it was down: an engine that restarts it forgets that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// What the engine said of its ends at the last look.
    #[serde(default)]
    seen: Seen,
}

/// What an engine says of the ends of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    /// When its last run ended.
    finished_at: Option<Timestamp>,
    /// How often the engine had restarted it.
    restarts: i64,
}

/// Takes in what containers did since the last look.
pub fn notice_crashes(crashes: &mut Crashes, desired: &Desired, observed: &Observed, now: Timestamp) {
    let mut known = std::mem::take(crashes);
    for container in &observed.containers {
        let (Some(labels), Some(detail)) = (container.owner.labels(), &container.detail) else { continue };
        if labels.component != Component::Main || labels.object.kind != Kind::Deployment {
            continue;
        }
        let seen = Seen { finished_at: detail.finished_at, restarts: detail.restart_count };
        let Some((id, mut crash)) = known.remove_entry(&container.id) else {
            let is_down = matches!(container.state, ContainerState::Exited | ContainerState::Restarting);
            let has_ended = is_down && !has_finished(desired, &labels.object, container, detail);
            let mut crash = Crash::first_seen(seen, has_ended, now);
            crash.see_code(container, detail);
            crash.see_engine(desired.workloads.get(&labels.object), container);
            crashes.insert(container.id.clone(), crash);
            continue;
        };
        crash.forget_future(now);
        if has_finished(desired, &labels.object, container, detail) {
            // It has done what it was to do, however often somebody made it do it.
            crash = Crash { seen, ends: crash.ends, ..Crash::default() };
        } else if crash.seen != seen {
            crash.ended(seen, now);
        } else if crash.exits > 0 && runs_well(desired, &labels.object, container, detail, now) {
            crash = Crash { seen, recovered: crash.is_loop, ends: crash.ends, ..Crash::default() };
        }
        crash.see_code(container, detail);
        crash.see_engine(desired.workloads.get(&labels.object), container);
        crashes.insert(id, crash);
    }
}

/// What is to be said of containers that ended again and again, run once more and are not believed yet, by id.
pub fn settling_complaints(observed: &Observed, now: Timestamp) -> BTreeMap<String, String> {
    let complaint = |container: &ObservedContainer| {
        let crash = observed.crashes.get(&container.id).filter(|crash| crash.is_loop)?;
        let started_at = container.detail.as_ref()?.started_at?;
        let is_young = container.state == ContainerState::Running && now.duration_since(started_at) < SETTLED_AFTER;
        let seconds = SETTLED_AFTER.as_secs();
        is_young.then(|| {
            (container.id.clone(), format!("it ended {} times, and is taken for Ready after {seconds} s", crash.exits))
        })
    };
    observed.containers.iter().filter_map(complaint).collect()
}

/// Whether a container ended as it was meant to, and is not to run again.
fn has_finished(
    desired: &Desired,
    object: &ObjectKey,
    container: &ObservedContainer,
    detail: &ContainerDetail,
) -> bool {
    let policy = desired.workloads.get(object).map(|workload| workload.restart_policy);
    container.state == ContainerState::Exited && detail.exit_code == 0 && policy == Some(RestartPolicy::OnFailure)
}

/// Whether a container has run for so long that its ends are forgotten.
fn runs_well(
    desired: &Desired,
    object: &ObjectKey,
    container: &ObservedContainer,
    detail: &ContainerDetail,
    now: Timestamp,
) -> bool {
    let needed = desired.workloads.get(object).map_or(FORGOTTEN_AFTER, |workload| well_after(workload));
    let ran = detail.started_at.map(|started| now.duration_since(started));
    container.state == ContainerState::Running && ran.is_some_and(|ran| ran >= needed)
}

/// How long a container runs until its ends are forgotten, and its restarts are Docker's again.
pub(crate) fn well_after(workload: &Workload) -> SignedDuration {
    let window = workload.restart.as_ref().and_then(|restart| restart.window);
    window.map_or(FORGOTTEN_AFTER, |window| SignedDuration::try_from(window.to_std()).unwrap_or(FORGOTTEN_AFTER))
}

impl Crash {
    /// How many of the last three ends came after a moment.
    pub(crate) fn ends_since(&self, since: Timestamp) -> usize {
        self.recent.iter().filter(|at| **at > since).count()
    }

    /// Whether there is anything to remember.
    const fn says_something(&self) -> bool {
        self.exits > 0 || self.ends > 0
    }

    /// How often the container was started again, by the engine or anybody else, for all that is known: the engine counts from 0 again
    /// when somebody else starts it.
    pub fn restarts(&self, container: &ObservedContainer) -> i64 {
        let by_engine = container.detail.as_ref().map_or(0, |detail| detail.restart_count);
        by_engine.max(i64::from(self.ends) - i64::from(container.state != ContainerState::Running))
    }

    fn see_code(&mut self, container: &ObservedContainer, detail: &ContainerDetail) {
        let is_down = matches!(container.state, ContainerState::Exited | ContainerState::Restarting);
        if self.exits > 0 && is_down {
            self.code = Some(detail.exit_code);
        }
    }

    /// What the engine counts is its own, and no crash loop of Skiff's.
    fn see_engine(&mut self, workload: Option<&Arc<Workload>>, container: &ObservedContainer) {
        self.is_loop &= workload.and_then(|workload| engine_limit(workload)).is_none();
        self.gave_up = workload.is_some_and(|workload| engine_gave_up(workload, container).is_some());
    }

    /// `, last with 3`; nothing where nobody saw it.
    pub(crate) fn last(&self) -> String {
        last(self.code)
    }

    /// What is known at the first look: that it is down is one end, as it was started. How it ended before says nothing.
    fn first_seen(seen: Seen, has_ended: bool, now: Timestamp) -> Self {
        let ends = u32::try_from(seen.restarts).unwrap_or_default();
        let mut crash = Self { ends, seen: Seen { restarts: seen.restarts, ..Seen::default() }, ..Self::default() };
        if has_ended {
            crash.ended(seen, now);
        }
        Self { seen, ..crash }
    }

    /// Drops the moments of ends that are yet to come, as the clock was put back: how many there were is all that is known then.
    fn forget_future(&mut self, now: Timestamp) {
        self.recent.retain(|at| at.duration_since(now) <= SKEW);
    }

    /// Counts the ends between two looks.
    fn ended(&mut self, seen: Seen, now: Timestamp) {
        // The engine counts from 0 again when somebody else starts it, which is no end.
        if seen.finished_at == self.seen.finished_at {
            self.seen = seen;
            return;
        }
        let more = u32::try_from(seen.restarts.saturating_sub(self.seen.restarts)).unwrap_or(0).max(1);
        let at = seen.finished_at.unwrap_or(now);
        self.exits = self.exits.saturating_add(more);
        self.ends = self.ends.saturating_add(more);
        self.code = None;
        // Of several it is only known after which end they came: nobody may have looked for long.
        let from = self.seen.finished_at.filter(|from| *from < at).unwrap_or(at);
        let gap = at.duration_since(from) / i32::try_from(more).unwrap_or(i32::MAX);
        let latest = (0..more.min(LOOP_ENDS)).rev();
        self.recent
            .extend(latest.filter_map(|before| at.checked_sub(gap.checked_mul(i32::try_from(before).ok()?)?).ok()));
        let surplus = self.recent.len().saturating_sub(LOOP);
        self.recent.drain(..surplus);
        let quick = self.recent.first().is_some_and(|first| at.duration_since(*first) < QUICK);
        self.is_loop |= self.recent.len() == LOOP && quick;
        self.seen = seen;
    }
}

/// `, last with 3`; nothing where nobody saw it.
pub(crate) fn last(code: Option<i64>) -> String {
    code.map_or_else(String::new, |code| format!(", last with {code}"))
}

/// Whether the manifest asks for restarts that Docker cannot make: it waits by itself, counts under `on-failure` alone, forgets no restart,
/// and takes a limit of 0 for none.
pub(crate) fn needs_pacing(pod: &PodTemplate) -> bool {
    !paced_fields(pod).is_empty()
}

/// The fields that ask for it.
pub(crate) fn paced_fields(pod: &PodTemplate) -> Vec<&'static str> {
    let policy = pod.restart_policy.unwrap_or_default();
    let Some(RestartSettings { delay, max_attempts, window }) = &pod.restart else { return Vec::new() };
    if policy == RestartPolicy::Never {
        return Vec::new();
    }
    let is_docker_s = |most: u32| most > 0 && policy == RestartPolicy::OnFailure;
    [
        ("restart.delay", delay.is_some()),
        ("restart.maxAttempts", max_attempts.is_some_and(|most| !is_docker_s(most))),
        ("restart.window", window.is_some() && max_attempts.is_some()),
    ]
    .into_iter()
    .filter_map(|(field, asks)| asks.then_some(field))
    .collect()
}

/// What the engine does when a container ends by itself: nothing, where Skiff stays and paces the restarts. Where nobody stays it is the
/// nearest that the engine can do: it counts, or restarts as the policy alone says.
pub(crate) fn engine_restarts(pod: &PodTemplate, stays: bool) -> EngineRestart {
    let policy = pod.restart_policy.unwrap_or_default();
    let most = pod.restart.as_ref().and_then(|restart| restart.max_attempts).map(NonZeroU32::new);
    match (policy, most) {
        (RestartPolicy::Never, _) | (_, Some(None)) => EngineRestart::Never,
        _ if stays && needs_pacing(pod) => EngineRestart::Never,
        (RestartPolicy::Always | RestartPolicy::OnFailure, Some(Some(most))) => EngineRestart::OnFailureTimes(most),
        (RestartPolicy::Always, None) => EngineRestart::Always,
        (RestartPolicy::OnFailure, None) => EngineRestart::OnFailure,
    }
}

/// How often the engine restarts a container of a workload at most, where that is its to count.
fn engine_limit(workload: &Workload) -> Option<u32> {
    match workload.in_place.restart_policy {
        Some(EngineRestart::OnFailureTimes(most)) => Some(most.get()),
        Some(EngineRestart::Never | EngineRestart::Always | EngineRestart::OnFailure) | None => None,
    }
}

/// How often the engine restarted a container, where it does so no more and the last run was a short one. Its count alone says so, as it
/// begins anew with every start by anybody else.
pub(crate) fn engine_gave_up(workload: &Workload, container: &ObservedContainer) -> Option<u32> {
    let (most, detail) = (engine_limit(workload)?, container.detail.as_ref()?);
    let ran = detail.started_at.zip(detail.finished_at).map(|(from, to)| to.duration_since(from));
    let is_down = container.state == ContainerState::Exited && detail.exit_code != 0;
    let used_up = detail.restart_count >= i64::from(most) && ran.is_none_or(|ran| ran < well_after(workload));
    (is_down && used_up).then(|| u32::try_from(detail.restart_count).unwrap_or(most))
}

/// What the ends of a container mean for its next start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// It may start.
    Now,
    /// It waits until then.
    Until(Timestamp),
    /// It has been tried often enough.
    Never {
        /// How often.
        attempts: u32,
    },
}

/// When a container that ended may start again. An end that is yet to come by the clock keeps it no longer than one of now would.
pub(crate) fn pace(
    workload: &Workload,
    crash: &Crash,
    ordinal: u32,
    finished_at: Option<Timestamp>,
    now: Timestamp,
) -> Pace {
    let paced = workload.is_paced();
    if crash.exits == 0 || !(paced || crash.is_loop) {
        return Pace::Now;
    }
    let settings = workload.restart.as_ref();
    if let Some(attempts) = settings.and_then(|restart| restart.max_attempts).filter(|most| crash.exits > *most) {
        return Pace::Never { attempts };
    }
    let own =
        settings.and_then(|restart| restart.delay).and_then(|delay| SignedDuration::try_from(delay.to_std()).ok());
    // The first quick restarts were Docker's.
    let waited = if paced { crash.exits } else { crash.exits.saturating_sub(2).max(1) };
    let delay = own.unwrap_or_else(|| failure::delay(&format!("{}#{ordinal}", workload.key), waited));
    let ended = finished_at.filter(|at| at.duration_since(now) <= SKEW);
    ended.and_then(|at| at.checked_add(delay).ok()).map_or(Pace::Now, Pace::Until)
}

#[cfg(test)]
mod tests;
