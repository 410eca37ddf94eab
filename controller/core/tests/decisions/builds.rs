//! Images that are built: before anything is stopped, once, and never again while the engine has them.

use serde_json::{Value, json};
use skiff_core::Phase;
use skiff_sim::{Pull, SimImage};

use crate::world::{World, deployment, key};

const ONE: &str = "shop-web:1111111111111111";
const TWO: &str = "shop-web:2222222222222222";

/// A deployment whose context holds what this image is named by.
fn built(name: &str, image: &str) -> Value {
    deployment(name, 1, json!({ "image": image, "build": { "context": "./web" } }), json!({}), json!({}))
}

fn stable() -> World {
    let mut world = World::of(&[built("web", ONE)]);
    world.settle();
    world.run(15);
    world
}

#[test]
fn an_image_that_is_not_there_is_built_before_its_container_is_made_and_once() {
    let mut world = World::of(&[built("web", ONE)]);
    let lines = world.lines();
    assert_eq!(lines.get(1), Some(&format!("1 build image {ONE} (missing)")), "{lines:?}");
    assert!(
        lines.iter().any(|line| line.starts_with("2 create container shop-web-1") && line.ends_with("< 0 1")),
        "{lines:?}"
    );
    world.settle();
    assert_eq!(world.image_of("shop-web-1"), ONE);
    world.engine.remove_by_hand("shop-web-1");
    assert!(world.lines().iter().all(|line| !line.contains("build")), "{:?}", world.lines());
}

#[test]
fn a_changed_context_is_a_new_revision_with_a_reason_that_says_so_and_is_built_before_anything_is_stopped() {
    let mut world = stable();
    world.declare(&[built("web", TWO)]);
    let why = "outdated: container.build changed 1111111111111111 → 2222222222222222";
    assert_eq!(
        world.lines(),
        [
            format!("0 build image {TWO} (missing)"),
            format!("1 create container shop-web-2 ({why}) < 0"),
            format!("2 start container shop-web-2 ({why}) < 1"),
            "held web: waiting for shop-web-2 to be Ready [replace container shop-web-1]".to_owned(),
        ]
    );
}

#[test]
fn an_image_that_cannot_be_built_leaves_what_runs_and_is_tried_at_once_when_the_context_changes() {
    let mut world = stable();
    world.engine.put_image(TWO, SimImage { pull: Pull::Fails, is_built: true, ..SimImage::default() });
    world.declare(&[built("web", TWO)]);
    world.pass();
    world.pass();
    assert_eq!(world.running(), ["shop-web-1"]);
    let line = world.lines().first().cloned().unwrap_or_default();
    let words = "after 1 failed build: build of shop-web:2222222222222222: step 2/2: the command ended with 1 [replace container shop-web-1]";
    assert!(line.starts_with("held web: back-off until") && line.ends_with(words), "{line}");
    let status = world.status("web");
    assert_eq!((status.phase, status.reason), (Phase::Degraded, "ImageBuildBackOff"));
    world.declare(&[built("web", "shop-web:3333333333333333")]);
    world.settle();
    assert_eq!(world.image_of("shop-web-2"), "shop-web:3333333333333333");
}

#[test]
fn two_objects_of_one_context_are_built_once() {
    let world = World::of(&[built("web", ONE), built("worker", ONE)]);
    let builds = world.lines().iter().filter(|line| line.contains("build image")).count();
    assert_eq!(builds, 1, "{:?}", world.lines());
}

#[test]
fn what_is_built_is_never_pulled_even_where_its_revision_ran_and_the_image_is_lost() {
    let mut world = stable();
    let revision = world.history.objects.get(&key("web")).and_then(|known| known.revision(1));
    assert!(revision.is_some_and(|revision| revision.image.is_some()));
    world.engine.set_image(ONE, false, Pull::Works);
    world.engine.remove_by_hand("shop-web-1");
    let lines = world.lines();
    assert!(lines.iter().any(|line| line.ends_with(&format!("build image {ONE} (missing)"))), "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains("pull image")), "{lines:?}");
}
