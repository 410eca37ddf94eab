//! Hooks as the adapter runs them. What they do is not known here; that they were run is, and how they ended.

use jiff::Timestamp;
use skiff_core::{Check, ContainerState, EngineError, Outcome, RunHook, StopContainer};

use super::SimEngine;

/// A hook that was run in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimHook {
    /// The start of the container that it was run in.
    pub started_at: Timestamp,
    /// Whether it was run before a stop.
    pub before_stop: bool,
}

impl SimEngine {
    pub(super) fn run_hook(&mut self, hook: &RunHook) -> Result<Outcome, EngineError> {
        let container = self.find_mut(&hook.container)?;
        if container.state != ContainerState::Running || container.started_at != Some(hook.started_at) {
            return Err(EngineError::Stale(format!(
                "container {} does not run any more as it did",
                hook.container.name
            )));
        }
        container.hooks.push(SimHook { started_at: hook.started_at, before_stop: false });
        let failure = failure(&hook.check).or_else(|| container.answers.fails_hooks.then(|| "exit code 1".to_owned()));
        failure.map_or(Ok(Outcome::Done), |said| Err(EngineError::Hook(said)))
    }

    pub(super) fn stop_after_hook(&mut self, stop: &StopContainer) -> Outcome {
        let warning = stop.pre_stop.as_ref().and_then(|check| {
            let container = self.find_mut(&stop.container).ok()?;
            let started_at = container.started_at.filter(|_| container.state == ContainerState::Running)?;
            container.hooks.push(SimHook { started_at, before_stop: true });
            late(check, stop.grace_seconds).or_else(|| failure(check))
        });
        match (self.stop_container(&stop.container), warning) {
            (Outcome::Done, Some(warning)) => Outcome::Warned { warnings: vec![format!("preStop: {warning}")] },
            (outcome, _) => outcome,
        }
    }
}

/// What is said of a hook that outlives the grace period: a shell that is told to `sleep N`.
fn late(check: &Check, grace_seconds: u32) -> Option<String> {
    let slept = |command: &Vec<String>| command.last()?.strip_prefix("sleep ")?.parse::<u32>().ok();
    let seconds: u32 = commands(check).filter_map(slept).sum();
    (seconds > grace_seconds).then(|| format!("it did not end within the {grace_seconds} s of the grace period"))
}

/// A shell that is told to `exit N` does so; everything else ends well.
fn failure(check: &Check) -> Option<String> {
    if let Check::Unaskable { why, .. } = check {
        return Some(why.clone());
    }
    let code = |command: &Vec<String>| command.last()?.strip_prefix("exit ")?.parse::<i64>().ok();
    commands(check).filter_map(code).find(|code| *code != 0).map(|code| format!("exit code {code}"))
}

fn commands(check: &Check) -> impl Iterator<Item = &Vec<String>> {
    let (one, many) = match check {
        Check::Exec { command } => (Some(command), &[][..]),
        Check::Commands(many) => (None, many.as_slice()),
        Check::Unaskable { .. } | Check::Http(_) | Check::Tcp { .. } | Check::Grpc { .. } | Check::Sleep(_) => {
            (None, &[][..])
        }
    };
    one.into_iter().chain(many.iter().map(|command| &command.command))
}
