//! What waits for what.

use serde_json::{Value, json};
use skiff_core::Health;

use crate::world::{World, deployment};

fn after(name: &str, condition: &str) -> Value {
    deployment(name, 1, json!({}), json!({}), json!({ "dependsOn": [{ "name": "db", "condition": condition }] }))
}

fn db(container: Value, template: Value) -> Value {
    deployment("db", 1, container, template, json!({}))
}

#[test]
fn started_follows_the_start_in_the_same_plan() {
    let world = World::of(&[after("api", "Started"), db(json!({}), json!({}))]);
    let lines = world.lines();
    assert!(lines.contains(&"3 start container shop-db-1 (missing) < 2".to_owned()), "{lines:?}");
    assert!(lines.contains(&"5 create container shop-api-1 (missing) < 0 3 4".to_owned()), "{lines:?}");
}

#[test]
fn ready_waits_for_health() {
    let check = json!({ "healthCheck": { "test": ["CMD", "true"] } });
    let mut world = World::of(&[after("api", "Ready"), db(check, json!({}))]);
    assert_eq!(
        world.lines().last().map(String::as_str),
        Some("held api: waiting for deployment/shop/db to be Ready [create container shop-api-1]")
    );
    world.pass();
    assert_eq!(world.running(), ["shop-db-1"]);
    world.engine.set_health("shop-db-1", Health::Healthy);
    world.settle();
    assert_eq!(world.running(), ["shop-api-1", "shop-db-1"]);
}

#[test]
fn a_dependency_that_becomes_unhealthy_does_not_keep_its_dependents_from_healing() {
    let check = json!({ "healthCheck": { "test": ["CMD", "true"] } });
    let mut world = World::of(&[after("api", "Ready"), db(check, json!({}))]);
    world.pass();
    world.engine.set_health("shop-db-1", Health::Healthy);
    world.settle();
    world.engine.set_health("shop-db-1", Health::Unhealthy);
    world.engine.remove_by_hand("shop-api-1");
    world.engine.stop_by_hand("shop-api-1");
    world.pass();
    world.settle();
    world.engine.stop_by_hand("shop-api-1");
    world.settle();
    assert!(world.running().contains(&"shop-db-1".to_owned()));
}

#[test]
fn completed_waits_for_the_exit() {
    let mut world = World::of(&[after("api", "Completed"), db(json!({}), json!({ "restartPolicy": "Never" }))]);
    world.pass();
    assert_eq!(world.running(), ["shop-db-1"]);
    world.engine.exit("shop-db-1", 0);
    world.settle();
    assert_eq!(world.running(), ["shop-api-1"]);
}
