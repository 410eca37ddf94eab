//! What leaves its source goes, behind the guards, and data stays.

use serde_json::{Value, json};
use skiff_core::Intent;

use crate::world::{World, deployment, key, web};

fn named(name: &str) -> Value {
    deployment(name, 1, json!({}), json!({}), json!({}))
}

#[test]
fn what_left_its_source_is_stopped_and_removed() {
    let mut world = World::of(&[named("a"), named("b")]);
    world.settle();
    world.declare(&[named("a")]);
    assert_eq!(
        world.lines(),
        ["0 stop container shop-b-1 (no longer declared)", "1 remove container shop-b-1 (no longer declared) < 0",]
    );
}

#[test]
fn dependents_go_first_and_the_network_last() {
    let api = deployment("api", 1, json!({}), json!({}), json!({ "dependsOn": [{ "name": "db" }] }));
    let mut world = World::of(&[api, named("db")]);
    world.settle();
    world.intent = Intent::Down { volumes: false };
    assert_eq!(
        world.lines(),
        [
            "0 stop container shop-api-1 (asked to go)",
            "1 remove container shop-api-1 (asked to go) < 0",
            "2 stop container shop-db-1 (asked to go) < 1",
            "3 remove container shop-db-1 (asked to go) < 2",
            "4 remove network shop-default (asked to go) < 1 3",
        ]
    );
}

#[test]
fn a_source_that_yields_nothing_is_held_until_it_is_confirmed() {
    let mut world = World::of(&[named("a")]);
    world.settle();
    world.declare(&[]);
    assert_eq!(world.lines(), ["held a: 1 of 1 object of source test would be removed: confirm with --confirm-prune"]);
    world.source.confirm_prune = true;
    world.settle();
    assert!(world.running().is_empty());
}

#[test]
fn what_is_protected_makes_no_source_of_nothing_one_of_something() {
    let mut protected = named("b");
    crate::world::merge(&mut protected, json!({ "metadata": { "annotations": { "skiff.dev/prune": "false" } } }));
    let mut world = World::of(&[named("a"), protected]);
    world.settle();
    world.declare(&[]);
    let lines = world.lines();
    assert!(lines.iter().any(|line| line.starts_with("held a: 1 of 2 objects")), "{lines:?}");
}

#[test]
fn more_than_half_and_at_least_three_are_held_until_they_are_confirmed() {
    let all: Vec<Value> = ["a", "b", "c", "d", "e"].into_iter().map(named).collect();
    let mut world = World::of(&all);
    world.settle();
    world.declare(&[named("a"), named("b")]);
    assert_eq!(world.plan().steps.len(), 0);
    world.declare(&[named("a"), named("b"), named("c")]);
    assert_eq!(world.plan().steps.len(), 4);
}

#[test]
fn what_comes_makes_what_goes_no_smaller_part_of_what_there_was() {
    let all: Vec<Value> = ["a", "b", "c", "d"].into_iter().map(named).collect();
    let mut world = World::of(&all);
    world.settle();
    world.declare(&["e", "f", "g", "h"].map(named));
    let held = "4 of 4 objects of source test would be removed: confirm with --confirm-prune";
    assert!(world.lines().iter().any(|line| line.contains(held)), "{:?}", world.lines());
    world.settle();
    assert_eq!(world.running().len(), 8, "what came runs beside what was there");
    assert!(world.lines().iter().all(|line| line.contains(held)), "{:?}", world.lines());
    world.source.confirm_prune = true;
    world.settle();
    assert_eq!(world.running().len(), 4);
}

#[test]
fn what_gets_another_name_goes_and_what_gets_another_namespace_waits() {
    let mut world = World::of(&[named("a")]);
    world.settle();
    world.declare(&[named("b")]);
    world.settle();
    assert_eq!(world.running(), ["shop-b-1"]);
    world.namespace = "blog";
    world.declare(&[named("b")]);
    world.settle();
    assert_eq!(
        world.lines(),
        ["held b: 1 of 1 object of source test would be removed: confirm with --confirm-prune"],
        "another project from the same folder"
    );
    assert_eq!(world.running(), ["blog-b-1", "shop-b-1"]);
}

#[test]
fn what_a_source_took_over_from_another_goes_when_it_has_left_that() {
    let mut world = World::of(&[named("a"), named("b")]);
    world.settle();
    world.source_name = "imported";
    world.declare(&[named("a"), named("b")]);
    world.settle();
    world.declare(&[named("a")]);
    assert_eq!(world.lines(), Vec::<String>::new(), "nobody knows that it was of this source");
    world.departed.entry(key("b")).or_default().source = Some("imported".to_owned());
    world.settle();
    assert_eq!(world.running(), ["shop-a-1"]);
}

#[test]
fn nothing_is_pruned_while_the_source_has_a_problem() {
    let mut world = World::of(&[named("a"), named("b")]);
    world.settle();
    world.declare(&[named("a")]);
    world.source.problems = 2;
    assert_eq!(world.lines(), ["held b: source test has 2 problems; nothing of it is removed until that is mended"]);
}

#[test]
fn an_object_can_be_protected_and_another_source_can_claim_it() {
    let mut protected = named("b");
    crate::world::merge(&mut protected, json!({ "metadata": { "annotations": { "skiff.dev/prune": "false" } } }));
    let mut world = World::of(&[named("a"), protected, named("c")]);
    world.settle();
    world.declare(&[named("a")]);
    world.claimed.insert(key("c"));
    assert_eq!(world.lines(), ["held b: protected by skiff.dev/prune: \"false\""]);
}

#[test]
fn a_volume_stays_unless_its_manifest_said_otherwise() {
    let volume = |name: &str, policy: &str| json!({ "apiVersion": "skiff.dev/v1", "kind": "Volume", "metadata": { "name": name }, "spec": { "reclaimPolicy": policy } });
    let mut world = World::of(&[web(1, "app:1"), volume("kept", "Retain"), volume("gone", "Delete")]);
    world.settle();
    world.declare(&[web(1, "app:1")]);
    assert_eq!(world.lines(), ["0 remove volume shop-gone (no longer declared)"]);
    // What the last manifest said is not known any more: the label is of the first one, and may be outdated.
    world.departed.clear();
    assert_eq!(world.lines(), Vec::<String>::new());
}

#[test]
fn what_counts_is_the_last_word_on_a_volume() {
    let volume = |policy: &str| json!({ "apiVersion": "skiff.dev/v1", "kind": "Volume", "metadata": { "name": "data" }, "spec": { "reclaimPolicy": policy } });
    let mut world = World::of(&[web(1, "app:1"), volume("Delete")]);
    world.settle();
    world.declare(&[web(1, "app:1"), volume("Retain")]);
    world.settle();
    world.declare(&[web(1, "app:1")]);
    assert_eq!(world.lines(), Vec::<String>::new());
}
