//! Containers that end without being asked to: who starts them again, and when.
//!
//! The first quick restarts are Docker's. After three ends within a minute, or where the manifest paces restarts, Skiff sets Docker's
//! policy to `no` and owns the back-off: 1 s, doubling to 5 min, ±20 %; it gives it back after ten minutes of running. What is
//! remembered here may be lost at any moment: three more ends bring it back.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use skiff_api::{Component, Kind, ObjectKey, RestartPolicy, RestartSettings};

use crate::desired::{Desired, Workload};
use crate::failure;
use crate::observed::{ContainerDetail, ContainerState, Observed, ObservedContainer};

/// What is known of the ends of each container, by its id.
pub type Crashes = BTreeMap<String, Crash>;

/// So many ends within [`QUICK`] are a crash loop.
const LOOP: usize = 3;
const QUICK: SignedDuration = SignedDuration::from_secs(60);
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_secs(600);

/// The ends of one container since it last ran for long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crash {
    /// How many.
    pub exits: u32,
    /// When the last ones were, the oldest first.
    recent: Vec<Timestamp>,
    /// Whether it is a crash loop.
    pub is_loop: bool,
    /// When its last run ended and how often the engine had restarted it, at the last look.
    seen: (Option<Timestamp>, i64),
}

/// Takes in what containers did since the last look.
pub fn notice_crashes(crashes: &mut Crashes, desired: &Desired, observed: &Observed, now: Timestamp) {
    let mut known = std::mem::take(crashes);
    for container in &observed.containers {
        let (Some(labels), Some(detail)) = (container.owner.labels(), &container.detail) else { continue };
        if labels.component != Component::Main || labels.object.kind != Kind::Deployment {
            continue;
        }
        let seen = (detail.finished_at, detail.restart_count);
        let Some((id, mut crash)) = known.remove_entry(&container.id) else {
            crashes.insert(container.id.clone(), Crash { seen, ..Crash::default() });
            continue;
        };
        if has_finished(desired, &labels.object, container, detail) {
            // It has done what it was to do, however often somebody made it do it.
            crash = Crash { seen, ..Crash::default() };
        } else if crash.seen != seen {
            crash.ended(seen, now);
        } else if crash.exits > 0 && runs_well(desired, &labels.object, container, detail, now) {
            crash = Crash { seen, ..Crash::default() };
        }
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
    let window = desired.workloads.get(object).and_then(|workload| workload.restart.as_ref()?.window);
    let needed =
        window.map_or(FORGOTTEN_AFTER, |window| SignedDuration::try_from(window.to_std()).unwrap_or(FORGOTTEN_AFTER));
    let ran = detail.started_at.map(|started| now.duration_since(started));
    container.state == ContainerState::Running && ran.is_some_and(|ran| ran >= needed)
}

impl Crash {
    /// How many of the last three ends came after a moment.
    pub(crate) fn ends_since(&self, since: Timestamp) -> usize {
        self.recent.iter().filter(|at| **at > since).count()
    }

    /// Counts the ends between two looks.
    fn ended(&mut self, seen: (Option<Timestamp>, i64), now: Timestamp) {
        // The engine counts from 0 again when somebody else starts it, which is no end.
        if seen.0 == self.seen.0 {
            self.seen = seen;
            return;
        }
        let more = u32::try_from(seen.1 - self.seen.1).unwrap_or(0).max(1);
        let at = seen.0.unwrap_or(now);
        self.exits = self.exits.saturating_add(more);
        self.recent.extend((0..more).take(LOOP).map(|_| at));
        let surplus = self.recent.len().saturating_sub(LOOP);
        self.recent.drain(..surplus);
        let quick = self.recent.first().is_some_and(|first| at.duration_since(*first) < QUICK);
        self.is_loop |= self.recent.len() == LOOP && quick;
        self.seen = seen;
    }
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

/// When a container that ended may start again.
pub(crate) fn pace(workload: &Workload, crash: &Crash, ordinal: u32, finished_at: Option<Timestamp>) -> Pace {
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
    finished_at.and_then(|at| at.checked_add(delay).ok()).map_or(Pace::Now, Pace::Until)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).expect("a moment")
    }

    fn after(ends: &[(i64, i64)]) -> Crash {
        ends.iter().fold(Crash::default(), |mut crash, (at, restarts)| {
            crash.ended((Some(moment(*at)), *restarts), moment(*at));
            crash
        })
    }

    #[test]
    fn three_ends_within_a_minute_are_a_crash_loop() {
        assert!(!after(&[(0, 1), (10, 2)]).is_loop);
        assert!(after(&[(0, 1), (10, 2), (59, 3)]).is_loop);
        assert!(!after(&[(0, 1), (10, 2), (60, 3)]).is_loop, "a slow one is not");
        assert!(after(&[(0, 1), (60, 2), (70, 3), (80, 4)]).is_loop, "the last three count");
        assert!(after(&[(5, 4)]).is_loop, "ends between two looks count as well");
        assert_eq!(after(&[(5, 2), (5, 0)]).exits, 2, "a start is no end");
    }
}
