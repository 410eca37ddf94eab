//! What people may ask of a rollout, and for a run.

use serde_json::{Value, json};
use skiff_api::{Kind, ObjectKey};
use skiff_core::{Intent, Request, SignedDuration, grant};
use skiff_sim::{Program, SimImage};

use crate::story;
use crate::world::{World, deployment, key, web};

fn settled(manifests: &[serde_json::Value]) -> World {
    let mut world = World::of(manifests);
    world.settle();
    world.run(15);
    world.told();
    world
}

impl World {
    /// Asks, and returns what is said.
    fn ask(&mut self, request: &Request) -> String {
        let (desired, now) = (self.compile().0, self.engine.now());
        match grant(&mut self.history, request, Some(&desired), now) {
            Ok(event) => event.message,
            Err(refusal) => format!("{refusal} ({})", refusal.help),
        }
    }
}

#[test]
fn a_rollout_that_is_paused_by_hand_stands_still_until_it_is_resumed() {
    let mut world = settled(&[web(2, "app:1")]);
    assert_eq!(world.ask(&Request::Pause { object: key("web") }), "the rollout is paused by hand");
    world.declare(&[web(2, "app:2")]);
    world.run(700);
    assert_eq!(world.running(), ["shop-web-1", "shop-web-2"]);
    assert_eq!(
        world.lines(),
        ["held web: the rollout is paused [replace container shop-web-2, replace container shop-web-1]"]
    );
    assert!(world.told().is_empty(), "time that it is paused for is no time without progress");
    world.ask(&Request::Resume { object: key("web") });
    world.run(30);
    assert_eq!(world.told(), ["RevisionStable: revision 2 is stable"]);
}

#[test]
fn an_undone_revision_stays_undone_until_the_manifest_changes() {
    let mut world = settled(&[web(1, "app:1")]);
    let refused = world.ask(&Request::Undo { object: key("web"), to: None });
    assert_eq!(
        refused,
        "deployment/shop/web has no earlier revision that was stable (`skiff rollout history web` lists the revisions)"
    );
    world.declare(&[web(1, "app:2")]);
    world.run(30);
    world.ask(&Request::Undo { object: key("web"), to: None });
    world.run(30);
    assert_eq!(world.engine.containers().map(|container| container.image.as_str()).collect::<Vec<_>>(), ["app:1"]);
    let again = world.ask(&Request::Undo { object: key("web"), to: None });
    let refused =
        "deployment/shop/web has gone back to revision 1 already (`skiff rollout history web` lists the revisions)";
    assert_eq!(again, refused, "why it went back is kept");
    let retried = world.ask(&Request::Undo { object: key("web"), to: Some(2) });
    assert_eq!(retried, "revision 2 is tried again");
    world.run(30);
    assert_eq!(world.engine.containers().map(|container| container.image.as_str()).collect::<Vec<_>>(), ["app:2"]);
}

#[test]
fn a_restart_replaces_every_replica_once_and_never_takes_one_too_many() {
    let mut world = settled(&[web(3, "app:1")]);
    let ids = |world: &World| world.engine.containers().map(|container| container.id.clone()).collect::<Vec<_>>();
    let before = ids(&world);
    world.ask(&Request::Restart { object: key("web") });
    for _ in 0..40 {
        world.run(1);
        assert!(world.running().len() >= 3, "{:?}", world.running());
    }
    let after = ids(&world);
    assert_eq!(after.len(), 3);
    assert!(after.iter().all(|id| !before.contains(id)), "each is a new one");
    world.run(60);
    assert_eq!(ids(&world), after, "once");
}

#[test]
fn what_went_down_has_no_history_when_it_comes_up_again() {
    let mut world = settled(&[web(1, "app:1")]);
    world.intent = Intent::Down { volumes: false };
    world.run(5);
    assert!(world.engine.containers().next().is_none());
    assert!(world.history.objects.is_empty());
}

#[test]
fn a_run_is_asked_for_once_under_one_name_and_refused_with_the_remedy() {
    let mut world = story::world(&[
        story::job("load", "long:1", serde_json::json!({})),
        story::cron("tidy", "@daily", "ok:1", serde_json::json!({})),
    ]);
    story::story(&mut world, 30);
    let asked = world.engine.now();
    let mut ask = |kind, name: &str| world.ask(&Request::RunNow { object: ObjectKey::new(kind, "shop", name), asked });
    let table = [
        ask(Kind::CronJob, "tidy"),
        ask(Kind::CronJob, "tidy"),
        ask(Kind::Job, "load"),
        ask(Kind::Job, "unload"),
        ask(Kind::Deployment, "web"),
    ];
    insta::assert_snapshot!(table.join("\n"), @r"
    run now-1800000030000 begins, as somebody asked for it
    run now-1800000030000 begins, as somebody asked for it
    job/shop/load has not ended (`skiff wait job/shop/load --for complete` waits for it)
    job/shop/unload is not declared (`skiff get jobs,cronjobs` lists what there is)
    deployment/shop/web is not declared (`skiff get jobs,cronjobs` lists what there is)
    ");
}

#[test]
fn a_way_back_goes_in_the_numbers_that_the_manifest_has_for_it() {
    let created = |strategy: Value| {
        let web = |image: &str| {
            let spec = json!({ "minReadySeconds": 0, "strategy": strategy });
            deployment("web", 3, json!({ "image": image }), json!({}), spec)
        };
        let mut world = settled(&[web("app:1")]);
        world.declare(&[web("app:2")]);
        world.run(30);
        world.ask(&Request::Undo { object: key("web"), to: None });
        let steps = world.plan().steps;
        steps.iter().filter(|step| step.action.verb() == "create container").count()
    };
    assert_eq!(created(json!({ "rollingUpdate": { "maxSurge": 1 } })), 1);
    assert_eq!(created(json!({ "rollingUpdate": { "maxSurge": 1 }, "rollback": { "maxSurge": 3 } })), 3);
}

#[test]
fn a_restart_replaces_what_never_started_as_well() {
    let broken = |is_broken| SimImage { id: "sha256:app".to_owned(), is_broken, ..SimImage::default() };
    let mut world = World::of(&[]);
    world.engine.put_image("app:3", broken(true));
    world.declare(&[web(1, "app:3")]);
    world.run(10);
    assert_eq!(world.running(), [""; 0]);
    // The image is mended under its name.
    world.engine.put_image("app:3", SimImage { id: "sha256:mended".to_owned(), ..broken(false) });
    assert!(world.ask(&Request::Restart { object: key("web") }).contains("replaced"));
    world.run(5);
    assert_eq!(world.running().len(), 1, "{:?}", world.lines());
}

#[test]
fn a_revision_that_failed_and_stays_is_neither_resumed_nor_restarted_and_that_is_said() {
    let pausing = |image: &str| {
        deployment("web", 2, json!({ "image": image }), json!({}), json!({ "strategy": { "onFailure": "Pause" } }))
    };
    let mut world = settled(&[pausing("app:1")]);
    let program = Program::Exits { after: SignedDuration::from_millis(50), code: 3 };
    world.engine.put_image("bad:1", SimImage { id: "sha256:bad".to_owned(), program, ..SimImage::default() });
    world.declare(&[pausing("bad:1")]);
    world.run(60);
    for request in [Request::Resume { object: key("web") }, Request::Restart { object: key("web") }] {
        let said = world.ask(&request);
        assert!(said.starts_with("revision 2 of deployment/shop/web failed: "), "{said}");
        assert!(said.contains("skiff rollout undo web --to-revision 2"), "{said}");
    }
    // A pause by hand besides ends all the same.
    world.ask(&Request::Pause { object: key("web") });
    assert_eq!(world.ask(&Request::Resume { object: key("web") }), "the rollout goes on");
}
