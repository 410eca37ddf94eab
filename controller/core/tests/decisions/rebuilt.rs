//! A history that was lost: what runs tells what there is to go back to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use skiff_api::{Instance, Object, ObjectKey};
use skiff_core::{
    Archive, CompileInput, DeclaredObject, Desired, DigestKey, History, HostFiles, Intent, SignedDuration, Template,
    Trace, Traces, compile,
};
use skiff_sim::{Program, SimImage};

use crate::world::{World, deployment};

/// A deployment of a version, with a probe that is in no label.
fn version(image: &str, level: &str) -> Value {
    let probe = json!({ "exec": { "command": ["check"] }, "periodSeconds": 1 });
    let env = json!([{ "name": "LEVEL", "value": level }, { "name": "NAME" }]);
    let mounts = json!([{ "name": "data", "mountPath": "/data" }, { "name": "scratch", "mountPath": "/tmp" }]);
    let container = json!({
        "image": image, "env": env, "livenessProbe": probe, "pidsLimit": 50, "volumeMounts": mounts,
    });
    let volumes = json!([{ "name": "data", "volume": { "name": "pages" } }, { "name": "scratch", "emptyDir": {} }]);
    deployment("web", 2, container, json!({ "volumes": volumes }), json!({ "minReadySeconds": 1 }))
}

fn volume() -> Value {
    json!({ "apiVersion": "skiff.dev/v1", "kind": "Volume", "metadata": { "name": "pages" }, "spec": {} })
}

/// Two replicas of a first version that have run for long, and a declared one that ends at once. Nothing of it is remembered.
fn forgotten(seconds: i64) -> World {
    let mut world = World::of(&[version("app:1", "info"), volume()]);
    let program = Program::Exits { after: SignedDuration::from_millis(50), code: 3 };
    world.engine.put_image("bad:1", SimImage { id: "sha256:bad".to_owned(), program, ..SimImage::default() });
    world.settle();
    world.advance(seconds);
    world.lose_history();
    world.told();
    world.declare(&[version("bad:1", "debug"), volume()]);
    world
}

#[test]
fn what_runs_well_is_gone_back_to_though_nobody_remembers_it() {
    let mut world = forgotten(60);
    let before = world.running();
    world.run(60);
    let told = world.told_of_revisions();
    assert!(
        told.iter().any(|line| line.contains("revision 2 failed") && line.contains("going back to revision 1")),
        "{told:?}"
    );
    assert!(told.iter().any(|line| line == "RolledBack: back at revision 1"), "{told:?}");
    assert_eq!(world.running(), before, "what ran is what runs");
    world.run(600);
    assert!(world.told_of_revisions().is_empty(), "and it is not tried again");
}

#[test]
fn what_has_only_just_started_is_no_revision_that_ran_well() {
    let mut world = forgotten(1);
    world.pass();
    assert_eq!(world.history.objects.values().map(|known| known.revisions.len()).sum::<usize>(), 1);
}

/// Every field that a manifest can have, as the only source declares it.
fn every_field() -> BTreeMap<ObjectKey, DeclaredObject> {
    let text = include_str!("../../../../api-types/tests/every-field.json");
    let manifests: Vec<Value> = serde_json::from_str(text).expect("the golden manifests are JSON");
    let declared = manifests.into_iter().map(|manifest| {
        let mut object = skiff_api::parse_object(&manifest).expect("a valid manifest");
        object.metadata_mut().namespace.get_or_insert_with(|| "shop".to_owned());
        let (source, base) = ("main".to_owned(), "/etc/shop".to_owned());
        (object.key(), DeclaredObject { object, source, source_revision: None, base })
    });
    declared.collect()
}

fn compiled(objects: &BTreeMap<ObjectKey, DeclaredObject>, traces: &Traces) -> Desired {
    let input = CompileInput {
        instance: &Instance::default(),
        intent: Intent::Run,
        stays: true,
        objects,
        sources: &BTreeMap::new(),
        host_files: &HostFiles::new(),
        digest_key: &DigestKey::new([1; 32]),
        departed: &BTreeMap::new(),
        claimed: &BTreeSet::new(),
        beside: &BTreeMap::new(),
        history: &History::default(),
        traces,
        archive: &Archive::default(),
    };
    compile(&input).0
}

#[test]
fn every_field_comes_back_from_what_a_container_tells() {
    let mut objects = every_field();
    let before = compiled(&objects, &Traces::new());
    let trace = |template: &Template| Trace {
        revision: 7,
        template_hash: template.hash.clone(),
        template: template.canonical.clone(),
        content: template.content.clone(),
    };
    let traces: Traces =
        before.workloads.iter().map(|(key, workload)| (key.clone(), vec![trace(&workload.template)])).collect();
    for declared in objects.values_mut() {
        if let Object::Deployment(deployment) = &mut declared.object {
            let template = &mut deployment.spec.template;
            template.container.image = "another:1".to_owned();
            template.container.env.clear();
            template.volumes.retain(|volume| volume.volume.is_some());
        }
    }
    let after = compiled(&objects, &traces);
    assert!(!before.workloads.is_empty(), "there are deployments");
    for (key, workload) in &before.workloads {
        let earlier =
            &after.workloads.get(key).and_then(|now| now.earlier.get(&7)).expect("the earlier revision").template;
        assert_eq!(earlier.canonical, workload.template.canonical);
        let sorted = |template: &Template| {
            let mut mounts: Vec<String> = template.mounts.iter().map(|mount| format!("{mount:?}")).collect();
            mounts.sort();
            mounts
        };
        assert_eq!(sorted(earlier), sorted(&workload.template), "it has the same mounts");
        let probe = |template: &Template| template.pod.container.readiness_probe.clone();
        assert_eq!(probe(earlier), probe(&workload.template), "and the probes of today, which no container tells");
    }
}

#[test]
fn what_is_on_another_network_now_is_not_gone_back_to() {
    let mut objects = every_field();
    let before = compiled(&objects, &Traces::new());
    let (key, workload) =
        before.workloads.iter().find(|(_, workload)| !workload.networks.is_empty()).expect("one on a network");
    let template_hash = workload.template.hash.clone();
    let template = workload.template.canonical.clone();
    let trace = Trace { revision: 7, template_hash, template, content: BTreeMap::new() };
    if let Some(Object::Deployment(deployment)) = objects.get_mut(key).map(|declared| &mut declared.object) {
        deployment.spec.template.networks = None;
        deployment.spec.template.network_mode = Some("host".to_owned());
    }
    let after = compiled(&objects, &Traces::from([(key.clone(), vec![trace])]));
    assert!(after.workloads.get(key).is_some_and(|now| now.earlier.is_empty()));
}
