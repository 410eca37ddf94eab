//! What tells of a revision that it failed, and what does not.

use std::sync::Arc;

use serde_json::{Value, json};
use skiff_core::{History, Request, SignedDuration, grant, told_revisions};
use skiff_sim::{Passes, Program, SimImage};

use crate::world::{World, deployment, key, web};

const fn crashing() -> Program {
    Program::Exits { after: SignedDuration::from_millis(50), code: 3 }
}

fn images(world: &mut World) {
    let bad = SimImage { id: "sha256:bad".to_owned(), program: crashing(), ..SimImage::default() };
    let slow = SimImage { id: "sha256:slow".to_owned(), checks: Passes::Never, ..SimImage::default() };
    world.engine.put_image("bad:1", bad);
    world.engine.put_image("slow:1", slow);
}

/// A world in which revision 1 is stable.
fn stable(manifest: Value) -> World {
    let mut world = World::of(&[manifest]);
    images(&mut world);
    world.run(15);
    assert_eq!(world.told_of_revisions(), ["RevisionStable: revision 1 is stable"]);
    world
}

#[test]
fn a_revision_of_which_no_container_can_be_made_goes_back() {
    let volumes = json!({ "volumes": [{ "name": "host", "hostPath": { "path": "/nowhere/at-all" } }] });
    let mounts = json!({ "volumeMounts": [{ "name": "host", "mountPath": "/host" }] });
    let mut world = stable(web(1, "app:1"));
    world.declare(&[deployment("web", 1, mounts, volumes, json!({}))]);
    world.run(30);
    assert_eq!(
        world.told_of_revisions(),
        [
            "RevisionFailed: revision 2 failed: no container can be made: bind source path does not exist: /nowhere/at-all; going back to revision 1",
            "RolledBack: back at revision 1",
        ]
    );
    assert_eq!(world.running(), ["shop-web-1"]);
}

#[test]
fn a_revision_waits_for_its_image_longer_than_for_its_deadline() {
    let impatient = |image: &str| {
        deployment("web", 1, json!({ "image": image }), json!({}), json!({ "progressDeadlineSeconds": 30 }))
    };
    let mut world = stable(impatient("app:1"));
    world.declare(&[impatient("gone:1")]);
    world.run(300);
    assert_eq!(world.told_of_revisions(), Vec::<String>::new());
    assert_eq!(world.running(), ["shop-web-1"]);
}

#[test]
fn the_deadline_counts_from_the_last_start_of_a_replica() {
    let check = json!({ "test": ["CMD", "true"], "interval": "1s", "retries": 1000 });
    let impatient = |image: &str| {
        let container = json!({ "image": image, "healthCheck": check });
        deployment("web", 1, container, json!({}), json!({ "progressDeadlineSeconds": 30 }))
    };
    let mut world = stable(impatient("app:1"));
    world.declare(&[impatient("slow:1")]);
    world.run(25);
    world.engine.stop_by_hand("shop-web-2");
    world.run(25);
    assert_eq!(world.told_of_revisions(), Vec::<String>::new(), "it was started again 25 seconds ago");
    world.run(20);
    assert_eq!(
        world.told_of_revisions().first().map(String::as_str),
        Some("RevisionFailed: revision 2 failed: no progress for 30 s: 0 of 1 available; going back to revision 1")
    );
}

#[test]
fn what_ran_well_once_is_good_to_go_back_to_though_it_has_just_been_declared_again() {
    let mut world = stable(web(1, "app:1"));
    world.declare(&[web(1, "app:2")]);
    world.run(15);
    world.declare(&[web(1, "app:1")]);
    world.pass();
    world.declare(&[web(1, "bad:1")]);
    world.run(30);
    assert_eq!(
        world.told_of_revisions(),
        [
            "RevisionStable: revision 2 is stable",
            "RevisionFailed: revision 4 failed: shop-web-2 ended 3 times, last with 3; going back to revision 3",
            "RolledBack: back at revision 3",
        ]
    );
    assert_eq!(world.running().len(), 1);
}

#[test]
fn what_ends_again_and_again_is_not_done_with_its_work_because_docker_restarts_it_no_more() {
    let mut world = World::of(&[]);
    images(&mut world);
    world.declare(&[web(1, "bad:1")]);
    world.run(60);
    // Skiff has taken the restarts over: to Docker its policy is the same as of what runs once.
    world.declare(&[web(1, "app:2")]);
    assert_eq!(
        world.lines().get(1).map(String::as_str),
        Some("1 remove container shop-web-1 (outdated: container.image changed bad:1 → app:2) < 0")
    );
}

#[test]
fn no_more_run_than_there_is_room_for_where_none_serves() {
    let check = json!({ "test": ["CMD", "true"], "interval": "1s", "retries": 1000 });
    let all = |image: &str| deployment("web", 2, json!({ "image": image, "healthCheck": check }), json!({}), json!({}));
    let mut world = World::of(&[]);
    images(&mut world);
    world.declare(&[all("slow:1")]);
    world.run(5);
    world.declare(&[all("app:2")]);
    let lines = world.lines();
    let made: Vec<&String> = lines.iter().filter(|line| line.contains(" create container ")).collect();
    assert_eq!(
        made,
        [
            "5 create container shop-web-3 (outdated: container.image changed slow:1 → app:2) < 0",
            "7 create container shop-web-4 (outdated: container.image changed slow:1 → app:2) < 0 2",
        ]
    );
}

fn standings(world: &World) -> Vec<String> {
    let known = world.history.objects.get(&key("web")).expect("it is known");
    told_revisions(known).map(|(revision, standing)| format!("{} {standing}", revision.number)).collect()
}

#[test]
fn what_was_overtaken_while_it_was_under_way_is_superseded() {
    let slow = |variable: &str| {
        let container = json!({ "image": "slow:1", "env": [{ "name": "A", "value": variable }], "healthCheck": { "test": ["CMD", "true"] } });
        deployment("web", 1, container, json!({}), json!({}))
    };
    let mut world = stable(web(1, "app:1"));
    world.declare(&[slow("1")]);
    world.run(15);
    world.declare(&[slow("2")]);
    world.run(15);
    assert_eq!(standings(&world), ["3 progressing", "2 superseded", "1 stable"]);
    world.declare(&[web(1, "bad:1")]);
    world.run(5);
    let failed = |line: &String| line.starts_with("4 failed: ");
    assert!(standings(&world).first().is_some_and(failed), "{:?}", standings(&world));
    world.declare(&[web(1, "app:2")]);
    world.run(30);
    assert_eq!(
        standings(&world),
        ["5 stable", "4 failed: shop-web-2 ended 3 times, last with 3", "3 superseded", "2 superseded", "1 stable"],
        "it is not said for ever that it is going back"
    );
}

#[test]
fn what_was_undone_and_cannot_go_back_says_both() {
    let mut world = stable(web(1, "app:1"));
    world.declare(&[web(1, "app:2")]);
    world.run(30);
    world
        .engine
        .put_image("app:1", SimImage { id: "sha256:app:1".to_owned(), program: crashing(), ..SimImage::default() });
    let undo = Request::Undo { object: key("web"), to: None };
    grant(&mut world.history, &undo, None, world.engine.now()).expect("there is one to go back to");
    world.told();
    world.run(30);
    let told = world.told_of_revisions();
    assert_eq!(
        told,
        [
            "RollbackFailed: revision 1, which it went back to, failed: shop-web-1 ended 3 times, last with 3; the rollout is paused"
        ]
    );
    let held: Vec<String> = world.lines().into_iter().filter(|line| line.contains("revision")).collect();
    let expected = "held web: revision 2 was undone by hand; revision 1, which it went back to, failed: shop-web-1 ended 3 times, last with 3; the rollout is stopped and waits for another manifest";
    assert_eq!(held, [expected]);
}

#[test]
fn what_an_earlier_version_wrote_down_is_read() {
    let of = |number: u64, standing: Value| {
        json!({ "number": number, "identity": format!("v1:{number}"), "pod": { "container": { "image": "app:1" } }, "base": "/",
            "content": {}, "sourceRevision": null, "since": "2026-11-26T08:00:00Z", "standing": standing })
    };
    let failed =
        |why: &str, back: Value| json!({ "is": "failed", "at": "2026-11-26T08:00:00Z", "why": why, "back": back });
    let revisions = [
        of(1, json!({ "is": "progressing", "progress": null, "available": 0 })),
        of(
            2,
            failed(
                "web-1 is unhealthy",
                json!({ "way": "going", "to": 1, "progress": "2026-11-26T08:00:00Z", "available": 0 }),
            ),
        ),
        of(3, failed("undone by hand", json!({ "way": "arrived", "to": 1 }))),
    ];
    let old = json!({ "objects": { "deployment/shop/web": { "revisions": revisions } } });
    let mut world = World::of(&[]);
    world.history = Arc::new(serde_json::from_value(old).expect("it is read"));
    world.restart_controller();
    assert_eq!(
        standings(&world),
        ["3 was undone by hand; went back to 1", "2 failed: web-1 is unhealthy", "1 superseded"]
    );
    let again = serde_json::to_value(&*world.history).expect("it is written");
    assert_eq!(serde_json::from_value::<History>(again).expect("it is read"), *world.history);
}
