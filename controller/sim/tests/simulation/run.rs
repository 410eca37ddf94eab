//! One run from a seed: phases of declaring, disturbing and settling, judged by the oracle at each quiet point.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use skiff_api::ObjectKey;
use skiff_core::Standing;

use crate::controller::{Controller, described};
use crate::driver::{Driver, LONG_ENOUGH};
use crate::edit::edit;
use crate::manifests::Manifests;
use crate::oracle::{complaints, of_object, waiting};
use crate::random::Random;
use crate::world;

/// A run.
struct Run {
    driver: Driver,
    manifests: Manifests,
    phase: usize,
}

/// Runs a seed to its end.
///
/// # Errors
/// What went wrong, with the last things that happened.
pub(crate) fn run(seed: u64) -> Result<(), String> {
    let mut random = Random::new(seed);
    let mut engine = world::engine();
    world::settle_foreigners(&mut engine);
    let controller = Controller::new(random.chance(25));
    let manifests = Manifests::random(&mut random);
    let mut run = Run { driver: Driver::new(random, engine, controller), manifests, phase: 0 };
    run.phases()
        .map_err(|violation| run.driver.report("every_seed", seed, &format!("phase {}: {violation}", run.phase)))
}

impl Run {
    fn phases(&mut self) -> Result<(), String> {
        for phase in 0..=self.driver.random.below(4) {
            self.phase = phase;
            let before = self.manifests.clone();
            if phase > 0 {
                for what in edit(&mut self.manifests, &self.driver.watch.past, &mut self.driver.random) {
                    self.driver.say(&format!("edit: {what}"));
                }
            }
            self.driver.load(&self.manifests);
            if self.driver.random.chance(65) {
                self.disturbed()?;
                self.driver.settle(LONG_ENOUGH)?;
                self.judge(true)?;
                world::heal(&mut self.driver.engine);
                self.driver.say("all is healed");
                self.declare_failed_anew();
                self.driver.settle(LONG_ENOUGH)?;
            } else {
                let ids = self.ids(&before);
                self.driver.settle(LONG_ENOUGH)?;
                self.check_untouched(&before, &ids)?;
                if let Some(key) = self.failed().first() {
                    return Err(format!("nothing befell {key}, and its revision failed"));
                }
            }
            self.judge(false)?;
            self.check_settled()?;
        }
        Ok(())
    }

    /// Passes, steps, faults and crashes in any order.
    fn disturbed(&mut self) -> Result<(), String> {
        for _ in 0..(10 + self.driver.random.below(80)) {
            match self.driver.random.below(10) {
                0..=4 => {
                    self.driver.step()?;
                }
                5 | 6 => {
                    self.driver.pass()?;
                }
                7 => {
                    let Driver { engine, random, .. } = &mut self.driver;
                    if let Some(what) = world::disturb(engine, random) {
                        self.driver.watch.record.disturbed();
                        self.driver.say(&format!("world: {what}"));
                    }
                }
                8 => {
                    let millis = self.driver.random.below(20_000);
                    self.driver.wait(SignedDuration::from_millis(i64::try_from(millis).unwrap_or(0)));
                }
                _ if self.driver.random.chance(20) => self.driver.crash(),
                _ => {}
            }
        }
        world::calm(&mut self.driver.engine);
        if self.driver.random.chance(30) {
            self.driver.crash();
        }
        Ok(())
    }

    /// The objects whose declared revision has failed, as what befell them may make it. Which may fail, and what becomes of them, is
    /// judged by the simulation of rollouts.
    fn failed(&self) -> BTreeSet<ObjectKey> {
        let controller = &self.driver.controller;
        let known = controller.memory.history.objects.iter().filter(|(key, known)| {
            let workload = controller.desired.workloads.get(*key);
            let declared = known
                .declared()
                .filter(|declared| workload.is_some_and(|workload| workload.template.identity == declared.identity));
            declared.is_some_and(|declared| matches!(declared.standing, Standing::Failed { .. }))
        });
        known.map(|(key, _)| key.clone()).collect()
    }

    /// What somebody does who hears of a failure that was not the manifest's: the same again.
    fn declare_failed_anew(&mut self) {
        for key in self.failed() {
            if let Some(deployment) = self.manifests.deployment_mut(&key) {
                let attempt = format!("{}", self.phase);
                deployment.spec.template.metadata.labels.insert("attempt".to_owned(), attempt);
                self.driver.say(&format!("edit: declared {key} again, as it failed"));
            }
        }
        self.driver.load(&self.manifests);
    }

    fn judge(&mut self, excuses: bool) -> Result<(), String> {
        let failed = if excuses { self.failed() } else { BTreeSet::new() };
        let complaints = complaints(&self.manifests, &self.driver.engine, excuses, failed);
        if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n  ")) }
    }

    /// Planning what has been applied plans nothing.
    fn check_settled(&mut self) -> Result<(), String> {
        self.driver.pass()?;
        match self.driver.controller.last_plan.steps.first() {
            Some(step) => Err(format!("all is as declared, and yet planned: {}", described(step))),
            None => Ok(()),
        }
    }

    fn ids(&self, manifests: &Manifests) -> Vec<(ObjectKey, Vec<String>)> {
        let ids = |key: &ObjectKey| {
            of_object(&self.driver.engine, key)
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
