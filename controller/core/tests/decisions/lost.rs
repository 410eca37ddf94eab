//! A way back to a revision of which the secrets are not known any more as it used them.

use serde_json::{Value, json};
use skiff_core::{Counts, Phase, SignedDuration, deployment_conditions, told_revisions};
use skiff_sim::{Program, SimImage};

use crate::world::{World, deployment, key};

const LOST: &str = "what secret/shop/db held then is not known any more, and what is made anew has today's";

fn secret(password: &str) -> Value {
    json!({ "apiVersion": "skiff.dev/v1", "kind": "Secret", "metadata": { "name": "db" }, "stringData": { "password": password } })
}

fn reading(image: &str) -> Value {
    let env = json!([{ "name": "PASSWORD", "valueFrom": { "secretKeyRef": { "name": "db", "key": "password" } } }]);
    deployment("web", 1, json!({ "image": image, "env": env }), json!({}), json!({}))
}

/// A world in which `web` is stable, and a bad image is declared with that password.
fn failing_with(password: &str) -> World {
    let mut world = World::of(&[secret("old"), reading("app:1")]);
    let program = Program::Exits { after: SignedDuration::from_millis(50), code: 3 };
    world.engine.put_image("bad:1", SimImage { id: "sha256:bad".to_owned(), program, ..SimImage::default() });
    world.settle();
    world.run(30);
    world.told();
    world.declare(&[secret(password), reading("bad:1")]);
    world
}

/// The password that runs, and what was told of lost content.
fn gone_back(world: &mut World) -> (Vec<String>, Vec<String>) {
    world.run(120);
    let passwords = world.engine.containers().filter_map(|container| container.env.get("PASSWORD").cloned()).collect();
    let told = world.told().into_iter().filter(|line| line.starts_with("ContentLost")).collect();
    (passwords, told)
}

#[test]
fn what_comes_back_with_the_secret_of_today_says_so() {
    let mut world = failing_with("new");
    world.lose_what_was_kept();
    let told = format!("ContentLost: revision 1 comes back otherwise than it was: {LOST}");
    assert_eq!(gone_back(&mut world), (vec!["new".to_owned()], vec![told]), "once");
    let containers = world.observe().containers;
    let labels: Vec<u64> = containers.iter().filter_map(|made| Some(made.owner.labels()?.revision)).collect();
    assert_eq!(labels, [1], "it is of the revision that was gone back to");
    let known = world.history.objects.get(&key("web")).expect("it is known");
    let listed: Vec<String> = told_revisions(known).map(|(_, told)| told).collect();
    assert_eq!(listed.last(), Some(&format!("stable; {LOST}")));
    let held = world.lines();
    assert!(held.iter().any(|line| line.contains("went back to revision 1") && line.contains(LOST)), "{held:?}");
    let status = world.status("web");
    assert_eq!(status.phase, Phase::Ready);
    assert!(status.message.contains(LOST), "{}", status.message);
    let conditions = deployment_conditions(Some(known), false, Counts { ready: 1, wanted: 1, max_unavailable: 0 });
    assert!(conditions.iter().any(|condition| condition.message.contains(LOST)), "{conditions:?}");
}

#[test]
fn what_still_runs_with_the_secret_of_then_is_left_and_what_is_missing_comes_with_todays() {
    let mut world = failing_with("new");
    let mut bad = reading("bad:1");
    crate::world::merge(&mut bad, json!({ "spec": { "minReadySeconds": 2 } }));
    world.declare(&[secret("new"), bad]);
    world.lose_what_was_kept();
    assert_eq!(gone_back(&mut world).0, ["old"]);
    let running = world.running();
    let name = running.first().expect("a replica");
    assert!(world.engine.remove_by_hand(name));
    assert_eq!(gone_back(&mut world).0, ["new"]);
}

#[test]
fn what_was_kept_comes_back_and_nothing_is_said() {
    let mut world = failing_with("new");
    assert_eq!(gone_back(&mut world), (vec!["old".to_owned()], Vec::new()));
}

#[test]
fn what_is_the_same_today_is_not_lost() {
    let mut world = failing_with("old");
    world.lose_what_was_kept();
    assert_eq!(gone_back(&mut world), (vec!["old".to_owned()], Vec::new()));
}

#[test]
fn a_key_that_is_lost_makes_no_new_revision_and_a_failed_one_is_not_tried_again() {
    let mut world = failing_with("old");
    world.run(120);
    let before = numbers(&world);
    world.told();
    world.digest_key = 2;
    world.lose_what_was_kept();
    world.restart_controller();
    world.run(30);
    assert_eq!((numbers(&world), world.told()), (before, Vec::new()));
    assert_eq!(world.running().len(), 1);
}

#[test]
fn what_comes_back_after_the_key_was_lost_says_what_nobody_knows_any_more() {
    let mut world = failing_with("new");
    world.settle();
    world.digest_key = 2;
    world.lose_what_was_kept();
    let told = format!("ContentLost: revision 1 comes back otherwise than it was: {LOST}");
    assert_eq!(gone_back(&mut world).1, [told]);
    assert_eq!(numbers(&world), [1, 2]);
}

#[test]
fn a_secret_that_changes_after_the_key_was_lost_is_rolled_out() {
    let mut world = World::of(&[secret("old"), reading("app:1")]);
    world.settle();
    world.run(30);
    world.digest_key = 2;
    world.run(1);
    assert_eq!(world.lines(), ["held web: whether secret/db changed cannot be told: digested with another key"]);
    world.declare(&[secret("new"), reading("app:1")]);
    assert_eq!(gone_back(&mut world), (vec!["new".to_owned()], Vec::new()));
    assert_eq!((numbers(&world), world.lines()), (vec![1, 2], Vec::new()));
}

/// The numbers of the revisions of `web` that are remembered.
fn numbers(world: &World) -> Vec<u64> {
    let known = world.history.objects.get(&key("web")).expect("it is known");
    known.revisions.iter().map(|revision| revision.number).collect()
}
