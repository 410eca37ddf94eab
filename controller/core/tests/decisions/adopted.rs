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
