//! One run from a seed: edits to good and bad images, in calm and in storm, in the middle of rollouts and between them.

use jiff::SignedDuration;
use skiff_api::ObjectKey;
use skiff_core::{Action, ContainerState};
use skiff_sim::{SimContainer, SimEngine};

use super::author;
use super::verdict::{Expected, complaints, expectations, not_whole};
use crate::controller::{Controller, Performed};
use crate::driver::Driver;
use crate::manifests::Manifests;
use crate::nature::Natures;
use crate::oracle::of_object;
use crate::order::Order;
use crate::random::Random;
use crate::world;

/// Longer than every deadline and every rollout of these deployments: what has not come by then does not come.
const DECIDED: SignedDuration = SignedDuration::from_secs(400);
/// When every run begins.
const BEGIN: i64 = 1_800_000_000;

struct Run {
    driver: Driver,
    manifests: Manifests,
}

/// Runs a seed to its end.
///
/// # Errors
/// What went wrong, with the last things that happened.
pub(crate) fn run(seed: u64) -> Result<(), String> {
    let mut random = Random::new(seed);
    let mut engine = SimEngine::new(skiff_core::Timestamp::from_second(BEGIN).expect("a moment of this century"));
    let mut natures = Natures::default();
    author::stock(&mut natures, &mut engine);
    let manifests = author::first(&mut random);
    let mut driver = Driver::new(random, engine, Controller::new(false));
    driver.watch.record.natures = natures;
    let mut run = Run { driver, manifests };
    run.phases().map_err(|violation| run.driver.report("every_rollout", seed, &violation))
}

impl Run {
    fn phases(&mut self) -> Result<(), String> {
        self.load();
        for phase in 0..=self.driver.random.below(4) {
            if phase > 0 {
                self.change();
            }
            let is_storm = phase > 0 && self.driver.random.chance(25);
            self.hurry(is_storm)?;
            if is_storm {
                self.recover(phase)?;
            }
            self.driver.settle(DECIDED)?;
            let expected = expectations(&self.driver.watch.record);
            let wrong = complaints(&self.driver.watch.record, &expected, &self.driver.engine);
            if !wrong.is_empty() {
                return Err(wrong.join("\n  "));
            }
            self.prove();
            self.rest_in_peace()?;
        }
        Ok(())
    }

    fn load(&mut self) {
        self.driver.tell(&self.manifests, &Order::everything());
    }

    /// Somebody edits, or an image turns.
    fn change(&mut self) {
        if self.driver.random.chance(15) {
            let Driver { engine, random, watch, .. } = &mut self.driver;
            let what = author::turn(&mut watch.record, engine, random);
            self.driver.say(&format!("world: {what}"));
        }
        for _ in 0..=self.driver.random.below(2) {
            let what = author::edit(&mut self.manifests, &self.driver.watch.past, &mut self.driver.random);
            self.driver.say(&format!("edit: {what}"));
        }
        self.load();
    }

    /// Passes, steps, crashes, edits in the middle, and in a storm whatever else may happen, in any order.
    fn hurry(&mut self, is_storm: bool) -> Result<(), String> {
        for _ in 0..self.driver.random.below(60) {
            match self.driver.random.below(12) {
                0..=4 => {
                    self.driver.step()?;
                }
                5 | 6 => self.driver.pass()?,
                7 | 8 => {
                    // In calm no rollout is late because of us.
                    let millis = self.driver.random.below(if is_storm { 15_000 } else { 4_000 });
                    self.driver.wait(SignedDuration::from_millis(i64::try_from(millis).unwrap_or(0)));
                }
                9 if self.driver.random.chance(30) => self.driver.end_or_crash()?,
                10 if self.driver.random.chance(25) => self.change(),
                11 if is_storm => self.disturb(),
                _ => {}
            }
        }
        world::calm(&mut self.driver.engine);
        Ok(())
    }

    fn disturb(&mut self) {
        if self.driver.random.chance(5) {
            self.driver.controller.memory.lose_history();
            self.driver.watch.record.history_lost(&self.driver.engine);
            self.driver.say("world: the history is damaged");
            self.driver.crash();
        }
        let Driver { engine, random, .. } = &mut self.driver;
        if let Some(what) = world::disturb(engine, random) {
            self.driver.watch.record.disturbed();
            self.driver.say(&format!("world: {what}"));
        }
    }

    /// After a storm all is mended, and somebody declares anew what did not come through it.
    fn recover(&mut self, phase: usize) -> Result<(), String> {
        self.driver.settle(DECIDED)?;
        world::heal(&mut self.driver.engine);
        author::stock(&mut self.driver.watch.record.natures, &mut self.driver.engine);
        self.driver.say("all is healed");
        self.driver.settle(DECIDED)?;
        let record = &self.driver.watch.record;
        let broken: Vec<ObjectKey> = record
            .tracks()
            .filter(|(key, track)| !not_whole(track.latest(), track.declared(), key, &self.driver.engine).is_empty())
            .map(|(key, _)| key.clone())
            .collect();
        author::resume(&mut self.manifests);
        for key in &broken {
            let what = author::renew(&mut self.manifests, key, phase);
            self.driver.say(&format!("edit: {what}"));
        }
        self.load();
        Ok(())
    }

    /// What runs whole at a quiet point has proved itself.
    fn prove(&mut self) {
        let engine = &self.driver.engine;
        let proven: Vec<ObjectKey> = self
            .driver
            .watch
            .record
            .tracks()
            .filter(|(key, track)| {
                track.declared().spec.replicas() > 0
                    && !track.declared().spec.paused
                    && self.driver.watch.record.natures.is_good(track.declared())
                    && not_whole(track.latest(), track.declared(), key, engine).is_empty()
                    && !of_object(engine, key).into_iter().any(ended_badly)
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in proven {
            if let Some(track) = self.driver.watch.record.track_mut(&key) {
                track.latest_mut().proved();
            }
        }
    }

    /// Nothing is made and nothing goes while nothing happens, also over a restart of the controller.
    fn rest_in_peace(&mut self) -> Result<(), String> {
        let expected = expectations(&self.driver.watch.record);
        if self.driver.random.chance(50) {
            self.driver.end_or_crash()?;
        }
        let until = self.driver.engine.now().saturating_add(DECIDED).map_err(|error| error.to_string())?;
        while self.driver.engine.now() < until {
            self.driver.pass()?;
            let idle = self.driver.controller.last_plan.steps.is_empty();
            while let Some(Performed { step, result }) = self.driver.step()? {
                let moves = result.is_ok()
                    && matches!(step.action, Action::CreateContainer(_) | Action::RemoveContainer { .. });
                if moves && expected.get(&step.object).is_some_and(|expected| *expected != Expected::Any) {
                    return Err(format!("nothing happens, and yet: {}", crate::controller::described(&step)));
                }
            }
            self.driver.rest(idle, until);
        }
        Ok(())
    }
}

/// Under `Never` that is an end like another, and yet it says nothing good of its version: the engine may have been killed, or not.
fn ended_badly(container: &SimContainer) -> bool {
    container.state == ContainerState::Exited && container.exit_code != 0
}
