//! Replicas of the revision before that fail while the new one does not serve yet: they are put right, as they would be without a rollout.

use serde_json::json;

use crate::rollbacks::stable;
use crate::world::{World, deployment};

/// A world in which so many replicas ran well, and another image comes up that never serves.
fn rolling_out(replicas: u32) -> World {
    let of = |image: &str| {
        let check =
            json!({ "image": image, "healthCheck": { "test": ["CMD", "true"], "retries": 1000, "interval": "1s" } });
        deployment("web", replicas, check, json!({}), json!({}))
    };
    let mut world = stable(&of("app:1"));
    world.declare(&[of("slow:1")]);
    world.run(5);
    world
}

/// The containers that run the image of before.
fn serving(world: &World) -> Vec<String> {
    let running = world.running();
    running.into_iter().filter(|name| world.image_of(name) == "app:1").collect()
}

#[test]
fn one_that_ended_is_started_again() {
    let mut world = rolling_out(1);
    assert!(world.engine.stop_by_hand("shop-web-1"));
    world.run(5);
    assert_eq!(serving(&world), ["shop-web-1"]);
}

#[test]
fn of_several_each_that_ended_is_started_again() {
    let mut world = rolling_out(3);
    assert!(world.engine.stop_by_hand("shop-web-1") && world.engine.stop_by_hand("shop-web-3"));
    world.run(5);
    assert_eq!(serving(&world), ["shop-web-1", "shop-web-2", "shop-web-3"], "{:#?}", world.lines());
}
