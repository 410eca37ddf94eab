//! How what runs in a container answers probes and hooks: by its image, by how long it has run, and by what has befallen it.

use jiff::SignedDuration;
use skiff_core::{ContainerState, ProbeKind};

use super::SimEngine;
use super::container::SimContainer;

/// When a probe passes, counted from the container's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passes {
    /// From so long after the start.
    After(SignedDuration),
    /// At no time.
    Never,
    /// And fails, in turns of so long, beginning with a pass.
    InTurns(SignedDuration),
}

impl Default for Passes {
    fn default() -> Self {
        Self::After(SignedDuration::ZERO)
    }
}

/// How the containers of an image answer probes and hooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Startup and readiness.
    pub ready: Passes,
    /// Liveness.
    pub alive: Passes,
    /// Whether their postStart hooks fail, whatever they are.
    pub fails_hooks: bool,
}

impl Passes {
    pub(super) fn at(self, age: SignedDuration) -> bool {
        match self {
            Self::After(delay) => age >= delay,
            Self::Never => false,
            Self::InTurns(turn) => (age.as_nanos() / turn.as_nanos().max(1)) % 2 == 0,
        }
    }
}

impl SimEngine {
    /// What a container, by its id or name, answers to a probe now.
    ///
    /// # Errors
    /// Why it does not pass.
    pub fn answer(&self, handle: &str, probe: ProbeKind) -> Result<(), String> {
        let container = self.container(handle).ok_or("no such container")?;
        match container.state {
            ContainerState::Running => {}
            ContainerState::Paused => return Err("timeout".to_owned()),
            ContainerState::Created
            | ContainerState::Restarting
            | ContainerState::Removing
            | ContainerState::Exited
            | ContainerState::Dead => return Err("connection refused".to_owned()),
        }
        if container.passes(probe, self.now) { Ok(()) } else { Err("HTTP 503".to_owned()) }
    }

    /// What runs in a container fails every probe until it is started again.
    pub fn sicken(&mut self, name: &str) -> bool {
        self.with(name, |container| {
            let is_up = container.is_up();
            container.is_sick |= is_up;
            is_up
        })
    }

    /// Whatever sickened is well again.
    pub fn cure_all(&mut self) {
        self.containers.values_mut().for_each(|container| container.is_sick = false);
    }

    /// From now on a container answers so.
    pub fn set_answers(&mut self, name: &str, answers: Answers) -> bool {
        self.with(name, |container| {
            container.answers = answers;
            true
        })
    }
}

impl SimContainer {
    fn passes(&self, probe: ProbeKind, now: jiff::Timestamp) -> bool {
        let age = self.started_at.map_or(SignedDuration::ZERO, |started| now.duration_since(started));
        let when = match probe {
            ProbeKind::Startup | ProbeKind::Readiness => self.answers.ready,
            ProbeKind::Liveness => self.answers.alive,
        };
        !self.is_sick && when.at(age)
    }
}
