//! A number that changes in the middle of a rollout, and what is surplus then.

use serde_json::{Value, json};
use skiff_core::ProbeSchedule;
use skiff_sim::{Passes, SimImage};

use crate::world::{World, deployment};

/// Replicas of an image that are replaced one by one, or beside each other.
fn web(replicas: u32, image: &str, surge: u32) -> Value {
    let strategy = json!({ "rollingUpdate": { "maxSurge": surge, "maxUnavailable": 1 } });
    let check = json!({ "test": ["CMD", "true"], "interval": "1s", "retries": 100 });
    let container = json!({ "image": image, "healthCheck": check });
    deployment("web", replicas, container, json!({}), json!({ "strategy": strategy }))
}

/// Replicas of `app:1` of which one was replaced by one of `app:2` that is never Ready.
fn in_the_middle(replicas: u32, surge: u32) -> World {
    let mut world = World::of(&[]);
    let never = SimImage { id: "sha256:never".to_owned(), checks: Passes::Never, ..SimImage::default() };
    world.engine.put_image("app:2", never);
    world.declare(&[web(replicas, "app:1", surge)]);
    world.run(5);
    world.declare(&[web(replicas, "app:2", surge)]);
    world.run(5);
    world
}

#[test]
fn a_smaller_number_in_the_middle_of_a_rollout_takes_no_more_than_may_be_missing() {
    let mut world = in_the_middle(3, 0);
    assert_eq!(world.image_of("shop-web-3"), "app:2");
    world.declare(&[web(2, "app:2", 0)]);
    assert_eq!(
        world.lines(),
        [
            "0 stop container shop-web-3 (surplus)",
            "1 remove container shop-web-3 (surplus) < 0",
            "2 pull image app:2 (needed)",
            "3 stop container shop-web-2 (outdated: container.image changed app:1 → app:2) < 2",
            "4 remove container shop-web-2 (outdated: container.image changed app:1 → app:2) < 3",
            "5 create container shop-web-2 (outdated: container.image changed app:1 → app:2) < 1 2 4",
            "6 start container shop-web-2 (outdated: container.image changed app:1 → app:2) < 5",
            "held web: waiting for shop-web-2 to be Ready [replace container shop-web-1]",
        ]
    );
}

#[test]
fn what_is_surplus_and_was_stopped_goes_while_the_rest_waits() {
    let after = json!({ "dependsOn": [{ "name": "db", "condition": "Ready" }] });
    let api =
        |replicas: u32, image: &str| deployment("api", replicas, json!({ "image": image }), json!({}), after.clone());
    let db = |image: &str| deployment("db", 1, json!({ "image": image }), json!({}), json!({}));
    let mut world = World::of(&[db("app:1"), api(2, "app:1")]);
    world.settle();
    world.engine.remove_by_hand("shop-db-1");
    world.declare(&[db("gone:1"), api(2, "app:1")]);
    world.pass();
    world.declare(&[db("gone:1"), api(1, "app:2")]);
    // As a controller leaves it that dies between two steps.
    world.engine.stop_by_hand("shop-api-2");
    let lines: Vec<String> = world.lines().into_iter().filter(|line| line.contains("api")).collect();
    assert_eq!(
        lines,
        [
            "0 remove container shop-api-2 (surplus)",
            "held api: waiting for deployment/shop/db to be Ready [replace container shop-api-1]",
        ]
    );
}

#[test]
fn of_old_replicas_those_that_have_not_served_for_long_go_first() {
    let patient = |image: &str| {
        let strategy = json!({ "rollingUpdate": { "maxSurge": 1, "maxUnavailable": 1 } });
        deployment(
            "web",
            3,
            json!({ "image": image }),
            json!({}),
            json!({ "minReadySeconds": 5, "strategy": strategy }),
        )
    };
    let mut world = World::of(&[patient("app:1")]);
    world.run(20);
    world.engine.stop_by_hand("shop-web-1");
    world.pass();
    world.declare(&[patient("app:2")]);
    let lines = world.lines();
    let gone: Vec<&String> = lines.iter().filter(|line| line.contains(" stop container ")).collect();
    assert_eq!(gone, ["1 stop container shop-web-1 (outdated: container.image changed app:1 → app:2) < 0"]);
}

#[test]
fn what_was_stopped_as_surplus_stays_so_while_nobody_has_judged_the_others() {
    let probed = |replicas: u32| {
        let probe = json!({ "httpGet": { "port": 80 }, "periodSeconds": 1 });
        deployment("web", replicas, json!({ "readinessProbe": probe }), json!({}), json!({}))
    };
    let mut world = World::of(&[probed(2)]);
    world.settle();
    world.declare(&[probed(1)]);
    // As a controller leaves it that dies between two steps, and knows nothing of probes when it is started again.
    world.engine.stop_by_hand("shop-web-2");
    world.probes = Some(ProbeSchedule::default());
    assert_eq!(world.lines(), ["held web: waiting for shop-web-1 to be Ready [remove container shop-web-2]"]);
    world.settle();
    assert_eq!(world.running(), ["shop-web-1"]);
}

#[test]
fn a_plan_for_fewer_and_other_replicas_shows_what_becomes_of_each() {
    let web = |replicas: u32, image: &str| deployment("web", replicas, json!({ "image": image }), json!({}), json!({}));
    let mut world = World::of(&[web(5, "app:1")]);
    world.run(20);
    world.declare(&[web(2, "app:2")]);
    let lines = world.lines();
    let gone = lines.iter().filter(|line| line.contains(" remove container ")).count();
    assert_eq!(gone, 3, "{lines:?}");
    // No new one has room before the old ones are gone.
    let waiting =
        "held web: waiting for shop-web-3 to be removed [replace container shop-web-2, replace container shop-web-1]";
    assert_eq!(lines.last().map(String::as_str), Some(waiting), "{lines:?}");
    world.run(60);
    assert_eq!(world.lines(), [""; 0]);
}
