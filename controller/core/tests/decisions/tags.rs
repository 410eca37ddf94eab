//! Images that follow their tags: what has moved rolls out, goes back and is remembered like any other revision.

use std::sync::Arc;

use serde_json::{Value, json};
use skiff_core::{History, Request, SignedDuration, grant};
use skiff_sim::{Program, Pull, SimImage};

use crate::world::{World, deployment, key, merge};

fn image(id: &str) -> SimImage {
    SimImage { id: format!("sha256:{id}"), ..SimImage::default() }
}

fn crashing(id: &str) -> SimImage {
    SimImage { program: Program::Exits { after: SignedDuration::from_millis(50), code: 3 }, ..image(id) }
}

fn following(replicas: u32, image: &str, policy: &str) -> Value {
    let update = json!({ "imageUpdate": { "policy": policy, "interval": "1m" } });
    deployment("web", replicas, json!({ "image": image }), json!({}), update)
}

fn digest(replicas: u32) -> Value {
    following(replicas, "app:1", "Digest")
}

/// A world in which revision 1 is stable, and its registry has been asked.
fn stable(manifest: Value) -> World {
    let mut world = World::of(&[]);
    for version in ["1.2.3", "1.2.9", "1.10.0", "2.0.0", "1.11.0-rc1", "latest"] {
        world.engine.put_image(format!("app:{version}"), image(version));
    }
    world.declare(&[manifest]);
    world.run(90);
    world.told();
    world
}

/// The ids of the images that run, and the numbers of their revisions.
fn runs(world: &World) -> Vec<String> {
    let labels = |seen: &skiff_sim::SimContainer| seen.labels.get("skiff.dev/revision").cloned().unwrap_or_default();
    let mut runs: Vec<String> =
        world.engine.containers().map(|seen| format!("{} r{}", seen.image_id, labels(seen))).collect();
    runs.sort();
    runs
}

#[test]
fn a_tag_that_is_followed_makes_no_new_container_until_it_moves() {
    let mut world = stable(deployment("web", 2, json!({}), json!({}), json!({})));
    world.declare(&[digest(2)]);
    world.run(200);
    assert_eq!(world.lines(), Vec::<String>::new());
    assert_eq!((runs(&world), world.told()), (vec!["sha256:app:1 r1".to_owned(); 2], Vec::new()));
}

#[test]
fn an_image_that_has_moved_rolls_out_with_the_reason_and_is_its_own_revision() {
    let mut world = stable(digest(2));
    world.engine.move_tag("app:1", image("moved"));
    let mut lines = Vec::new();
    while lines.is_empty() {
        world.advance(1);
        lines = world.pass().steps.iter().map(|step| format!("{} ({})", step.action.target(), step.reason)).collect();
    }
    assert_eq!(
        lines,
        [
            "app:1@sha256:moved (needed)",
            "shop-web-3 (image moved: app:1 is sha256:moved now)",
            "shop-web-3 (image moved: app:1 is sha256:moved now)"
        ]
    );
    world.run(60);
    assert_eq!(runs(&world), ["sha256:moved r2", "sha256:moved r2"]);
    assert_eq!(world.told(), ["ImageMoved: app:1 is sha256:moved now", "RevisionStable: revision 2 is stable"]);
    world.run(300);
    assert_eq!(world.lines(), Vec::<String>::new(), "and that is all");
}

#[test]
fn a_moved_image_that_fails_goes_back_and_is_not_tried_again_until_the_tag_moves_again() {
    let mut world = stable(digest(2));
    world.engine.move_tag("app:1", crashing("bad"));
    world.run(120);
    assert_eq!(runs(&world), ["sha256:app:1 r1", "sha256:app:1 r1"]);
    let told = world.told();
    assert!(told.iter().any(|told| told.starts_with("RolledBack")), "{told:#?}");
    world.run(600);
    assert_eq!((world.told(), runs(&world)), (Vec::new(), vec!["sha256:app:1 r1".to_owned(); 2]));
    world.engine.move_tag("app:1", image("mended"));
    world.run(120);
    assert_eq!(runs(&world), ["sha256:mended r3", "sha256:mended r3"]);
}

#[test]
fn a_tag_that_moves_back_to_what_runs_recreates_nothing() {
    let mut world = stable(digest(2));
    world.engine.move_tag("app:1", crashing("bad"));
    world.run(200);
    let ids: Vec<String> = world.engine.containers().map(|seen| seen.id.clone()).collect();
    world.told();
    world.engine.move_tag("app:1", image("app:1"));
    world.run(200);
    assert_eq!(world.engine.containers().map(|seen| seen.id.clone()).collect::<Vec<_>>(), ids);
    assert_eq!(world.told().first().map(String::as_str), Some("ImageMoved: app:1 is again what runs"));
    assert_eq!(world.status("web").phase, skiff_core::Phase::Ready);
}

#[test]
fn a_change_of_the_manifest_keeps_the_image_that_the_tag_has_moved_to() {
    let mut world = stable(digest(1));
    world.engine.move_tag("app:1", image("moved"));
    world.run(120);
    let mut changed = digest(1);
    merge(&mut changed, json!({ "spec": { "template": { "container": { "args": ["serve"] } } } }));
    world.declare(&[changed]);
    world.run(20);
    assert_eq!(runs(&world), ["sha256:moved r3"]);
}

#[test]
fn whoever_follows_no_more_stays_where_it_is_and_another_reference_begins_anew() {
    let mut world = stable(digest(1));
    world.engine.move_tag("app:1", image("moved"));
    world.run(120);
    world.declare(&[deployment("web", 1, json!({}), json!({}), json!({}))]);
    world.run(200);
    assert_eq!(runs(&world), ["sha256:moved r2"]);
    world.declare(&[following(1, "app:2", "Digest")]);
    world.run(30);
    assert_eq!(runs(&world), ["sha256:app:2 r3"]);
    world.declare(&[deployment("web", 1, json!({}), json!({}), json!({}))]);
    world.run(30);
    assert_eq!(world.image_of("shop-web-2"), "app:1", "{:?}", runs(&world));
}

#[test]
fn what_is_followed_to_is_told_by_the_containers_when_the_memory_is_lost() {
    for (manifest, moved) in [(digest(2), true), (following(2, "app:1.2.3", "Semver"), false)] {
        let mut world = stable(manifest);
        if moved {
            world.engine.move_tag("app:1", image("moved"));
            world.run(120);
        }
        let before = runs(&world);
        world.history = Arc::new(History::default());
        world.tags = skiff_core::TagSchedule::default();
        for name in ["app:1", "app:1.2.3"] {
            world.engine.set_image(name, true, Pull::Fails);
        }
        world.run(200);
        assert_eq!(runs(&world).len(), 2);
        assert_eq!(runs(&world), before, "the registry is away, and nothing is replaced");
    }
}

#[test]
fn a_registry_that_is_away_changes_nothing_is_told_once_and_asked_less_and_less_often() {
    let mut world = stable(digest(1));
    world.engine.set_image("app:1", true, Pull::Fails);
    world.run(4000);
    let away =
        "ImageCheckFailed: the registry does not say what is new of app:1: connection refused; what runs is left";
    assert_eq!((world.told(), runs(&world)), (vec![away.to_owned()], vec!["sha256:app:1 r1".to_owned()]));
    let wait = world.tags.next().map(|next| next.duration_since(world.engine.now()));
    assert!(wait.is_some_and(|wait| wait > SignedDuration::from_mins(20)), "{wait:?}");
    world.engine.set_image("app:1", true, Pull::Works);
    world.run(4000);
    assert_eq!(world.told(), ["ImageChecked: the registry of app:1 answers again"]);
    let wait = world.tags.next().map(|next| next.duration_since(world.engine.now()));
    assert!(wait.is_some_and(|wait| wait <= SignedDuration::from_mins(1)), "{wait:?}");
}

#[test]
fn a_version_follows_the_newest_of_its_line_and_never_back() {
    let mut world = stable(following(1, "app:1.2.3", "Semver"));
    assert_eq!(runs(&world), ["sha256:1.10.0 r1"]);
    assert_eq!(world.image_of("shop-web-1"), "app:1.10.0");
    world.engine.put_image("app:1.12.0", crashing("1.12.0"));
    world.run(300);
    assert_eq!(runs(&world), ["sha256:1.10.0 r1"], "what fails goes back");
    world.engine.put_image("app:1.12.1", image("1.12.1"));
    world.run(300);
    assert_eq!(runs(&world), ["sha256:1.12.1 r3"]);
}

#[test]
fn an_undone_move_stays_undone_until_the_tag_moves_again() {
    let mut world = stable(digest(1));
    world.engine.move_tag("app:1", image("moved"));
    world.run(120);
    let undo = Request::Undo { object: key("web"), to: None };
    grant(&mut world.history, &undo, None, world.engine.now()).expect("revision 1 is known");
    world.run(600);
    assert_eq!(runs(&world), ["sha256:app:1 r1"]);
    world.engine.move_tag("app:1", image("again"));
    world.run(120);
    assert_eq!(runs(&world), ["sha256:again r3"]);
}

#[test]
fn an_answer_from_before_an_image_was_pulled_says_nothing_of_it() {
    let mut world = stable(digest(1));
    let asked = world.tags.next().expect("it is followed");
    world.run(asked.duration_since(world.engine.now()).as_secs() + 2);
    world.engine.move_tag("app:1", image("moved"));
    let mut changed = digest(1);
    let always = json!({ "args": ["serve"], "imagePullPolicy": "Always" });
    merge(&mut changed, json!({ "spec": { "template": { "container": always } } }));
    world.declare(&[changed]);
    world.run(40);
    assert_eq!(runs(&world), ["sha256:moved r2"]);
    world.run(120);
    assert_eq!((runs(&world), world.lines()), (vec!["sha256:moved r2".to_owned()], Vec::new()));
}
