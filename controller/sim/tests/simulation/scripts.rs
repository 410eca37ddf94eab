//! Scripts: systems that are brought about step by step, and what must not come of a source most of which is gone.

use jiff::SignedDuration;
use serde_json::json;
use skiff_api::{Deployment, Object};
use skiff_sim::SimEngine;

use crate::controller::{Controller, Performed};
use crate::declare::{config, network, read, volume};
use crate::ledger::{Ledger, object_of};
use crate::manifests::Manifests;
use crate::oracle::complaints;
use crate::order::Order;
use crate::random::Random;
use crate::world;

/// More passes than any of these scripts needs.
pub(crate) const MOST_PASSES: usize = 60;

/// What befalls the engine before a step, by its number.
type Befalls = Box<dyn Fn(&mut SimEngine, usize)>;
/// Whether the controller dies after a step, by its number and what came of it.
type Dies = Box<dyn Fn(usize, &Performed) -> bool>;

/// A controller at work on an engine, a pass a second.
pub(crate) struct Script {
    pub(crate) engine: SimEngine,
    pub(crate) controller: Controller,
    random: Random,
    ledger: Ledger,
    /// How many steps were performed.
    pub(crate) steps: usize,
    pub(crate) before_step: Befalls,
    pub(crate) dies_after: Dies,
}

impl Script {
    /// Nothing is there yet. The order decides which step comes first of those that are free.
    pub(crate) fn new(order: u64) -> Self {
        Self {
            engine: world::engine(),
            controller: Controller::new(false),
            random: Random::new(order),
            ledger: Ledger::default(),
            steps: 0,
            before_step: Box::new(|_, _| ()),
            dies_after: Box::new(|_, _| false),
        }
    }

    /// Tells the controller what is declared.
    pub(crate) fn tell(&mut self, manifests: &Manifests, confirm_prune: bool, problems: usize) {
        let mut order = Order::everything();
        for state in order.sources.values_mut() {
            (state.confirm_prune, state.problems) = (confirm_prune, problems);
        }
        self.ledger.tell(manifests, &order);
        self.controller.load(manifests, &order);
    }

    /// Everything that is not as it should be, where this is declared.
    pub(crate) fn complaints(&mut self, manifests: &Manifests) -> Vec<String> {
        self.ledger.tell(manifests, &Order::everything());
        complaints(&self.ledger, &self.engine, &self.controller.last_plan)
    }

    /// Passes for so long.
    pub(crate) fn rest(&mut self, how_long: SignedDuration) -> Result<(), String> {
        for _ in 0..how_long.as_secs() {
            self.pass()?;
        }
        Ok(())
    }

    /// A pass with all its steps, and a second after it; whether there was nothing to do.
    fn pass(&mut self) -> Result<bool, String> {
        self.controller.pass(&mut self.engine)?;
        let idle = self.controller.last_plan.steps.is_empty();
        while self.step()? {}
        let later = self.engine.now().saturating_add(SignedDuration::from_secs(1));
        self.engine.advance(later.map_err(|error| error.to_string())?);
        Ok(idle)
    }

    /// Loads and works until all is settled; returns how many passes that took.
    pub(crate) fn reach(&mut self, manifests: &Manifests, confirm_prune: bool) -> Result<usize, String> {
        self.tell(manifests, confirm_prune, 0);
        for pass in 0..MOST_PASSES {
            if self.pass()? && !self.controller.last_plan.is_waiting() {
                return Ok(pass);
            }
        }
        Ok(MOST_PASSES)
    }

    pub(crate) fn step(&mut self) -> Result<bool, String> {
        let Some((index, step)) = self.controller.choose(&mut self.random) else { return Ok(false) };
        (self.before_step)(&mut self.engine, self.steps);
        let performed = self.controller.perform(&mut self.engine, index, step)?;
        if (self.dies_after)(self.steps, &performed) {
            self.controller.crash(&self.engine);
        }
        self.steps += 1;
        Ok(true)
    }

    /// What there is in the end, without ids, times and ordinals: which of them are free depends on what is tried again.
    pub(crate) fn ending(&self) -> Vec<String> {
        let containers = self.engine.containers().map(|container| {
            let object = object_of(&container.labels).map_or_else(|| container.name.clone(), |key| key.to_string());
            format!("{object} {} {:?} {:?}", container.image, container.state, container.networks.keys())
        });
        let networks = self.engine.networks().map(|network| format!("network {}", network.name));
        let named = self.engine.volumes().filter(|volume| volume.nameless.is_none());
        let volumes = named.map(|volume| format!("volume {}", volume.name));
        let mut ending: Vec<String> = containers.chain(networks).chain(volumes).collect();
        ending.extend(self.engine.file_sets().map(str::to_owned));
        ending.sort();
        ending
    }
}

/// A deployment on two networks with a config, whose replicas are replaced one by one.
pub(crate) fn deployment(name: &str, image: &str, replicas: u32, after: &[&str]) -> Object {
    let depends_on: Vec<_> = after.iter().map(|name| json!({ "name": name, "condition": "Ready" })).collect();
    let template = json!({
        "container": { "image": image, "volumeMounts": [{ "name": "conf", "mountPath": "/conf" }] },
        "networks": [{ "name": "front" }, { "name": "default" }],
        "volumes": [{ "name": "conf", "configMap": { "name": "settings" } }],
    });
    let spec = json!({ "replicas": replicas, "dependsOn": depends_on, "minReadySeconds": 1, "template": template,
        "strategy": { "rollingUpdate": { "maxSurge": 0, "maxUnavailable": 1 } } });
    let metadata = json!({ "name": name, "namespace": "shop" });
    Object::Deployment(read::<Deployment>(json!({ "metadata": metadata, "spec": spec })))
}

pub(crate) fn system(objects: impl IntoIterator<Item = Object>) -> Manifests {
    let mut manifests = Manifests::default();
    for object in [
        network("shop", "front", json!({})),
        volume("shop", "data", json!({ "reclaimPolicy": "Delete" })),
        config("shop", "settings", 1),
    ] {
        manifests.insert(object);
    }
    for object in objects {
        manifests.insert(object);
    }
    manifests
}

#[test]
fn a_source_that_loses_most_of_what_it_declared_is_not_pruned_before_it_is_confirmed() -> Result<(), String> {
    let names = ["a", "b", "c", "d"];
    let mut script = Script::new(1);
    script.reach(&system(names.map(|name| deployment(name, "app:1", 1, &[]))), false)?;
    let before = script.ending();
    for less in [Manifests::default(), system([deployment("a", "app:1", 1, &[])])] {
        script.reach(&less, false)?;
        assert_eq!(script.ending(), before, "held until it is confirmed");
    }
    let less = system([deployment("a", "app:1", 1, &[])]);
    script.reach(&less, true)?;
    assert_eq!(script.complaints(&less), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_source_with_a_mistake_is_not_pruned() -> Result<(), String> {
    let mut script = Script::new(1);
    script.reach(&system([deployment("a", "app:1", 1, &[]), deployment("b", "app:1", 1, &[])]), true)?;
    let before = script.ending();
    script.tell(&system([deployment("a", "app:1", 1, &[])]), true, 1);
    for _ in 0..5 {
        script.controller.pass(&mut script.engine)?;
        while script.step()? {}
    }
    assert_eq!(script.ending(), before);
    Ok(())
}
