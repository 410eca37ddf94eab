//! What one source does leaves alone what is another's.

use serde_json::{Value, json};
use skiff_core::{Intent, SourceState};

use crate::world::{World, deployment, key};

fn network(name: &str, spec: Value) -> Value {
    json!({ "apiVersion": "skiff.dev/v1", "kind": "Network", "metadata": { "name": name }, "spec": spec })
}

fn volume(name: &str, spec: Value) -> Value {
    json!({ "apiVersion": "skiff.dev/v1", "kind": "Volume", "metadata": { "name": name }, "spec": spec })
}

fn on(name: &str, network: &str) -> Value {
    deployment(name, 1, json!({}), json!({ "networks": [{ "name": network }] }), json!({}))
}

/// Source `test` has a network `front`, a volume `data` and who uses them; source `other` has one who uses them as external.
fn two_sources() -> World {
    let mounts = |volume: &str| json!({ "volumeMounts": [{ "name": volume, "mountPath": "/data" }] });
    let template = |network: &str, volume: &str| json!({ "networks": [{ "name": network }], "volumes": [{ "name": volume, "volume": { "name": volume } }] });
    let user = |name: &str, network: &str, volume: &str| {
        deployment(name, 1, mounts(volume), template(network, volume), json!({}))
    };
    let mut world = World::of(&[network("front", json!({})), volume("data", json!({})), user("web", "front", "data")]);
    world.settle();
    world.source_name = "other";
    world.declare(&[
        network("peer", json!({ "external": true, "networkName": "shop-front" })),
        volume("shared", json!({ "external": true, "volumeName": "shop-data" })),
        user("api", "peer", "shared"),
    ]);
    world.settle();
    world.source_name = "test";
    world
}

#[test]
fn down_says_which_network_and_volume_another_source_still_uses() {
    let mut world = two_sources();
    world.declare(&[]);
    world.intent = Intent::Down { volumes: true };
    world.pass();
    assert_eq!(world.running(), ["shop-api-1"]);
    assert_eq!(world.lines(), ["held front: in use by shop-api-1", "held data: in use by shop-api-1"]);
}

#[test]
fn a_network_that_changed_is_held_while_it_would_cut_off_another_source() {
    let mut world = two_sources();
    world.declare(&[network("front", json!({ "internal": true })), volume("data", json!({})), on("web", "front")]);
    let lines = world.lines();
    assert!(lines.contains(&"held front: in use by shop-api-1".to_owned()), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("disconnect")), "{lines:?}");
    // On a name that two networks have, Docker starts nothing.
    world.engine.duplicate_network("shop-front");
    let removed = world.lines().into_iter().filter(|line| line.contains("remove network shop-front (surplus)"));
    assert_eq!(removed.count(), 1, "{:?}", world.lines());
}

#[test]
fn down_leaves_what_another_source_has_taken_over() {
    let mut world = World::of(&[on("web", "default"), on("roamer", "default")]);
    world.settle();
    world.declare(&[on("web", "default")]);
    world.intent = Intent::Down { volumes: true };
    world.claimed.insert(key("roamer"));
    world.pass();
    assert_eq!(world.running(), ["shop-roamer-1"]);
    assert_eq!(world.lines(), ["held default: in use by shop-roamer-1"]);
}

#[test]
fn what_one_object_makes_may_be_external_to_another() {
    let world = World::of(&[
        network("api-net", json!({ "external": true, "networkName": "shop-front" })),
        network("front", json!({})),
        volume("a-volume", json!({ "external": true, "volumeName": "shop-data" })),
        volume("data", json!({})),
        on("web", "api-net"),
    ]);
    let lines = world.lines();
    assert_eq!(lines.first().map(String::as_str), Some("0 create network shop-front (missing)"), "{lines:?}");
    assert_eq!(lines.get(1).map(String::as_str), Some("1 create volume shop-data (missing)"), "{lines:?}");
    assert!(!lines.iter().any(|line| line.starts_with("held")), "{lines:?}");
}

/// A folder's `web` and `data` run, and then another folder of the same name is loaded, with `api`.
fn then_from(first: &str, second: &str) -> World {
    let mut world = World::of(&[]);
    world.source.roots = vec![first.into()];
    world.declare(&[volume("data", json!({ "reclaimPolicy": "Delete" })), on("web", "default")]);
    world.settle();
    world.declare(&[]);
    world.source.roots = vec![second.into()];
    world.declare(&[on("api", "default")]);
    world
}

#[test]
fn another_folder_of_the_same_name_does_not_miss_what_the_first_one_declared() {
    for (first, second) in [("/a/manifests", "/b/manifests"), ("-", "-"), ("-", "/a"), ("/a/shop", "/a/shop2")] {
        let mut world = then_from(first, second);
        world.settle();
        assert_eq!(world.running(), ["shop-api-1", "shop-web-1"], "{first} {second}");
        let place = if first == "-" { "stdin" } else { first };
        let held = format!("declared in {place}, which is not what is loaded as source test now");
        assert_eq!(world.lines(), [format!("held web: {held}"), format!("held data: {held}")]);
        world.source.confirm_prune = true;
        world.settle();
        assert_eq!(world.running(), ["shop-api-1"], "{first} {second}");
        assert!(world.observe().volumes.is_empty());
    }
}

#[test]
fn the_same_folder_and_a_source_that_is_named_miss_it() {
    let mut same = then_from("/a/shop/compose.yaml", "/a/shop");
    same.settle();
    assert_eq!(same.running(), ["shop-api-1"]);
    let mut named = then_from("/a/manifests", "/b/manifests");
    named.source.roots.clear();
    named.settle();
    assert_eq!(named.running(), ["shop-api-1"]);
}

#[test]
fn down_of_another_folder_of_the_same_name_leaves_what_the_first_one_declared() {
    let mut world = then_from("/a/manifests", "/b/manifests");
    world.settle();
    world.intent = Intent::Down { volumes: true };
    world.settle();
    assert_eq!(world.running(), ["shop-web-1"]);
    assert!(!world.observe().volumes.is_empty());
}

/// `web` has moved to another source, with one more replica, so that there are some of both.
fn moved() -> World {
    let mut world = World::of(&[on("web", "default"), on("api", "default")]);
    world.settle();
    world.source_name = "other";
    let mut more = on("web", "default");
    crate::world::merge(&mut more, json!({ "spec": { "replicas": 2 } }));
    world.declare(&[more]);
    world.settle();
    world
}

#[test]
fn what_moved_and_left_both_sources_stays_whole_while_one_of_them_is_not_loaded() {
    let mut world = moved();
    world.source_name = "test";
    world.declare(&[on("api", "default")]);
    world.source.confirm_prune = true;
    world.settle();
    assert_eq!(world.running(), ["shop-api-1", "shop-web-1", "shop-web-2"]);
}

#[test]
fn what_moved_between_sources_stays_for_the_mistakes_of_either() {
    for broken in ["other", "test"] {
        let mut world = moved();
        world.declare(&[]);
        let (desired, _) = world.compile();
        let state = |name: &str| SourceState {
            problems: usize::from(name == broken),
            confirm_prune: true,
            ..SourceState::default()
        };
        let sources = ["other", "test"].map(|name| (name.to_owned(), state(name)));
        let desired = skiff_core::Desired { sources: sources.into(), ..desired };
        let plan = skiff_core::plan(&desired, &world.observe(), world.engine.now());
        let lines = crate::world::lines(&plan);
        assert!(!lines.iter().any(|line| line.contains("shop-web")), "{broken}: {lines:?}");
        assert!(
            lines.contains(&format!(
                "held web: source {broken} has 1 problem; nothing of it is removed until that is mended"
            )),
            "{lines:?}"
        );
    }
}
