//! What ended, froze or vanished comes back, each with its reason.

use serde_json::json;
use skiff_core::{EngineError, Health, InPlace, SignedDuration};
use skiff_sim::{DockerRestart, Program, SimImage};

use crate::world::{World, deployment, merge, web};

fn healed(harm: impl FnOnce(&mut World)) -> Vec<String> {
    let mut world = World::of(&[web(1, "app:1")]);
    world.settle();
    harm(&mut world);
    let lines = world.lines();
    world.settle();
    assert_eq!(world.running(), ["shop-web-1"]);
    lines
}

#[test]
fn a_replica_stopped_by_hand_is_started() {
    let lines = healed(|world| assert!(world.engine.stop_by_hand("shop-web-1")));
    assert_eq!(lines, ["0 start container shop-web-1 (exited with 0)"]);
}

#[test]
fn a_replica_removed_by_hand_is_made_again() {
    let lines = healed(|world| assert!(world.engine.remove_by_hand("shop-web-1")));
    assert_eq!(
        lines,
        [
            "0 pull image app:1 (needed)",
            "1 create container shop-web-1 (missing) < 0",
            "2 start container shop-web-1 (missing) < 1",
        ]
    );
}

#[test]
fn a_frozen_replica_goes_on() {
    let lines = healed(|world| assert!(world.engine.pause("shop-web-1")));
    assert_eq!(lines, ["0 unpause container shop-web-1 (paused)"]);
}

#[test]
fn what_the_engine_restarts_by_itself_is_left_to_it() {
    let mut world = World::of(&[web(1, "app:1")]);
    world.settle();
    world.engine.kill_from_host("shop-web-1");
    assert_eq!(world.lines(), ["held web: shop-web-1 exited with 137 and is being restarted by Docker"]);
    world.settle();
    assert_eq!(world.running(), ["shop-web-1"]);
}

#[test]
fn a_replica_that_the_engine_restarts_gets_its_name_back_later() {
    let mut world = World::of(&[web(1, "app:1")]);
    world.settle();
    world.engine.rename_by_hand("shop-web-1", "other");
    world.engine.kill_from_host("other");
    assert_eq!(world.lines(), ["held web: other exited with 137 and is being restarted by Docker"]);
    world.advance(1);
    assert_eq!(world.lines(), ["0 rename container other to shop-web-1 (renamed to other by somebody else)"]);
}

#[test]
fn a_replica_is_not_started_while_a_network_that_it_is_on_is_not_there() {
    let network = json!({ "apiVersion": "skiff.dev/v1", "kind": "Network", "metadata": { "name": "proxy" }, "spec": { "external": true } });
    let user = deployment("web", 1, json!({}), json!({ "networks": [{ "name": "proxy" }] }), json!({}));
    let mut world = World::of(&[network, user]);
    world.engine.add_foreign_network("proxy");
    world.settle();
    world.engine.stop_by_hand("shop-web-1");
    world.engine.remove_network_by_hand("proxy");
    assert_eq!(
        world.lines(),
        [
            "held proxy: proxy is declared external and does not exist",
            "held web: waiting for network/shop/proxy to be Started [start container shop-web-1]",
        ]
    );
    world.engine.add_foreign_network("proxy");
    world.settle();
    assert_eq!(world.running(), ["shop-web-1"]);
}

/// Two replicas of an image that cannot be replaced, as that of the new one cannot be had.
fn stuck() -> World {
    let mut world = World::of(&[web(2, "app:1")]);
    world.settle();
    world.declare(&[web(2, "missing:1")]);
    world.pass();
    world
}

#[test]
fn what_cannot_be_replaced_is_put_back_on_its_network() {
    let mut world = stuck();
    world.engine.stop_by_hand("shop-web-1");
    world.engine.remove_network_by_hand("shop-default");
    world.pass();
    let lines = world.lines();
    assert_eq!(world.running(), ["shop-web-1", "shop-web-2"], "{lines:?}");
    let names = world.engine.container("shop-web-1").map(|container| container.networks.keys().cloned().collect());
    assert_eq!(names, Some(vec!["shop-default".to_owned()]));
}

#[test]
fn the_back_off_of_what_cannot_be_replaced_is_said_and_ends() {
    let mut world = stuck();
    world.engine.stop_by_hand("shop-web-1");
    world.engine.fail_next(skiff_sim::Fault::Fails);
    world.advance(2);
    world.pass();
    let held = world.lines().into_iter().filter(|line| line.contains("500: the engine failed")).count();
    assert_eq!(held, 1, "{:?}", world.lines());
    assert!(world.plan().wake_at.is_some());
}

#[test]
fn a_replica_that_finished_is_not_missing() {
    let once = deployment("once", 1, json!({}), json!({ "restartPolicy": "OnFailure" }), json!({}));
    let mut world = World::of(&[once]);
    world.settle();
    world.engine.exit("shop-once-1", 0);
    assert!(world.lines().is_empty());
}

#[test]
fn an_unhealthy_replica_holds_a_rollout_and_is_restarted() {
    let checked = |image: &str| {
        let check = json!({ "image": image, "healthCheck": { "test": ["CMD", "true"] } });
        deployment("web", 2, check, json!({}), json!({}))
    };
    let mut world = World::of(&[checked("app:1")]);
    world.pass();
    for name in ["shop-web-1", "shop-web-2"] {
        world.engine.set_health(name, Health::Healthy);
    }
    world.settle();
    world.declare(&[checked("app:2")]);
    world.pass();
    world.engine.set_health("shop-web-3", Health::Unhealthy);
    assert_eq!(
        world.lines(),
        [
            "0 stop container shop-web-3 (unhealthy: healthCheck: unhealthy)",
            "1 start container shop-web-3 (unhealthy: healthCheck: unhealthy) < 0",
            "held web: waiting for shop-web-3 to be Ready [replace container shop-web-2, replace container shop-web-1]",
        ]
    );
}

#[test]
fn what_has_done_its_work_is_in_no_crash_loop_however_often_somebody_made_it_do_it() {
    let once = Program::Exits { after: SignedDuration::from_millis(50), code: 0 };
    let mut world = World::of(&[]);
    world.engine.put_image("once:1", SimImage { id: "sha256:once".to_owned(), program: once, ..SimImage::default() });
    let template = json!({ "restartPolicy": "OnFailure" });
    let mut once = deployment("once", 1, json!({}), template, json!({}));
    merge(&mut once, json!({ "spec": { "template": { "container": { "image": "once:1" } } } }));
    world.declare(&[once]);
    world.run(20);
    let policy = |world: &World| world.engine.container("shop-once-1").map(|container| container.restart);
    assert_eq!(policy(&world), Some(DockerRestart::OnFailure(None)));
    // Nobody looks while Docker starts it again and again.
    let to = InPlace::default();
    assert!(world.engine.update_by_hand("shop-once-1", &to, Some(DockerRestart::Always)));
    assert!(world.engine.start_by_hand("shop-once-1"));
    world.advance(5);
    world.run(60);
    assert_eq!(policy(&world), Some(DockerRestart::OnFailure(None)));
    assert!(world.lines().is_empty(), "{:?}", world.lines());
}

#[test]
fn what_ended_in_a_crash_loop_is_not_taken_for_done_when_nobody_remembers_what_it_was() {
    let crash = Program::Exits { after: SignedDuration::from_millis(50), code: 3 };
    let mut world = World::of(&[]);
    world.engine.put_image("bad:1", SimImage { id: "sha256:bad".to_owned(), program: crash, ..SimImage::default() });
    world.declare(&[web(2, "bad:1")]);
    world.run(20);
    let policy = world.engine.container("shop-web-1").map(|container| container.restart);
    assert_eq!(policy, Some(DockerRestart::No), "Skiff paces it");
    // The memory goes with the process, and the history with the disk.
    (world.crashes, world.history) = Default::default();
    world.declare(&[web(2, "app:1")]);
    world.pass();
    let images: Vec<&str> = world.engine.containers().map(|container| container.image.as_str()).collect();
    assert_eq!(images, ["app:1", "app:1"], "nothing waits for those that served nobody");
}

#[test]
fn no_more_old_replicas_come_back_than_are_wanted_by_now() {
    let mut world = World::of(&[web(3, "app:1")]);
    world.settle();
    for name in ["shop-web-1", "shop-web-2", "shop-web-3"] {
        assert!(world.engine.stop_by_hand(name));
    }
    // New ones cannot come, as what they need has no image.
    let needs = json!({ "dependsOn": [{ "name": "db", "condition": "Ready" }] });
    let db = deployment("db", 1, json!({ "image": "nowhere:1", "imagePullPolicy": "Never" }), json!({}), json!({}));
    world.declare(&[db, deployment("web", 1, json!({ "image": "app:2" }), json!({}), needs)]);
    world.pass();
    let starts: Vec<String> =
        world.lines().into_iter().filter(|line| line.contains("start container shop-web")).collect();
    assert_eq!((world.running().len(), starts.len()), (1, 0), "{starts:?}");
}

#[test]
fn what_had_changed_between_a_look_and_a_step_is_told_as_progress_and_not_as_a_failure() {
    let status_after = |errors: &[EngineError]| {
        let mut world = World::of(&[web(1, "app:1")]);
        let step = world.plan().steps.into_iter().find(|step| step.action.verb() == "create container");
        let step = step.expect("a step");
        for error in errors {
            world.failures.failed(&step, error, world.engine.now());
        }
        let status = world.status("web");
        format!("{:?} {}", status.phase, status.reason)
    };
    let stale = EngineError::Stale("container shop-web-1 is gone".to_owned());
    assert_eq!(status_after(std::slice::from_ref(&stale)), "Progressing Progressing");
    assert_eq!(status_after(&[stale.clone(), stale.clone(), stale]), "Degraded BackOff", "again and again");
    assert_eq!(status_after(&[EngineError::Failed("500: no".to_owned())]), "Degraded BackOff");
}
