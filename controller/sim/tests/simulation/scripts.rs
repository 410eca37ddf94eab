//! Scripts with one thing gone wrong at every place where it can: the controller dies after each step, an answer is lost at each
//! step, most of a source is gone.

use jiff::SignedDuration;
use serde_json::json;
use skiff_api::{Deployment, Kind, Object, ObjectKey};
use skiff_sim::{Fault, SimEngine};

use crate::controller::Controller;
use crate::declare::{config, network, read, volume};
use crate::ledger::Ledger;
use crate::manifests::Manifests;
use crate::oracle::complaints;
use crate::order::Order;
use crate::random::Random;
use crate::world;

/// More passes than any of these scripts needs.
pub(crate) const MOST_PASSES: usize = 60;

/// An engine and a controller that is told what to do.
pub(crate) struct Script {
    pub(crate) engine: SimEngine,
    pub(crate) controller: Controller,
    random: Random,
    ledger: Ledger,
    steps: usize,
    /// After so many steps the controller dies, or an answer is lost.
    breaks_at: Option<(usize, Break)>,
}

#[derive(Clone, Copy)]
enum Break {
    Crash,
    LostAnswer,
}

impl Script {
    pub(crate) fn new() -> Self {
        Self {
            engine: world::engine(),
            controller: Controller::new(false),
            random: Random::new(1),
            ledger: Ledger::default(),
            steps: 0,
            breaks_at: None,
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

    /// Everything that is not as declared.
    fn complaints(&self) -> Vec<String> {
        complaints(&self.ledger, &self.engine, &self.controller.last_plan)
    }

    /// Loads and works until all is settled; returns how many passes that took.
    pub(crate) fn reach(&mut self, manifests: &Manifests, confirm_prune: bool) -> Result<usize, String> {
        self.tell(manifests, confirm_prune, 0);
        for pass in 0..MOST_PASSES {
            self.controller.pass(&mut self.engine)?;
            let idle = self.controller.last_plan.steps.is_empty();
            while self.step()? {}
            if idle && !self.controller.last_plan.is_waiting() {
                return Ok(pass);
            }
            let later = self.engine.now().saturating_add(SignedDuration::from_secs(1));
            self.engine.advance(later.map_err(|error| error.to_string())?);
        }
        Ok(MOST_PASSES)
    }

    pub(crate) fn step(&mut self) -> Result<bool, String> {
        let Some((index, step)) = self.controller.choose(&mut self.random) else { return Ok(false) };
        let due = self.breaks_at.filter(|(at, _)| *at == self.steps).map(|(_, how)| how);
        if let Some(Break::LostAnswer) = due {
            self.engine.fail_next(Fault::LostAnswer);
        }
        self.controller.perform(&mut self.engine, index, step)?;
        self.steps += 1;
        if let Some(Break::Crash) = due {
            self.controller.crash();
        }
        Ok(true)
    }

    /// What there is in the end, without ids and times.
    fn ending(&self) -> Vec<String> {
        let containers = self.engine.containers().map(|container| {
            format!("{} {} {:?} {:?}", container.name, container.image, container.state, container.networks.keys())
        });
        let networks = self.engine.networks().map(|network| format!("network {}", network.name));
        let volumes = self.engine.volumes().map(|volume| format!("volume {}", volume.name));
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

/// What these deployments need, and they.
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

/// Create, replace, scale and prune: from what, to what.
fn changes() -> [(&'static str, Manifests, Manifests); 4] {
    let first = || system([deployment("db", "app:1", 1, &[]), deployment("web", "web:1", 3, &["db"])]);
    let mut pruned = system([deployment("db", "app:1", 1, &[])]);
    pruned.objects.remove(&ObjectKey::new(Kind::Volume, "shop", "data"));
    [
        ("create", Manifests::default(), first()),
        ("replace", first(), system([deployment("db", "app:2", 1, &[]), deployment("web", "web:2", 3, &["db"])])),
        ("scale", first(), system([deployment("db", "app:1", 3, &[]), deployment("web", "web:1", 1, &["db"])])),
        ("prune", first(), pruned),
    ]
}

fn ends_the_same(how: Break) -> Result<(), String> {
    for (name, from, to) in changes() {
        let run = |breaks_at: Option<usize>| -> Result<Script, String> {
            let mut script = Script::new();
            script.reach(&from, true)?;
            script.steps = 0;
            script.breaks_at = breaks_at.map(|at| (at, how));
            script.reach(&to, true)?;
            Ok(script)
        };
        let whole = run(None)?;
        if whole.steps == 0 {
            return Err(format!("{name} takes no step"));
        }
        for at in 0..whole.steps {
            let broken = run(Some(at))?;
            let wrong = broken.complaints();
            if !wrong.is_empty() {
                return Err(format!("{name}, broken at step {at}: {}", wrong.join("; ")));
            }
            if broken.ending() != whole.ending() {
                return Err(format!("{name}, broken at step {at}: {:?}, not {:?}", broken.ending(), whole.ending()));
            }
        }
    }
    Ok(())
}

#[test]
fn a_controller_that_dies_after_any_step_ends_where_it_would_have() {
    assert_eq!(ends_the_same(Break::Crash), Ok(()));
}

#[test]
fn an_answer_that_is_lost_at_any_step_changes_nothing_in_the_end() {
    assert_eq!(ends_the_same(Break::LostAnswer), Ok(()));
}

#[test]
fn a_source_that_loses_most_of_what_it_declared_is_not_pruned_before_it_is_confirmed() -> Result<(), String> {
    let names = ["a", "b", "c", "d"];
    let mut script = Script::new();
    script.reach(&system(names.map(|name| deployment(name, "app:1", 1, &[]))), false)?;
    let before = script.ending();
    for less in [Manifests::default(), system([deployment("a", "app:1", 1, &[])])] {
        script.reach(&less, false)?;
        assert_eq!(script.ending(), before, "held until it is confirmed");
    }
    let less = system([deployment("a", "app:1", 1, &[])]);
    script.reach(&less, true)?;
    assert_eq!(script.complaints(), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_source_with_a_mistake_is_not_pruned() -> Result<(), String> {
    let mut script = Script::new();
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
