//! Who restarts what ends again and again, how that is told, and that a controller that starts goes on from where the last one was.

use serde_json::json;
use skiff_core::{HeldReason, History, Phase, SignedDuration, settling_complaints};
use skiff_sim::{DockerRestart, Program, SimImage};

use crate::story::story;
use crate::world::{World, deployment, web};

/// A world with a deployment whose container ends with 3 shortly after each of its starts.
fn crashing(restart: serde_json::Value) -> World {
    ending_after(SignedDuration::from_millis(50), restart)
}

fn ending_after(after: SignedDuration, restart: serde_json::Value) -> World {
    let mut world = World::of(&[]);
    let program = Program::Exits { after, code: 3 };
    world.engine.put_image("bad:1", SimImage { id: "sha256:bad".to_owned(), program, ..SimImage::default() });
    let template = if restart.is_null() { json!({}) } else { json!({ "restart": restart }) };
    world.declare(&[deployment("web", 1, json!({ "image": "bad:1" }), template, json!({}))]);
    world
}

fn holds(world: &World) -> Vec<HeldReason> {
    world.plan().held.into_iter().map(|held| held.why).collect()
}

#[test]
fn a_crash_loop_is_told_once_with_who_restarts_it_and_when() {
    let mut world = crashing(json!(null));
    insta::assert_snapshot!(story(&mut world, 10), @r"
    08:00:00 create container shop-web-1 (missing)
    08:00:00 held web: shop-web-1 exited with 3 and is being restarted by Docker
    08:00:00 held web: shop-web-1 exited with 3 and is being restarted by Docker
    08:00:00 * CrashLoopBackOff: shop-web-1 ended 3 times, last with 3: it is started again at 08:00:01Z; Skiff restarts it in place of Docker until it has run for 10m
    08:00:00 * RevisionFailing: revision 1 does not come up: shop-web-1 ended 3 times, last with 3; with none to go back to, it is tried on
    08:00:00 held web: shop-web-1 exited with 3 and is being restarted by Docker
    08:00:00 held web: shop-web-1 ended 3 times, last with 3: it is started again at 08:00:01Z
    08:00:01 held web: shop-web-1 ended 4 times, last with 3: it is started again at 08:00:03Z
    08:00:03 held web: shop-web-1 ended 5 times, last with 3: it is started again at 08:00:07Z
    08:00:07 held web: shop-web-1 ended 6 times, last with 3: it is started again at 08:00:17Z
    ");
}

#[test]
fn what_ended_again_and_again_is_ready_only_once_it_has_run_for_a_while() {
    let mut world = ending_after(SignedDuration::from_secs(12), json!(null));
    let last = story(&mut world, 40).lines().last().map(ToOwned::to_owned).unwrap_or_default();
    let told_so = "held web: shop-web-1 ended 3 times, last with 3: it runs again, and is taken for Ready at 08:00:47Z";
    assert!(last.ends_with(told_so), "{last}");
    let told = |world: &World| {
        let status = world.status("web");
        let containers = world.observe().containers;
        let complaints = settling_complaints(&world.observe(), world.engine.now());
        let complaint = containers.first().and_then(|container| complaints.get(&container.id).cloned());
        (status.ready, status.phase, status.reason, complaint)
    };
    let complaint = "it ended 3 times, and is taken for Ready after 10 s".to_owned();
    assert_eq!(told(&world), (0, Phase::Degraded, "CrashLoopBackOff", Some(complaint)));
    story(&mut world, 8);
    assert_eq!(told(&world), (1, Phase::Ready, "", None));
}

#[test]
fn what_was_tried_often_enough_is_told_once() {
    let mut world = crashing(json!({ "delay": "1s", "maxAttempts": 2 }));
    insta::assert_snapshot!(story(&mut world, 30), @r"
    08:00:00 create container shop-web-1 (missing)
    08:00:00 held web: shop-web-1 ended 1 time, last with 3: it is started again at 08:00:01Z
    08:00:01 held web: shop-web-1 ended 2 times, last with 3: it is started again at 08:00:02Z
    08:00:02 * GaveUp: shop-web-1 ended with 3 and was restarted 2 times, which is all that restart.maxAttempts allows
    08:00:02 * RevisionFailing: revision 1 does not come up: shop-web-1 ended 3 times, last with 3; with none to go back to, it is tried on
    08:00:02 held web: shop-web-1 ended with 3 and was restarted 2 times, which is all that restart.maxAttempts allows
    ");
}

#[test]
fn that_restarts_are_taken_from_docker_is_said_in_words() {
    let mut world = crashing(json!(null));
    let told = (0..40).find_map(|_| {
        world.engine.advance(world.engine.now() + SignedDuration::from_millis(100));
        world
            .pass()
            .steps
            .iter()
            .find(|step| step.action.verb() == "update container")
            .map(|step| step.reason.to_string())
    });
    let expected =
        "crashing again and again: after 3 ends Skiff restarts it in place of Docker, until it has run for 10m";
    assert_eq!(told.as_deref(), Some(expected));
}

#[test]
fn restarts_are_counted_across_controllers_and_healthy_times() {
    let mut world = World::of(&[web(1, "app:1")]);
    world.settle();
    let restarts = |world: &World| {
        let observed = world.observe();
        let container = observed.containers.first().expect("a container");
        observed.history.crashes.get(&container.id).map_or(0, |crash| crash.restarts(container))
    };
    for expected in 1..=2 {
        world.engine.kill_from_host("shop-web-1");
        world.settle();
        assert_eq!(restarts(&world), expected);
        world.restart_controller();
        world.advance(700);
        world.pass();
    }
    assert_eq!(restarts(&world), 2, "it has run well since, and they are not forgotten");
}

#[test]
fn that_restarts_are_given_back_to_docker_is_said_in_words() {
    let mut world = World::of(&[web(1, "app:1")]);
    world.settle();
    for _ in 0..3 {
        world.engine.kill_from_host("shop-web-1");
        world.advance(5);
        world.pass();
    }
    world.run(60);
    let policy = |world: &World| world.engine.container("shop-web-1").map(|container| container.restart);
    assert_eq!(policy(&world), Some(DockerRestart::No), "the restarts are Skiff's");
    let given = (0..70).find_map(|_| {
        world.advance(10);
        world.pass().steps.iter().map(|step| format!("{} ({})", step.action.verb(), step.reason)).next()
    });
    let expected = "update container (it has run for 10m without a crash: Docker restarts it again)";
    assert_eq!(given.as_deref(), Some(expected));
    assert_eq!(policy(&world), Some(DockerRestart::Always));
}

#[test]
fn a_crash_loop_goes_on_where_it_was_when_the_controller_starts_anew() {
    let mut world = crashing(json!(null));
    world.run(40);
    let before = holds(&world);
    assert!(matches!(before.as_slice(), [HeldReason::CrashLoop { .. }]), "{before:?}");
    world.told();
    world.restart_controller();
    world.pass();
    assert_eq!(holds(&world), before, "it waits as long");
    let policy = world.engine.container("shop-web-1").map(|container| container.restart);
    assert_eq!(policy, Some(DockerRestart::No), "the restarts are Skiff's");
    assert_eq!(world.told(), Vec::<String>::new(), "it has been told");
}

#[test]
fn what_was_given_up_stays_so_when_the_controller_starts_anew() {
    let mut world = crashing(json!({ "delay": "1s", "maxAttempts": 2 }));
    world.run(30);
    world.told();
    world.restart_controller();
    world.run(600);
    assert!(matches!(holds(&world).as_slice(), [HeldReason::GaveUp { attempts: 2, .. }]), "{:?}", holds(&world));
    assert_eq!(world.told(), Vec::<String>::new());
}

#[test]
fn ends_while_no_controller_ran_count() {
    let mut world = World::of(&[web(1, "app:1")]);
    world.settle();
    world.engine.kill_from_host("shop-web-1");
    world.run(5);
    let exits = |world: &World| world.history.crashes.values().map(|crash| (crash.exits, crash.is_loop)).next();
    assert_eq!(exits(&world), Some((1, false)));
    for _ in 0..2 {
        world.engine.kill_from_host("shop-web-1");
        world.advance(5);
    }
    world.restart_controller();
    world.pass();
    assert_eq!(exits(&world), Some((3, true)), "Docker restarted it meanwhile");
    let told = world.told().concat();
    assert!(told.contains("ended 3 times") && !told.contains("last with"), "nobody saw how: {told}");
}

#[test]
fn an_end_before_the_first_look_is_one_of_those_that_may_be() {
    let mut world = crashing(json!({ "delay": "1s", "maxAttempts": 2 }));
    let mut starts = 0;
    for _ in 0..100 {
        let plan = world.pass();
        starts += plan.steps.iter().filter(|step| step.action.verb() == "start container").count();
        // It has ended before anybody looks again.
        world.advance(2);
    }
    assert_eq!(starts, 3, "the first one, and as often as restart.maxAttempts allows");
}

#[test]
fn what_runs_well_again_is_docker_s_again_and_that_is_told() {
    let mut world = World::of(&[web(1, "app:1")]);
    world.settle();
    for _ in 0..3 {
        world.engine.kill_from_host("shop-web-1");
        world.run(10);
    }
    let told = world.told();
    assert!(told.iter().any(|event| event.starts_with("CrashLoopBackOff: ")), "{told:?}");
    world.restart_controller();
    world.run(700);
    assert_eq!(
        world.told().last().map(String::as_str),
        Some("CrashLoopEnded: shop-web-1 is in no crash loop any more")
    );
    let policy = world.engine.container("shop-web-1").map(|container| container.restart);
    assert_eq!(policy, Some(DockerRestart::Always));
    let is_forgotten = world.history.crashes.values().all(|crash| crash.exits == 0);
    assert!(is_forgotten, "nothing is kept of what runs well but how often it ended");
}

#[test]
fn a_clock_that_was_put_back_keeps_nothing_waiting_for_as_long() {
    let mut world = crashing(json!(null));
    world.run(40);
    let hour = SignedDuration::from_hours(1);
    let earlier = world.engine.now().checked_sub(hour).expect("a moment");
    let (desired, observed) = (world.compile().0, world.observe());
    let plan = skiff_core::plan(&desired, &observed, earlier);
    assert!(plan.steps.iter().any(|step| step.action.verb() == "start container"), "{plan:?}");
}

#[test]
fn a_history_without_crashes_is_read() {
    let old: History = serde_json::from_value(json!({ "objects": {} })).expect("it is read");
    assert_eq!(old, History::default());
    let mut world = crashing(json!(null));
    world.run(20);
    let written = serde_json::to_value(&*world.history).expect("it is written");
    assert_eq!(serde_json::from_value::<History>(written).expect("it is read"), *world.history);
    world.declare(&[web(1, "app:1")]);
    world.run(20);
    assert!(world.history.crashes.is_empty(), "the container is gone");
}
