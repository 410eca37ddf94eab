//! One run from a seed: phases of declaring, disturbing and settling, judged by the oracle at each quiet point.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use skiff_api::ObjectKey;
use skiff_core::Standing;

use crate::controller::{Controller, described};
use crate::declare::random_manifests;
use crate::driver::{Driver, LONG_ENOUGH};
use crate::edit::edit;
use crate::ledger::Ledger;
use crate::manifests::Manifests;
use crate::oracle::{complaints, differences, excused, of_object};
use crate::order::Order;
use crate::random::Random;
use crate::world;

/// What is tried again after so many passes, and is still not as it should be, is not about to come.
const MOST_TRIES: usize = 400;

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
    let manifests = random_manifests(&mut random);
    let mut run = Run { driver: Driver::new(random, engine, controller), manifests, phase: 0 };
    run.phases()
        .map_err(|violation| run.driver.report("every_seed", seed, &format!("phase {}: {violation}", run.phase)))
}

impl Run {
    fn phases(&mut self) -> Result<(), String> {
        let last = 1 + self.driver.random.below(4);
        for phase in 0..=last {
            self.phase = phase;
            let was = self.driver.watch.ledger.clone();
            // In the end all is declared, sound and confirmed.
            let is_all = phase == 0 || phase == last;
            let order = if is_all { Order::everything() } else { self.change() };
            self.tell(&order);
            if self.driver.random.chance(65) {
                self.disturbed()?;
                self.settle_and_judge()?;
                world::heal(&mut self.driver.engine);
                world::recover(&mut self.driver.engine);
                self.driver.say("all is healed");
                self.declare_failed_anew(&order);
            } else {
                let ids = self.ids(&was);
                self.driver.settle(LONG_ENOUGH)?;
                self.check_untouched(&was, &ids)?;
            }
            self.settle_and_judge()?;
            if let Some(key) = self.driver.watch.ledger.failed.first() {
                return Err(format!("nothing befell {key}, and its revision failed"));
            }
            self.check_settled()?;
            self.driver.done();
        }
        Ok(())
    }

    /// Somebody edits, and asks for something.
    fn change(&mut self) -> Order {
        for what in edit(&mut self.manifests, &self.driver.watch.past, &mut self.driver.random) {
            self.driver.say(&format!("edit: {what}"));
        }
        Order::random(&self.manifests, &mut self.driver.random)
    }

    fn tell(&mut self, order: &Order) {
        self.driver.say(&format!("order: {order}"));
        self.driver.tell(&self.manifests, order);
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
                _ if self.driver.random.chance(20) => self.driver.end_or_crash()?,
                _ => {}
            }
        }
        world::calm(&mut self.driver.engine);
        if self.driver.random.chance(30) {
            self.driver.end_or_crash()?;
        }
        Ok(())
    }

    /// Lets all come to rest, and looks whether it is as it should be.
    fn settle_and_judge(&mut self) -> Result<(), String> {
        self.driver.settle(LONG_ENOUGH)?;
        // What is tried again just now is held again a moment later.
        for _ in 0..MOST_TRIES {
            let is_trying = !self.driver.controller.last_plan.steps.is_empty();
            if !is_trying || differences(&self.driver.watch.ledger, &self.driver.engine).is_empty() {
                break;
            }
            self.driver.pass()?;
            while self.driver.step()?.is_some() {}
            self.driver.rest_a_tick();
        }
        self.driver.watch.ledger.failed = self.failed();
        self.driver.watch.ledger.doubted = self.doubted();
        let Driver { watch, engine, controller, .. } = &self.driver;
        let complaints = complaints(&watch.ledger, engine, &controller.last_plan);
        if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n  ")) }
    }

    /// The objects of which a container is in doubt: a probe that was changed has not passed once.
    fn doubted(&self) -> BTreeSet<ObjectKey> {
        let known = self.driver.controller.memory.history.objects.iter();
        known
            .filter(|(_, known)| known.starts.values().any(|start| start.doubted))
            .map(|(key, _)| key.clone())
            .collect()
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
    fn declare_failed_anew(&mut self, order: &Order) {
        for key in self.failed() {
            if let Some(deployment) = self.manifests.deployment_mut(&key) {
                let attempt = format!("{}", self.phase);
                deployment.spec.template.metadata.labels.insert("attempt".to_owned(), attempt);
                self.driver.say(&format!("edit: declared {key} again, as it failed"));
            }
        }
        self.driver.tell(&self.manifests, order);
    }

    /// Planning what has been applied plans nothing.
    fn check_settled(&mut self) -> Result<(), String> {
        self.driver.pass()?;
        match self.driver.controller.last_plan.steps.first() {
            Some(step) => Err(format!("all is as declared, and yet planned: {}", described(step))),
            None => Ok(()),
        }
    }

    /// The containers of what was as declared before.
    fn ids(&self, was: &Ledger) -> Vec<(ObjectKey, Vec<String>)> {
        let held_up = excused(was, &self.driver.engine);
        let keys =
            was.scope.deployments().map(|(key, _)| key).filter(|key| !was.order.is_down() && !held_up.contains(key));
        keys.map(|key| (key.clone(), self.ids_of(key))).collect()
    }

    fn ids_of(&self, key: &ObjectKey) -> Vec<String> {
        let containers = of_object(&self.driver.engine, key);
        containers.iter().map(|container| format!("{} {:?}", container.id, container.started_at)).collect()
    }

    /// What nobody edited was neither replaced nor restarted.
    fn check_untouched(&self, was: &Ledger, ids: &[(ObjectKey, Vec<String>)]) -> Result<(), String> {
        let ledger = &self.driver.watch.ledger;
        let same = |key: &ObjectKey| ledger.scope.deployment(key).is_some() && ledger.scope.agree_on(&was.scope, key);
        match ids.iter().find(|(key, was)| same(key) && !ledger.order.is_down() && self.ids_of(key) != *was) {
            Some((key, _)) => Err(format!("{key} was not edited, and its containers changed")),
            None => Ok(()),
        }
    }
}
