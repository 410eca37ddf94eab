//! Content that is updated in place: the files change, what mounts them goes on.

use serde_json::{Value, json};
use skiff_core::{GivenLabels, Masking, MountSource, Reason, SignedDuration};
use skiff_sim::{Program, SimImage};

use crate::world::{World, deployment, key, merge};

fn config(data: Value) -> Value {
    json!({ "apiVersion": "skiff.dev/v1", "kind": "ConfigMap", "metadata": { "name": "conf" }, "data": data })
}

/// A deployment that mounts the config in place, and what else its container says.
fn user(container: Value) -> Value {
    let mut all = json!({ "volumeMounts": [{ "name": "conf", "mountPath": "/etc/conf" }] });
    merge(&mut all, container);
    let volumes =
        json!({ "volumes": [{ "name": "conf", "configMap": { "name": "conf", "updatePolicy": "InPlace" } }] });
    deployment("web", 2, all, volumes, json!({}))
}

/// The id of the only set, and what is read in it.
fn files(world: &World) -> Vec<(String, String)> {
    let id = world.observe().files.into_keys().next().unwrap_or_default();
    let held = world.engine.files(&id).cloned().unwrap_or_default();
    held.into_iter().map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned())).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn changed_content_is_written_and_nothing_is_replaced() {
    let mut world = World::of(&[config(json!({ "a": "1" })), user(json!({}))]);
    world.settle();
    let before: Vec<String> = world.observe().containers.into_iter().map(|container| container.id).collect();
    world.declare(&[config(json!({ "a": "2", "b": "3" })), user(json!({}))]);
    let lines = world.lines();
    let [only] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(only.starts_with("0 write files configmap-shop-conf-"), "{only}");
    assert!(only.ends_with("(files updated in place: content of configmap/conf changed)"), "{only}");
    world.settle();
    assert_eq!(files(&world), pairs(&[("a", "2"), ("b", "3")]));
    assert_eq!(world.observe().containers.into_iter().map(|container| container.id).collect::<Vec<_>>(), before);
}

#[test]
fn a_variable_from_the_same_key_still_replaces_and_one_from_another_does_not() {
    let env = json!({ "env": [{ "name": "A", "valueFrom": { "configMapKeyRef": { "name": "conf", "key": "a" } } }] });
    let mut world = World::of(&[config(json!({ "a": "1", "b": "1" })), user(env.clone())]);
    world.settle();
    world.declare(&[config(json!({ "a": "1", "b": "2" })), user(env.clone())]);
    assert_eq!(world.plan().steps.len(), 1, "{:?}", world.lines());
    world.settle();
    world.declare(&[config(json!({ "a": "2", "b": "2" })), user(env)]);
    let reasons: Vec<Reason> = world.plan().steps.into_iter().map(|step| step.reason).collect();
    let changed = |in_place| Reason::ContentChanged { objects: vec!["configmap/conf".to_owned()], in_place };
    assert!(reasons.contains(&changed(true)) && reasons.contains(&changed(false)), "{reasons:?}");
    world.settle();
    assert_eq!(files(&world), pairs(&[("a", "2"), ("b", "2")]));
    assert_eq!(world.running(), ["shop-web-2", "shop-web-3"]);
}

#[test]
fn what_starts_or_comes_waits_for_the_new_files() {
    let mut world = World::of(&[config(json!({ "a": "1" })), user(json!({}))]);
    world.settle();
    world.engine.stop_by_hand("shop-web-1");
    world.declare(&[config(json!({ "a": "2" })), user(json!({}))]);
    let lines = world.lines();
    assert!(lines.iter().any(|line| line == "1 start container shop-web-1 (exited with 0) < 0"), "{lines:?}");
}

#[test]
fn files_that_cannot_be_written_are_held_with_what_waits() {
    let mut world = World::of(&[config(json!({ "a": "1" })), user(json!({}))]);
    world.settle();
    world.declare(&[config(json!({ "a": "2" })), user(json!({}))]);
    world.engine.fail_next(skiff_sim::Fault::Fails);
    world.pass();
    let lines = world.lines();
    let [only] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(only.starts_with("held web: back-off") && only.contains("[write files configmap-shop-conf-"), "{only}");
    world.advance(2);
    world.settle();
    assert_eq!(files(&world), pairs(&[("a", "2")]));
}

#[test]
fn a_lost_key_for_digests_writes_the_same_files_again_and_replaces_nothing() {
    let secret = json!({ "apiVersion": "skiff.dev/v1", "kind": "Secret", "metadata": { "name": "db" }, "stringData": { "p": "x" } });
    let volumes = json!({ "volumes": [{ "name": "db", "secret": { "secretName": "db", "updatePolicy": "InPlace" } }] });
    let mount = json!({ "volumeMounts": [{ "name": "db", "mountPath": "/db" }] });
    let mut world = World::of(&[secret, deployment("web", 1, mount, volumes, json!({}))]);
    world.settle();
    world.digest_key = 2;
    assert_eq!(world.plan().steps.len(), 1, "{:?}", world.lines());
    world.settle();
    assert!(world.lines().is_empty());
    assert_eq!(world.running(), ["shop-web-1"]);
}

#[test]
fn a_revision_that_comes_back_reads_what_is_declared_now() {
    let mut world = World::of(&[config(json!({ "a": "1" })), user(json!({}))]);
    let program = Program::Exits { after: SignedDuration::from_millis(50), code: 3 };
    world.engine.put_image("bad:1", SimImage { id: "sha256:bad:1".to_owned(), program, ..SimImage::default() });
    world.settle();
    world.run(15);
    world.declare(&[config(json!({ "a": "2" })), user(json!({ "image": "bad:1" }))]);
    world.run(60);
    assert_eq!(world.told().last().map(String::as_str), Some("RolledBack: back at revision 1"));
    let images: Vec<&str> = world.running().iter().map(|name| world.image_of(name)).collect();
    assert_eq!(images, ["app:1", "app:1"]);
    assert_eq!(files(&world), pairs(&[("a", "2")]));
}

/// Containers that were made by an earlier version of Skiff mount the folder of this name.
#[test]
fn the_name_of_the_folder_never_changes() {
    let world = World::of(&[config(json!({ "a": "1" })), user(json!({}))]);
    let (desired, _) = world.compile();
    let mounts = &desired.workloads.get(&key("web")).expect("it is declared").template.mounts;
    let Some(MountSource::Files(files)) = mounts.first().map(|mount| &mount.source) else { panic!("{mounts:?}") };
    assert_eq!(files.id, "configmap-shop-conf-51d3dc9480d8ff5312629601");
}

#[test]
fn what_files_were_left_is_told_of_the_secret_that_they_held() {
    let secret = |value: &str| {
        let data = json!({ "password": value });
        json!({ "apiVersion": "skiff.dev/v1", "kind": "Secret", "metadata": { "name": "db-pass" }, "stringData": data })
    };
    let mounts = json!({ "volumeMounts": [{ "name": "s", "mountPath": "/s" }] });
    let volumes = json!({ "volumes": [{ "name": "s", "secret": { "secretName": "db-pass" } }] });
    let web = deployment("web", 1, mounts, volumes, json!({}));
    let mut world = World::of(&[secret("1"), web.clone()]);
    world.settle();
    world.declare(&[secret("2"), web]);
    let told = (0..60).find_map(|_| {
        world.advance(1);
        let plan = world.pass();
        plan.steps.into_iter().find(|step| step.action.verb() == "remove files").map(|step| step.object.to_string())
    });
    assert_eq!(told.as_deref(), Some("secret/shop/db-pass"));
}

#[test]
fn of_what_a_container_says_whose_secret_changes_under_it_nothing_is_told() {
    let secret = json!({ "apiVersion": "skiff.dev/v1", "kind": "Secret", "metadata": { "name": "db" }, "stringData": { "p": "hunter2" } });
    let told = |policy: &str| {
        let volumes =
            json!({ "volumes": [{ "name": "db", "secret": { "secretName": "db", "updatePolicy": policy } }] });
        let mount = json!({ "image": "app:1", "volumeMounts": [{ "name": "db", "mountPath": "/run/db" }] });
        let mut world = World::of(&[secret.clone(), deployment("web", 1, mount, volumes, json!({}))]);
        world.settle();
        let observed = world.observe();
        let labels = observed.containers.first().and_then(|one| one.owner.labels()).expect("it is ours");
        let given = GivenLabels {
            content: labels.content.as_deref(),
            template: labels.template.as_deref(),
            template_hash: Some(&labels.template_hash),
        };
        Masking::new(&world.compile().1, given).masked("refused hunter2", false)
    };
    assert_eq!(told("InPlace"), None);
    assert_eq!(told("Replace").as_deref(), Some("refused ***"));
}
