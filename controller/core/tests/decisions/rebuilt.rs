//! A history that was lost: what runs tells what there is to go back to.

use std::sync::Arc;

use serde_json::{Value, json};
use skiff_core::SignedDuration;
use skiff_sim::{Program, SimImage};

use crate::world::{World, deployment};

/// A deployment of a version, with a probe that is in no label.
fn version(image: &str, level: &str) -> Value {
    let probe = json!({ "exec": { "command": ["check"] }, "periodSeconds": 1 });
    let env = json!([{ "name": "LEVEL", "value": level }, { "name": "NAME" }]);
    let container = json!({ "image": image, "env": env, "livenessProbe": probe, "pidsLimit": 50 });
    deployment("web", 2, container, json!({}), json!({ "minReadySeconds": 1 }))
}

/// Two replicas of a first version that have run for long, and a declared one that ends at once. Nothing of it is remembered.
fn forgotten(seconds: i64) -> World {
    let mut world = World::of(&[version("app:1", "info")]);
    let program = Program::Exits { after: SignedDuration::from_millis(50), code: 3 };
    world.engine.put_image("bad:1", SimImage { id: "sha256:bad".to_owned(), program, ..SimImage::default() });
    world.settle();
    world.advance(seconds);
    world.restart_controller();
    world.history = Arc::default();
    world.told();
    world.declare(&[version("bad:1", "debug")]);
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
