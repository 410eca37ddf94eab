//! Docker's own health check: asked again and again while a container runs, healthy with one pass, unhealthy after some failures.

use jiff::{SignedDuration, Timestamp};
use skiff_api::Container;
use skiff_core::{ContainerState, Health};

use super::answers::Passes;
use super::container::SimContainer;

/// Docker's defaults.
const INTERVAL: SignedDuration = SignedDuration::from_secs(30);
const RETRIES: u32 = 3;

/// A health check of a container, and how far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// Between the start and the first look, and between two.
    interval: SignedDuration,
    /// So many failures in a row are unhealthy.
    retries: u32,
    /// So long after the start no failure counts, while none has passed.
    start_period: SignedDuration,
    /// What comes of each.
    passes: Passes,
    /// Failures in a row.
    failed: u32,
    /// The next look.
    next: Option<Timestamp>,
}

impl Check {
    /// The check that a template asks for, of a program that answers so.
    pub(super) fn of(container: &Container, passes: Passes) -> Option<Self> {
        let check = container.health_check.as_ref()?;
        if check.test.first().is_none_or(|word| word == "NONE") {
            return None;
        }
        let span = |of: skiff_api::Duration| SignedDuration::from_nanos(i64::try_from(of.nanos()).unwrap_or(i64::MAX));
        // A shell that is told to `exit 1` fails; everything else answers as its image.
        let fails = check.test.last().is_some_and(|word| word == "exit 1");
        Some(Self {
            interval: check.interval.map_or(INTERVAL, span),
            retries: check.retries.unwrap_or(RETRIES).max(1),
            start_period: check.start_period.map_or(SignedDuration::ZERO, span),
            passes: if fails { Passes::Never } else { passes },
            failed: 0,
            next: None,
        })
    }
}

impl SimContainer {
    /// It was started: nothing is known of its health.
    pub(super) fn begin_checks(&mut self, now: Timestamp) {
        self.health = self.check.map(|_| Health::Starting);
        if let Some(check) = &mut self.check {
            (check.failed, check.next) = (0, now.checked_add(check.interval).ok());
        }
    }

    /// When its health is looked at next.
    pub(super) fn next_check(&self) -> Option<Timestamp> {
        self.check.filter(|_| self.state == ContainerState::Running)?.next
    }

    /// Docker looks. Where every later look says the same, none is awaited.
    pub(super) fn check_health(&mut self, now: Timestamp) {
        let age = self.started_at.map_or(SignedDuration::ZERO, |started| now.duration_since(started));
        let Some(check) = &mut self.check else { return };
        if check.passes.at(age) {
            check.failed = 0;
            self.health = Some(Health::Healthy);
        } else if self.health != Some(Health::Starting) || age >= check.start_period {
            check.failed += 1;
            if check.failed >= check.retries {
                self.health = Some(Health::Unhealthy);
            }
        }
        let is_final = match check.passes {
            Passes::After(_) => self.health == Some(Health::Healthy),
            Passes::Never => self.health == Some(Health::Unhealthy),
            Passes::InTurns(_) => false,
        };
        check.next = now.checked_add(check.interval).ok().filter(|_| !is_final);
    }

    /// Somebody upset it, or helped: the next look tells.
    pub(super) fn upset(&mut self, health: Health, now: Timestamp) {
        self.health = Some(health);
        if let Some(check) = &mut self.check {
            (check.failed, check.next) = (0, now.checked_add(check.interval).ok());
        }
    }
}
