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
    assert_eq!(
        world.lines(),
        [
            "0 create network shop-default (missing)",
            "1 pull image app:1 (needed) < 0",
            "2 create container shop-db-1 (missing) < 0 1",
            "3 start container shop-db-1 (missing) < 2",
            "4 pull image app:1 (needed) < 0 3",
            "5 create container shop-api-1 (missing) < 0 3 4",
            "6 start container shop-api-1 (missing) < 5",
        ]
    );
}

#[test]
fn what_has_finished_its_work_has_been_started() {
    for (policy, code) in [("Never", 1), ("OnFailure", 0)] {
        let mut world = World::of(&[db(json!({}), json!({ "restartPolicy": policy }))]);
        world.settle();
        world.engine.exit("shop-db-1", code);
        world.declare(&[after("api", "Started"), db(json!({}), json!({ "restartPolicy": policy }))]);
        world.settle();
        assert_eq!(world.running(), ["shop-api-1"], "{policy}");
        // What has finished with another template has not.
        let changed = db(json!({ "image": "app:2" }), json!({ "restartPolicy": policy }));
        world.declare(&[after("web", "Started"), changed]);
        let lines = world.lines();
        let start = lines.iter().position(|line| line.contains("start container shop-db-2"));
        let create = lines.iter().position(|line| line.contains("create container shop-web-1"));
        assert!(start.is_some() && start < create, "{lines:?}");
    }
}

#[test]
fn what_the_engine_starts_again_and_again_has_been_started() {
    let mut world = World::of(&[db(json!({ "command": ["exit 1"] }), json!({}))]);
    world.pass();
    world.advance(1);
    world.declare(&[after("api", "Started"), db(json!({ "command": ["exit 1"] }), json!({}))]);
    let state = world.engine.container("shop-db-1").map(|container| container.state);
    assert_eq!(state, Some(skiff_core::ContainerState::Restarting));
    world.pass();
    assert_eq!(world.running(), ["shop-api-1"]);
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
fn what_ended_together_is_started_in_the_order_of_dependency_and_waits_for_no_rollout() {
    let paced = json!({ "restart": { "delay": "1s" } });
    let api = deployment("api", 1, json!({}), paced.clone(), json!({ "dependsOn": [{ "name": "db" }] }));
    let mut world = World::of(&[api.clone(), db(json!({}), paced.clone())]);
    world.settle();
    world.engine.restart_engine(true);
    world.pass();
    world.advance(2);
    assert_eq!(
        world.lines(),
        ["0 start container shop-db-1 (exited with 137)", "1 start container shop-api-1 (exited with 137) < 0"]
    );
    world.settle();
    world.declare(&[api, db(json!({ "image": "app:2" }), paced)]);
    world.engine.stop_by_hand("shop-api-1");
    world.advance(2);
    let starts: Vec<String> =
        world.lines().into_iter().filter(|line| line.contains("start container shop-api")).collect();
    assert_eq!(starts, ["3 start container shop-api-1 (exited with 0)"]);
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

#[test]
fn what_needs_something_that_is_scaled_to_0_is_held_on_purpose_and_says_so() {
    for condition in ["Started", "Ready", "Completed"] {
        let none = |replicas: u32| deployment("db", replicas, json!({}), json!({}), json!({}));
        let mut world = World::of(&[after("api", condition), none(0)]);
        world.pass();
        let held = format!(
            "held api: needs deployment/shop/db to be {condition}, and that is scaled to 0 [create container shop-api-1]"
        );
        assert_eq!(world.lines(), [held]);
        assert!(!world.plan().is_waiting(), "{condition}");
        let remedy = world.plan().held.first().and_then(skiff_core::Held::remedy);
        assert_eq!(remedy.as_deref(), Some("give it replicas, or take db out of `dependsOn`"));
        assert_eq!(world.status("api").reason, "DependencyIdle");
    }
    let mut world = World::of(&[after("api", "Ready"), deployment("db", 1, json!({}), json!({}), json!({}))]);
    world.settle();
    // What runs goes on running when its dependency goes.
    world.declare(&[after("api", "Ready"), deployment("db", 0, json!({}), json!({}), json!({}))]);
    world.settle();
    assert_eq!((world.running(), world.lines()), (vec!["shop-api-1".to_owned()], vec![]));
}

#[test]
fn what_needs_a_job_that_is_suspended_is_held_on_purpose_and_says_so() {
    let job = json!({
        "apiVersion": "skiff.dev/v1", "kind": "Job", "metadata": { "name": "load" },
        "spec": { "suspend": true, "template": { "container": { "image": "app:1" }, "restartPolicy": "Never" } },
    });
    let depends = json!({ "dependsOn": [{ "name": "load", "condition": "Completed" }] });
    let world = World::of(&[job, deployment("api", 1, json!({}), json!({}), depends)]);
    let held = "held api: needs job/shop/load to be Completed, and that is suspended [create container shop-api-1]";
    assert!(world.lines().iter().any(|line| line == held), "{:?}", world.lines());
}
