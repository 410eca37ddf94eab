//! What a replacement brings besides what makes it necessary.

use serde_json::{Value, json};
use skiff_core::Plan;

use crate::world::{World, deployment, lines};

fn network(name: &str) -> Value {
    json!({ "apiVersion": "skiff.dev/v1", "kind": "Network", "metadata": { "name": name } })
}

fn web(image: &str, memory: &str, networks: &[&str]) -> Value {
    let container = json!({ "image": image, "resources": { "limits": { "memory": memory } } });
    let networks: Vec<Value> = networks.iter().map(|name| json!({ "name": name })).collect();
    deployment("web", 2, container, json!({ "networks": networks }), json!({}))
}

/// The reason of the first container that is made.
fn why(plan: &Plan) -> String {
    let lines = lines(plan);
    let line = lines.iter().find(|line| line.contains("create container")).map(String::as_str).unwrap_or_default();
    let reason = line.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')'));
    reason.map(|(reason, _)| reason.to_owned()).unwrap_or_default()
}

fn settled() -> World {
    let mut world = World::of(&[network("a"), network("b"), network("c"), web("app:1", "64Mi", &["a", "b"])]);
    world.settle();
    world
}

fn declared(world: &mut World, web: Value) -> String {
    world.declare(&[network("a"), network("b"), network("c"), web]);
    why(&world.plan())
}

#[test]
fn a_replacement_says_which_settings_and_networks_change_with_it() {
    let mut world = settled();
    let image = "outdated: container.image changed app:1 → app:2";
    assert_eq!(declared(&mut world, web("app:2", "64Mi", &["a", "b"])), image);
    let memory = "container.resources.limits.memory changed 64Mi → 128Mi";
    let networks = "networks added: shop-c; networks removed, was shop-b";
    let brings = format!("{image}; {memory}; {networks}");
    assert_eq!(declared(&mut world, web("app:2", "128Mi", &["a", "c"])), brings);
    // The replicas whose turn comes later say so too.
    let pending = world.plan().held.iter().flat_map(|held| &held.pending).map(|it| it.reason.to_string()).next_back();
    assert_eq!(pending, Some(brings));
    world.settle();
    assert!(world.lines().is_empty(), "{:?}", world.lines());
}

#[test]
fn the_first_network_is_a_part_of_the_template_and_said_once() {
    let mut world = settled();
    assert_eq!(
        declared(&mut world, web("app:1", "64Mi", &["c", "b"])),
        "outdated: network.name changed shop-a → shop-c"
    );
}

#[test]
fn content_that_changed_is_one_reason_of_several() {
    let config = |value: &str| json!({ "apiVersion": "skiff.dev/v1", "kind": "ConfigMap", "metadata": { "name": "conf" }, "data": { "A": value } });
    let user = |memory: &str| {
        let env = json!({ "envFrom": [{ "configMapRef": { "name": "conf" } }], "resources": { "limits": { "memory": memory } } });
        deployment("web", 1, env, json!({}), json!({}))
    };
    let mut world = World::of(&[config("1"), user("64Mi")]);
    world.settle();
    world.declare(&[config("2"), user("64Mi")]);
    assert_eq!(why(&world.plan()), "outdated: content of configmap/conf changed");
    world.declare(&[config("2"), user("1Gi")]);
    assert_eq!(
        why(&world.plan()),
        "outdated: content of configmap/conf changed; container.resources.limits.memory changed 64Mi → 1Gi"
    );
}
