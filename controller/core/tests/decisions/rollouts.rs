//! How replicas come, go and are replaced.

use std::collections::BTreeMap;

use serde_json::json;
use skiff_core::StopFirst;

use crate::world::{World, deployment, key, web};

#[test]
fn what_is_missing_is_made_on_the_default_network() {
    assert_eq!(
        World::of(&[web(2, "app:1")]).lines(),
        [
            "0 create network shop-default (missing)",
            "1 pull image app:1 (needed) < 0",
            "2 create container shop-web-1 (missing) < 0 1",
            "3 start container shop-web-1 (missing) < 2",
            "4 create container shop-web-2 (missing) < 0 1",
            "5 start container shop-web-2 (missing) < 4",
        ]
    );
}

#[test]
fn what_has_been_applied_plans_nothing() {
    let mut world = World::of(&[web(2, "app:1")]);
    world.settle();
    assert!(world.lines().is_empty());
}

#[test]
fn scaling_up_fills_the_gaps_and_scaling_down_takes_the_highest() {
    let mut world = World::of(&[web(3, "app:1")]);
    world.settle();
    world.engine.remove_by_hand("shop-web-2");
    world.declare(&[web(4, "app:1")]);
    world.settle();
    assert_eq!(world.running(), ["shop-web-1", "shop-web-2", "shop-web-3", "shop-web-4"]);
    world.declare(&[web(2, "app:1")]);
    world.settle();
    assert_eq!(world.running(), ["shop-web-1", "shop-web-2"]);
}

#[test]
fn a_changed_image_comes_beside_the_old_one_which_then_goes() {
    let mut world = World::of(&[web(1, "app:1")]);
    world.settle();
    world.declare(&[web(1, "app:2")]);
    assert_eq!(
        world.lines(),
        [
            "0 pull image app:2 (needed)",
            "1 create container shop-web-2 (outdated: container.image changed app:1 → app:2) < 0",
            "2 start container shop-web-2 (outdated: container.image changed app:1 → app:2) < 1",
            "held web: waiting for shop-web-2 to be Ready [replace container shop-web-1]",
        ]
    );
    world.pass();
    assert_eq!(
        world.lines(),
        [
            "0 stop container shop-web-1 (outdated: container.image changed app:1 → app:2)",
            "1 remove container shop-web-1 (outdated: container.image changed app:1 → app:2) < 0",
        ]
    );
    world.settle();
    assert_eq!(world.running(), ["shop-web-2"]);
}

#[test]
fn three_replicas_are_replaced_one_by_one_and_never_fewer_than_three_serve() {
    let mut world = World::of(&[web(3, "app:1")]);
    world.settle();
    world.declare(&[web(3, "app:2")]);
    while !world.pass().is_settled() {
        assert!((3..=4).contains(&world.running().len()), "{:?}", world.running());
        world.advance(1);
    }
    assert_eq!(world.running(), ["shop-web-2", "shop-web-3", "shop-web-4"]);
}

#[test]
fn a_new_replica_must_stay_ready_for_as_long_as_the_manifest_says() {
    let patient =
        |image: &str| deployment("web", 1, json!({ "image": image }), json!({}), json!({ "minReadySeconds": 5 }));
    let mut world = World::of(&[patient("app:1")]);
    world.settle();
    world.advance(10);
    world.declare(&[patient("app:2")]);
    world.pass();
    let plan = world.plan();
    assert_eq!(plan.wake_at, Some(world.engine.now() + skiff_core::SignedDuration::from_secs(5)));
    assert!(plan.steps.is_empty());
    world.advance(5);
    assert_eq!(world.plan().steps.len(), 2);
}

#[test]
fn a_port_of_the_host_makes_it_stop_first_once_the_image_is_there() {
    let published = |image: &str| {
        let ports = json!([{ "containerPort": 80, "hostPort": 8080 }]);
        deployment("web", 1, json!({ "image": image, "ports": ports }), json!({}), json!({}))
    };
    let mut world = World::of(&[published("app:1")]);
    world.settle();
    world.declare(&[published("app:2")]);
    assert_eq!(
        world.lines(),
        [
            "0 pull image app:2 (needed)",
            "1 stop container shop-web-1 (outdated: container.image changed app:1 → app:2) < 0",
            "2 remove container shop-web-1 (outdated: container.image changed app:1 → app:2) < 1",
            "3 create container shop-web-1 (outdated: container.image changed app:1 → app:2) < 0 2",
            "4 start container shop-web-1 (outdated: container.image changed app:1 → app:2) < 3",
        ]
    );
    assert_eq!(world.plan().old_first, BTreeMap::from([(key("web"), StopFirst::HostPort(8080))]));
    world.settle();
    assert_eq!(world.plan().old_first, BTreeMap::new());
    assert!(world.lines().is_empty());
}

#[test]
fn recreate_lets_all_old_ones_go_before_the_first_new_one_comes() {
    let strategy = json!({ "strategy": { "type": "Recreate" } });
    let all = |image: &str| deployment("web", 2, json!({ "image": image }), json!({}), strategy.clone());
    let mut world = World::of(&[all("app:1")]);
    world.settle();
    world.declare(&[all("app:2")]);
    let lines = world.lines();
    let created: Vec<&String> = lines.iter().filter(|line| line.contains(" create container ")).collect();
    assert_eq!(
        created,
        [
            "5 create container shop-web-1 (outdated: container.image changed app:1 → app:2) < 0 2 4",
            "7 create container shop-web-2 (outdated: container.image changed app:1 → app:2) < 0 2 4",
        ]
    );
    world.settle();
    assert_eq!(world.running(), ["shop-web-1", "shop-web-2"]);
}

#[test]
fn an_image_that_cannot_be_had_leaves_what_runs() {
    let mut world = World::of(&[web(2, "app:1")]);
    world.settle();
    world.declare(&[web(2, "gone:9")]);
    world.pass();
    assert_eq!(world.running(), ["shop-web-1", "shop-web-2"]);
    assert!(world.lines().iter().all(|line| line.starts_with("held web: back-off")), "{:?}", world.lines());
}

#[test]
fn what_is_outdated_and_broken_is_still_healed_while_the_new_one_cannot_be_made() {
    let mut world = World::of(&[web(1, "app:1")]);
    world.settle();
    world.declare(&[web(1, "gone:9")]);
    world.pass();
    world.engine.stop_by_hand("shop-web-1");
    assert_eq!(world.lines().first().map(String::as_str), Some("0 start container shop-web-1 (exited with 0)"));
}

#[test]
fn content_that_changed_rolls_its_users_and_names_the_config() {
    let config = |text: &str| json!({ "apiVersion": "skiff.dev/v1", "kind": "ConfigMap", "metadata": { "name": "conf" }, "data": { "a": text } });
    let user = deployment(
        "web",
        1,
        json!({ "volumeMounts": [{ "name": "conf", "mountPath": "/etc/conf" }] }),
        json!({ "volumes": [{ "name": "conf", "configMap": { "name": "conf" } }] }),
        json!({}),
    );
    let mut world = World::of(&[config("1"), user.clone()]);
    world.settle();
    assert!(world.lines().is_empty());
    world.declare(&[config("2"), user]);
    assert!(world.lines().iter().any(|line| line.contains("content of configmap/conf changed")), "{:?}", world.lines());
    world.settle();
    assert_eq!(world.observe().files.len(), 1);
}

#[test]
fn old_replicas_that_are_ready_serve_even_where_the_new_manifest_asks_for_more_patience() {
    let patient = |replicas: u32, image: &str| {
        deployment("web", replicas, json!({ "image": image }), json!({}), json!({ "minReadySeconds": 30 }))
    };
    let mut world = World::of(&[web(2, "app:1")]);
    world.settle();
    world.declare(&[patient(2, "app:2")]);
    let lines = world.lines();
    assert!(!lines.iter().any(|line| line.contains(" stop container ")), "{lines:?}");
    while !world.pass().is_settled() {
        assert!(world.running().len() >= 2, "{:?}", world.running());
        world.advance(5);
    }
    assert_eq!(world.running(), ["shop-web-2", "shop-web-3"]);
}

#[test]
fn of_two_replicas_with_one_ordinal_only_one_counts() {
    let mut world = World::of(&[web(1, "app:1")]);
    let first = world.pass();
    world.engine.rename_by_hand("shop-web-1", "mine");
    let (_, content) = world.compile();
    for step in &first.steps {
        world.engine.perform(&step.action, &content).expect("its name is free again");
    }
    world.declare(&[web(2, "app:1")]);
    world.settle();
    assert_eq!(world.running(), ["shop-web-1", "shop-web-2"]);
}
