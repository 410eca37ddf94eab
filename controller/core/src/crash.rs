//! Containers that end without being asked to: who starts them again, and when.
//!
//! The first quick restarts are Docker's. After three ends within a minute, or where the manifest paces restarts, Skiff sets Docker's
//! policy to `no` and owns the back-off: 1 s, doubling to 5 min, ±20 %; it gives it back after ten minutes of running. Containers that
//! have ended are part of the history, so that a controller that starts goes on from there; where that is lost, three more ends bring
//! it back.

mod learn;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use skiff_api::{Component, Kind, ObjectKey, RestartPolicy, RestartSettings};

use crate::desired::{Desired, Workload};
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
/// What is later than now by more than this was written down before the clock was put back.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

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
        crashes.insert(id, crash);
    }
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

/// Whether Skiff restarts the containers of a workload, whatever they do: Docker cannot pace as the manifest says.
pub(crate) fn is_paced(restart: Option<&RestartSettings>) -> bool {
    restart.is_some_and(|restart| restart.delay.is_some() || restart.max_attempts.is_some())
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
    let paced = is_paced(workload.restart.as_ref());
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
