//! Objects of a loaded source that name what another source declares, which is known and not loaded, and the other way round.

use serde_json::{Value, json};
use skiff_api::{Kind, ObjectKey};
use skiff_core::{Departed, Intent, SignedDuration};
use skiff_sim::{Program, SimImage};

use crate::world::{World, deployment, key};

fn network(name: &str) -> Value {
    json!({ "apiVersion": "skiff.dev/v1", "kind": "Network", "metadata": { "name": name }, "spec": {} })
}

fn volume(name: &str) -> Value {
    let spec = json!({ "reclaimPolicy": "Delete" });
    json!({ "apiVersion": "skiff.dev/v1", "kind": "Volume", "metadata": { "name": name }, "spec": spec })
}

fn config(mode: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "conf" }, "data": { "MODE": mode } })
}

fn db() -> Value {
    deployment("db", 1, json!({}), json!({}), json!({}))
}

fn base() -> Vec<Value> {
    vec![network("edge"), volume("data"), config("a"), db()]
}

/// What is on the network, mounts the volume, reads the config and waits for the deployment of source `base`.
fn user() -> Value {
    let container = json!({ "envFrom": [{ "configMapRef": { "name": "conf" } }], "volumeMounts": [{ "name": "data", "mountPath": "/data" }] });
    let volumes = json!([{ "name": "data", "volume": { "name": "data" } }]);
    let template = json!({ "networks": [{ "name": "edge" }], "volumes": volumes });
    deployment("web", 1, container, template, json!({ "dependsOn": [{ "name": "db", "condition": "Ready" }] }))
}

/// Source `shop` is loaded; source `base` was once, and is known.
fn beside(runs: bool) -> World {
    let mut world = World::of(&[]);
    world.source_name = "base";
    world.declare(&base());
    if runs {
        world.settle();
    }
    load(&mut world, "shop", &[user()]);
    world
}

/// Loads another source; the one before is known.
fn load(world: &mut World, source: &'static str, manifests: &[Value]) {
    let before = std::mem::take(&mut world.objects);
    world.departed.clear();
    world.source_name = source;
    world.beside = before;
    world.declare(manifests);
}

#[test]
fn what_a_known_source_declares_is_used_and_nothing_is_done_about_it() {
    let mut world = beside(true);
    let before = world.observe();
    let lines = world.lines();
    assert!(lines.iter().any(|line| line.contains("create container shop-web-1")), "{lines:?}");
    assert!(
        !lines.iter().any(|line| line.starts_with("held") || line.contains("shop-db") || line.contains("shop-edge")),
        "{lines:?}"
    );
    world.settle();
    assert_eq!(world.running(), ["shop-db-1", "shop-web-1"]);
    let after = world.observe();
    assert_eq!((before.networks, before.volumes), (after.networks, after.volumes));
    // Nor is anything put right of it, whatever has become of it.
    world.engine.stop_by_hand("shop-db-1");
    assert_eq!(world.lines(), [] as [&str; 0]);
}

#[test]
fn what_a_known_source_has_yet_to_make_is_waited_for() {
    let world = beside(false);
    assert_eq!(
        world.lines(),
        [
            "held edge: shop-edge is source base's to make, and does not exist",
            "held data: shop-data is source base's to make, and does not exist",
            "held web: waiting for deployment/shop/db to be Ready [create container shop-web-1]",
        ]
    );
}

#[test]
fn a_dependency_of_another_source_must_be_ready_by_its_own_probes() {
    let mut world = World::of(&[]);
    world.source_name = "base";
    let probed = json!({ "readinessProbe": { "exec": { "command": ["true"] }, "periodSeconds": 1 } });
    world.declare(&[network("edge"), volume("data"), config("a"), deployment("db", 1, probed, json!({}), json!({}))]);
    world.run(5);
    load(&mut world, "shop", &[user()]);
    world.probes = Some(skiff_core::ProbeSchedule::default());
    let waits = "held web: waiting for deployment/shop/db to be Ready [create container shop-web-1]";
    assert_eq!(world.lines(), [waits], "nobody has asked yet");
    world.ask_probes();
    assert!(world.lines().iter().all(|line| !line.starts_with("held")), "{:?}", world.lines());
}

#[test]
fn what_another_source_needs_is_not_removed_and_it_is_said_who_needs_it() {
    let mut world = beside(true);
    world.settle();
    load(&mut world, "base", &base());
    world.declare(&[deployment("other", 1, json!({}), json!({}), json!({}))]);
    let content = ObjectKey::new(Kind::ConfigMap, "shop", "conf");
    world.departed.insert(content, Departed::default());
    world.settle();
    assert_eq!(world.running(), ["shop-db-1", "shop-other-1", "shop-web-1"]);
    let needed = |name: &str| format!("held {name}: deployment/shop/web of source shop needs it");
    assert_eq!(world.lines(), ["db", "conf", "edge", "data"].map(needed));
    // The other source has been changed.
    world.beside.clear();
    world.engine.remove_by_hand("shop-web-1");
    world.settle();
    assert_eq!(world.running(), ["shop-other-1"]);
    assert!(world.observe().volumes.is_empty());
}

#[test]
fn down_leaves_what_another_source_needs() {
    let mut world = beside(true);
    world.settle();
    let mut manifests = base();
    manifests.push(deployment("other", 1, json!({}), json!({}), json!({})));
    load(&mut world, "base", &manifests);
    world.settle();
    world.intent = Intent::Down { volumes: true };
    world.pass();
    assert_eq!(world.running(), ["shop-db-1", "shop-web-1"]);
    let needed = |name: &str| format!("held {name}: deployment/shop/web of source shop needs it");
    assert_eq!(world.lines(), ["db", "edge", "data"].map(needed));
}

#[test]
fn a_dependency_of_another_source_that_went_back_is_ready_as_what_it_went_back_to() {
    let mut world = World::of(&[]);
    world.source_name = "base";
    let program = Program::Exits { after: SignedDuration::from_millis(50), code: 3 };
    world.engine.put_image("bad:1", SimImage { id: "sha256:bad:1".to_owned(), program, ..SimImage::default() });
    let version = |image: &str| deployment("db", 1, json!({ "image": image }), json!({}), json!({}));
    let with = |image: &str| vec![network("edge"), volume("data"), config("a"), version(image)];
    world.declare(&with("app:1"));
    world.settle();
    world.run(15);
    world.declare(&with("bad:1"));
    world.run(60);
    assert_eq!(world.image_of("shop-db-1"), "app:1");
    load(&mut world, "shop", &[user()]);
    world.run(30);
    assert_eq!(world.running(), ["shop-db-1", "shop-web-1"], "{:?}", world.lines());
    assert!(world.status_of(&key("web")).ready == 1);
}
