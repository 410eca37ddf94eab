//! Hooks: once for each start, before each stop, and what a failure of one means.

use std::sync::Arc;

use serde_json::{Value, json};
use skiff_core::{Action, Check, EngineError, Plan, note_hook, plan_restart, status};
use skiff_sim::{Answers, SimImage};

use crate::world::{World, deployment, key, lines, merge, web};

fn hooked(replicas: u32, image: &str) -> Value {
    let lifecycle = json!({
        "postStart": { "exec": { "command": ["warm-up"] } },
        "preStop": { "httpGet": { "path": "/drain", "port": "http" } },
    });
    let ports = json!([{ "name": "http", "containerPort": 8000 }]);
    deployment("web", replicas, json!({ "image": image, "lifecycle": lifecycle, "ports": ports }), json!({}), json!({}))
}

fn pre_stops(plan: &Plan) -> Vec<String> {
    let stops = plan.steps.iter().filter_map(|step| {
        let Action::StopContainer(stop) = &step.action else { return None };
        Some((&stop.container.name, &stop.pre_stop))
    });
    stops
        .map(|(name, check)| match check {
            Some(Check::Http(http)) => format!("{name}: {}:{}{}", http.host, http.port, http.path),
            Some(other) => format!("{name}: {other:?}"),
            None => format!("{name}: nothing"),
        })
        .collect()
}

fn message(world: &World) -> String {
    let status = status(&world.compile().0, &world.observe(), &world.plan(), world.engine.now());
    status.get(&key("web")).map(|status| format!("{:?}: {}", status.phase, status.message)).unwrap_or_default()
}

#[test]
fn the_hook_of_a_start_is_run_once_and_gates_ready() {
    let mut world = World::of(&[hooked(2, "app:1")]);
    world.pass();
    assert_eq!(message(&world), "Progressing: 0 of 2 Ready");
    let expected = ["0 run postStart hook shop-web-1 (started)", "1 run postStart hook shop-web-2 (started)"];
    assert_eq!(world.lines(), expected);
    world.pass();
    world.learn();
    assert!(world.lines().is_empty());
    assert_eq!(message(&world), "Ready: ");
}

#[test]
fn while_a_hook_runs_it_is_not_begun_again_and_the_rest_goes_on() {
    let mut world = World::of(&[hooked(1, "app:1")]);
    world.pass();
    let id = world.observe().containers.first().map(|container| container.id.clone()).expect("a container");
    world.hooks_in_flight.insert(id);
    assert!(world.lines().is_empty());
    assert_eq!(message(&world), "Progressing: 0 of 1 Ready: postStart: running");
    world.declare(&[web(1, "app:2")]);
    assert!(world.lines().iter().any(|line| line.contains("stop container shop-web-1")), "{:?}", world.lines());
}

#[test]
fn one_that_ran_well_may_serve_while_its_hook_is_run_again() {
    let mut world = World::of(&[hooked(1, "app:1")]);
    world.settle();
    world.engine.kill_from_host("shop-web-1");
    world.advance(1);
    let id = world.observe().containers.first().map(|container| container.id.clone()).expect("a container");
    world.hooks_in_flight.insert(id);
    world.declare(&[web(1, "app:2")]);
    let stops = world.lines().into_iter().filter(|line| line.contains("stop container shop-web-1"));
    assert_eq!(stops.count(), 0, "{:?}", world.lines());
}

#[test]
fn a_restart_by_docker_needs_its_hook_again() {
    let mut world = World::of(&[hooked(1, "app:1")]);
    world.settle();
    world.engine.kill_from_host("shop-web-1");
    world.advance(1);
    assert_eq!(world.lines(), ["0 run postStart hook shop-web-1 (started)"]);
    world.settle();
    assert_eq!(world.engine.container("shop-web-1").map(|container| container.hooks.len()), Some(2));
}

#[test]
fn a_controller_that_is_started_again_remembers_which_hooks_were_run() {
    let mut world = World::of(&[hooked(1, "app:1")]);
    world.settle();
    let text = serde_json::to_string(&*world.history).expect("plain data");
    world.history = std::sync::Arc::new(serde_json::from_str(&text).expect("what was written"));
    assert!(world.lines().is_empty());
}

#[test]
fn a_hook_that_fails_restarts_the_container_behind_its_back_off() {
    let mut world = World::of(&[hooked(1, "app:1")]);
    let answers = Answers { fails_hooks: true, ..Answers::default() };
    world.engine.put_image("app:1", SimImage { id: "sha256:1".to_owned(), answers, ..SimImage::default() });
    world.pass();
    world.pass();
    world.learn();
    let held = world.lines().join("; ");
    assert!(
        held.contains("back-off until") && held.contains("exit code 1") && held.contains("[restart container"),
        "{held}"
    );
    world.advance(2);
    let expected = [
        "0 stop container shop-web-1 (unhealthy: postStart: exit code 1)",
        "1 start container shop-web-1 (unhealthy: postStart: exit code 1) < 0",
    ];
    assert_eq!(world.lines(), expected);
    // Each restart waits for longer.
    let mut stops = 0;
    for _ in 0..60 {
        stops += world.pass().steps.iter().filter(|step| step.action.verb() == "stop container").count();
        world.advance(1);
    }
    assert!((3..=6).contains(&stops), "{stops} restarts in a minute");
}

#[test]
fn what_is_replaced_drained_or_scaled_down_is_stopped_behind_its_hook() {
    let mut world = World::of(&[hooked(2, "app:1")]);
    world.settle();
    world.declare(&[hooked(1, "app:1")]);
    assert_eq!(pre_stops(&world.plan()), ["shop-web-2: 10.0.0.3:8000/drain"]);
    world.declare(&[hooked(2, "app:2")]);
    world.pass();
    world.pass();
    world.learn();
    assert_eq!(pre_stops(&world.plan()), ["shop-web-2: 10.0.0.3:8000/drain"]);
}

#[test]
fn what_left_its_source_or_goes_down_is_stopped_behind_the_hook_that_is_remembered() {
    let mut world = World::of(&[hooked(1, "app:1"), deployment("other", 1, json!({}), json!({}), json!({}))]);
    world.settle();
    world.declare(&[deployment("other", 1, json!({}), json!({}), json!({}))]);
    assert_eq!(pre_stops(&world.plan()), ["shop-web-1: 10.0.0.3:8000/drain"]);
    world.declare(&[hooked(1, "app:1")]);
    world.intent = skiff_core::Intent::Down { volumes: false };
    assert!(pre_stops(&world.plan()).contains(&"shop-web-1: 10.0.0.3:8000/drain".to_owned()));
}

#[test]
fn the_hook_before_a_stop_is_that_of_the_containers_own_template() {
    let mut world = World::of(&[hooked(1, "app:1")]);
    world.settle();
    let mut next = hooked(1, "app:2");
    let other = json!({ "lifecycle": { "preStop": { "httpGet": { "path": "/other" } } } });
    merge(&mut next, json!({ "spec": { "template": { "container": other } } }));
    world.declare(&[next]);
    world.pass();
    world.pass();
    world.learn();
    assert_eq!(pre_stops(&world.plan()), ["shop-web-1: 10.0.0.2:8000/drain"]);
}

#[test]
fn what_does_not_run_is_stopped_without_a_hook() {
    let mut world = World::of(&[hooked(1, "app:1")]);
    world.settle();
    world.engine.pause("shop-web-1");
    world.declare(&[]);
    world.source.confirm_prune = true;
    assert_eq!(pre_stops(&world.plan()), ["shop-web-1: nothing"]);
    world.engine.stop_by_hand("shop-web-1");
    assert!(pre_stops(&world.plan()).is_empty());
}

#[test]
fn a_restart_by_hand_stops_behind_the_hook_and_the_start_has_its_own() {
    let mut world = World::of(&[hooked(1, "app:1")]);
    world.settle();
    let id = world.engine.container("shop-web-1").map(|container| container.id.clone()).expect("a container");
    let (desired, _) = world.compile();
    let steps = plan_restart(&desired, &world.observe(), &id, world.engine.now());
    let plan = Plan { steps, ..Plan::default() };
    insta::assert_snapshot!(lines(&plan).join("\n"), @r"
    0 stop container shop-web-1 (restart asked for)
    1 start container shop-web-1 (restart asked for) < 0
    ");
    assert_eq!(pre_stops(&plan), ["shop-web-1: 10.0.0.2:8000/drain"]);
}

#[test]
fn what_may_have_had_its_hook_is_not_given_up_before_it_is_known() {
    let mut world = World::of(&[hooked(2, "app:1")]);
    world.settle();
    // The controller that ran them has died, and what it had not written is lost.
    if let Some(known) = Arc::make_mut(&mut world.history).objects.get_mut(&key("web")) {
        known.starts.clear();
    }
    let next = json!({ "spec": { "strategy": { "rollingUpdate": { "maxSurge": 0, "maxUnavailable": 1 } } } });
    let mut manifest = hooked(2, "app:2");
    merge(&mut manifest, next);
    world.declare(&[manifest]);
    insta::assert_snapshot!(world.lines().join("\n"), @r"
    0 run postStart hook shop-web-1 (started)
    1 run postStart hook shop-web-2 (started)
    held web: waiting for shop-web-2 to be Ready [replace container shop-web-2, replace container shop-web-1]
    ");
}

#[test]
fn an_engine_that_fails_says_nothing_of_the_hook_which_is_run_again() {
    let mut world = World::of(&[hooked(1, "app:1")]);
    world.pass();
    let plan = world.plan();
    let step = plan.steps.iter().find(|step| matches!(step.action, Action::RunHook(_))).expect("a hook that is due");
    assert!(!note_hook(&mut world.history, step, &Err(EngineError::Failed("500: no".to_owned()))));
    assert_eq!(world.plan(), plan);
    assert!(note_hook(&mut world.history, step, &Err(EngineError::Hook("exit code 1".to_owned()))));
    assert_ne!(world.plan(), plan);
}
