//! `plan()` for 1,000 deployments of 2 replicas with nothing to do, as it is called on every tick.
//!
//! The state that is planned on is had from the simulated engine: what was declared is performed until nothing is left.

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;

use criterion::Criterion;
use serde_json::{Value, json};
use skiff_api::{Instance, ObjectKey};
use skiff_core::{
    Archive, CompileInput, ContentStore, DeclaredObject, Desired, DigestKey, History, HostFiles, Intent, Observed,
    SignedDuration, SourceState, Timestamp, compile, plan,
};
use skiff_sim::{SimEngine, SimImage};

const DEPLOYMENTS: usize = 1000;

fn deployment(number: usize) -> Value {
    json!({
        "apiVersion": "skiff.dev/v1",
        "kind": "Deployment",
        "metadata": { "name": format!("service-{number}"), "namespace": format!("shop-{}", number % 20) },
        "spec": { "replicas": 2, "minReadySeconds": 0, "template": { "container": {
            "image": "app:1",
            "args": ["serve", "--port", "8000"],
            "env": [{ "name": "LEVEL", "value": "info" }, { "name": "NUMBER", "value": number.to_string() }],
            "ports": [{ "containerPort": 8000 }],
            "resources": { "limits": { "cpu": "500m", "memory": "128Mi" } },
        } } },
    })
}

fn declared() -> BTreeMap<ObjectKey, DeclaredObject> {
    let object = |number| {
        let object = skiff_api::parse_object(&deployment(number)).expect("a valid manifest");
        let base = "/etc/shop".to_owned();
        (object.key(), DeclaredObject { object, source: "bench".to_owned(), source_revision: None, base })
    };
    (0..DEPLOYMENTS).map(object).collect()
}

fn compiled() -> (Desired, ContentStore) {
    compile(&CompileInput {
        instance: &Instance::default(),
        intent: Intent::Run,
        stays: true,
        objects: &declared(),
        sources: &BTreeMap::from([("bench".to_owned(), SourceState::default())]),
        host_files: &HostFiles::new(),
        digest_key: &DigestKey::new([1; 32]),
        departed: &BTreeMap::new(),
        claimed: &BTreeSet::new(),
        beside: &BTreeMap::new(),
        history: &History::default(),
        traces: &BTreeMap::new(),
        archive: &Archive::default(),
    })
}

/// What stands when all of it is done.
fn settled(desired: &Desired, content: &ContentStore) -> (Observed, Timestamp) {
    let mut engine = SimEngine::new(Timestamp::from_second(1_800_000_000).expect("a moment"));
    engine.put_image("app:1", SimImage { id: "sha256:app".to_owned(), ..SimImage::default() });
    let mut observed = engine.look(&Instance::default());
    observed.engine.api_version = (1, 41);
    for _ in 0..10 {
        let todo = plan(desired, &observed, engine.now());
        if todo.is_settled() {
            return (observed, engine.now());
        }
        for step in &todo.steps {
            engine.perform(&step.action, content).expect("nothing fails here");
        }
        engine.advance(engine.now() + SignedDuration::from_secs(60));
        observed = engine.look(&Instance::default());
        observed.engine.api_version = (1, 41);
    }
    panic!("what is declared does not settle");
}

fn bench(criterion: &mut Criterion) {
    let (desired, content) = compiled();
    let (observed, now) = settled(&desired, &content);
    assert_eq!(observed.containers.len(), 2 * DEPLOYMENTS, "every replica is there");
    criterion.bench_function("plan 1000 deployments", |bencher| {
        bencher.iter(|| plan(black_box(&desired), black_box(&observed), now));
    });
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    bench(&mut criterion);
    criterion.final_summary();
}
