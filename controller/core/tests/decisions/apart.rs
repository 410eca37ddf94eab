//! A replica that fails waits by itself: the others are healed at once, and wait no longer for it.

use serde_json::json;

use crate::world::{World, deployment};

/// Three replicas that are asked every second whether they are alive.
fn three() -> World {
    let probe = json!({ "exec": { "command": ["check"] }, "periodSeconds": 1, "failureThreshold": 1 });
    let container = json!({ "image": "app:1", "livenessProbe": probe });
    let mut world = World::of(&[deployment("web", 3, container, json!({}), json!({}))]);
    world.settle();
    world
}

/// Lets the replicas of these names fall ill as often as given, a second after each of their restarts.
fn fall_ill(world: &mut World, names: &[&str], times: usize) {
    for _ in 0..times {
        for name in names {
            assert!(world.engine.sicken(name));
        }
        while names.iter().any(|name| world.engine.container(name).is_some_and(|container| container.is_sick)) {
            world.run(1);
        }
    }
}

/// When what is held is tried again, by what is said of it.
fn waits(world: &World) -> Vec<String> {
    world.lines().into_iter().filter(|line| line.contains("back-off until")).collect()
}

#[test]
fn replicas_that_fail_together_wait_no_longer_than_each_would_alone() {
    let mut world = three();
    fall_ill(&mut world, &["shop-web-1", "shop-web-2", "shop-web-3"], 1);
    assert!(world.engine.sicken("shop-web-1"));
    world.advance(1);
    world.pass();
    let waits = waits(&world);
    assert!(waits.iter().all(|line| line.contains("after 1 failed attempt: shop-web-1: ")), "{waits:?}");
}

#[test]
fn what_is_removed_by_hand_is_back_while_another_replica_waits() {
    let mut world = three();
    fall_ill(&mut world, &["shop-web-1"], 5);
    assert!(world.engine.sicken("shop-web-1"));
    world.advance(1);
    world.pass();
    assert_eq!(waits(&world).len(), 1, "{:?}", world.lines());
    assert!(world.engine.remove_by_hand("shop-web-3") && world.engine.stop_by_hand("shop-web-2"));
    world.pass();
    assert_eq!(world.running().len(), 3, "{:?}", world.lines());
    assert_eq!(waits(&world).len(), 1, "{:?}", world.lines());
}
