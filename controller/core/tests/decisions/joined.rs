//! What joins the network, the processes or the mounts of another deployment, where both are changed: it is replaced once, and in the end
//! whatever becomes of the other one.

use serde_json::{Value, json};
use skiff_core::Action;
use skiff_sim::{Passes, SimImage};

use crate::world::{World, deployment, merge};

/// The one that others join. Where it publishes a port, its old container goes first.
fn host(image: &str, spec: Value) -> Value {
    deployment("web", 1, json!({ "image": image }), json!({}), spec)
}

fn publishing(image: &str) -> Value {
    let port = json!({ "image": image, "ports": [{ "containerPort": 80, "hostPort": 8080 }] });
    deployment("web", 1, port, json!({}), json!({}))
}

fn guest(name: &str, image: &str, joins: Value) -> Value {
    let mut container = json!({ "image": image });
    let mut template = json!({});
    merge(if joins.get("networkMode").is_some() { &mut template } else { &mut container }, joins);
    deployment(name, 1, container, template, json!({}))
}

fn sidecar(image: &str) -> Value {
    guest("sidecar", image, json!({ "networkMode": "deployment:web" }))
}

/// Passes once a second, and how many containers with such a name are made.
fn made(world: &mut World, seconds: usize, prefix: &str) -> usize {
    let mut count = 0;
    for _ in 0..seconds {
        let plan = world.pass();
        let creates = plan.steps.iter().filter(|step| matches!(step.action, Action::CreateContainer(_)));
        count += creates.filter(|step| step.action.target().starts_with(prefix)).count();
        world.advance(1);
    }
    count
}

#[test]
fn what_joins_another_one_goes_and_comes_after_it_where_that_goes_first() {
    let mut world = World::of(&[publishing("app:1"), sidecar("app:1")]);
    world.settle();
    world.declare(&[publishing("app:2"), sidecar("app:2")]);
    let lines: Vec<String> = world
        .lines()
        .iter()
        .map(|line| line.replace(" (outdated: container.image changed app:1 → app:2)", ""))
        .collect();
    assert_eq!(
        lines,
        [
            "0 pull image app:2 (needed)",
            "1 stop container shop-web-1 < 0",
            "2 remove container shop-web-1 < 1",
            "3 create container shop-web-1 < 0 2",
            "4 start container shop-web-1 < 3",
            "5 pull image app:2 (needed)",
            "6 stop container shop-sidecar-1 < 4 5",
            "7 remove container shop-sidecar-1 < 6",
            "8 create container shop-sidecar-1 < 4 5 7",
            "9 start container shop-sidecar-1 < 8",
        ]
    );
    assert_eq!(made(&mut world, 10, "shop-sidecar"), 1);
    assert!(world.lines().is_empty(), "{:?}", world.lines());
}

#[test]
fn what_joins_another_one_waits_until_the_next_of_that_one_serves() {
    for joins in [
        json!({ "networkMode": "deployment:web" }),
        json!({ "pidMode": "deployment:web" }),
        json!({ "ipcMode": "deployment:web" }),
        json!({ "volumesFrom": ["deployment:web"] }),
    ] {
        let guest = |image: &str| guest("sidecar", image, joins.clone());
        let mut world = World::of(&[host("app:1", json!({})), guest("app:1")]);
        world.settle();
        world.declare(&[host("app:2", json!({})), guest("app:2")]);
        let waits = "held sidecar: waiting for deployment/shop/web to be Started [replace container shop-sidecar-1]";
        assert!(world.lines().iter().any(|line| line == waits), "{joins}: {:?}", world.lines());
        assert_eq!(made(&mut world, 10, "shop-sidecar"), 1, "{joins}");
        assert!(world.lines().is_empty(), "{joins}: {:?}", world.lines());
    }
}

#[test]
fn what_joins_one_of_several_replicas_moves_once_and_to_one_that_stays() {
    let several = |image: &str| host(image, json!({ "replicas": 3, "minReadySeconds": 2 }));
    let mut world = World::of(&[several("app:1"), sidecar("app:1")]);
    world.settle();
    world.declare(&[several("app:2"), sidecar("app:2")]);
    assert_eq!(made(&mut world, 30, "shop-sidecar"), 1);
    assert!(world.lines().is_empty(), "{:?}", world.lines());
}

#[test]
fn what_joins_what_joins_another_one_moves_once_as_well() {
    for host in [publishing as fn(&str) -> Value, |image| host(image, json!({}))] {
        let all = |image: &str| {
            let third = guest("third", image, json!({ "pidMode": "deployment:sidecar" }));
            [host(image), sidecar(image), third]
        };
        let mut world = World::of(&all("app:1"));
        world.settle();
        world.declare(&all("app:2"));
        assert_eq!(made(&mut world, 20, "shop-third"), 1);
        assert!(world.lines().is_empty(), "{:?}", world.lines());
    }
}

#[test]
fn what_joins_another_one_that_cannot_be_replaced_is_changed_all_the_same() {
    let host = |image: &str, spec: Value| {
        let check = json!({ "test": ["CMD", "true"], "retries": 1000, "interval": "1s" });
        deployment("web", 1, json!({ "image": image, "healthCheck": check }), json!({}), spec)
    };
    let absent = deployment("absent", 0, json!({}), json!({}), json!({}));
    let table = [
        ("paused", "app:2", json!({ "paused": true })),
        ("without an image", "gone:1", json!({})),
        ("never Ready, and goes back", "slow:1", json!({ "progressDeadlineSeconds": 30 })),
        (
            "never Ready, and stays",
            "slow:1",
            json!({ "progressDeadlineSeconds": 30, "strategy": { "onFailure": "Pause" } }),
        ),
        ("waiting for another one", "app:2", json!({ "dependsOn": [{ "name": "absent", "condition": "Started" }] })),
    ];
    for (what, image, spec) in table {
        for rest in [0, 15] {
            let mut world = World::of(&[absent.clone(), host("app:1", json!({})), sidecar("app:1")]);
            let slow = SimImage { id: "sha256:slow".to_owned(), checks: Passes::Never, ..SimImage::default() };
            world.engine.put_image("slow:1", slow);
            world.settle();
            world.run(rest);
            world.declare(&[absent.clone(), host(image, spec.clone()), sidecar("app:2")]);
            world.run(120);
            let images: Vec<&str> = world
                .engine
                .containers()
                .filter(|one| one.is_up() && one.name.starts_with("shop-sidecar"))
                .map(|one| one.image.as_str())
                .collect();
            assert_eq!(images, ["app:2"], "{what}, after {rest} s: {:?}", world.lines());
        }
    }
}

#[test]
fn what_is_removed_by_hand_comes_back_before_the_replacement_of_the_one_that_it_joins_is_done() {
    let slow = |image: &str| host(image, json!({ "minReadySeconds": 60 }));
    let mut world = World::of(&[slow("app:1"), sidecar("app:1")]);
    world.settle();
    world.declare(&[slow("app:2"), sidecar("app:1")]);
    world.pass();
    world.engine.remove_by_hand("shop-sidecar-1");
    assert_eq!(made(&mut world, 2, "shop-sidecar"), 1);
}

#[test]
fn what_only_joins_what_is_replaced_is_named_in_the_plan_with_what_joins_it_in_turn() {
    for joins in [
        json!({ "networkMode": "deployment:web" }),
        json!({ "pidMode": "deployment:web" }),
        json!({ "ipcMode": "deployment:web", "volumesFrom": ["deployment:web"] }),
    ] {
        for host in [publishing as fn(&str) -> Value, |image| host(image, json!({}))] {
            let guest = guest("sidecar", "app:1", joins.clone());
            let third = |image: &str| self::guest("third", image, json!({ "pidMode": "deployment:sidecar" }));
            let waits = |who: &str, whom: &str| {
                format!("held {who}: waiting for deployment/shop/{whom} to be Started [replace container shop-{who}-1]")
            };
            for next in ["app:1", "app:2"] {
                let mut world = World::of(&[host("app:1"), guest.clone(), third("app:1")]);
                world.settle();
                world.declare(&[host("app:2"), guest.clone(), third(next)]);
                let lines = world.lines();
                for expected in [waits("sidecar", "web"), waits("third", "sidecar")] {
                    assert!(lines.contains(&expected), "{joins}: {expected} is not in {lines:#?}");
                }
                let plan = world.plan();
                let held = plan.held.iter().find(|held| held.object.name == "sidecar").expect("it is held");
                let why = held.pending.first().expect("it is replaced").reason.to_string();
                assert_eq!(why, "outdated: it joins web, which is replaced");
                let mut count = 0;
                for _ in 0..20 {
                    let plan = world.pass();
                    let made = plan.steps.iter().filter(|step| matches!(step.action, Action::CreateContainer(_)));
                    count += made.filter(|step| step.action.target().starts_with("shop-third")).count();
                    world.advance(1);
                }
                assert_eq!(count, 1, "{joins}: what joins the sidecar is replaced once");
                assert!(world.lines().is_empty(), "{joins}: {:?}", world.lines());
            }
        }
    }
}
