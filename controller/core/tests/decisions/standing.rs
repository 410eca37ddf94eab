//! What tells of a revision that it failed, and what does not.

use serde_json::{Value, json};
use skiff_core::SignedDuration;
use skiff_sim::{Passes, Program, SimImage};

use crate::world::{World, deployment, web};

fn images(world: &mut World) {
    let crash = Program::Exits { after: SignedDuration::from_millis(50), code: 3 };
    let bad = SimImage { id: "sha256:bad".to_owned(), program: crash, ..SimImage::default() };
    let slow = SimImage { id: "sha256:slow".to_owned(), checks: Passes::Never, ..SimImage::default() };
    world.engine.put_image("bad:1", bad);
    world.engine.put_image("slow:1", slow);
}

/// A world in which revision 1 is stable.
fn stable(manifest: Value) -> World {
    let mut world = World::of(&[manifest]);
    images(&mut world);
    world.run(15);
    assert_eq!(world.told(), ["RevisionStable: revision 1 is stable"]);
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
        world.told(),
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
    assert_eq!(world.told(), Vec::<String>::new());
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
    assert_eq!(world.told(), Vec::<String>::new(), "it was started again 25 seconds ago");
    world.run(20);
    assert_eq!(
        world.told().first().map(String::as_str),
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
        world.told(),
        [
            "RevisionStable: revision 2 is stable",
            "RevisionFailed: revision 4 failed: shop-web-2 ended 4 times, last with 3; going back to revision 3",
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
