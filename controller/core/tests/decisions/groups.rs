//! What goes back with another of its rollout group.

use serde_json::{Value, json};
use skiff_core::{Request, Standing, Why, grant, told_revisions};

use crate::rollbacks::stable;
use crate::world::{World, deployment, key, merge};

/// One of a rollout group.
fn member(name: &str, image: &str) -> Value {
    let container =
        json!({ "image": image, "healthCheck": { "test": ["CMD", "true"], "retries": 1000, "interval": "1s" } });
    let mut manifest = deployment(name, 1, container, json!({}), json!({}));
    if let Some(metadata) = manifest.pointer_mut("/metadata").and_then(Value::as_object_mut) {
        metadata.insert("labels".to_owned(), json!({ "skiff.dev/rollout-group": "shop" }));
    }
    manifest
}

#[test]
fn what_changed_with_something_that_goes_back_with_another_goes_back_in_the_same_look() {
    let all = |web: &str, api: &str, db: &str| [member("web", web), member("api", api), member("db", db)];
    let mut world = stable(&member("web", "app:1"));
    world.declare(&all("app:1", "app:1", "app:1"));
    world.run(60);
    world.told_of_revisions();
    // `api` and `db` change together, and only `db` gets so far as to be stable; long before `web` does.
    world.declare(&all("app:1", "slow:1", "app:2"));
    world.run(90);
    world.declare(&all("bad:1", "slow:1", "app:2"));
    let told = (0..60).find_map(|_| {
        world.pass();
        let told = world.told_of_revisions();
        world.advance(1);
        told.iter().any(|line| line.starts_with("RevisionFailed")).then_some(told)
    });
    assert_eq!(
        told.unwrap_or_default(),
        [
            "RevisionFailed: revision 2 failed: shop-web-2 ended 6 times, last with 3; going back to revision 1",
            "RevisionFailed: revision 2 goes back: deployment/shop/web of its rollout group failed",
            "RevisionFailed: revision 2 goes back: deployment/shop/api of its rollout group failed",
        ]
    );
}

#[test]
fn those_of_a_rollout_group_go_back_together() {
    let mut world = stable(&member("web", "app:1"));
    world.declare(&[member("web", "app:1"), member("api", "app:1")]);
    world.run(60);
    world.declare(&[member("web", "bad:1"), member("api", "app:2")]);
    world.run(60);
    let images: Vec<&str> = world.engine.containers().map(|container| container.image.as_str()).collect();
    assert_eq!(images, ["app:1", "app:1"]);
    let told = world.told_of_revisions();
    assert!(
        told.contains(
            &"RevisionFailed: revision 2 goes back: deployment/shop/web of its rollout group failed".to_owned()
        ),
        "{told:?}"
    );
}

#[test]
fn what_is_declared_after_another_of_its_group_failed_does_not_go_back_with_it() {
    // Its old replica goes first, so that the way back takes a while.
    let web = |image: &str| {
        let mut manifest = member("web", image);
        let ports = json!({ "ports": [{ "containerPort": 80, "hostPort": 8080 }] });
        merge(&mut manifest, json!({ "spec": { "template": { "container": ports } } }));
        manifest
    };
    let mut world = stable(&web("app:1"));
    world.declare(&[web("app:1"), member("api", "app:1")]);
    world.run(60);
    world.declare(&[web("bad:1"), member("api", "app:1")]);
    while !world.told_of_revisions().iter().any(|line| line.starts_with("RevisionFailed")) {
        world.pass();
        world.advance(1);
    }
    world.declare(&[web("bad:1"), member("api", "app:2")]);
    world.run(60);
    assert!(world.told_of_revisions().iter().all(|line| !line.contains("of its rollout group")));
    assert_eq!([world.image_of("shop-web-1"), world.image_of("shop-api-2")], ["app:1", "app:2"]);
}

/// A world in which `web` and `api`, of one group, are stable.
fn stable_group() -> World {
    let mut world = stable(&member("web", "app:1"));
    world.declare(&[member("web", "app:1"), member("api", "app:1")]);
    world.run(60);
    world.told_of_revisions();
    world
}

/// Which images `api` and `web` run, once `web` has gone back.
fn after_the_way_back(world: &mut World) -> Vec<&str> {
    world.run(700);
    let told = world.told_of_revisions();
    assert!(told.iter().any(|line| line.starts_with("RevisionFailed")), "{told:?}");
    world.engine.containers().map(|container| container.image.as_str()).collect()
}

#[test]
fn members_whose_files_are_saved_one_after_the_other_are_one_change() {
    let good_first =
        [[member("web", "app:1"), member("api", "app:2")], [member("web", "slow:1"), member("api", "app:2")]];
    let bad_first =
        [[member("web", "slow:1"), member("api", "app:1")], [member("web", "slow:1"), member("api", "app:2")]];
    for saves in [good_first, bad_first] {
        let mut world = stable_group();
        for saved in &saves {
            world.declare(saved);
            // By then what is good is stable.
            world.run(40);
        }
        assert_eq!(after_the_way_back(&mut world), ["app:1", "app:1"]);
    }
}

#[test]
fn what_was_declared_while_another_was_tried_goes_back_with_it() {
    let mut world = stable_group();
    world.declare(&[member("web", "slow:1"), member("api", "app:1")]);
    world.run(300);
    world.declare(&[member("web", "slow:1"), member("api", "app:2")]);
    world.run(100);
    assert!(world.told_of_revisions().contains(&"RevisionStable: revision 2 is stable".to_owned()));
    assert_eq!(after_the_way_back(&mut world), ["app:1", "app:1"]);
}

#[test]
fn what_was_declared_long_before_another_stays_when_that_fails() {
    let mut world = stable_group();
    world.declare(&[member("web", "app:1"), member("api", "app:2")]);
    world.run(90);
    world.declare(&[member("web", "slow:1"), member("api", "app:2")]);
    assert_eq!(after_the_way_back(&mut world), ["app:2", "app:1"]);
}

#[test]
fn what_changed_with_the_first_of_several_attempts_goes_back_with_the_last() {
    let mut world = stable_group();
    world.declare(&[member("web", "slow:1"), member("api", "app:2")]);
    world.run(300);
    world.declare(&[member("web", "bad:1"), member("api", "app:2")]);
    assert_eq!(after_the_way_back(&mut world), ["app:1", "app:1"]);
}

#[test]
fn attempts_that_went_back_before_are_another_change() {
    let mut world = stable_group();
    world.declare(&[member("web", "bad:1"), member("api", "app:1")]);
    world.run(90);
    world.declare(&[member("web", "bad:1"), member("api", "app:2")]);
    world.run(90);
    world.told_of_revisions();
    world.declare(&[member("web", "bad:2"), member("api", "app:2")]);
    assert_eq!(after_the_way_back(&mut world), ["app:2", "app:1"]);
}

#[test]
fn what_is_undone_by_hand_takes_only_what_changed_with_it() {
    let mut world = stable_group();
    world.declare(&[member("web", "app:2"), member("api", "app:1")]);
    world.run(3600);
    world.declare(&[member("web", "app:2"), member("api", "app:2")]);
    world.run(90);
    let request = Request::Undo { object: key("web"), to: None };
    let desired = world.compile().0;
    grant(&mut world.history, &request, Some(&desired), world.engine.now()).expect("it is granted");
    world.run(90);
    let standing = |name: &str| {
        let known = world.history.objects.get(&key(name)).and_then(|known| known.declared());
        known.map(|declared| declared.standing.clone())
    };
    assert!(matches!(standing("web"), Some(Standing::Failed { why: Why::Undone, .. })), "{:?}", standing("web"));
    assert_eq!(standing("api"), Some(Standing::Stable));
}

#[test]
fn what_goes_back_with_something_that_was_undone_by_hand_is_not_said_to_have_failed() {
    let mut world = stable_group();
    world.declare(&[member("web", "app:2"), member("api", "app:2")]);
    world.run(90);
    world.told_of_revisions();
    let request = Request::Undo { object: key("web"), to: None };
    let desired = world.compile().0;
    grant(&mut world.history, &request, Some(&desired), world.engine.now()).expect("it is granted");
    world.run(90);
    assert_eq!(
        world.told(),
        [
            "RolloutUndone: revision 2 goes back: undone with deployment/shop/web of its rollout group",
            "RolledBack: back at revision 1",
            "RolledBack: back at revision 1",
        ]
    );
    let known = world.history.objects.get(&key("api")).expect("it is known");
    let told: Vec<String> = told_revisions(known).map(|(_, told)| told).collect();
    let expected = "was undone with deployment/shop/web of its rollout group; went back to 1";
    assert_eq!(told.first().map(String::as_str), Some(expected));
}
