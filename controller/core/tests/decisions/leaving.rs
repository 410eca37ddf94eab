//! What a controller leaves to Docker when it ends, and that the next one takes it up again.

use serde_json::{Value, json};
use skiff_core::{Action, ContainerState, EngineError, HeldReason, Intent, SignedDuration, plan_leave};
use skiff_sim::{DockerRestart, Program, SimImage};

use crate::world::{World, deployment, lines, web};

/// A deployment that ends with 3 shortly after each of its starts, in a crash loop.
fn looping(template: Value) -> World {
    let mut world = World::of(&[]);
    let program = Program::Exits { after: SignedDuration::from_millis(50), code: 3 };
    world.engine.put_image("bad:1", SimImage { id: "sha256:bad".to_owned(), program, ..SimImage::default() });
    world.declare(&[deployment("web", 1, json!({ "image": "bad:1" }), template, json!({}))]);
    world.run(20);
    world
}

fn policy(world: &World) -> Option<DockerRestart> {
    world.engine.container("shop-web-1").map(|container| container.restart)
}

fn state(world: &World) -> Option<ContainerState> {
    world.engine.container("shop-web-1").map(|container| container.state)
}

fn exits(world: &World) -> u32 {
    world.history.crashes.values().map(|crash| crash.exits).sum()
}

#[test]
fn what_waits_for_its_next_start_is_left_to_docker_which_goes_on_restarting_it() {
    let mut world = looping(json!({}));
    assert_eq!((policy(&world), state(&world)), (Some(DockerRestart::No), Some(ContainerState::Exited)));
    insta::assert_snapshot!(lines(&world.leave()).join("\n"), @r"
    0 update container shop-web-1 (left to Docker's restarts, as Skiff ends)
    1 start container shop-web-1 (left to Docker's restarts, as Skiff ends) < 0
    ");
    assert_eq!(policy(&world), Some(DockerRestart::Always));
    let restarts = |world: &World| world.engine.container("shop-web-1").map(|container| container.restart_count);
    world.advance(30);
    assert!(restarts(&world) > Some(2), "{:?}", restarts(&world));
}

#[test]
fn what_runs_at_the_end_is_restarted_by_docker_after_its_next_end() {
    let mut world = World::of(&[web(1, "app:1")]);
    world.settle();
    for _ in 0..3 {
        world.engine.kill_from_host("shop-web-1");
        world.run(10);
    }
    assert_eq!((policy(&world), state(&world)), (Some(DockerRestart::No), Some(ContainerState::Running)));
    insta::assert_snapshot!(lines(&world.leave()).join("\n"), @"0 update container shop-web-1 (left to Docker's restarts, as Skiff ends)");
    world.engine.kill_from_host("shop-web-1");
    world.advance(5);
    assert_eq!(state(&world), Some(ContainerState::Running));
}

#[test]
fn what_ends_while_its_restarts_are_given_back_is_found_at_another_look() {
    let mut world = World::of(&[web(1, "app:1")]);
    world.settle();
    for _ in 0..3 {
        world.engine.kill_from_host("shop-web-1");
        world.run(10);
    }
    let (desired, content) = world.compile();
    let plan = plan_leave(&desired, &world.observe(), world.engine.now());
    // Between the look and the step.
    world.engine.kill_from_host("shop-web-1");
    for step in &plan.steps {
        world.engine.perform(&step.action, &content).expect("it can be done");
    }
    world.advance(60);
    assert_eq!((policy(&world), state(&world)), (Some(DockerRestart::Always), Some(ContainerState::Exited)));
    world.learn();
    insta::assert_snapshot!(lines(&world.leave()).join("\n"), @"0 start container shop-web-1 (left to Docker's restarts, as Skiff ends)");
    assert_eq!(state(&world), Some(ContainerState::Running));
    assert_eq!(lines(&world.leave()), Vec::<String>::new(), "and that is all");
}

#[test]
fn the_next_controller_takes_the_restarts_again_and_forgets_no_end() {
    let mut world = looping(json!({}));
    let before = exits(&world);
    world.leave();
    world.told();
    world.restart_controller();
    let plan = world.pass();
    let taken: Vec<_> = plan.steps.iter().map(|step| step.reason.to_string()).collect();
    let expected = "crashing again and again: after ";
    assert!(matches!(taken.as_slice(), [one] if one.starts_with(expected)), "{taken:?}");
    world.run(60);
    assert_eq!(policy(&world), Some(DockerRestart::No));
    assert!(exits(&world) > before, "{} after {before}", exits(&world));
    assert!(matches!(world.plan().held.as_slice(), [held] if matches!(held.why, HeldReason::CrashLoop { .. })));
    assert!(world.told().is_empty(), "it has been told that it is one");
}

#[test]
fn what_is_meant_to_be_down_is_left_alone() {
    let mut world = looping(json!({}));
    world.declare(&[deployment("web", 0, json!({ "image": "bad:1" }), json!({}), json!({}))]);
    assert_eq!(world.leave().steps, [], "it is scaled to nothing");
    world.declare(&[]);
    assert_eq!(world.leave().steps, [], "it is declared no more");
    assert_eq!(looping(json!({ "restartPolicy": "Never" })).leave().steps, [], "it is not to run again");
    let mut world = looping(json!({}));
    world.intent = Intent::Down { volumes: false };
    assert_eq!(world.leave().steps, [], "all of it goes");
    let step = world.plan().steps.into_iter().find(|step| matches!(step.action, Action::RemoveContainer { .. }));
    let error = EngineError::Failed("it could not be removed".to_owned());
    world.failures.failed(&step.expect("it is removed"), &error, world.engine.now());
    assert_eq!(world.leave().steps, [], "also where that waits");
}

#[test]
fn a_surplus_replica_and_one_that_goes_for_another_template_are_left_alone() {
    let mut world = World::of(&[web(2, "app:1")]);
    world.settle();
    for _ in 0..3 {
        world.engine.kill_from_host("shop-web-2");
        world.run(10);
    }
    assert_eq!(world.leave().steps.len(), 1);
    world.pass();
    world.declare(&[web(1, "app:1")]);
    assert_eq!(world.leave().steps, [], "the second goes");
}

#[test]
fn what_finished_under_on_failure_is_not_started_at_the_end() {
    let restarts = json!({ "restartPolicy": "OnFailure" });
    assert_eq!(looping(restarts.clone()).leave().steps.len(), 2, "it failed");
    let mut world = World::of(&[deployment("web", 1, json!({ "image": "app:1" }), restarts, json!({}))]);
    world.settle();
    for _ in 0..3 {
        world.engine.kill_from_host("shop-web-1");
        world.run(10);
    }
    assert_eq!(policy(&world), Some(DockerRestart::No));
    assert!(world.engine.exit("shop-web-1", 0));
    assert_eq!(world.leave().steps, [], "it has done its work");
}
