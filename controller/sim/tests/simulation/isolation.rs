//! An object that cannot be reconciled delays no other that does not depend on it: with each of many troubles beside them, two
//! deployments come up in as many passes as alone.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Value, json};
use skiff_api::{Deployment, Kind, Object, ObjectKey};
use skiff_core::Health;
use skiff_sim::{Pull, SimContainer, SimEngine};

use crate::declare::{network, read, volume};
use crate::manifests::Manifests;
use crate::oracle::of_object;
use crate::scripts::{MOST_PASSES, Script, deployment, system};

/// What is wrong with deployment `api`.
struct Trouble {
    name: &'static str,
    /// What its container has besides an image.
    container: Value,
    /// What its template has besides a container.
    template: Value,
    /// What it needs besides.
    things: Vec<Object>,
    /// What the world is like.
    world: fn(&mut SimEngine),
    /// Whether its steps take for ever.
    stuck: bool,
}

impl Trouble {
    fn new(name: &'static str, world: fn(&mut SimEngine)) -> Self {
        Self { name, container: json!({}), template: json!({}), things: Vec::new(), world, stuck: false }
    }

    /// It is on this network.
    fn on(mut self, name: &str, spec: Value) -> Self {
        self.things.push(network("shop", name, spec));
        self.template = json!({ "networks": [{ "name": name }] });
        self
    }

    /// It has this volume.
    fn with(mut self, name: &str, spec: Value) -> Self {
        self.things.push(volume("shop", name, spec));
        self.template = json!({ "volumes": [{ "name": name, "volume": { "name": name } }] });
        self.container = json!({ "volumeMounts": [{ "name": name, "mountPath": "/data" }] });
        self
    }

    fn of(mut self, container: Value) -> Self {
        self.container = container;
        self
    }

    fn objects(&self) -> Vec<Object> {
        let mut container = json!({ "image": "app:2" });
        extend(&mut container, &self.container);
        let mut template = json!({ "container": container });
        extend(&mut template, &self.template);
        let metadata = json!({ "name": "api", "namespace": "shop" });
        let spec = json!({ "replicas": 2, "minReadySeconds": 1, "template": template });
        let api = Object::Deployment(read::<Deployment>(json!({ "metadata": metadata, "spec": spec })));
        self.things.iter().cloned().chain([api]).collect()
    }
}

fn extend(base: &mut Value, over: &Value) {
    if let (Some(base), Some(over)) = (base.as_object_mut(), over.as_object()) {
        base.extend(over.clone());
    }
}

fn troubles() -> Vec<Trouble> {
    let fine = |_: &mut SimEngine| {};
    let external = |field: &str| json!({ "external": true, field: "nowhere" });
    let check = json!({ "healthCheck": { "test": ["CMD-SHELL", "exit 1"], "interval": "1s" } });
    vec![
        Trouble { stuck: true, ..Trouble::new("its pull never ends", fine) },
        Trouble::new("its image cannot be had", |engine| {
            engine.set_image("app:2", false, Pull::Fails);
        }),
        Trouble::new("somebody has its name", |engine| {
            engine.add_foreign_container("shop-api-1", &[], BTreeMap::new());
        }),
        Trouble::new("somebody has its port", |engine| {
            engine.add_foreign_container("stranger", &[8080], BTreeMap::new());
        })
        .of(json!({ "ports": [{ "containerPort": 80, "hostPort": 8080 }] })),
        Trouble::new("its external network is missing", fine).on("ext", external("networkName")),
        Trouble::new("its external volume is missing", fine).with("ext", external("volumeName")),
        Trouble::new("somebody has the name of its network", |engine| {
            engine.add_foreign_network("shop-own");
        })
        .on("own", json!({})),
        Trouble::new("somebody has the name of its volume", |engine| {
            engine.add_foreign_volume("shop-own");
        })
        .with("own", json!({})),
        Trouble::new("the name of its network means two", |engine| {
            engine.add_foreign_network("proxy");
            engine.add_foreign_network("proxy");
        })
        .on("ext", json!({ "external": true, "networkName": "proxy" })),
        Trouble::new("it ends at once", fine).of(json!({ "command": ["exit 1"] })),
        Trouble::new("it is never healthy", fine).of(check),
    ]
}

/// How many passes two sound deployments take, beside a broken one or alone.
fn passes_until_there(trouble: Option<&Trouble>) -> Result<usize, String> {
    let mut script = Script::new(1);
    let broken = trouble.map_or_else(Vec::new, |trouble| {
        (trouble.world)(&mut script.engine);
        script.controller.stuck = trouble.stuck.then(api);
        trouble.objects()
    });
    // The broken one fails for a while, until its back-off is long.
    script.reach(&beside(Vec::new(), &broken), true)?;
    if trouble.is_some() && is_well(&script) {
        return Err("it is no trouble".to_owned());
    }
    let sound = vec![deployment("db", "app:1", 2, &[]), deployment("web", "web:1", 2, &["db"])];
    let keys = ["db", "web"].map(|name| ObjectKey::new(Kind::Deployment, "shop", name));
    script.tell(&beside(sound, &broken), true, 0);
    for pass in 1..MOST_PASSES {
        script.controller.pass(&mut script.engine)?;
        while script.step()? {}
        let there = |key: &ObjectKey| of_object(&script.engine, key).iter().filter(|one| one.is_up()).count() == 2;
        if keys.iter().all(there) {
            return Ok(pass);
        }
        let later = script.engine.now().saturating_add(SignedDuration::from_secs(1));
        script.engine.advance(later.map_err(|error| error.to_string())?);
    }
    Err("they never come".to_owned())
}

fn api() -> ObjectKey {
    ObjectKey::new(Kind::Deployment, "shop", "api")
}

fn is_well(script: &Script) -> bool {
    let containers = of_object(&script.engine, &api());
    let held = script.controller.last_plan.held.iter().any(|held| held.object == api());
    let is_ill =
        |container: &&SimContainer| !container.is_up() || !matches!(container.health, None | Some(Health::Healthy));
    containers.len() == 2 && !held && !containers.iter().any(is_ill)
}

fn beside(sound: Vec<Object>, broken: &[Object]) -> Manifests {
    system(sound.into_iter().chain(broken.iter().cloned()))
}

#[test]
fn an_object_that_cannot_be_reconciled_delays_no_other() -> Result<(), String> {
    let alone = passes_until_there(None)?;
    for trouble in troubles() {
        let with_it = passes_until_there(Some(&trouble)).map_err(|error| format!("{}: {error}", trouble.name))?;
        assert_eq!(alone, with_it, "{}", trouble.name);
    }
    Ok(())
}
