//! Docker's own check asked early: `startInterval`, on an engine that is too old for it.
//!
//! Such an engine asks for the first time after a whole interval, half a minute as a rule, and so long nothing that waits for the container
//! goes on. Skiff asks the same command as often as the manifest says until it passes once; from then on the engine's verdict counts.

use jiff::SignedDuration;
use skiff_api::{Container, HealthCheck};

use super::plan::ProbeSpec;
use crate::check::Check;

/// From this version of Docker's API on the engine asks as often as `startInterval` says.
pub const START_INTERVAL: (u32, u32) = (1, 44);

/// The check that is asked early, where the engine does not and its command is known.
pub(super) fn early(container: &Container, api_version: (u32, u32)) -> Option<ProbeSpec> {
    let check = container.health_check.as_ref().filter(|_| api_version < START_INTERVAL)?;
    // A startup probe says already when it has started.
    let every = check.start_interval.filter(|_| container.startup_probe.is_none())?;
    let period = SignedDuration::try_from(every.to_std()).ok()?;
    let timeout = check.timeout.and_then(|timeout| SignedDuration::try_from(timeout.to_std()).ok());
    Some(ProbeSpec {
        check: Check::Exec { command: command(check)? },
        initial_delay: SignedDuration::ZERO,
        period,
        timeout: timeout.filter(SignedDuration::is_positive).unwrap_or(SignedDuration::from_secs(30)),
        success_threshold: 1,
        // That it never does is for the engine to say.
        failure_threshold: u32::MAX,
    })
}

/// Whether the check can be asked early by somebody else than the engine.
pub(crate) fn is_askable(check: &HealthCheck) -> bool {
    command(check).is_some()
}

/// The command of a check; what an image brings is not known.
fn command(check: &HealthCheck) -> Option<Vec<String>> {
    match check.test.split_first()? {
        (form, words) if form == "CMD" && !words.is_empty() => Some(words.to_vec()),
        (form, [script]) if form == "CMD-SHELL" => Some(["/bin/sh", "-c", script].map(str::to_owned).to_vec()),
        _ => None,
    }
}
