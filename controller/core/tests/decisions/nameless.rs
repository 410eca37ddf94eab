//! Volumes without a name: what a container has at a path, the one that takes its place has there too.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use skiff_core::{Action, ContainerState, Plan, plan};
use skiff_sim::{Program, SimImage};

use crate::world::{World, deployment, lines};

/// An image that asks for a volume at `/data`.
fn with_volume(id: &str) -> SimImage {
    SimImage { id: format!("sha256:{id}"), volumes: ["/data".to_owned()].into(), ..SimImage::default() }
}

fn world(manifests: &[Value]) -> World {
    let mut world = World::of(manifests);
    for image in ["db:1", "db:2"] {
        world.engine.put_image(image, with_volume(image));
    }
    let crash = Program::Exits { after: skiff_core::SignedDuration::from_millis(50), code: 3 };
    world.engine.put_image("db:bad", SimImage { program: crash, ..with_volume("bad") });
    world.settle();
    world
}

fn db(image: &str, replicas: u32) -> Value {
    deployment("db", replicas, json!({ "image": image }), json!({}), json!({}))
}

/// A deployment that mounts something at `/data`.
fn mounting(image: &str, source: Value) -> Value {
    let mounts = json!([{ "name": "data", "mountPath": "/data" }]);
    let mut volume = json!({ "name": "data" });
    volume.as_object_mut().expect("a map").extend(source.as_object().expect("a map").clone());
    deployment("db", 1, json!({ "image": image, "volumeMounts": mounts }), json!({ "volumes": [volume] }), json!({}))
}

/// Which data each container has, by ordinal and path: the number says whether it is the same.
fn data(world: &World) -> BTreeMap<String, u64> {
    let volumes: BTreeMap<&String, u64> = world.engine.volumes().map(|volume| (&volume.name, volume.data)).collect();
    let of = |container: &skiff_sim::SimContainer| {
        let ordinal = container.labels.get(skiff_api::label::REPLICA).cloned().unwrap_or_default();
        let mounted = container.nameless.clone().into_iter();
        mounted
            .filter_map(|(path, nameless)| Some((format!("{ordinal} {path}"), *volumes.get(&nameless.volume)?)))
            .collect::<Vec<_>>()
    };
    world.engine.containers().flat_map(of).collect()
}

/// The containers that a plan makes, each with the volumes that are carried over to it.
fn carried(plan: &Plan) -> Vec<(String, Vec<String>)> {
    let made = plan.steps.iter().filter_map(|step| {
        let Action::CreateContainer(create) = &step.action else { return None };
        Some((create.name.clone(), create.spec.carried.values().cloned().collect()))
    });
    made.collect()
}

/// Deploys something else, and what data there is then and was before.
fn after(world: &mut World, manifest: Value) -> (BTreeMap<String, u64>, BTreeMap<String, u64>) {
    let before = data(world);
    world.declare(&[manifest]);
    world.settle();
    assert!(world.lines().is_empty(), "{:?}", world.lines());
    (data(world), before)
}

#[test]
fn the_one_that_takes_the_place_gets_the_volume_while_the_old_one_is_still_there() {
    let mut world = world(&[db("db:1", 1)]);
    world.declare(&[db("db:2", 1)]);
    let plan = world.plan();
    let old = world.engine.container("shop-db-1").expect("it runs");
    let (id, volume) = (old.id.clone(), old.nameless.values().next().expect("a volume").volume.clone());
    let why =
        "outdated: container.image changed db:1 → db:2; data of volumes without a name changed VOLUME → carried over";
    let told = lines(&plan).join("\n").replace(&volume[..12], "VOLUME").replace(&id[..12], "ID").replace(why, "why");
    assert_eq!(
        told,
        "0 pull image db:2 (needed)\n\
         1 stop container shop-db-1 (why) < 0\n\
         2 rename container shop-db-1 to ID_shop-db-1 (why) < 0 1\n\
         3 create container shop-db-1 (why) < 0 1 2\n\
         4 remove container shop-db-1 (why) < 3\n\
         5 start container shop-db-1 (why) < 3 4"
    );
    assert_eq!(carried(&plan), [("shop-db-1".to_owned(), vec![volume])]);
    let (now, before) = after(&mut world, db("db:2", 1));
    assert_eq!(now, before);
}

#[test]
fn a_controller_that_dies_after_any_step_carries_it_all_the_same() {
    for recreate in [false, true] {
        let of = |image: &str| {
            let strategy = json!({ "type": if recreate { "Recreate" } else { "RollingUpdate" } });
            deployment("db", 2, json!({ "image": image }), json!({}), json!({ "strategy": strategy }))
        };
        for died_after in 0..12 {
            let mut world = world(&[of("db:1")]);
            let before = data(&world);
            world.declare(&[of("db:2")]);
            let (_, content) = world.compile();
            for step in world.plan().steps.iter().take(died_after) {
                world.engine.perform(&step.action, &content).expect("it can be done");
            }
            world.restart_controller();
            let (now, _) = after(&mut world, of("db:2"));
            assert_eq!(now, before, "after {died_after} steps");
        }
    }
}

#[test]
fn each_replica_keeps_its_own_and_two_never_write_one() {
    let mut world = world(&[db("db:1", 3)]);
    let before = data(&world);
    assert_eq!(before.len(), 3);
    world.declare(&[db("db:2", 3)]);
    for _ in 0..40 {
        world.pass();
        let running: Vec<&String> = world
            .engine
            .containers()
            .filter(|container| container.is_up())
            .flat_map(|container| container.nameless.values().map(|nameless| &nameless.volume))
            .collect();
        let mut once = running.clone();
        once.sort();
        once.dedup();
        assert!(running.len() >= 2 && once.len() == running.len(), "one is missing at most, and none is shared");
        world.advance(1);
    }
    assert_eq!((data(&world), world.lines()), (before, Vec::new()));
}

#[test]
fn a_way_back_carries_as_well() {
    let patient =
        |image: &str| deployment("db", 1, json!({ "image": image }), json!({}), json!({ "minReadySeconds": 5 }));
    let mut world = world(&[patient("db:1")]);
    world.run(20);
    let before = data(&world);
    world.declare(&[patient("db:bad")]);
    world.run(120);
    assert_eq!(world.image_of("shop-db-1"), "db:1");
    assert_eq!(data(&world), before);
}

#[test]
fn what_is_declared_without_a_name_is_carried_and_an_empty_folder_is_not() {
    let mut world = world(&[mounting("app:1", json!({ "anonymous": {} }))]);
    let (now, before) = after(&mut world, mounting("app:2", json!({ "anonymous": {} })));
    assert_eq!(now, before);
    // What becomes of it is no part of the template: nothing is replaced for a word.
    world.declare(&[mounting("app:2", json!({ "emptyDir": {} }))]);
    assert!(world.lines().is_empty(), "{:?}", world.lines());
}

#[test]
fn what_is_empty_by_its_meaning_goes_with_its_container_and_data_stays_when_nothing_takes_its_place() {
    let mut world = world(&[mounting("app:1", json!({ "emptyDir": {} }))]);
    let (now, before) = after(&mut world, mounting("app:2", json!({ "emptyDir": {} })));
    assert_ne!(now, before);
    assert_eq!(world.engine.volumes().count(), 1, "the first one has gone");
    let (now, before) = after(&mut world, mounting("app:1", json!({ "anonymous": {} })));
    assert_eq!(now, before, "from now on it is data");
    world.declare(&[]);
    world.source.confirm_prune = true;
    world.settle();
    assert_eq!((world.engine.containers().count(), world.engine.volumes().count()), (0, 1));
}

#[test]
fn a_path_that_is_mounted_otherwise_by_now_is_left_behind_and_said() {
    let mut world = world(&[db("db:1", 1)]);
    world.declare(&[mounting("db:2", json!({ "tmpfs": {} }))]);
    let lines = world.lines();
    assert!(lines.iter().any(|line| line.contains("create") && line.contains("→ left behind")), "{lines:?}");
    world.settle();
    assert_eq!((data(&world).len(), world.engine.volumes().count()), (0, 1));
}

#[test]
fn a_replica_that_is_one_too_many_leaves_its_volume() {
    let mut world = world(&[db("db:1", 2)]);
    world.declare(&[db("db:1", 1)]);
    world.settle();
    assert_eq!((data(&world).len(), world.engine.volumes().count()), (1, 2));
}

#[test]
fn what_is_taken_down_leaves_its_volumes_unless_they_are_to_go_as_well() {
    for (volumes, left) in [(false, 2), (true, 0)] {
        let mut world = world(&[db("db:1", 2)]);
        after(&mut world, db("db:2", 2));
        world.intent = skiff_core::Intent::Down { volumes };
        world.settle();
        assert_eq!((world.engine.containers().count(), world.engine.volumes().count()), (0, left));
    }
}

#[test]
fn one_that_could_not_be_removed_whole_still_hands_on_what_it_has() {
    let world = world(&[db("db:1", 1)]);
    let mut observed = world.observe();
    let dead = observed.containers.first_mut().expect("it is there");
    dead.state = ContainerState::Dead;
    let plan = plan(&world.compile().0, &observed, world.engine.now());
    assert_eq!(carried(&plan).iter().map(|(_, carried)| carried.len()).collect::<Vec<_>>(), [1], "{:#?}", lines(&plan));
}

#[test]
fn one_that_came_back_meanwhile_goes_before_its_successor_starts() {
    let mut world = world(&[db("db:1", 1)]);
    let before = data(&world);
    world.declare(&[db("db:2", 1)]);
    let (_, content) = world.compile();
    let steps = world.plan().steps;
    let made = steps.iter().position(|step| matches!(step.action, Action::CreateContainer(_))).expect("it is made");
    for step in steps.iter().take(made + 1) {
        world.engine.perform(&step.action, &content).expect("it can be done");
    }
    let old = world.engine.containers().find(|container| container.image == "db:1").expect("it is there").name.clone();
    assert!(world.engine.start_by_hand(&old));
    let lines = world.lines();
    assert!(lines.iter().any(|line| line.contains("stop container")), "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains("start container")), "{lines:?}");
    world.settle();
    assert_eq!(data(&world), before);
}

#[test]
fn who_has_the_mounts_of_another_hands_on_none_of_those() {
    let front = |image: &str| {
        let from = json!({ "image": image, "volumesFrom": ["deployment:db"] });
        deployment("front", 1, from, json!({}), json!({}))
    };
    let mut world = world(&[db("db:1", 1), front("app:1")]);
    // As Docker lists it: what it has from the other one as well.
    let mut observed = world.observe();
    let of_db = observed.containers.iter().find(|container| container.name == "shop-db-1").expect("it runs").clone();
    let front_container =
        observed.containers.iter_mut().find(|container| container.name == "shop-front-1").expect("it runs");
    front_container.volumes.extend(of_db.volumes.clone());
    let detail = front_container.detail.as_mut().expect("it is ours");
    detail.nameless.extend(of_db.detail.expect("it is ours").nameless);
    world.declare(&[db("db:1", 1), front("app:2")]);
    let plan = plan(&world.compile().0, &observed, world.engine.now());
    assert_eq!(carried(&plan), [("shop-front-1".to_owned(), Vec::new())]);
    assert!(lines(&plan).iter().all(|line| !line.contains("without a name")), "{:#?}", lines(&plan));
}

#[test]
fn what_is_taken_over_hands_its_data_on_and_the_plan_says_so() {
    for (manifest, becomes) in
        [(db("db:1", 1), "carried over"), (mounting("db:1", json!({ "tmpfs": {} })), "left behind")]
    {
        let mut world = world(&[db("db:1", 1)]);
        assert!(world.engine.take_over("shop-db-1", "shop_db_1"));
        // Ours takes the place of one that somebody else made, whatever else is declared.
        world.engine.stop_by_hand("shop_db_1");
        world.declare(&[manifest]);
        let why = format!("→ {becomes}");
        let lines = world.lines();
        assert!(lines.iter().any(|line| line.contains("create") && line.contains(&why)), "{lines:?}");
        world.settle();
        assert!(world.lines().is_empty());
    }
}
