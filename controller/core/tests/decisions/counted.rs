//! `maxAttempts`: what Docker counts by itself, what only a controller that stays can pace, and what Docker does in its place.

use std::num::NonZeroU32;

use serde_json::{Value, json};
use skiff_core::{ContainerState, History, SignedDuration};
use skiff_sim::{DockerRestart, Program, SimContainer, SimImage};

use crate::story::story;
use crate::world::{World, deployment, lines, merge};

const GAVE_UP: &str =
    "held web: shop-web-1 ended with 3 and was restarted 3 times, which is all that restart.maxAttempts allows";

fn template(restart: Value) -> Value {
    json!({ "restartPolicy": "OnFailure", "restart": restart })
}

fn web(image: &str, template: Value) -> Value {
    deployment("web", 1, json!({ "image": image }), template, json!({}))
}

/// A world with a deployment whose container ends with 3 so long after each of its starts.
fn failing(after: SignedDuration, template: Value) -> World {
    let mut world = World::of(&[]);
    let program = Program::Exits { after, code: 3 };
    world.engine.put_image("bad:1", SimImage { id: "sha256:bad".to_owned(), program, ..SimImage::default() });
    world.declare(&[web("bad:1", template)]);
    world
}

fn quick(restart: Value) -> World {
    failing(SignedDuration::from_millis(50), template(restart))
}

fn container(world: &World) -> SimContainer {
    world.engine.container("shop-web-1").expect("it is there").clone()
}

fn times(most: u32) -> DockerRestart {
    DockerRestart::OnFailure(NonZeroU32::new(most))
}

#[test]
fn docker_counts_and_gives_up_and_nothing_is_taken_from_it() {
    let mut world = quick(json!({ "maxAttempts": 3 }));
    insta::assert_snapshot!(story(&mut world, 30), @r"
    08:00:00 create container shop-web-1 (missing)
    08:00:00 held web: shop-web-1 exited with 3 and is being restarted by Docker
    08:00:00 held web: shop-web-1 exited with 3 and is being restarted by Docker
    08:00:00 * RevisionFailing: revision 1 does not come up: shop-web-1 ended 3 times, last with 3; with none to go back to, it is tried on
    08:00:00 held web: shop-web-1 exited with 3 and is being restarted by Docker
    08:00:00 * GaveUp: shop-web-1 ended with 3 and was restarted 3 times, which is all that restart.maxAttempts allows
    08:00:00 held web: shop-web-1 ended with 3 and was restarted 3 times, which is all that restart.maxAttempts allows
    ");
    assert_eq!(container(&world).restart, times(3));
    assert_eq!((container(&world).restart_count, container(&world).state), (3, ContainerState::Exited));
    assert_eq!(world.lines(), [GAVE_UP]);
}

#[test]
fn what_docker_has_given_up_while_nobody_looked_is_told_and_left_down() {
    let mut world = quick(json!({ "maxAttempts": 3 }));
    world.pass();
    world.advance(60);
    assert_eq!(container(&world).restart_count, 3, "nobody but Docker restarted it");
    // Neither memory nor history: Docker's count says it.
    (world.crashes, world.history) = Default::default();
    world.run(1_000);
    assert_eq!(world.lines(), [GAVE_UP]);
    assert_eq!(container(&world).restart_count, 3, "nobody started it again");
    world.restart_controller();
    world.told();
    world.run(10);
    assert_eq!(world.told(), Vec::<String>::new(), "it was told");
}

#[test]
fn a_changed_limit_is_set_in_place_and_what_was_given_up_is_tried_again() {
    let mut world = quick(json!({ "maxAttempts": 3 }));
    world.run(30);
    let id = container(&world).id;
    world.declare(&[web("bad:1", template(json!({ "maxAttempts": 4 })))]);
    insta::assert_snapshot!(world.lines().join("\n"), @r"
    0 update container shop-web-1 (adjusted in place: restartPolicy changed OnFailure, 3 times at most → OnFailure, 4 times at most)
    1 start container shop-web-1 (exited with 3)
    ");
    world.run(30);
    assert_eq!((container(&world).id, container(&world).restart, container(&world).restart_count), (id, times(4), 4));
    for most in [2, 1] {
        world.declare(&[web("bad:1", template(json!({ "maxAttempts": most })))]);
        world.run(30);
        assert_eq!((container(&world).restart, container(&world).restart_count), (times(most), i64::from(most)));
    }
}

#[test]
fn what_was_given_up_is_tried_again_with_another_limit_of_memory() {
    let mut world = quick(json!({ "maxAttempts": 1 }));
    world.run(30);
    let mut more = web("bad:1", template(json!({ "maxAttempts": 1 })));
    merge(
        &mut more,
        json!({ "spec": { "template": { "container": { "resources": { "limits": { "memory": "64Mi" } } } } } }),
    );
    world.declare(&[more]);
    let lines = world.lines();
    assert!(matches!(lines.as_slice(), [start, more] if start.contains("start") && more.ends_with("< 0")), "{lines:?}");
    world.run(30);
    assert_eq!((container(&world).restart_count, container(&world).limits.memory), (1, Some(64 << 20)));
    assert!(world.plan().steps.is_empty());
}

#[test]
fn what_ended_after_a_long_run_or_by_hand_is_started_again_however_often_docker_restarted_it() {
    let mut world = failing(SignedDuration::from_secs(601), template(json!({ "maxAttempts": 1 })));
    world.run(2 * 601 + 5);
    assert_eq!((container(&world).state, container(&world).restart_count), (ContainerState::Running, 0));
    let mut world = World::of(&[web("app:1", template(json!({ "maxAttempts": 1 })))]);
    world.settle();
    assert!(world.engine.kill_by_hand("shop-web-1"));
    world.settle();
    assert_eq!(container(&world).state, ContainerState::Running);
}

#[test]
fn what_gave_up_is_no_revision_to_stay_with() {
    let mut world = World::of(&[web("app:1", template(json!({ "maxAttempts": 1 })))]);
    world.run(100);
    let program = Program::Exits { after: SignedDuration::from_millis(50), code: 3 };
    world.engine.put_image("bad:1", SimImage { id: "sha256:bad".to_owned(), program, ..SimImage::default() });
    world.told();
    world.declare(&[web("bad:1", template(json!({ "maxAttempts": 1 })))]);
    world.run(60);
    let told = world.told().join("\n");
    assert!(told.contains("RevisionFailed: revision 2 failed: shop-web-"), "{told}");
}

#[test]
fn only_a_controller_that_stays_paces_and_otherwise_docker_does_the_nearest() {
    let always = |restart: Value| json!({ "restart": restart });
    let no = DockerRestart::No;
    for (template, staying, alone) in [
        (template(json!({ "delay": "5s" })), no, DockerRestart::OnFailure(None)),
        (template(json!({ "delay": "5s", "maxAttempts": 2 })), no, times(2)),
        (template(json!({ "maxAttempts": 2, "window": "60s" })), no, times(2)),
        (template(json!({ "maxAttempts": 2 })), times(2), times(2)),
        (template(json!({ "maxAttempts": 0 })), no, no),
        (template(json!({ "window": "60s" })), DockerRestart::OnFailure(None), DockerRestart::OnFailure(None)),
        (always(json!({ "delay": "5s" })), no, DockerRestart::Always),
        (always(json!({ "maxAttempts": 2 })), no, times(2)),
    ] {
        for (stays, expected) in [(true, staying), (false, alone)] {
            let mut world = World::of(&[]);
            world.stays = stays;
            world.declare(&[web("app:1", template.clone())]);
            world.settle();
            assert_eq!(container(&world).restart, expected, "{template}, stays: {stays}");
            let says = world.lines().iter().any(|line| line.contains("`skiff run`"));
            assert_eq!(says, !stays && staying != alone, "{template}: {:?}", world.lines());
        }
    }
}

#[test]
fn a_limit_of_0_is_no_restart_whoever_looks() {
    for (policy, stays) in [("OnFailure", true), ("OnFailure", false), ("Always", true), ("Always", false)] {
        let mut world = failing(SignedDuration::from_millis(50), json!({}));
        world.stays = stays;
        world.declare(&[web("bad:1", json!({ "restartPolicy": policy, "restart": { "maxAttempts": 0 } }))]);
        world.run(1_000);
        let id = container(&world).id;
        let gave_up =
            "held web: shop-web-1 ended with 3 and was restarted 0 times, which is all that restart.maxAttempts allows";
        assert_eq!(world.lines(), [gave_up], "{policy}, stays: {stays}");
        assert_eq!(lines(&world.leave()), Vec::<String>::new(), "{policy}, stays: {stays}");
        world.run(1_000);
        assert_eq!((container(&world).id, container(&world).restart_count), (id, 0), "{policy}, stays: {stays}");
    }
}

#[test]
fn what_a_controller_paced_is_left_to_docker_and_the_next_one_takes_it_again() {
    let paced = template(json!({ "delay": "5s", "maxAttempts": 2 }));
    let mut world = World::of(&[web("app:1", paced)]);
    world.settle();
    insta::assert_snapshot!(lines(&world.leave()).join("\n"), @"0 update container shop-web-1 (left to Docker's restarts, as Skiff ends)");
    assert_eq!(container(&world).restart, times(2));
    world.stays = false;
    insta::assert_snapshot!(world.lines().join("\n"), @"held web: restart.delay needs `skiff run`; without it Docker restarts it as OnFailure, 2 times at most");
    world.stays = true;
    insta::assert_snapshot!(world.lines().join("\n"), @"0 update container shop-web-1 (paced by `restart`: Skiff restarts it in place of Docker)");
    world.settle();
    assert_eq!(container(&world).restart, DockerRestart::No);
}

#[test]
fn what_waits_for_its_delay_is_started_at_the_end_and_what_was_tried_often_enough_is_not() {
    let mut world = quick(json!({ "delay": "60s" }));
    world.run(10);
    insta::assert_snapshot!(lines(&world.leave()).join("\n"), @r"
    0 update container shop-web-1 (left to Docker's restarts, as Skiff ends)
    1 start container shop-web-1 (left to Docker's restarts, as Skiff ends) < 0
    ");
    let mut world = quick(json!({ "delay": "1s", "maxAttempts": 1 }));
    world.run(30);
    assert_eq!(lines(&world.leave()), Vec::<String>::new());
}

#[test]
fn a_history_from_before_docker_counted_is_read() {
    let old = json!({ "crashes": { "0123": { "exits": 2, "isLoop": true } } });
    let read: History = serde_json::from_value(old).expect("it is read");
    assert!(read.crashes.values().all(|crash| crash.is_loop && !crash.gave_up));
}
