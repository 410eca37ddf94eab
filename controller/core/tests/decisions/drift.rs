//! What was changed by hand, or can be changed where it stands.

use serde_json::{Value, json};
use skiff_core::{Action, InPlace, Plan};

use crate::world::{World, deployment, web};

fn limited(limits: Value) -> Value {
    deployment("web", 1, json!({ "resources": { "limits": limits } }), json!({}), json!({}))
}

#[test]
fn a_requested_core_is_a_weight_where_cores_are_short() {
    let asks = |resources: Value, shares: Option<i64>| {
        let container = json!({ "resources": resources, "cpuShares": shares });
        deployment("web", 1, container, json!({}), json!({}))
    };
    let mut world = World::of(&[asks(json!({}), None)]);
    world.settle();
    world.declare(&[asks(json!({ "requests": { "cpu": "250m" } }), None)]);
    assert_eq!(world.lines(), ["0 update container shop-web-1 (adjusted in place: container.cpuShares added: 256)"]);
    world.declare(&[asks(json!({ "requests": { "cpu": "250m" } }), Some(64))]);
    assert_eq!(world.lines(), ["0 update container shop-web-1 (adjusted in place: container.cpuShares added: 64)"]);
}

#[test]
fn limits_are_changed_where_the_container_stands() {
    let mut world = World::of(&[limited(json!({ "memory": "64Mi" }))]);
    world.settle();
    world.declare(&[limited(json!({ "memory": "128Mi", "cpu": "500m" }))]);
    assert_eq!(
        world.lines(),
        ["0 update container shop-web-1 (adjusted in place: container.resources.limits.cpu added: 500m; \
             container.resources.limits.memory changed 64Mi → 128Mi)"]
    );
    world.settle();
    assert!(world.lines().is_empty());
}

#[test]
fn swap_is_said_as_it_is_written() {
    let swapped = |swap: Value| {
        let container = json!({ "memorySwap": swap, "resources": { "limits": { "memory": "64Mi" } } });
        deployment("web", 1, container, json!({}), json!({}))
    };
    let mut world = World::of(&[swapped(json!("1Gi"))]);
    world.settle();
    world.declare(&[swapped(json!(-1))]);
    assert_eq!(
        world.lines(),
        ["0 update container shop-web-1 (adjusted in place: container.memorySwap changed 1Gi → -1)"]
    );
}

#[test]
fn a_limit_cannot_be_taken_away_in_place() {
    let mut world = World::of(&[limited(json!({ "memory": "64Mi" }))]);
    world.settle();
    world.declare(&[limited(json!({}))]);
    assert!(world.lines().iter().any(|line| line.starts_with("1 create container shop-web-2")), "{:?}", world.lines());
    world.settle();
    assert!(world.lines().is_empty());
}

#[test]
fn a_limit_changed_by_hand_is_put_back() {
    let mut world = World::of(&[limited(json!({ "memory": "64Mi" }))]);
    world.settle();
    world.engine.update_by_hand("shop-web-1", &InPlace { memory: Some(1 << 30), ..InPlace::default() }, None);
    assert_eq!(world.lines().len(), 1, "{:?}", world.lines());
    world.settle();
    assert!(world.lines().is_empty());
}

#[test]
fn what_keeps_new_replicas_from_being_made_keeps_nothing_from_being_put_right() {
    let mut world = World::of(&[limited(json!({ "memory": "64Mi" }))]);
    world.settle();
    world.low_disk = Some(1 << 20);
    world.engine.update_by_hand("shop-web-1", &InPlace { memory: Some(1 << 30), ..InPlace::default() }, None);
    assert_eq!(
        world.lines(),
        ["0 update container shop-web-1 (adjusted in place: container.resources.limits.memory changed 1Gi → 64Mi)"]
    );
}

#[test]
fn an_update_that_the_engine_refuses_becomes_a_replacement() {
    let mut world = World::of(&[limited(json!({ "memory": "64Mi" }))]);
    world.settle();
    world.engine.refuse_updates(true);
    world.declare(&[limited(json!({ "memory": "128Mi" }))]);
    world.pass();
    world.advance(5);
    assert!(world.lines().iter().any(|line| line.contains("create container shop-web-2")), "{:?}", world.lines());
}

#[test]
fn a_renamed_container_gets_its_name_back() {
    let mut world = World::of(&[web(1, "app:1")]);
    world.settle();
    world.engine.rename_by_hand("shop-web-1", "mine");
    assert_eq!(world.lines(), ["0 rename container mine to shop-web-1 (renamed to mine by somebody else)"]);
}

#[test]
fn replicas_whose_names_somebody_swapped_get_their_own_back() {
    let mut world = World::of(&[web(3, "app:1")]);
    world.settle();
    let names =
        |world: &World| world.engine.containers().map(|one| (one.id.clone(), one.name.clone())).collect::<Vec<_>>();
    let before = names(&world);
    for (from, to) in
        [("shop-web-1", "x"), ("shop-web-2", "shop-web-1"), ("shop-web-3", "shop-web-2"), ("x", "shop-web-3")]
    {
        assert!(world.engine.rename_by_hand(from, to));
    }
    assert_eq!(world.plan().steps.len(), 1, "one steps aside: {:?}", world.lines());
    world.settle();
    assert_eq!(names(&world), before);
}

#[test]
fn a_renamed_container_whose_name_somebody_took_is_left_and_it_is_said() {
    let mut world = World::of(&[web(1, "app:1")]);
    world.settle();
    world.engine.rename_by_hand("shop-web-1", "mine");
    let id = world.engine.add_foreign_container("shop-web-1", &[], std::collections::BTreeMap::new());
    let by = id.unwrap_or_default().chars().take(12).collect::<String>();
    assert_eq!(world.lines(), [format!("held web: the name shop-web-1 is taken by container {by}, which is not ours")]);
}

#[test]
fn a_disconnected_container_is_connected_with_its_names() {
    let mut world = World::of(&[web(1, "app:1")]);
    world.settle();
    world.engine.disconnect_by_hand("shop-web-1", "shop-default");
    assert_eq!(world.lines(), ["0 connect shop-web-1 to shop-default (not on network shop-default)"]);
    world.settle();
    assert!(world.lines().is_empty());
}

#[test]
fn of_two_networks_of_one_name_a_running_container_is_put_on_the_older_one_by_its_id() {
    let mut world = World::of(&[web(1, "app:1")]);
    world.settle();
    let older = world.engine.networks().next().map(|network| network.id.clone());
    world.engine.duplicate_network("shop-default");
    world.engine.disconnect_by_hand("shop-web-1", "shop-default");
    let connected_by = |plan: Plan| -> Vec<Option<String>> {
        let connects = plan.steps.into_iter().filter_map(|step| {
            let Action::ConnectNetwork(connect) = step.action else { return None };
            Some(connect.network_id)
        });
        connects.collect()
    };
    assert_eq!(connected_by(world.plan()), [older]);
    // A container that does not run is told the name: an id would be taken for one, should the network go.
    world.engine.stop_by_hand("shop-web-1");
    assert_eq!(connected_by(world.plan()), [None]);
}

#[test]
fn it_is_said_who_keeps_the_second_of_two_networks_of_one_name() {
    let mut world = World::of(&[web(1, "app:1")]);
    world.settle();
    world.engine.duplicate_network("shop-default");
    world.engine.add_foreign_container("guest", &[], std::collections::BTreeMap::new()).expect("a free name");
    let younger = world.engine.networks().max_by_key(|network| network.serial).map(|network| network.id.clone());
    assert!(world.engine.connect_by_hand("guest", &younger.expect("a network")));
    assert_eq!(world.lines(), ["held default: in use by guest"]);
}

#[test]
fn networks_and_aliases_are_changed_without_a_restart() {
    let network = json!({ "apiVersion": "skiff.dev/v1", "kind": "Network", "metadata": { "name": "back" } });
    let on = |networks: Value| deployment("web", 1, json!({}), json!({ "networks": networks }), json!({}));
    let mut world = World::of(&[network.clone(), on(json!([{ "name": "default" }]))]);
    world.settle();
    let id = world.engine.container("shop-web-1").map(|container| container.id.clone());
    world.declare(&[network.clone(), on(json!([{ "name": "default" }, { "name": "back" }]))]);
    assert_eq!(world.lines(), ["0 connect shop-web-1 to shop-back (not on network shop-back)"]);
    world.settle();
    world.declare(&[network.clone(), on(json!([{ "name": "default" }, { "name": "back", "aliases": ["api"] }]))]);
    assert_eq!(
        world.lines(),
        [
            "0 disconnect shop-web-1 from shop-back (different on network shop-back: aliases changed web → api, web)",
            "1 connect shop-web-1 to shop-back (different on network shop-back: aliases changed web → api, web) < 0",
        ]
    );
    world.settle();
    world.declare(&[network, on(json!([{ "name": "default" }]))]);
    world.settle();
    assert_eq!(world.engine.container("shop-web-1").map(|container| container.id.clone()), id);
}

#[test]
fn a_network_whose_definition_changed_is_made_anew_around_its_containers() {
    let network = |internal: bool| json!({ "apiVersion": "skiff.dev/v1", "kind": "Network", "metadata": { "name": "back" }, "spec": { "internal": internal } });
    let user = deployment("web", 1, json!({}), json!({ "networks": [{ "name": "back" }] }), json!({}));
    let mut world = World::of(&[network(false), user.clone()]);
    world.settle();
    let id = world.engine.container("shop-web-1").map(|container| container.id.clone());
    world.declare(&[network(true), user]);
    assert_eq!(
        world.lines(),
        [
            "0 disconnect shop-web-1 from shop-back (on network shop-back, which is made anew)",
            "1 remove network shop-back (outdated: spec.internal added: true) < 0",
            "2 create network shop-back (outdated: spec.internal added: true) < 1",
            "3 connect shop-web-1 to shop-back (on network shop-back, which is made anew) < 2",
        ]
    );
    world.settle();
    assert!(world.lines().is_empty());
    assert_eq!(world.engine.container("shop-web-1").map(|container| container.id.clone()), id);
}

#[test]
fn a_host_name_that_docker_adds_to_the_names_on_a_network_is_no_drift() {
    let named = deployment("web", 1, json!({ "hostname": "inner" }), json!({}), json!({}));
    let mut world = World::of(&[named]);
    world.settle();
    assert!(world.lines().is_empty(), "{:?}", world.lines());
}

#[test]
fn names_on_a_network_change_on_one_replica_after_the_other() {
    let named = |alias: &str| {
        let networks = json!([{ "name": "default", "aliases": [alias] }]);
        deployment("web", 2, json!({}), json!({ "networks": networks }), json!({}))
    };
    let mut world = World::of(&[named("one")]);
    world.settle();
    world.declare(&[named("two")]);
    let follows: Vec<String> =
        world.lines().iter().map(|line| line.split(" (").next().unwrap_or_default().to_owned()).collect();
    assert_eq!(
        follows,
        [
            "0 disconnect shop-web-1 from shop-default",
            "1 connect shop-web-1 to shop-default",
            "2 disconnect shop-web-2 from shop-default",
            "3 connect shop-web-2 to shop-default",
        ]
    );
    assert!(world.lines().get(2).is_some_and(|line| line.ends_with("< 1")), "{:?}", world.lines());
}

#[test]
fn who_shares_the_network_of_a_container_that_is_another_one_by_now_is_replaced() {
    let sharing = deployment("sidecar", 1, json!({}), json!({ "networkMode": "deployment:web" }), json!({}));
    let mut world = World::of(&[web(1, "app:1"), sharing]);
    world.settle();
    let joined = |world: &World| {
        let observed = world.observe();
        let id =
            |name: &str| observed.containers.iter().find(|one| one.name.starts_with(name)).map(|one| one.id.clone());
        let mode = observed
            .containers
            .iter()
            .find(|one| one.name.starts_with("shop-sidecar"))
            .map(|one| one.network_mode.clone());
        (mode, id("shop-web").map(|id| format!("container:{id}")))
    };
    let (before, host) = joined(&world);
    assert!(before == host || before == Some("container:shop-web-1".to_owned()), "{before:?}");
    world.engine.remove_by_hand("shop-web-1");
    world.settle();
    assert!(world.lines().is_empty(), "{:?}", world.lines());
    let (after, host) = joined(&world);
    assert!(after == host || after == Some("container:shop-web-1".to_owned()), "{after:?}");
}

#[test]
fn who_shares_processes_or_memory_is_replaced_with_the_container_that_has_them() {
    for field in ["pidMode", "ipcMode"] {
        let sharing = deployment("sidecar", 1, json!({ field: "deployment:web" }), json!({}), json!({}));
        let mut world = World::of(&[web(1, "app:1"), sharing]);
        world.settle();
        let before = world.engine.container("shop-sidecar-1").map(|sidecar| sidecar.id.clone());
        assert!(world.lines().is_empty(), "{:?}", world.lines());
        world.engine.remove_by_hand("shop-web-1");
        world.settle();
        assert!(world.lines().is_empty(), "{:?}", world.lines());
        let after = world.engine.containers().find(|container| container.name.starts_with("shop-sidecar"));
        assert!(after.map(|sidecar| &sidecar.id) != before.as_ref(), "{field}");
    }
}

/// Whose mounts the sidecar has, and the ids of those who should have them.
fn mounts_of_others(world: &World) -> (Vec<String>, Vec<String>) {
    let containers = world.engine.containers().filter(|container| container.is_up());
    let (sidecars, web): (Vec<_>, Vec<_>) =
        containers.partition(|container| container.name.starts_with("shop-sidecar"));
    let has = sidecars.into_iter().flat_map(|container| container.volumes_from.clone());
    (has.collect(), web.into_iter().map(|container| format!("{}:ro", container.id)).collect())
}

#[test]
fn who_has_the_mounts_of_another_container_follows_it_through_its_updates_and_not_through_its_restarts() {
    let sharing = || deployment("sidecar", 1, json!({ "volumesFrom": ["deployment:web:ro"] }), json!({}), json!({}));
    let mut world = World::of(&[web(1, "app:1"), sharing()]);
    world.settle();
    let (has, first) = mounts_of_others(&world);
    assert_eq!(has, first);
    let made = |world: &World| {
        let sidecar = world.engine.containers().find(|container| container.name.starts_with("shop-sidecar"));
        sidecar.map(|sidecar| sidecar.id.clone())
    };
    let before = made(&world);
    world.engine.kill_from_host("shop-web-1");
    world.settle();
    assert_eq!(made(&world), before);
    world.declare(&[web(1, "app:2"), sharing()]);
    world.settle();
    assert!(world.lines().is_empty(), "{:?}", world.lines());
    let (has, second) = mounts_of_others(&world);
    assert!(has == second && second != first, "{has:?} instead of {second:?}");
    // What had the name is another one by now, and this is the next replacement.
    world.engine.remove_by_hand("shop-sidecar-1");
    world.settle();
    let (has, _) = mounts_of_others(&world);
    assert_eq!(has, second);
}

#[test]
fn who_writes_what_another_container_mounts_is_replaced_stop_first() {
    let follows = |item: &str, image: &str| {
        let sharing = json!({ "image": image, "volumesFrom": [item] });
        deployment("sidecar", 1, sharing, json!({}), json!({}))
    };
    for (item, expected) in [("deployment:web", " stop container "), ("deployment:web:ro", " create container ")] {
        let mut world = World::of(&[web(1, "app:1"), follows(item, "app:1")]);
        world.settle();
        world.declare(&[web(1, "app:1"), follows(item, "app:2")]);
        let lines = world.lines();
        let first = lines.iter().find(|line| line.contains("container shop-sidecar"));
        assert!(first.is_some_and(|line| line.contains(expected)), "{item}: {lines:?}");
    }
}
