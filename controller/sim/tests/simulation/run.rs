//! One run from a seed: phases of declaring, disturbing and settling, judged by the oracle at each quiet point.

use jiff::SignedDuration;
use skiff_api::ObjectKey;
use skiff_core::Timestamp;
use skiff_sim::SimEngine;

use crate::availability;
use crate::controller::{Controller, described};
use crate::edit::edit;
use crate::history::Before;
use crate::hooks;
use crate::manifests::Manifests;
use crate::oracle::{complaints, of_object, waiting};
use crate::random::Random;
use crate::world;

/// More passes than any of these systems needs from one quiet point to the next.
const MOST_PASSES: usize = 400;
const TICK: SignedDuration = SignedDuration::from_secs(10);
/// Longer than any back-off: what has not come by then does not come.
const LONG_ENOUGH: SignedDuration = SignedDuration::from_mins(20);
/// How long probes are asked while nothing else happens: what has not changed by then does not change.
const PROBED_FOR: SignedDuration = SignedDuration::from_secs(20);
/// How many of the last things are told of a run that failed.
const TRACE: usize = 60;

/// A run.
pub(crate) struct Run {
    random: Random,
    engine: SimEngine,
    controller: Controller,
    manifests: Manifests,
    past: Vec<Manifests>,
    trace: Vec<String>,
    phase: usize,
    /// What the last pass held, so that it is told once.
    held: Vec<String>,
    pub(crate) steps: usize,
}

/// Runs a seed to its end.
///
/// # Errors
/// What went wrong, with the last things that happened.
pub(crate) fn run(seed: u64) -> Result<usize, String> {
    let mut random = Random::new(seed);
    let mut engine = world::engine();
    world::settle_foreigners(&mut engine);
    let controller = Controller::new(random.chance(25));
    let manifests = Manifests::random(&mut random);
    let mut run = Run {
        random,
        engine,
        controller,
        manifests,
        past: Vec::new(),
        trace: Vec::new(),
        phase: 0,
        held: Vec::new(),
        steps: 0,
    };
    match run.phases() {
        Ok(()) => Ok(run.steps),
        Err(violation) => Err(run.report(seed, &violation)),
    }
}

impl Run {
    fn report(&self, seed: u64, violation: &str) -> String {
        let from = self.trace.len().saturating_sub(TRACE);
        let trace = self.trace.get(from..).unwrap_or_default().join("\n  ");
        format!(
            "seed {seed}, phase {}: {violation}\n  {trace}\nreplay: SKIFF_SIM_SEED={seed} cargo test -p skiff-sim --test simulation every_seed",
            self.phase
        )
    }

    fn say(&mut self, what: &str) {
        let moment = self.engine.now().strftime("%H:%M:%S%.3f");
        self.trace.push(format!("{moment} {what}"));
    }

    fn phases(&mut self) -> Result<(), String> {
        for phase in 0..=self.random.below(4) {
            self.phase = phase;
            let before = self.manifests.clone();
            if phase > 0 {
                for what in edit(&mut self.manifests, &self.past, &mut self.random) {
                    self.say(&format!("edit: {what}"));
                }
            }
            self.past.push(self.manifests.clone());
            self.controller.load(&self.manifests, true, 0);
            if self.random.chance(65) {
                self.disturbed()?;
                self.settle()?;
                self.judge(true)?;
                world::heal(&mut self.engine);
                self.say("all is healed");
                self.settle()?;
            } else {
                let ids = self.ids(&before);
                self.settle()?;
                self.check_untouched(&before, &ids)?;
            }
            self.judge(false)?;
            self.check_settled()?;
        }
        Ok(())
    }

    /// Passes, steps, faults and crashes in any order.
    fn disturbed(&mut self) -> Result<(), String> {
        for _ in 0..(10 + self.random.below(80)) {
            match self.random.below(10) {
                0..=4 => {
                    self.step()?;
                }
                5 | 6 => {
                    self.pass()?;
                }
                7 => {
                    if let Some(what) = world::disturb(&mut self.engine, &mut self.random) {
                        self.say(&format!("world: {what}"));
                    }
                }
                8 => {
                    let millis = self.random.below(20_000);
                    self.wait(SignedDuration::from_millis(i64::try_from(millis).unwrap_or(0)));
                }
                _ if self.random.chance(20) => {
                    self.controller.crash();
                    self.say("the controller crashes");
                }
                _ => {}
            }
        }
        world::calm(&mut self.engine);
        if self.random.chance(30) {
            self.controller.crash();
            self.say("the controller crashes");
        }
        Ok(())
    }

    fn pass(&mut self) -> Result<(), String> {
        let answered = self.controller.pass(&mut self.engine)?;
        if answered {
            availability::check(&self.manifests, &self.past, &self.engine, &self.controller)?;
            hooks::check_plan(&self.engine, &self.past, &self.controller)?;
        }
        let steps: Vec<String> = self.controller.last_plan.steps.iter().map(described).collect();
        let held: Vec<String> =
            self.controller.last_plan.held.iter().map(|held| format!("{}: {}", held.object, held.why)).collect();
        if !answered {
            self.say("pass: no answer");
        } else if !steps.is_empty() || self.held != held {
            self.say(&format!("pass: {} steps; held: {}", steps.len(), held.join("; ")));
            self.held = held;
        }
        Ok(())
    }

    /// Performs one step, where one may be performed.
    fn step(&mut self) -> Result<bool, String> {
        let Some((index, step)) = self.controller.choose(&mut self.random) else { return Ok(false) };
        self.steps += 1;
        let before = Before::of(&self.engine);
        let stopped = hooks::stopped(&self.engine, &step);
        let performed = self.controller.perform(&mut self.engine, index, step)?;
        let outcome = match &performed.result {
            Ok(outcome) => format!("{outcome:?}"),
            Err(error) => format!("{}: {error}", error.reason()),
        };
        self.say(&format!("{} → {outcome}", described(&performed.step)));
        before.check(&self.engine, &self.manifests, &self.past)?;
        if performed.result.is_ok()
            && let Some(container) = stopped
        {
            hooks::check_stopped(&self.engine, &container)?;
        }
        Ok(true)
    }

    fn wait(&mut self, how_long: SignedDuration) {
        let to = self.engine.now().saturating_add(how_long).unwrap_or(Timestamp::MAX);
        self.engine.advance(to);
    }

    /// Lets the controller work without faults until nothing is left to do, or only what does not come.
    fn settle(&mut self) -> Result<(), String> {
        let until = self.engine.now().saturating_add(LONG_ENOUGH).unwrap_or(Timestamp::MAX);
        let mut probed_in_vain = false;
        for _ in 0..MOST_PASSES {
            while self.step()? {}
            self.pass()?;
            let idle = self.controller.last_plan.steps.is_empty();
            while self.step()? {}
            let settled = self.controller.last_plan.is_settled() && self.engine.next_change().is_none();
            let settled = settled && (probed_in_vain || self.controller.probes.next().is_none());
            if settled || self.engine.now() > until {
                return Ok(());
            }
            probed_in_vain = !self.rest(idle);
        }
        Err(format!("not settled after {MOST_PASSES} passes"))
    }

    /// Until the controller, a probe or the engine has something to do; whether a probe had, or might have had in a longer rest. A tick
    /// in which nothing can happen is left out.
    fn rest(&mut self, idle: bool) -> bool {
        let now = self.engine.now();
        let in_time = |span: SignedDuration| now.saturating_add(span).unwrap_or(Timestamp::MAX);
        let tick = in_time(if idle { LONG_ENOUGH } else { TICK });
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

    fn judge(&mut self, excuses: bool) -> Result<(), String> {
        let complaints = complaints(&self.manifests, &self.engine, excuses);
        if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n  ")) }
    }

    /// Planning what has been applied plans nothing.
    fn check_settled(&mut self) -> Result<(), String> {
        self.pass()?;
        match self.controller.last_plan.steps.first() {
            Some(step) => Err(format!("all is as declared, and yet planned: {}", described(step))),
            None => Ok(()),
        }
    }

    fn ids(&self, manifests: &Manifests) -> Vec<(ObjectKey, Vec<String>)> {
        let ids = |key: &ObjectKey| {
            of_object(&self.engine, key)
                .iter()
                .map(|container| format!("{} {:?}", container.id, container.started_at))
                .collect()
        };
        manifests.deployments().map(|(key, _)| (key.clone(), ids(key))).collect()
    }

    /// What nobody edited was neither replaced nor restarted.
    fn check_untouched(&self, before: &Manifests, ids: &[(ObjectKey, Vec<String>)]) -> Result<(), String> {
        let after = self.ids(before);
        // What waited may go on.
        let waited = waiting(before);
        for ((key, was), (_, is)) in ids.iter().zip(&after) {
            if self.phase > 0 && !waited.contains(key) && self.manifests.agree_on(before, key) && was != is {
                return Err(format!("{key} was not edited, and its containers changed"));
            }
        }
        Ok(())
    }
}
