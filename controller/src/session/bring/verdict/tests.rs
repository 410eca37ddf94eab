//! When `up` and `down` are through, and with which word.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};
use skiff_api::Instance;
use skiff_core::{
    Action, Archive, CompileInput, ContentStore, DeclaredObject, DigestKey, EngineError, Failures, Health, History,
    HostFiles, Reason, SourceState, Step, StepId, Timestamp, compile, plan, status,
};
use skiff_sim::{SimEngine, SimImage};

use super::*;
use crate::controller::Target;

/// Manifests, an engine and failures, judged as a pass sees them.
struct World {
    engine: SimEngine,
    target: Target,
    failures: Failures,
}

impl World {
    fn of(manifests: &[Value], intent: Intent) -> Self {
        let mut engine = SimEngine::new(Timestamp::UNIX_EPOCH);
        engine.put_image("app:1", SimImage { id: "sha256:1".to_owned(), local: true, ..SimImage::default() });
        let (desired, content) = compiled(manifests, intent);
        Self { engine, target: Target { desired, content: Arc::new(content) }, failures: Failures::default() }
    }

    fn snapshot(&self) -> Snapshot {
        let mut observed = self.engine.look(&Instance::default());
        observed.failures.clone_from(&self.failures);
        let (desired, now) = (&self.target.desired, self.engine.now());
        let plan = plan(desired, &observed, now);
        let status = status(desired, &observed, &plan, now);
        Snapshot { pass: 1, observed, plan, status, ..Snapshot::default() }
    }

    /// One pass, with all its steps.
    fn act(&mut self) {
        for step in self.snapshot().plan.steps {
            self.engine.perform(&step.action, &self.target.content).expect("the engine does it");
        }
    }

    /// Makes what containers need, such as the default network.
    fn prepare(&mut self) {
        for step in self.snapshot().plan.steps.into_iter().filter(|step| !step.object.kind.is_workload()) {
            self.engine.perform(&step.action, &self.target.content).expect("the engine does it");
        }
    }

    /// The object failed so often, the last time now.
    fn fail(&mut self, key: &ObjectKey, times: u32) {
        let hash = match self.target.desired.workloads.get(key) {
            Some(workload) => workload.template.hash.clone(),
            None => self.target.desired.networks.get(key).map(|network| network.hash.clone()).unwrap_or_default(),
        };
        for _ in 0..times {
            self.failures.failed(&step(key, &hash), &error("no such thing"), self.engine.now());
        }
    }

    /// The verdict as lines.
    fn judged(&self) -> Vec<String> {
        let verdict = verdict(&self.target.desired, &self.snapshot(), None);
        let line = |word: &str, unready: &Unready| format!("{word} {}: {}", unready.object.name, unready.why);
        let mut lines = vec![if verdict.is_quiet { "quiet" } else { "busy" }.to_owned()];
        lines.extend(verdict.unready.values().map(|unready| line("hopeless", unready)));
        lines.extend(verdict.coming.values().map(|unready| line("coming", unready)));
        lines.extend(verdict.kept.iter().map(|kept| {
            let names: Vec<&str> = kept.objects.iter().map(|object| object.name.as_str()).collect();
            format!("kept {}: {}", names.join(", "), kept.why)
        }));
        lines.extend(verdict.notes);
        lines
    }
}

/// A step for an object as a whole.
fn step(object: &ObjectKey, hash: &str) -> Step {
    let action = Action::RemoveFiles { id: String::new() };
    let (object, hash) = (object.clone(), hash.to_owned());
    Step { id: StepId(0), object, hash, action, reason: Reason::Surplus, after: Vec::new() }
}

fn error(words: &str) -> EngineError {
    EngineError::Failed(words.to_owned())
}

fn compiled(manifests: &[Value], intent: Intent) -> (Desired, ContentStore) {
    compiled_with(manifests, intent, 7)
}

/// With another key for digests of secrets.
fn compiled_with(manifests: &[Value], intent: Intent, digest_key: u8) -> (Desired, ContentStore) {
    let objects = manifests.iter().map(|manifest| {
        let mut object = skiff_api::parse_object(manifest).expect("a valid manifest");
        object.metadata_mut().namespace = Some("shop".to_owned());
        let source = "test".to_owned();
        let declared = DeclaredObject { object, source, source_revision: None, base: "/srv".to_owned() };
        (declared.object.key(), declared)
    });
    compile(&CompileInput {
        instance: &Instance::default(),
        intent,
        stays: false,
        objects: &objects.collect(),
        sources: &BTreeMap::from([("test".to_owned(), SourceState::default())]),
        host_files: &HostFiles::new(),
        digest_key: &DigestKey::new([digest_key; 32]),
        departed: &BTreeMap::new(),
        claimed: &BTreeSet::new(),
        beside: &BTreeMap::new(),
        history: &History::default(),
        traces: &BTreeMap::new(),
        archive: &Archive::default(),
    })
}

fn deployment(name: &str, on: &[&str]) -> Value {
    let depends_on: Vec<Value> = on.iter().map(|on| json!({ "name": on, "condition": "Ready" })).collect();
    json!({ "apiVersion": "skiff.dev/v1", "kind": "Deployment", "metadata": { "name": name }, "spec": {
        "minReadySeconds": 0, "dependsOn": depends_on, "template": { "container": {
            "image": "app:1", "healthCheck": { "test": ["CMD", "true"] } } } } })
}

fn key(name: &str) -> ObjectKey {
    ObjectKey::new(Kind::Deployment, "shop", name)
}

#[test]
fn what_is_being_made_is_coming_and_what_is_healthy_is_ready() {
    let mut world = World::of(&[deployment("web", &[])], Intent::Run);
    assert_eq!(world.judged(), ["busy", "coming web: 0 of 1 Ready"]);
    world.act();
    assert_eq!(world.judged(), ["busy", "coming web: 0 of 1 Ready"]);
    assert!(world.engine.set_health("shop-web-1", Health::Healthy));
    assert_eq!(world.judged(), ["quiet"]);
}

#[test]
fn what_ended_with_a_failure_for_good_is_hopeless() {
    let once = json!({ "apiVersion": "skiff.dev/v1", "kind": "Deployment", "metadata": { "name": "once" }, "spec": {
        "template": { "restartPolicy": "Never", "container": { "image": "app:1" } } } });
    let mut world = World::of(&[once], Intent::Run);
    world.act();
    world.act();
    assert!(world.engine.exit("shop-once-1", 3));
    assert_eq!(world.judged(), ["quiet", "hopeless once: ended with 3 and is not to be started again"]);
}

#[test]
fn what_failed_three_times_is_hopeless_and_so_is_what_waits_for_it() {
    let chain = [deployment("db", &[]), deployment("api", &["db"]), deployment("web", &["api"])];
    let mut world = World::of(&chain, Intent::Run);
    world.prepare();
    world.fail(&key("db"), 2);
    assert_eq!(
        world.judged(),
        [
            "busy",
            "coming api: waiting for deployment/shop/db to be Ready",
            "coming db: back-off until 00:00:02Z after 2 failed attempts: no such thing",
            "coming web: waiting for deployment/shop/api to be Ready",
        ]
    );
    world.fail(&key("db"), 1);
    assert_eq!(
        world.judged(),
        [
            "quiet",
            "hopeless api: waiting for deployment/shop/db to be Ready",
            "hopeless db: back-off until 00:00:04Z after 3 failed attempts: no such thing",
            "hopeless web: waiting for deployment/shop/api to be Ready",
        ]
    );
}

#[test]
fn what_failed_three_times_and_then_started_is_waited_for() {
    let mut world = World::of(&[deployment("web", &[])], Intent::Run);
    world.act();
    world.fail(&key("web"), 3);
    assert_eq!(world.judged(), ["busy", "coming web: no such thing"]);
    assert!(world.engine.set_health("shop-web-1", Health::Healthy));
    assert_eq!(world.judged(), ["quiet"]);
}

#[test]
fn a_container_that_exists_and_fails_to_start_three_times_is_hopeless() {
    let mut world = World::of(&[deployment("web", &[])], Intent::Run);
    world.act();
    assert!(world.engine.stop_by_hand("shop-web-1"));
    world.fail(&key("web"), 3);
    let judged = world.judged();
    assert!(judged.iter().any(|line| line.starts_with("hopeless web")), "{judged:?}");
}

#[test]
fn a_name_that_somebody_else_has_is_hopeless_and_the_remedy_names_them() {
    let mut world = World::of(&[deployment("web", &[])], Intent::Run);
    world.prepare();
    world.engine.add_foreign_container("shop-web-1", &[], BTreeMap::new()).expect("a free name");
    let verdict = verdict(&world.target.desired, &world.snapshot(), None);
    let unready = verdict.unready.get(&key("web")).expect("it is not Ready");
    assert!(verdict.is_quiet && unready.why.contains("shop-web-1"), "{}", unready.why);
    assert!(unready.remedy.as_deref().is_some_and(|remedy| remedy.starts_with("remove or rename container")));
}

#[test]
fn a_container_that_the_engine_starts_again_and_again_is_hopeless() {
    let mut world = World::of(&[deployment("web", &[])], Intent::Run);
    world.act();
    for _ in 0..4 {
        world.engine.exit("shop-web-1", 1);
        let later = world.engine.now() + skiff_core::SignedDuration::from_secs(60);
        world.engine.advance(later);
    }
    world.engine.exit("shop-web-1", 1);
    let judged = world.judged();
    assert_eq!(
        judged.get(1).map(String::as_str),
        Some("hopeless web: shop-web-1 exited with 1 and is being restarted by Docker"),
        "{judged:?}"
    );
}

#[test]
fn what_left_the_manifests_and_waits_for_a_word_is_kept_and_no_mere_note() {
    let mut world = World::of(&[deployment("db", &[]), deployment("web", &[])], Intent::Run);
    world.act();
    (world.target.desired, _) = compiled(&[], Intent::Run);
    assert_eq!(
        world.judged(),
        ["quiet", "kept db, web: 2 of 2 objects of source test would be removed: confirm with --confirm-prune"]
    );
}

#[test]
fn what_cannot_be_told_is_a_note_and_keeps_nothing_from_being_ready() {
    let secret = json!({ "apiVersion": "skiff.dev/v1", "kind": "Secret", "metadata": { "name": "db" }, "stringData": { "password": "x" } });
    let mut web = deployment("web", &[]);
    let reference = json!({ "secretKeyRef": { "name": "db", "key": "password" } });
    let container = web.pointer_mut("/spec/template/container").and_then(Value::as_object_mut).expect("a container");
    container.insert("env".to_owned(), json!([{ "name": "PASSWORD", "valueFrom": reference }]));
    let manifests = [secret, web];
    let mut world = World::of(&manifests, Intent::Run);
    world.act();
    assert!(world.engine.set_health("shop-web-1", Health::Healthy));
    (world.target.desired, _) = compiled_with(&manifests, Intent::Run, 8);
    let judged = world.judged();
    assert!(judged.len() >= 2 && judged.iter().any(|line| line.starts_with("note: ")), "{judged:?}");
    assert_eq!(judged.first().map(String::as_str), Some("quiet"));
}

#[test]
fn going_down_waits_for_each_container_and_gives_up_on_what_cannot_be_removed() {
    let mut world = World::of(&[deployment("web", &[])], Intent::Run);
    world.act();
    (world.target.desired, _) = compiled(&[deployment("web", &[])], Intent::Down { volumes: false });
    assert_eq!(world.judged(), ["busy", "coming web: shop-web-1 is still there"]);
    for _ in 0..3 {
        world.failures.failed(&step(&key("web"), ""), &error("busy"), world.engine.now());
    }
    assert_eq!(world.judged().get(1).map(String::as_str), Some("hopeless web: busy"));
    world.failures = Failures::default();
    world.act();
    assert_eq!(world.judged(), ["quiet"]);
}

#[test]
fn a_note_has_its_remedy() {
    let with = |label: &str| {
        [
            json!({ "apiVersion": "skiff.dev/v1", "kind": "Volume", "metadata": { "name": "data", "labels": { "x": label } } }),
        ]
    };
    let mut world = World::of(&with("1"), Intent::Run);
    world.act();
    (world.target.desired, _) = compiled(&with("2"), Intent::Run);
    let notes = verdict(&world.target.desired, &world.snapshot(), None).notes;
    let [note, remedy] = notes.as_slice() else { panic!("{notes:?}") };
    assert!(note.contains("labels.x changed 1 → 2") && remedy.trim_start().starts_with("change it back"), "{notes:?}");
}
