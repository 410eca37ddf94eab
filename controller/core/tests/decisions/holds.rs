//! What is not done, and why.

use std::collections::BTreeMap;

use serde_json::json;
use skiff_core::{Action, Held, HeldReason, MountSource, Pending, Plan, Reason, status};

use crate::world::{World, deployment, key, web};

#[test]
fn a_name_that_a_stranger_has_is_held_and_the_stranger_left_alone() {
    let mut world = World::of(&[web(2, "app:1")]);
    world.engine.add_foreign_container("shop-web-1", &[], BTreeMap::new());
    world.settle();
    assert_eq!(world.running(), ["shop-web-1", "shop-web-2"]);
    let lines = world.lines();
    let held = lines.last().map(String::as_str).unwrap_or_default();
    assert!(held.starts_with("held web: the name shop-web-1 is taken by container "), "{lines:?}");
}

#[test]
fn a_port_that_a_stranger_publishes_is_held() {
    let ports = json!({ "ports": [{ "containerPort": 80, "hostPort": 8080 }] });
    let mut world = World::of(&[deployment("web", 1, ports, json!({}), json!({}))]);
    world.engine.add_foreign_container("stranger", &[8080], BTreeMap::new());
    world.pass();
    assert_eq!(
        world.lines(),
        ["held web: port 8080/tcp of the host is taken by container stranger [create container shop-web-1]"]
    );
}

#[test]
fn what_the_engine_cannot_do_is_refused_by_name() {
    let mut world = World::of(&[deployment(
        "web",
        1,
        json!({}),
        json!({ "metadata": { "annotations": { "a": "b" } } }),
        json!({}),
    )]);
    world.pass();
    assert_eq!(
        world.lines(),
        [
            "held web: template.metadata.annotations needs Docker's API 1.43, this engine has 1.41 [create container shop-web-1]"
        ]
    );
    world.api_version = (1, 43);
    assert!(world.lines().iter().any(|line| line.contains("create container shop-web-1 (missing)")));
}

#[test]
fn a_network_that_the_engine_would_make_otherwise_is_refused_by_name() {
    let network = json!({ "apiVersion": "skiff.dev/v1", "kind": "Network", "metadata": { "name": "six" }, "spec": {
        "enableIPv4": false, "enableIPv6": true } });
    let mut world = World::of(&[network]);
    assert_eq!(world.lines(), ["held six: enableIPv4: false needs Docker's API 1.48, this engine has 1.41"]);
    world.api_version = (1, 48);
    assert!(world.lines().iter().any(|line| line.contains("create network shop-six")), "{:?}", world.lines());
}

#[test]
fn a_full_disk_holds_replacements() {
    let mut world = World::of(&[web(1, "app:1")]);
    world.settle();
    world.low_disk = Some(100 << 20);
    world.declare(&[web(1, "app:2")]);
    assert_eq!(world.lines(), ["held web: the disk is nearly full: 100 MiB free [replace container shop-web-1]"]);
}

#[test]
fn an_external_network_that_does_not_exist_holds_those_on_it() {
    let network = json!({ "apiVersion": "skiff.dev/v1", "kind": "Network", "metadata": { "name": "proxy" }, "spec": { "external": true } });
    let user = deployment("web", 1, json!({}), json!({ "networks": [{ "name": "proxy" }] }), json!({}));
    let mut world = World::of(&[network, user]);
    assert_eq!(
        world.lines(),
        [
            "held proxy: proxy is declared external and does not exist",
            "held web: waiting for network/shop/proxy to be Started [create container shop-web-1]",
        ]
    );
    world.engine.add_foreign_network("proxy");
    world.settle();
    assert_eq!(world.running(), ["shop-web-1"]);
}

#[test]
fn a_volume_whose_definition_changed_is_held_and_its_users_go_on() {
    let volume = |label: &str| json!({ "apiVersion": "skiff.dev/v1", "kind": "Volume", "metadata": { "name": "data", "labels": { "x": label } } });
    let mut world = World::of(&[volume("1"), web(1, "app:1")]);
    world.settle();
    world.declare(&[volume("2"), web(1, "app:2")]);
    world.settle();
    assert_eq!(
        world.lines(),
        ["held data: a volume is never made anew, and its definition changed: labels.x changed 1 → 2"]
    );
    assert_eq!(world.running(), ["shop-web-2"]);
}

#[test]
fn a_volume_that_goes_before_its_container_is_made_comes_back_as_ours_and_an_external_one_does_not() {
    let volume = |name: &str, external: bool| json!({ "apiVersion": "skiff.dev/v1", "kind": "Volume", "metadata": { "name": name }, "spec": { "external": external } });
    let mounts = json!({ "volumeMounts": [{ "name": "data", "mountPath": "/data" }, { "name": "theirs", "mountPath": "/theirs" }] });
    let volumes = json!({ "volumes": [{ "name": "data", "volume": { "name": "data", "perReplica": true } }, { "name": "theirs", "volume": { "name": "theirs" } }] });
    let user = deployment("web", 1, mounts, volumes, json!({}));
    let mut world = World::of(&[volume("data", false), volume("theirs", true), user]);
    world.engine.add_foreign_volume("theirs");
    let plan = world.plan();
    let made = plan.steps.iter().filter_map(|step| {
        let Action::CreateContainer(create) = &step.action else { return None };
        Some(&create.spec.mounts)
    });
    let definitions = made.flatten().filter_map(|mount| {
        let MountSource::Volume { name, definition, .. } = &mount.source else { return None };
        Some((name.clone(), definition.as_ref().map(|made| (made.name.clone(), made.owner.object.to_string()))))
    });
    let data = ("shop-data-1".to_owned(), "volume/shop/data".to_owned());
    assert_eq!(definitions.collect::<Vec<_>>(), [("shop-data-1".to_owned(), Some(data)), ("theirs".to_owned(), None)]);
}

#[test]
fn a_secret_digested_with_another_key_is_unknown_and_not_changed() {
    let secret = json!({ "apiVersion": "skiff.dev/v1", "kind": "Secret", "metadata": { "name": "db" }, "stringData": { "p": "x" } });
    let env = json!({ "env": [{ "name": "P", "valueFrom": { "secretKeyRef": { "name": "db", "key": "p" } } }] });
    let mut world = World::of(&[secret, deployment("web", 1, env, json!({}), json!({}))]);
    world.settle();
    world.digest_key = 2;
    assert_eq!(world.lines(), ["held web: whether secret/db changed cannot be told: digested with another key"]);
}

#[test]
fn a_replica_that_ended_and_whose_secret_was_digested_with_another_key_is_made_anew_and_not_held() {
    let secret = json!({ "apiVersion": "skiff.dev/v1", "kind": "Secret", "metadata": { "name": "db" }, "stringData": { "p": "x" } });
    let env = json!({ "env": [{ "name": "P", "valueFrom": { "secretKeyRef": { "name": "db", "key": "p" } } }] });
    let mut world = World::of(&[secret, deployment("web", 1, env, json!({}), json!({}))]);
    world.settle();
    world.digest_key = 2;
    assert!(world.engine.stop_by_hand("shop-web-1"));
    let lines = world.lines().join("\n");
    assert!(
        lines.contains(
            "create container shop-web-2 (unable to start again: the key that secret/db was digested with is gone)"
        ),
        "{lines}"
    );
    assert!(!lines.contains("held") && !lines.contains("start container shop-web-1"), "{lines}");
    world.settle();
    assert_eq!(world.running().len(), 1);
    assert_eq!(world.lines(), [""; 0]);
}

#[test]
fn a_replica_whose_mounted_files_are_gone_goes_on_while_it_runs_and_is_made_anew_once_it_has_ended() {
    let mut world = World::of(&[web(1, "app:1")]);
    world.settle();
    let plan_without = |world: &World| {
        let mut observed = world.observe();
        for container in &mut observed.containers {
            container.lost.insert("/state/git/shop/trees/1/motd".to_owned());
        }
        crate::world::lines(&skiff_core::plan(&world.compile().0, &observed, world.engine.now())).join("\n")
    };
    assert_eq!(plan_without(&world), "");
    assert!(world.engine.stop_by_hand("shop-web-1"));
    let lines = plan_without(&world);
    assert!(
        lines.contains("create container shop-web-2 (unable to start again: /state/git/shop/trees/1/motd is gone)"),
        "{lines}"
    );
    assert!(!lines.contains("start container shop-web-1"), "{lines}");
}

#[test]
fn the_same_inputs_give_the_same_plan() {
    let world = World::of(&[web(3, "app:1")]);
    assert_eq!(format!("{:?}", world.plan()), format!("{:?}", world.plan()));
}

#[test]
fn what_keeps_a_container_from_being_made_is_what_its_object_says() {
    let world = World::of(&[web(1, "app:1")]);
    let message = |pending: &[&str]| {
        let pending = pending.iter().map(|name| Pending {
            verb: "create container",
            target: (*name).to_owned(),
            reason: Reason::Missing,
        });
        let why = HeldReason::NotRun { why: "something is not run by this version".to_owned() };
        let held = vec![Held { object: key("web"), why, pending: pending.collect() }];
        let plan = Plan { held, ..Plan::default() };
        let (desired, _) = world.compile();
        let status = status(&desired, &world.observe(), &plan, world.engine.now()).remove(&key("web"));
        status.map(|status| status.message).unwrap_or_default()
    };
    assert_eq!(message(&["shop-web-1"]), "something is not run by this version");
    // Where it keeps nothing from being made it is beside the point.
    assert_eq!(message(&[]), "0 of 1 Ready");
}
