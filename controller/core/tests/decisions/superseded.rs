//! Images that nothing needs any more: removed once the revision after them stands, and never one that is needed or not ours.

use std::sync::Arc;

use serde_json::{Value, json};
use skiff_core::Request;
use skiff_sim::SimImage;

use crate::world::{World, deployment, key, lines};

fn version(number: u32) -> Value {
    let image = format!("web:{number}");
    deployment("web", 1, json!({ "image": image }), json!({}), json!({ "revisionHistoryLimit": 1 }))
}

/// A world whose images are all still in their registry, at the first version.
fn world() -> World {
    let mut world = World::of(&[version(1)]);
    for number in 1..=9 {
        let image = SimImage { id: format!("sha256:{number}"), ..SimImage::default() };
        world.engine.put_image(format!("web:{number}"), image);
    }
    world.run(30);
    world
}

/// Goes on to a version, until it is stable.
fn go(world: &mut World, number: u32) {
    world.declare(&[version(number)]);
    world.run(60);
}

fn has(world: &World, number: u32) -> bool {
    world.engine.image(&format!("web:{number}")).is_some_and(|image| image.local)
}

#[test]
fn an_image_goes_when_no_kept_revision_needs_it_and_never_before() {
    let mut world = world();
    go(&mut world, 2);
    assert!(has(&world, 1) && has(&world, 2), "revision 1 is kept, to go back to");
    go(&mut world, 3);
    assert_eq!((1..=3).map(|number| has(&world, number)).collect::<Vec<_>>(), [false, true, true]);
    let undo = Request::Undo { object: key("web"), to: None };
    skiff_core::grant(&mut world.history, &undo, None, world.engine.now()).expect("there is a revision before");
    world.run(60);
    assert!(has(&world, 2) && has(&world, 3));
    assert_eq!(world.lines().iter().filter(|line| line.contains("remove image")).count(), 0);
}

#[test]
fn the_plan_says_why_and_only_once_nothing_else_is_to_be_done() {
    let mut world = world();
    go(&mut world, 2);
    world.declare(&[version(3)]);
    let mut seen = Vec::new();
    for _ in 0..120 {
        let lines = lines(&world.pass());
        if lines.iter().any(|line| line.contains("remove image")) {
            seen = lines;
            break;
        }
        world.advance(1);
    }
    assert_eq!(seen, ["0 remove image web:1 (superseded)"]);
}

#[test]
fn an_image_that_was_there_before_is_not_ours_to_remove() {
    let mut world = world();
    world.engine.put_image("web:2", SimImage { id: "sha256:2".to_owned(), local: true, ..SimImage::default() });
    for number in 2..=5 {
        go(&mut world, number);
    }
    assert_eq!((1..=5).map(|number| has(&world, number)).collect::<Vec<_>>(), [false, true, false, true, true]);
}

#[test]
fn an_image_that_somebody_else_has_named_or_runs_stays() {
    let mut world = world();
    world.engine.put_image("theirs:1", SimImage { id: "sha256:1".to_owned(), local: true, ..SimImage::default() });
    go(&mut world, 2);
    assert!(world.engine.run_by_hand("theirs", "web:2"));
    go(&mut world, 3);
    go(&mut world, 4);
    go(&mut world, 5);
    assert_eq!((1..=5).map(|number| has(&world, number)).collect::<Vec<_>>(), [true, true, false, true, true]);
}

#[test]
fn an_image_that_another_object_declares_stays() {
    let other = deployment("other", 0, json!({ "image": "web:1" }), json!({}), json!({}));
    let mut world = world();
    for number in 2..=4 {
        world.declare(&[version(number), other.clone()]);
        world.run(60);
    }
    assert_eq!((1..=4).map(|number| has(&world, number)).collect::<Vec<_>>(), [true, false, true, true]);
}

#[test]
fn nothing_goes_before_the_revision_after_it_is_stable() {
    let mut world = world();
    go(&mut world, 2);
    world.engine.put_image(
        "web:3",
        SimImage {
            id: "sha256:3".to_owned(),
            program: skiff_sim::Program::Exits { after: skiff_core::SignedDuration::from_millis(50), code: 3 },
            ..SimImage::default()
        },
    );
    go(&mut world, 3);
    assert!(has(&world, 1) && has(&world, 2), "{:?}", world.told());
}

#[test]
fn what_was_got_is_remembered_across_a_restart() {
    let mut world = world();
    let text = serde_json::to_string(&*world.history).expect("it can be written");
    world.history = Arc::new(serde_json::from_str(&text).expect("it can be read"));
    go(&mut world, 2);
    go(&mut world, 3);
    assert!(!has(&world, 1));
}
