//! The row of a killed process.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::pairs;
use super::report::Row;
use super::rows::{Stage, events, now, ratio};
use super::sample::Sample;
use crate::act;
use crate::check::poll;
use crate::docker::{Docker, Seen};

impl Stage {
    /// A process is killed from the host, while `skiff run` watches. Another service each time: no back-off is met. Besides, what
    /// Docker's own restart policy takes where nobody watches.
    pub(super) fn healing(&mut self) -> Result<Row> {
        let [mut skiff, mut raw, mut alone] = [const { Sample::new() }; 3];
        for pair in 0..pairs() {
            let seen = self.world.replica(&format!("service-{pair}"))?;
            skiff.add(until_started(&self.world.docker, &seen, &self.world.label())?);
            raw.add(self.baseline.start(0..1)?);
            alone.add(until_started(&self.world.docker, &self.baseline.seen(0)?, &self.baseline.label())?);
            self.baseline.remove(0..1)?;
        }
        act::end_run()(&mut self.world)?;
        self.notes.push(format!(
            "A killed process whose container Docker starts again by its policy `always`, without Skiff: {alone}. The engine waits for 100 ms \
             before it does. To ask for a restart at once was tried: under load that comes too late, and kills the process that \
             the engine has just started."
        ));
        Ok(ratio("a container's process is killed from the host: running again, `skiff run`", &skiff, &raw, 1.2))
    }
}

/// Kills the process of a container, and returns how long it took until its container was started again.
fn until_started(docker: &Docker, seen: &Seen, label: &str) -> Result<Duration> {
    let pid = Pid::from_raw(seen.pid()).context("it does not run")?;
    let since = now();
    kill_process(pid, Signal::KILL)?;
    let mut started = None;
    poll(Duration::from_secs(20), || {
        started = events(docker, label, "start", since)?.into_iter().max();
        ensure!(started.is_some(), "not yet");
        Ok(())
    })?;
    Ok(started.context("no event")?.saturating_sub(since))
}
