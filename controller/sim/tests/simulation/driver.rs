//! What every run does: passes, single steps and rests, each watched, and a trace of what happened.

use jiff::SignedDuration;
use skiff_core::Timestamp;
use skiff_sim::SimEngine;

use crate::bounds::Sight;
use crate::controller::{Controller, Performed, described};
use crate::hooks;
use crate::manifests::Manifests;
use crate::order::Order;
use crate::random::Random;
use crate::watch::Watch;

/// More passes than any of these systems needs from one quiet point to the next.
const MOST_PASSES: usize = 1500;
const TICK: SignedDuration = SignedDuration::from_secs(10);
/// Longer than any back-off.
pub(crate) const LONG_ENOUGH: SignedDuration = SignedDuration::from_mins(20);
/// How long probes are asked while nothing else happens: what has not changed by then does not change.
const PROBED_FOR: SignedDuration = SignedDuration::from_secs(20);
/// After running for so long, what crashed before is as good as new.
const FORGIVEN: SignedDuration = SignedDuration::from_secs(601);
/// How many of the last things are told of a run that failed.
const TRACE: usize = 60;

/// An engine with a controller at work on it.
pub(crate) struct Driver {
    pub(crate) random: Random,
    pub(crate) engine: SimEngine,
    pub(crate) controller: Controller,
    pub(crate) watch: Watch,
    trace: Vec<String>,
    /// What the last pass held, so that it is told once.
    held: Vec<String>,
}

impl Driver {
    pub(crate) fn new(random: Random, engine: SimEngine, controller: Controller) -> Self {
        Self { random, engine, controller, watch: Watch::default(), trace: Vec::new(), held: Vec::new() }
    }

    /// What went wrong, with the last things that happened and how to see it again.
    pub(crate) fn report(&self, test: &str, seed: u64, violation: &str) -> String {
        let from = self.trace.len().saturating_sub(TRACE);
        let trace = self.trace.get(from..).unwrap_or_default().join("\n  ");
        format!(
            "seed {seed}: {violation}\n  {trace}\nreplay: SKIFF_SIM_SEED={seed} cargo test -p skiff-sim --test simulation {test}"
        )
    }

    pub(crate) fn say(&mut self, what: &str) {
        let moment = self.engine.now().strftime("%H:%M:%S%.3f");
        self.trace.push(format!("{moment} {what}"));
    }

    /// The controller is told something.
    pub(crate) fn tell(&mut self, manifests: &Manifests, order: &Order) {
        self.watch.tell(manifests, order);
        self.controller.load(manifests, order);
    }

    /// What it was told to do is done.
    pub(crate) fn done(&mut self) {
        self.watch.ledger.done();
        self.controller.done();
    }

    /// The controller dies and is started again.
    pub(crate) fn crash(&mut self) {
        self.controller.crash(&self.engine);
        self.watch.crashed();
        self.say("the controller crashes");
    }

    /// The controller is told to end, leaves what is Docker's, and is started again; or it dies.
    pub(crate) fn end_or_crash(&mut self) -> Result<(), String> {
        // By the clock and not by chance, so that known seeds stay what they are.
        if self.engine.now().as_millisecond() % 2 == 0 {
            self.say("the controller is told to end");
            // What it leaves works towards no manifest: nothing of it is a plan that somebody waits for.
            self.controller.leave(&mut self.engine);
            while self.step()?.is_some() {}
        }
        self.crash();
        Ok(())
    }

    pub(crate) fn pass(&mut self) -> Result<(), String> {
        let answered = self.controller.pass(&mut self.engine)?;
        let told: Vec<String> =
            self.controller.events.iter().map(|event| format!("{}: {}", event.subject(), event.message)).collect();
        for what in told {
            self.say(&what);
        }
        let plan = &self.controller.last_plan;
        let steps = plan.steps.len();
        let held: Vec<String> = plan.held.iter().map(|held| format!("{}: {}", held.object, held.why)).collect();
        if !answered {
            self.say("pass: no answer");
            return Ok(());
        }
        let sight = Sight { engine: &self.engine, heard: &self.controller.heard };
        self.watch.planned(&self.controller.last_plan, sight)?;
        if steps > 0 || self.held != held {
            self.say(&format!("pass: {steps} steps; held: {}", held.join("; ")));
            self.held = held;
        }
        Ok(())
    }

    /// Performs one step, where one may be performed.
    pub(crate) fn step(&mut self) -> Result<Option<Performed>, String> {
        let Some((index, step)) = self.controller.choose(&mut self.random) else { return Ok(None) };
        self.watch.before_step(Sight { engine: &self.engine, heard: &self.controller.heard });
        let stopped = hooks::stopped(&self.engine, &step);
        let performed = self.controller.perform(&mut self.engine, index, step)?;
        let outcome = match &performed.result {
            Ok(outcome) => format!("{outcome:?}"),
            Err(error) => format!("{}: {error}", error.reason()),
        };
        self.say(&format!("{} → {outcome}", described(&performed.step)));
        let sight = Sight { engine: &self.engine, heard: &self.controller.heard };
        self.watch.after_step(sight, &performed)?;
        if performed.result.is_ok()
            && let Some(container) = stopped
        {
            hooks::check_stopped(&self.engine, &container)?;
        }
        Ok(Some(performed))
    }

    pub(crate) fn wait(&mut self, how_long: SignedDuration) {
        let to = self.engine.now().saturating_add(how_long).unwrap_or(Timestamp::MAX);
        self.engine.advance(to);
    }

    /// Lets the controller work without faults until nothing is left to do, or for so long that what has not come by then does not
    /// come.
    pub(crate) fn settle(&mut self, most: SignedDuration) -> Result<(), String> {
        let until = self.engine.now().saturating_add(most).unwrap_or(Timestamp::MAX);
        let mut probed_in_vain = false;
        for _ in 0..MOST_PASSES {
            while self.step()?.is_some() {}
            self.pass()?;
            let idle = self.controller.last_plan.steps.is_empty();
            while self.step()?.is_some() {}
            let settled = self.controller.last_plan.is_settled() && self.engine.next_change().is_none();
            let settled = settled && self.controller.wake_at.is_none();
            let settled = settled && (probed_in_vain || self.controller.probes.next().is_none());
            if settled || self.engine.now() > until {
                return self.outlast_crash_loops();
            }
            probed_in_vain = !self.rest(idle, until);
        }
        Err(format!("not settled after {MOST_PASSES} passes"))
    }

    /// What runs well for long enough gets the restart policy back that Skiff took from it.
    fn outlast_crash_loops(&mut self) -> Result<(), String> {
        if self.controller.memory.is_in_crash_loop() {
            self.wait(FORGIVEN);
            self.pass()?;
            while self.step()?.is_some() {}
        }
        Ok(())
    }

    /// Until something has to be done, or for a tick.
    pub(crate) fn rest_a_tick(&mut self) {
        self.rest(false, Timestamp::MAX);
    }

    /// Until the controller, a probe or the engine has something to do, or until then; whether a probe had, or might have had in a longer
    /// rest. A tick in which nothing can happen is left out.
    pub(crate) fn rest(&mut self, idle: bool, until: Timestamp) -> bool {
        let now = self.engine.now();
        let in_time = |span: SignedDuration| now.saturating_add(span).unwrap_or(Timestamp::MAX);
        let tick = if idle { until } else { in_time(TICK) };
        let wakes = [self.controller.wake_at, self.engine.next_change(), Some(tick)];
        let next = wakes.into_iter().flatten().min().unwrap_or(tick);
        let next = next.max(in_time(SignedDuration::from_millis(100)));
        while let Some(at) = self.controller.probes.next().filter(|at| *at <= next.min(in_time(PROBED_FOR))) {
            self.engine.advance(at.max(self.engine.now()));
            if self.controller.probe(&self.engine) {
                return true;
            }
        }
        self.engine.advance(next);
        self.controller.probe(&self.engine) || next < in_time(PROBED_FOR)
    }
}
