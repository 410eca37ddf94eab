//! Scripts with one thing gone wrong at every place where it can: the controller dies after each step, an answer is lost at each
//! step, one object cannot be had, most of a source is gone.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::json;
use skiff_api::{Deployment, Kind, Object, ObjectKey};
use skiff_sim::{Fault, Pull, SimEngine};

use crate::controller::Controller;
use crate::manifests::{Manifests, config, network, read, volume};
use crate::oracle::{complaints, of_object};
use crate::random::Random;
use crate::world;

/// More passes than any of these scripts needs.
const MOST_PASSES: usize = 60;

struct Script {
    engine: SimEngine,
    controller: Controller,
    random: Random,
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
    fn new() -> Self {
        Self {
            engine: world::engine(),
            controller: Controller::new(false),
            random: Random::new(1),
            steps: 0,
            breaks_at: None,
        }
    }

    /// Loads and works until all is settled; returns how many passes that took.
    fn reach(&mut self, manifests: &Manifests, confirm_prune: bool) -> Result<usize, String> {
        self.controller.load(manifests, confirm_prune, 0);
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

    fn step(&mut self) -> Result<bool, String> {
        let Some((index, step)) = self.controller.choose(&mut self.random) else { return Ok(false) };
        let due = self.breaks_at.filter(|(at, _)| *at == self.steps).map(|(_, how)| how);
        if let Some(Break::LostAnswer) = due {
            self.engine.fail_next(Fault::LostAnswer);
        }
        self.controller.perform(&mut self.engine, index, step)?;
        self.steps += 1;
        if let Some(Break::Crash) = due {
            self.controller.crash(self.engine.now());
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

fn deployment(name: &str, image: &str, replicas: u32, after: &[&str]) -> Object {
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

fn system(objects: impl IntoIterator<Item = Object>) -> Manifests {
    let mut manifests = Manifests::default();
    for object in [network("shop", "front", false), volume("shop", "data", true), config("shop", "settings", 1)] {
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
            let wrong = complaints(&to, &broken.engine, false, BTreeSet::new());
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
fn an_object_whose_image_cannot_be_had_delays_no_other() -> Result<(), String> {
    let sound = || [deployment("db", "app:1", 2, &[]), deployment("web", "web:1", 2, &["db"])];
    let others = ["db", "web"].map(|name| ObjectKey::new(Kind::Deployment, "shop", name));
    let passes_until_there = |broken: Option<Object>| -> Result<usize, String> {
        let mut script = Script::new();
        script.engine.set_image("app:2", false, Pull::Fails);
        // The broken one fails for a while, until its back-off is long.
        script.reach(&system(broken.clone()), true)?;
        script.controller.load(&system(sound().into_iter().chain(broken)), true, 0);
        for pass in 1..MOST_PASSES {
            script.controller.pass(&mut script.engine)?;
            while script.step()? {}
            let there = |key: &ObjectKey| of_object(&script.engine, key).iter().filter(|one| one.is_up()).count() == 2;
            if others.iter().all(there) {
                return Ok(pass);
            }
            let later = script.engine.now().saturating_add(SignedDuration::from_secs(1));
            script.engine.advance(later.map_err(|error| error.to_string())?);
        }
        Err("they never come".to_owned())
    };
    let alone = passes_until_there(None)?;
    let beside = passes_until_there(Some(deployment("api", "app:2", 2, &[])))?;
    assert_eq!(alone, beside);
    Ok(())
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
    assert_eq!(complaints(&less, &script.engine, false, BTreeSet::new()), Vec::<String>::new());
    Ok(())
}

#[test]
fn a_source_with_a_mistake_is_not_pruned() -> Result<(), String> {
    let mut script = Script::new();
    script.reach(&system([deployment("a", "app:1", 1, &[]), deployment("b", "app:1", 1, &[])]), true)?;
    let before = script.ending();
    script.controller.load(&system([deployment("a", "app:1", 1, &[])]), true, 1);
    for _ in 0..5 {
        script.controller.pass(&mut script.engine)?;
        while script.step()? {}
    }
    assert_eq!(script.ending(), before);
    Ok(())
}
