//! Which image the replicas of a revision run, whatever becomes of the tag.

use serde_json::{Value, json};
use skiff_core::{Phase, Request, RevisionImage, SignedDuration, grant};
use skiff_sim::{Program, Pull, SimImage};

use crate::world::{World, deployment, key, web};

fn image(id: &str) -> SimImage {
    SimImage { id: id.to_owned(), ..SimImage::default() }
}

fn crashing(id: &str) -> SimImage {
    SimImage { program: Program::Exits { after: SignedDuration::from_millis(50), code: 3 }, ..image(id) }
}

fn with_policy(replicas: u32, image: &str, policy: &str) -> Value {
    deployment("web", replicas, json!({ "image": image, "imagePullPolicy": policy }), json!({}), json!({}))
}

/// A world in which revision 1 is stable.
fn stable(manifest: Value) -> World {
    let mut world = World::of(&[manifest]);
    world.settle();
    world.run(15);
    world.told();
    world
}

/// The names of our containers with the ids of their images.
fn ids(world: &World) -> Vec<String> {
    let mut ids: Vec<String> =
        world.engine.containers().map(|seen| format!("{} {}", seen.name, seen.image_id)).collect();
    ids.sort();
    ids
}

fn recorded(world: &World, number: u64) -> Option<(String, Option<String>)> {
    let revision = world.history.objects.get(&key("web")).and_then(|known| known.revision(number));
    let image = revision.and_then(|revision| revision.image.clone());
    image.map(|RevisionImage { id, digest, since: _ }| (id, digest))
}

#[test]
fn the_image_of_a_revision_is_remembered_with_the_digest_that_its_registry_knows() {
    let world = stable(web(2, "app:1"));
    let expected = ("sha256:app:1".to_owned(), Some("app@sha256:app:1".to_owned()));
    assert_eq!(recorded(&world, 1), Some(expected));
}

#[test]
fn new_replicas_run_the_image_of_the_others_although_the_tag_has_moved() {
    let mut world = stable(web(1, "app:1"));
    world.engine.move_tag("app:1", image("sha256:moved"));
    assert!(world.engine.pull_by_hand("app:1"));
    world.declare(&[web(2, "app:1")]);
    assert_eq!(
        world.lines(),
        [
            "0 pull image app@sha256:app:1 (needed)",
            "1 create container shop-web-2 (missing) < 0",
            "2 start container shop-web-2 (missing) < 1",
        ]
    );
    world.settle();
    world.engine.remove_by_hand("shop-web-1");
    world.settle();
    assert_eq!(ids(&world), ["shop-web-1 sha256:app:1", "shop-web-2 sha256:app:1"]);
}

#[test]
fn a_new_revision_runs_what_the_tag_means_now() {
    let mut world = stable(web(1, "app:1"));
    world.engine.move_tag("app:1", image("sha256:moved"));
    assert!(world.engine.pull_by_hand("app:1"));
    world.declare(&[deployment("web", 1, json!({ "args": ["serve"] }), json!({}), json!({}))]);
    world.settle();
    assert_eq!(ids(&world), ["shop-web-2 sha256:moved"]);
}

#[test]
fn a_rollback_runs_the_image_that_ran_although_the_tag_has_moved() {
    let mut world = stable(web(1, "app:1"));
    world.engine.move_tag("app:1", crashing("sha256:moved"));
    assert!(world.engine.pull_by_hand("app:1"));
    world.declare(&[deployment("web", 1, json!({ "args": ["serve"] }), json!({}), json!({}))]);
    world.engine.remove_by_hand("shop-web-1");
    world.run(60);
    assert_eq!(world.told().last().map(String::as_str), Some("RolledBack: back at revision 1"));
    assert_eq!(ids(&world), ["shop-web-2 sha256:app:1"]);
    assert!(world.lines().iter().all(|line| line.starts_with("held")), "it is not outdated: {:?}", world.lines());
}

#[test]
fn an_image_that_was_taken_off_the_engine_is_pulled_by_its_digest() {
    let mut world = stable(web(1, "app:1"));
    world.engine.set_image("app:1", false, Pull::Works);
    world.engine.move_tag("app:1", image("sha256:moved"));
    world.declare(&[web(2, "app:1")]);
    world.settle();
    assert_eq!(ids(&world), ["shop-web-1 sha256:app:1", "shop-web-2 sha256:app:1"]);
}

#[test]
fn an_image_that_nobody_has_any_more_is_replaced_by_what_its_tag_means_with_a_word() {
    let mut world = stable(web(1, "app:1"));
    let history = std::sync::Arc::make_mut(&mut world.history);
    let revision = history.objects.get_mut(&key("web")).and_then(|known| known.revisions.last_mut());
    if let Some(image) = revision.and_then(|revision| revision.image.as_mut()) {
        image.digest = None;
    }
    world.engine.set_image("app:1", false, Pull::Works);
    world.engine.move_tag("app:1", image("sha256:moved"));
    world.engine.remove_by_hand("shop-web-1");
    let lost = "needed: image sha256:app:1, which the revision ran, is gone; its tag may mean another one by now";
    assert_eq!(world.lines().first(), Some(&format!("0 pull image app:1 ({lost})")));
    world.settle();
    assert_eq!(ids(&world), ["shop-web-1 sha256:moved"]);
    assert_eq!(
        recorded(&world, 1).map(|(id, _)| id).as_deref(),
        Some("sha256:moved"),
        "what runs now is what is known"
    );
}

#[test]
fn pull_policy_always_asks_once_for_a_revision_and_again_when_nothing_of_it_is_left() {
    let mut world = stable(with_policy(2, "app:1", "Always"));
    world.engine.move_tag("app:1", image("sha256:moved"));
    world.engine.remove_by_hand("shop-web-1");
    world.settle();
    assert_eq!(ids(&world), ["shop-web-1 sha256:app:1", "shop-web-2 sha256:app:1"], "one is left, and all are alike");
    world.engine.remove_by_hand("shop-web-1");
    world.engine.remove_by_hand("shop-web-2");
    world.settle();
    assert_eq!(ids(&world), ["shop-web-1 sha256:moved", "shop-web-2 sha256:moved"]);
    assert_eq!(recorded(&world, 1).map(|(id, _)| id).as_deref(), Some("sha256:moved"));
}

#[test]
fn a_restart_that_was_asked_for_runs_what_the_tag_means_then() {
    let mut world = stable(web(2, "app:1"));
    world.engine.move_tag("app:1", image("sha256:moved"));
    assert!(world.engine.pull_by_hand("app:1"));
    let now = world.engine.now();
    let history = std::sync::Arc::make_mut(&mut world.history);
    history.objects.entry(key("web")).or_default().restart_before = Some(now);
    world.settle();
    assert_eq!(ids(&world), ["shop-web-2 sha256:moved", "shop-web-3 sha256:moved"]);
    world.engine.move_tag("app:1", image("sha256:again"));
    assert!(world.engine.pull_by_hand("app:1"));
    world.declare(&[web(3, "app:1")]);
    world.settle();
    assert_eq!(ids(&world).first().map(String::as_str), Some("shop-web-1 sha256:moved"));
}

#[test]
fn a_rollback_runs_what_ran_also_after_a_restart_that_was_asked_for_since() {
    let mut world = stable(web(1, "app:1"));
    world.declare(&[web(1, "app:2")]);
    world.run(15);
    let now = world.engine.now();
    let history = std::sync::Arc::make_mut(&mut world.history);
    history.objects.entry(key("web")).or_default().restart_before = Some(now);
    world.run(15);
    world.engine.move_tag("app:1", image("sha256:moved"));
    assert!(world.engine.pull_by_hand("app:1"));
    world.engine.put_image("bad:1", crashing("sha256:bad"));
    world.declare(&[web(1, "bad:1")]);
    world.run(15);
    let undo = Request::Undo { object: key("web"), to: Some(1) };
    grant(&mut world.history, &undo, None, world.engine.now()).expect("revision 1 is known");
    world.run(60);
    assert_eq!(ids(&world).iter().map(|seen| seen.split(' ').next_back()).collect::<Vec<_>>(), [Some("sha256:app:1")]);
}

#[test]
fn what_cannot_be_pulled_waits_with_a_word_and_nothing_else_waits_with_it() {
    let mut world = stable(web(1, "app:1"));
    world.engine.put_image("app:9", SimImage { pull: Pull::Fails, ..image("sha256:9") });
    let other = deployment("other", 1, json!({ "image": "app:2" }), json!({}), json!({}));
    world.declare(&[web(1, "app:9"), other]);
    world.pass();
    world.pass();
    assert_eq!(world.running(), ["shop-other-1", "shop-web-1"], "the old one runs, and so does another object");
    let line = world.lines().first().cloned().unwrap_or_default();
    let words = "after 1 failed pull: image app:9: manifest unknown [replace container shop-web-1]";
    assert!(line.starts_with("held web: back-off until") && line.ends_with(words), "{line}");
    let status = world.status("web");
    assert_eq!((status.phase, status.reason), (Phase::Degraded, "ImagePullBackOff"));
    world.engine.set_image("app:9", false, Pull::Works);
    world.run(15);
    assert_eq!(world.image_of("shop-web-2"), "app:9");
    assert_eq!(world.status("web").reason, "");
}

#[test]
fn the_words_of_what_keeps_ending_and_of_what_waits_are_kubernetes_own() {
    let mut world = World::of(&[web(1, "bad:1")]);
    world.engine.put_image("bad:1", crashing("sha256:bad"));
    world.run(20);
    assert_eq!(world.status("web").reason, "CrashLoopBackOff");
}
