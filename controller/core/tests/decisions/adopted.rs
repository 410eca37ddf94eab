//! What becomes of containers that were taken over and kept: as those of ours, until their next change.

use serde_json::json;

use crate::world::{World, deployment, web};

/// Two replicas under the names that an old Docker Compose gave them.
fn taken_over() -> World {
    let mut world = World::of(&[web(2, "app:1")]);
    world.settle();
    for ordinal in ["1", "2"] {
        assert!(world.engine.take_over(&format!("shop-web-{ordinal}"), &format!("shop_web_{ordinal}")));
    }
    world
}

#[test]
fn they_keep_their_names_and_nothing_is_done() {
    let mut world = taken_over();
    assert_eq!(world.lines(), [""; 0]);
    world.settle();
    assert_eq!(world.running(), ["shop_web_1", "shop_web_2"]);
}

#[test]
fn their_next_change_replaces_them_by_ours() {
    let mut world = taken_over();
    world.declare(&[web(2, "app:2")]);
    insta::assert_debug_snapshot!(world.lines(), @r#"
    [
        "0 pull image app:2 (needed)",
        "1 create container shop-web-3 (outdated: container.image changed app:1 → app:2) < 0",
        "2 start container shop-web-3 (outdated: container.image changed app:1 → app:2) < 1",
        "held web: waiting for shop-web-3 to be Ready [replace container shop_web_2, replace container shop_web_1]",
    ]
    "#);
    world.settle();
    assert_eq!(world.running(), ["shop-web-2", "shop-web-3"]);
}

#[test]
fn one_that_has_ended_is_replaced_and_not_started_again() {
    let mut world = taken_over();
    world.engine.stop_by_hand("shop_web_1");
    insta::assert_debug_snapshot!(world.lines(), @r#"
    [
        "0 pull image app:1 (needed)",
        "1 remove container shop_web_1 (taken over from Docker Compose) < 0",
        "2 create container shop-web-3 (taken over from Docker Compose) < 0",
        "3 start container shop-web-3 (taken over from Docker Compose) < 2",
    ]
    "#);
    world.settle();
    assert_eq!(world.running(), ["shop-web-3", "shop_web_2"]);
}

#[test]
fn one_that_was_removed_by_hand_comes_back_as_one_of_ours() {
    let mut world = taken_over();
    world.engine.remove_by_hand("shop_web_2");
    world.settle();
    assert_eq!(world.running(), ["shop-web-2", "shop_web_1"]);
}

#[test]
fn they_count_when_the_number_changes() {
    let mut world = taken_over();
    world.declare(&[web(3, "app:1")]);
    world.settle();
    assert_eq!(world.running(), ["shop-web-3", "shop_web_1", "shop_web_2"]);
    world.declare(&[web(1, "app:1")]);
    world.settle();
    assert_eq!(world.running(), ["shop_web_1"]);
}

#[test]
fn what_they_answer_to_besides_is_left_and_what_they_lack_is_added() {
    let mut world = taken_over();
    world.engine.answer_to("shop_web_1", "shop-default", "old-name");
    assert_eq!(world.lines(), [""; 0]);
    let networks = json!({ "networks": [{ "name": "default", "aliases": ["api"] }] });
    world.declare(&[deployment("web", 2, json!({}), networks, json!({}))]);
    world.settle();
    assert_eq!(world.running(), ["shop_web_1", "shop_web_2"]);
}

#[test]
fn one_that_answers_to_its_names_is_not_taken_off_its_network_for_the_name_of_its_object() {
    let named = |aliases: &[&str], image: &str| {
        let networks = json!({ "networks": [{ "name": "default", "aliases": aliases }] });
        deployment("web", 1, json!({ "image": image }), networks, json!({}))
    };
    let mut world = World::of(&[named(&["my_web"], "app:1")]);
    world.settle();
    assert!(world.engine.take_over("shop-web-1", "shop_my_web_1"));
    let attach = |world: &mut World, aliases: &[&str]| {
        world.engine.disconnect_by_hand("shop_my_web_1", "shop-default");
        world.engine.connect_by_hand("shop_my_web_1", "shop-default");
        for alias in aliases {
            assert!(world.engine.answer_to("shop_my_web_1", "shop-default", alias));
        }
    };
    attach(&mut world, &["my_web"]);
    assert_eq!(world.lines(), [""; 0]);
    // One that the manifest gives is missing: then it gets all of them.
    world.declare(&[named(&["my_web", "shop"], "app:1")]);
    assert!(world.lines().first().is_some_and(|line| line.starts_with("0 disconnect shop_my_web_1")));
    world.settle();
    let names = |world: &World, container: &str| {
        let endpoint = world.engine.container(container).and_then(|container| container.networks.get("shop-default"));
        endpoint.map(|endpoint| endpoint.aliases.iter().cloned().collect::<Vec<_>>()).unwrap_or_default()
    };
    assert_eq!(names(&world, "shop_my_web_1"), ["my_web", "shop", "web"]);
    // One that nobody reaches gets its name.
    world.declare(&[named(&[], "app:1")]);
    attach(&mut world, &[]);
    world.settle();
    assert_eq!(names(&world, "shop_my_web_1"), ["web"]);
    // The next one of ours has all of them.
    attach(&mut world, &["my_web"]);
    world.declare(&[named(&["my_web"], "app:2")]);
    world.settle();
    let ours = world.running();
    assert_eq!(names(&world, ours.first().map_or("", String::as_str)), ["my_web", "web"]);
}

#[test]
fn the_hook_after_the_start_that_they_came_with_was_theirs_to_run() {
    let hook = json!({ "lifecycle": { "postStart": { "exec": { "command": ["/warm"] } } } });
    let declared = deployment("web", 1, hook, json!({}), json!({}));
    let mut world = World::of(&[declared]);
    world.settle();
    world.history = std::sync::Arc::default();
    assert!(world.engine.take_over("shop-web-1", "shop_web_1"));
    assert_eq!(world.lines(), [""; 0]);
    world.advance(5);
    world.engine.kill_from_host("shop_web_1");
    world.advance(5);
    assert!(world.lines().iter().any(|line| line.contains("run postStart hook shop_web_1")), "{:?}", world.lines());
}
