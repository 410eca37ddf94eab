//! What becomes of a revision that fails.

use serde_json::{Value, json};
use skiff_core::{Cause, Failures, Phase, SignedDuration, Standing, told_revisions};
use skiff_sim::{Passes, Program, SimImage};

use crate::world::{World, deployment, key, web};

/// A world in which revision 1 of `web` is stable, and the images `bad:1` and `bad:2` end a moment after their start.
pub(crate) fn stable(manifest: &Value) -> World {
    let mut world = World::of(std::slice::from_ref(manifest));
    for image in ["bad:1", "bad:2"] {
        let program = Program::Exits { after: SignedDuration::from_millis(50), code: 3 };
        world.engine.put_image(image, SimImage { id: format!("sha256:{image}"), program, ..SimImage::default() });
    }
    let slow = SimImage { id: "sha256:slow".to_owned(), checks: Passes::Never, ..SimImage::default() };
    world.engine.put_image("slow:1", slow);
    world.settle();
    world.run(15);
    assert_eq!(world.told_of_revisions().last().map(String::as_str), Some("RevisionStable: revision 1 is stable"));
    world
}

#[test]
fn a_revision_that_crashes_again_and_again_goes_back_and_is_not_tried_again() {
    let patient =
        |image: &str| deployment("web", 3, json!({ "image": image }), json!({}), json!({ "minReadySeconds": 10 }));
    let mut world = stable(&patient("app:1"));
    world.declare(&[patient("bad:1")]);
    world.run(60);
    assert_eq!(world.running(), ["shop-web-1", "shop-web-2", "shop-web-3"], "no old one ever went");
    assert_eq!(
        world.told_of_revisions(),
        [
            "RevisionFailed: revision 2 failed: shop-web-4 ended 3 times, last with 3; going back to revision 1",
            "RolledBack: back at revision 1",
        ]
    );
    let held = "held web: revision 2 failed: shop-web-4 ended 3 times, last with 3; it went back to revision 1 and waits for another manifest";
    assert_eq!(world.lines(), [held]);
    let status = world.status("web");
    assert_eq!((status.phase, status.reason), (Phase::Ready, "RevisionFailed"), "it serves, and not what is declared");
    world.run(3600);
    assert_eq!(world.lines(), [held], "and stays so");
    assert!(world.told_of_revisions().is_empty());
}

#[test]
fn a_way_back_that_has_come_is_not_late_while_it_is_watched() {
    let hasty = |image: &str| {
        deployment(
            "web",
            2,
            json!({ "image": image }),
            json!({}),
            json!({ "strategy": { "type": "Recreate" }, "progressDeadlineSeconds": 8 }),
        )
    };
    let mut world = stable(&hasty("app:1"));
    world.declare(&[hasty("bad:1")]);
    world.run(60);
    let told = world.told_of_revisions();
    assert_eq!(told.last().map(String::as_str), Some("RolledBack: back at revision 1"));
    assert!(told.iter().all(|line| !line.starts_with("RollbackFailed")), "{told:?}");
}

#[test]
fn what_was_replaced_stop_first_comes_back() {
    let published = |image: &str| {
        let ports = json!([{ "containerPort": 80, "hostPort": 8080 }]);
        deployment("web", 1, json!({ "image": image, "ports": ports }), json!({}), json!({}))
    };
    let mut world = stable(&published("app:1"));
    world.declare(&[published("bad:1")]);
    world.run(60);
    assert_eq!(world.running(), ["shop-web-1"]);
    assert_eq!(world.image_of("shop-web-1"), "app:1");
}

#[test]
fn another_manifest_is_tried_at_once_and_the_first_one_again_as_a_new_revision() {
    let mut world = stable(&web(1, "app:1"));
    world.declare(&[web(1, "bad:1")]);
    world.run(60);
    world.told_of_revisions();
    world.declare(&[web(1, "app:2")]);
    world.run(60);
    assert_eq!(world.told_of_revisions(), ["RevisionStable: revision 3 is stable"]);
    world.declare(&[web(1, "bad:1")]);
    world.run(60);
    assert_eq!(
        world.told_of_revisions().last().map(String::as_str),
        Some("RolledBack: back at revision 3"),
        "what failed once is tried again when it is declared anew"
    );
}

#[test]
fn a_way_back_that_fails_as_well_stops_the_rollout() {
    let published = |image: &str| {
        let ports = json!([{ "containerPort": 80, "hostPort": 8080 }]);
        deployment("web", 1, json!({ "image": image, "ports": ports }), json!({}), json!({}))
    };
    let mut world = stable(&published("app:1"));
    let program = Program::Exits { after: SignedDuration::from_millis(50), code: 9 };
    world
        .engine
        .put_image("app:1", SimImage { id: "sha256:app:1".to_owned(), local: true, program, ..SimImage::default() });
    world.declare(&[published("bad:1")]);
    world.run(60);
    assert_eq!(
        world.told_of_revisions(),
        [
            "RevisionFailed: revision 2 failed: shop-web-1 ended 3 times, last with 3; going back to revision 1",
            "RollbackFailed: revision 1, which it went back to, failed as well: shop-web-1 ended 3 times, last with 9; the rollout is paused",
        ]
    );
    world.run(600);
    assert!(world.told_of_revisions().is_empty(), "no loop");
    assert_eq!(world.image_of("shop-web-1"), "app:1");
}

#[test]
fn what_an_old_replica_lived_through_is_not_held_against_the_way_back() {
    let patient =
        |image: &str| deployment("web", 1, json!({ "image": image }), json!({}), json!({ "minReadySeconds": 10 }));
    let mut world = stable(&patient("app:1"));
    for _ in 0..3 {
        world.engine.kill_from_host("shop-web-1");
        world.run(3);
    }
    world.declare(&[patient("bad:1")]);
    world.run(60);
    let failed = "RevisionFailed: revision 2 failed: shop-web-2 ended 3 times, last with 3; going back to revision 1";
    assert_eq!(world.told_of_revisions(), [failed, "RolledBack: back at revision 1"]);
}

#[test]
fn a_revision_that_makes_no_progress_until_its_deadline_goes_back() {
    let slow = |image: &str| {
        let check = json!({ "test": ["CMD", "true"], "interval": "2s", "retries": 100 });
        deployment(
            "web",
            1,
            json!({ "image": image, "healthCheck": check }),
            json!({}),
            json!({ "progressDeadlineSeconds": 30 }),
        )
    };
    let mut world = stable(&slow("app:1"));
    let never = SimImage { id: "sha256:never".to_owned(), checks: Passes::Never, ..SimImage::default() };
    world.engine.put_image("app:2", never);
    world.declare(&[slow("app:2")]);
    world.run(29);
    assert!(world.told_of_revisions().is_empty());
    world.run(5);
    assert_eq!(
        world.told_of_revisions(),
        [
            "RevisionFailed: revision 2 failed: no progress for 30 s: 0 of 1 available; going back to revision 1",
            "RolledBack: back at revision 1",
        ]
    );
    assert_eq!(world.running(), ["shop-web-1"]);
}

#[test]
fn the_first_revision_has_nothing_to_go_back_to_and_goes_on_trying() {
    let mut world = stable(&web(1, "app:1"));
    world.declare(&[deployment("other", 1, json!({ "image": "bad:1" }), json!({}), json!({})), web(1, "app:1")]);
    world.run(120);
    let told = "RevisionFailing: revision 1 does not come up: shop-other-1 ended 3 times, last with 3; with none to go back to, it is tried on";
    assert_eq!(world.told_of_revisions(), [told], "once");
    let known = world.history.objects.get(&key("other")).expect("it is known");
    let listed: Vec<String> = told_revisions(known).map(|(_, told)| told).collect();
    assert_eq!(listed, ["failing: shop-other-1 ended 3 times, last with 3; tried on, as there is none to go back to"]);
    let standing =
        world.history.objects.get(&key("other")).and_then(|known| known.declared()).map(|known| &known.standing);
    assert!(matches!(standing, Some(Standing::Progressing { .. } | Standing::Watched { .. })), "{standing:?}");
    assert!(
        world.lines().iter().any(|line| line.contains("ended") && line.contains("started again at")),
        "{:?}",
        world.lines()
    );
}

#[test]
fn a_revision_of_which_nothing_ran_has_not_proved_itself_and_none_waits_for_it() {
    let mut world = stable(&web(1, "app:1"));
    world.declare(&[web(0, "bad:1")]);
    world.run(60);
    assert!(world.told_of_revisions().is_empty());
    assert_eq!(world.plan().wake_at, None);
    world.declare(&[web(2, "bad:1")]);
    world.run(60);
    assert_eq!(world.told_of_revisions().last().map(String::as_str), Some("RolledBack: back at revision 1"));
    let images: Vec<&str> = world.running().iter().map(|name| world.image_of(name)).collect();
    assert_eq!(images, ["app:1", "app:1"]);
}

fn pausing(image: &str) -> Value {
    deployment("web", 2, json!({ "image": image }), json!({}), json!({ "strategy": { "onFailure": "Pause" } }))
}

#[test]
fn a_rollout_that_stopped_goes_back_once_the_manifest_says_so() {
    let mut world = stable(&pausing("app:1"));
    world.declare(&[pausing("bad:1")]);
    world.run(60);
    world.declare(&[web(2, "bad:1")]);
    world.run(60);
    assert_eq!(world.running(), ["shop-web-1", "shop-web-2"]);
    assert_eq!([world.image_of("shop-web-1"), world.image_of("shop-web-2")], ["app:1", "app:1"]);
    assert!(world.told_of_revisions().contains(&"RolledBack: back at revision 1".to_owned()));
}

#[test]
fn what_ends_again_and_again_is_not_taken_for_ready_with_each_of_its_starts() {
    let mut world = World::of(&[web(2, "app:1")]);
    let program = Program::Exits { after: SignedDuration::from_millis(50), code: 3 };
    world.engine.put_image("bad:1", SimImage { id: "sha256:bad".to_owned(), program, ..SimImage::default() });
    world.pass();
    world.advance(1);
    // Before anything was stable: there is no way back.
    world.declare(&[web(2, "bad:1")]);
    world.run(60);
    assert!(world.engine.start_by_hand("shop-web-2") && world.engine.start_by_hand("shop-web-3"));
    let takes = |world: &World| world.lines().into_iter().find(|line| line.contains("stop container"));
    assert_eq!(takes(&world), None);
    // Also where the controller begins anew and remembers nothing of it.
    world.crashes.clear();
    assert_eq!(takes(&world), None);
}

#[test]
fn on_failure_pause_leaves_the_rollout_where_it_is() {
    let mut world = stable(&pausing("app:1"));
    world.declare(&[pausing("bad:1")]);
    world.run(60);
    assert_eq!(
        world.told_of_revisions(),
        ["RevisionFailed: revision 2 failed: shop-web-3 ended 3 times, last with 3; the rollout stays where it is"]
    );
    assert_eq!(world.image_of("shop-web-1"), "app:1");
    assert_eq!(world.image_of("shop-web-3"), "bad:1");
}

#[test]
fn content_goes_back_with_the_template_that_used_it() {
    let config = |level: &str| json!({ "apiVersion": "skiff.dev/v1", "kind": "ConfigMap", "metadata": { "name": "api" }, "data": { "LEVEL": level } });
    let reading = |image: &str| {
        let env = json!([{ "configMapRef": { "name": "api" } }]);
        deployment("web", 1, json!({ "image": image, "envFrom": env }), json!({}), json!({}))
    };
    let mut world = World::of(&[config("old"), reading("app:1")]);
    let program = Program::Exits { after: SignedDuration::from_millis(50), code: 3 };
    world.engine.put_image("bad:1", SimImage { id: "sha256:bad".to_owned(), program, ..SimImage::default() });
    world.settle();
    world.run(15);
    world.declare(&[config("new"), reading("bad:1")]);
    world.engine.remove_by_hand("shop-web-1");
    world.run(60);
    let levels: Vec<Option<&String>> = world.engine.containers().map(|container| container.env.get("LEVEL")).collect();
    assert_eq!(levels, [Some(&"old".to_owned())]);
}

#[test]
fn an_image_that_cannot_be_pulled_fails_no_revision() {
    let mut world = stable(&web(1, "app:1"));
    let pull = skiff_sim::Pull::Fails;
    world.engine.put_image("app:9", SimImage { id: "sha256:9".to_owned(), pull, ..SimImage::default() });
    world.declare(&[web(1, "app:9")]);
    world.run(1800);
    assert!(world.told_of_revisions().is_empty());
    assert_eq!(world.running(), ["shop-web-1"]);
}

#[test]
fn files_that_went_with_a_reboot_are_no_fault_of_the_template_that_asks_for_them() {
    let config = json!({ "apiVersion": "skiff.dev/v1", "kind": "ConfigMap", "metadata": { "name": "conf" }, "data": { "a": "b" } });
    let mounts = |volume: Value| {
        let container = json!({ "volumeMounts": [{ "name": "conf", "mountPath": "/conf" }] });
        deployment("web", 1, container, json!({ "volumes": [volume] }), json!({}))
    };
    let cause = |manifest: Value| {
        let mut world = World::of(&[config.clone(), manifest]);
        let (_, content) = world.compile();
        let plan = world.plan();
        let step =
            plan.steps.iter().find(|step| step.action.verb() == "create container").expect("a container to make");
        // Nothing wrote the files, or they have gone since.
        let pull = plan.steps.iter().find(|step| step.action.verb() == "pull image").expect("an image to get");
        world.engine.perform(&pull.action, &content).expect("an image");
        let network = plan.steps.iter().find(|step| step.action.verb() == "create network").expect("a network");
        world.engine.perform(&network.action, &content).expect("a network");
        let error = world.engine.perform(&step.action, &content).expect_err("what it mounts is not there");
        let mut failures = Failures::default();
        failures.failed(step, &error, world.engine.now());
        failures.of_object(&step.object).expect("a failure").cause
    };
    assert_eq!(cause(mounts(json!({ "name": "conf", "configMap": { "name": "conf" } }))), Cause::Other);
    assert_eq!(cause(mounts(json!({ "name": "conf", "hostPath": { "path": "/nowhere/at-all" } }))), Cause::Template);
}
