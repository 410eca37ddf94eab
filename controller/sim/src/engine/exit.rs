//! What happens by itself: processes end, the engine starts them again, health checks are made.

use std::num::NonZeroU32;

use jiff::{SignedDuration, Timestamp};
use skiff_core::{ContainerState, Health};

use super::SimEngine;
use super::container::{DockerRestart, Program, SimContainer};

const FIRST_WAIT: SignedDuration = SignedDuration::from_millis(100);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(60);
/// After running for so long, the engine waits as if the container had never failed.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_secs(10);

/// Something that time brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Ends,
    Restarts,
    Checks,
}

impl SimEngine {
    /// Lets time pass: everything that falls due until then happens, in order.
    pub fn advance(&mut self, to: Timestamp) {
        while let Some((at, due, id)) = self.next_due().filter(|(at, _, _)| *at <= to) {
            self.now = self.now.max(at);
            self.happen(due, &id);
        }
        self.now = self.now.max(to);
    }

    /// When something will happen by itself.
    pub fn next_change(&self) -> Option<Timestamp> {
        self.next_due().map(|(at, _, _)| at)
    }

    fn next_due(&self) -> Option<(Timestamp, Due, String)> {
        let due = self.containers.values().flat_map(|container| {
            container.dues().into_iter().flatten().map(|(at, due)| (at, due, container.id.clone()))
        });
        due.min()
    }

    fn happen(&mut self, due: Due, id: &str) {
        match due {
            Due::Ends => {
                let program = self.containers.get(id).map(|container| container.program);
                if let Some(Program::Exits { code, .. }) = program {
                    self.end(id, code);
                }
            }
            // A start that fails leaves its reason in the container.
            Due::Restarts => drop(self.launch(id)),
            Due::Checks => {
                let now = self.now;
                if let Some(container) = self.containers.get_mut(id) {
                    container.check_health(now);
                }
            }
        }
    }

    /// The process ends with a code, and the restart policy says what follows.
    pub(super) fn end(&mut self, id: &str, code: i64) {
        let now = self.now;
        let Some(container) = self.containers.get_mut(id) else { return };
        let ran = container.started_at.map_or(SignedDuration::ZERO, |started| now.duration_since(started));
        container.finished_at = Some(now);
        container.exit_code = code;
        container.published.clear();
        container.state = ContainerState::Exited;
        container.health = container.health.map(|_| Health::Unhealthy);
        if container.starts_again() {
            container.waited = next_wait(container.waited, ran);
            container.restart_at = now.checked_add(container.waited).ok();
            container.restart_count += 1;
            container.state = ContainerState::Restarting;
        }
    }
}

fn next_wait(last: SignedDuration, ran: SignedDuration) -> SignedDuration {
    if last.is_zero() || ran >= FORGOTTEN_AFTER { FIRST_WAIT } else { (last * 2).min(LONGEST_WAIT) }
}

impl SimContainer {
    fn dues(&self) -> [Option<(Timestamp, Due)>; 3] {
        let since_start = |after: SignedDuration| self.started_at.and_then(|started| started.checked_add(after).ok());
        let ends = match self.program {
            Program::Exits { after, .. } if self.state == ContainerState::Running => since_start(after),
            Program::Exits { .. } | Program::Runs => None,
        };
        [
            ends.map(|at| (at, Due::Ends)),
            self.restart_at.map(|at| (at, Due::Restarts)),
            self.next_check().map(|at| (at, Due::Checks)),
        ]
    }

    fn starts_again(&self) -> bool {
        match self.restart {
            DockerRestart::No => false,
            DockerRestart::Always | DockerRestart::UnlessStopped => !self.stopped_by_api,
            DockerRestart::OnFailure(most) => !self.stopped_by_api && self.exit_code != 0 && self.may_restart(most),
        }
    }

    /// Whether a limit of restarts is not used up: the engine counts all that it made since somebody else started it, and forgets none.
    pub(super) fn may_restart(&self, most: Option<NonZeroU32>) -> bool {
        most.is_none_or(|most| self.restart_count < i64::from(most.get()))
    }
}
