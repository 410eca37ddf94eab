//! Probes: what they gate, what they restart, and what nobody knows yet.

use serde_json::{Value, json};
use skiff_core::{ContainerState, Health, ProbeNews, ProbeSchedule, SignedDuration, rejudged, status};
use skiff_sim::{Answers, Passes, SimImage};

use crate::world::{World, deployment, key, merge, web};

/// A deployment with probes that ask every second and fail at once.
fn probed(replicas: u32, image: &str, probes: &[&str]) -> Value {
    let mut container = json!({ "image": image });
    for probe in probes {
        let once = json!({ "exec": { "command": ["check"] }, "periodSeconds": 1, "failureThreshold": 1 });
        merge(&mut container, json!({ (*probe): once }));
    }
    deployment("web", replicas, container, json!({}), json!({}))
}

const READINESS: &[&str] = &["readinessProbe"];
const LIVENESS: &[&str] = &["livenessProbe"];

/// From now on containers of an image answer so.
fn answering(world: &mut World, image: &str, ready: Passes, alive: Passes) {
    let answers = Answers { ready, alive, ..Answers::default() };
    let known = SimImage { id: format!("sha256:{image}"), answers, local: true, ..SimImage::default() };
    world.engine.put_image(image, known);
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

fn message(world: &World) -> String {
    let (desired, observed) = (world.compile().0, world.observe());
    let status = status(&desired, &observed, &world.plan(), world.engine.now());
    status.get(&key("web")).map(|status| format!("{:?}: {}", status.phase, status.message)).unwrap_or_default()
}

#[test]
fn a_replica_is_ready_when_its_probes_pass_and_not_before() {
    let mut world = World::of(&[probed(1, "app:1", READINESS)]);
    answering(&mut world, "app:1", Passes::After(seconds(5)), Passes::default());
    world.pass();
    world.ask_probes();
    assert_eq!(message(&world), "Progressing: 0 of 1 Ready: readinessProbe: HTTP 503");
    world.advance(5);
    world.ask_probes();
    assert_eq!(message(&world), "Ready: ");
}

#[test]
fn a_rollout_and_a_dependent_wait_for_readiness() {
    let mut dependent = deployment("api", 1, json!({}), json!({}), json!({}));
    merge(&mut dependent, json!({ "spec": { "dependsOn": [{ "name": "web", "condition": "Ready" }] } }));
    let mut world = World::of(&[probed(1, "app:1", READINESS), dependent.clone()]);
    answering(&mut world, "app:1", Passes::After(seconds(5)), Passes::default());
    answering(&mut world, "app:2", Passes::After(seconds(5)), Passes::default());
    world.pass();
    world.ask_probes();
    assert_eq!(world.lines(), ["held api: waiting for deployment/shop/web to be Ready [create container shop-api-1]"]);
    world.advance(5);
    world.settle();
    world.declare(&[probed(1, "app:2", READINESS), dependent]);
    world.pass();
    world.ask_probes();
    assert_eq!(world.lines(), ["held web: waiting for shop-web-2 to be Ready [replace container shop-web-1]"]);
    world.advance(5);
    world.settle();
    assert_eq!(world.running(), ["shop-api-1", "shop-web-2"]);
}

#[test]
fn how_long_it_must_stay_ready_counts_from_the_pass_and_not_from_the_start() {
    let mut patient = probed(1, "app:1", READINESS);
    merge(&mut patient, json!({ "spec": { "minReadySeconds": 10 } }));
    let mut world = World::of(&[patient.clone()]);
    answering(&mut world, "app:2", Passes::After(seconds(30)), Passes::default());
    world.settle();
    world.advance(60);
    merge(&mut patient, json!({ "spec": { "template": { "container": { "image": "app:2" } } } }));
    world.declare(&[patient]);
    world.pass();
    world.advance(30);
    world.ask_probes();
    let plan = world.plan();
    assert_eq!((plan.steps.len(), plan.wake_at), (0, Some(world.engine.now() + seconds(10))));
}

#[test]
fn readiness_restarts_nothing() {
    let mut world = World::of(&[probed(2, "app:1", READINESS)]);
    world.settle();
    world.engine.sicken("shop-web-1");
    world.advance(1);
    world.ask_probes();
    assert_eq!(message(&world), "Progressing: 1 of 2 Ready: readinessProbe: HTTP 503");
    assert!(world.lines().is_empty());
}

#[test]
fn a_liveness_failure_restarts_the_container_where_it_stands() {
    let mut world = World::of(&[probed(1, "app:1", LIVENESS)]);
    world.settle();
    world.engine.sicken("shop-web-1");
    world.advance(1);
    world.ask_probes();
    assert_eq!(message(&world), "Degraded: livenessProbe: HTTP 503");
    let expected = [
        "0 stop container shop-web-1 (unhealthy: livenessProbe: HTTP 503)",
        "1 start container shop-web-1 (unhealthy: livenessProbe: HTTP 503) < 0",
    ];
    assert_eq!(world.lines(), expected);
    world.settle();
    assert_eq!(message(&world), "Ready: ");
}

#[test]
fn what_keeps_failing_is_restarted_behind_its_back_off() {
    let mut world = World::of(&[probed(1, "app:1", LIVENESS)]);
    answering(&mut world, "app:1", Passes::default(), Passes::Never);
    let mut stops = 0;
    for _ in 0..60 {
        stops += world.pass().steps.iter().filter(|step| step.action.verb() == "stop container").count();
        world.advance(1);
    }
    assert!((4..=7).contains(&stops), "{stops} restarts in a minute");
    let held = world.lines().join("; ");
    assert!(held.contains("back-off until") && held.contains("[restart container shop-web-1]"), "{held}");
}

#[test]
fn a_startup_failure_restarts_and_liveness_waits_for_startup() {
    let mut world = World::of(&[probed(1, "app:1", &["startupProbe", "livenessProbe"])]);
    answering(&mut world, "app:1", Passes::Never, Passes::Never);
    world.pass();
    world.ask_probes();
    let lines = world.lines();
    assert_eq!(
        lines.first().map(String::as_str),
        Some("0 stop container shop-web-1 (unhealthy: startupProbe: HTTP 503)")
    );
}

#[test]
fn an_unhealthy_only_container_is_restarted_by_dockers_own_check() {
    let check = json!({ "healthCheck": { "test": ["CMD", "true"] } });
    let mut world = World::of(&[deployment("web", 1, check, json!({}), json!({}))]);
    world.settle();
    world.engine.set_health("shop-web-1", Health::Unhealthy);
    let lines = world.lines();
    assert_eq!(
        lines.first().map(String::as_str),
        Some("0 stop container shop-web-1 (unhealthy: healthCheck: unhealthy)")
    );
    world.pass();
    world.advance(30);
    assert_eq!(message(&world), "Ready: ");
}

#[test]
fn unhealthy_replicas_are_restarted_and_healthy_ones_left_alone() {
    let mut world = World::of(&[probed(3, "app:1", LIVENESS)]);
    world.settle();
    world.engine.sicken("shop-web-2");
    world.advance(1);
    world.ask_probes();
    let targets: Vec<String> = world.plan().steps.iter().map(|step| step.action.target()).collect();
    assert_eq!(targets, ["shop-web-2", "shop-web-2"]);
}

#[test]
fn under_never_an_unhealthy_container_is_stopped_and_stays_so() {
    let mut never = probed(1, "app:1", LIVENESS);
    merge(&mut never, json!({ "spec": { "template": { "restartPolicy": "Never" } } }));
    let mut world = World::of(&[never]);
    world.settle();
    world.engine.sicken("shop-web-1");
    world.advance(1);
    let plan = world.pass();
    assert_eq!(plan.steps.len(), 1);
    assert!(world.lines().is_empty() && world.running().is_empty());
}

#[test]
fn what_nobody_has_judged_yet_is_neither_ready_nor_removed_for_not_being_so() {
    let mut world = World::of(&[probed(3, "app:1", READINESS)]);
    world.settle();
    // A new controller, which has not asked yet, and a manifest that changes two things at once.
    world.probes = None;
    assert!(world.lines().is_empty());
    assert_eq!(message(&world), "Progressing: 0 of 3 Ready");
    world.declare(&[probed(2, "app:1", READINESS)]);
    let waits = "held web: waiting for shop-web-1 to be Ready [remove container shop-web-3]";
    assert_eq!(world.lines(), [waits]);
    world.probes = Some(ProbeSchedule::default());
    world.settle();
    assert_eq!(world.running(), ["shop-web-1", "shop-web-2"]);
}

#[test]
fn a_new_controller_in_the_middle_of_a_rollout_takes_no_old_replica_for_broken() {
    let mut world = World::of(&[probed(3, "app:1", READINESS)]);
    answering(&mut world, "app:2", Passes::Never, Passes::default());
    world.settle();
    world.advance(60);
    world.declare(&[probed(3, "app:2", READINESS)]);
    world.pass();
    world.pass();
    world.probes = None;
    let waits = "held web: waiting for shop-web-4 to be Ready [replace container shop-web-3, replace container shop-web-2, replace container shop-web-1]";
    assert_eq!(world.lines(), [waits]);
    // Nor does one that is known to fail, as it would be missed: it may be well again before any new one is.
    world.probes = Some(ProbeSchedule::default());
    world.engine.sicken("shop-web-2");
    world.ask_probes();
    let plan = world.lines();
    assert!(!plan.iter().any(|line| line.contains("stop container") || line.contains("create container")), "{plan:?}");
}

#[test]
fn an_old_replica_is_probed_as_its_own_manifest_said() {
    let mut world = World::of(&[probed(1, "app:1", READINESS)]);
    world.settle();
    world.declare(&[web(1, "app:2")]);
    world.pass();
    // The new one has nothing to probe; the old one is still asked.
    world.engine.sicken("shop-web-1");
    world.advance(1);
    world.ask_probes();
    let targets = skiff_core::probe_targets(&world.compile().0, &world.observe());
    assert_eq!(targets.values().map(|target| target.name.as_str()).collect::<Vec<_>>(), ["shop-web-1"]);
}

#[test]
fn a_probe_that_changes_is_asked_of_what_runs_and_replaces_nothing() {
    let mut world = World::of(&[probed(1, "app:1", READINESS)]);
    world.settle();
    let mut other = probed(1, "app:1", READINESS);
    merge(&mut other, json!({ "spec": { "template": { "container": { "readinessProbe": { "periodSeconds": 7 } } } } }));
    world.declare(&[other]);
    world.settle();
    let targets = skiff_core::probe_targets(&world.compile().0, &world.observe());
    let periods: Vec<_> = targets.values().filter_map(|target| Some(target.plan.readiness.as_ref()?.period)).collect();
    assert_eq!((world.running(), periods), (vec!["shop-web-1".to_owned()], vec![seconds(7)]));
}

#[test]
fn a_revision_whose_liveness_fails_goes_back() {
    let mut world = World::of(&[probed(1, "app:1", LIVENESS)]);
    answering(&mut world, "app:2", Passes::default(), Passes::Never);
    world.run(20);
    world.declare(&[probed(1, "app:2", LIVENESS)]);
    world.run(30);
    assert_eq!(world.running().len(), 1);
    let told = world.told();
    assert!(told.iter().any(|line| line.contains("is unhealthy: livenessProbe: HTTP 503; going back")), "{told:?}");
}

#[test]
fn a_revision_that_is_late_fails_with_what_its_probe_says() {
    let mut hasty = probed(1, "app:1", READINESS);
    merge(&mut hasty, json!({ "spec": { "progressDeadlineSeconds": 20, "minReadySeconds": 0 } }));
    let mut world = World::of(&[hasty.clone()]);
    answering(&mut world, "app:2", Passes::Never, Passes::default());
    world.run(30);
    world.told();
    merge(&mut hasty, json!({ "spec": { "template": { "container": { "image": "app:2" } } } }));
    world.declare(&[hasty]);
    world.run(40);
    let told = world.told_of_revisions().join("\n");
    assert!(told.contains("0 of 1 available (shop-web-2: readinessProbe: HTTP 503); going back to"), "{told}");
}

#[test]
fn a_replica_that_is_gone_and_back_is_judged_anew() {
    let mut world = World::of(&[probed(1, "app:1", READINESS)]);
    world.settle();
    // It is started by hand between two looks: the verdict that is known is about another start.
    world.advance(1);
    assert!(world.engine.stop_by_hand("shop-web-1") && world.engine.start_by_hand("shop-web-1"));
    assert_eq!(world.observe().containers.first().map(|container| container.state), Some(ContainerState::Running));
    assert_eq!(message(&world), "Progressing: 0 of 1 Ready");
    world.ask_probes();
    assert_eq!(message(&world), "Ready: ");
}

#[test]
fn an_old_replica_that_never_got_ready_goes_when_the_manifest_changes() {
    let mut world = World::of(&[probed(1, "app:1", READINESS)]);
    answering(&mut world, "app:1", Passes::Never, Passes::default());
    world.pass();
    world.ask_probes();
    world.declare(&[web(1, "app:2")]);
    world.settle();
    assert_eq!(world.running(), ["shop-web-2"]);
}

#[test]
fn a_changed_liveness_probe_that_is_wrong_takes_nothing_down_and_is_told() {
    let mut world = World::of(&[probed(3, "app:1", LIVENESS)]);
    answering(&mut world, "app:1", Passes::default(), Passes::InTurns(seconds(1000)));
    world.settle();
    world.told();
    world.advance(1000);
    // From now on it asks for what nobody answers.
    let mut changed = probed(3, "app:1", LIVENESS);
    merge(
        &mut changed,
        json!({ "spec": { "template": { "container": { "livenessProbe": { "periodSeconds": 2 } } } } }),
    );
    world.declare(&[changed]);
    let before = world.running();
    world.run(30);
    assert_eq!(world.running(), before);
    let told = world.told();
    assert_eq!(told.iter().filter(|line| line.contains("ProbeUnproven")).count(), 3, "{told:?}");
    // Neither does the next controller, which tells it no more.
    world.restart_controller();
    world.run(30);
    assert_eq!((world.running(), world.told()), (before, Vec::new()));
}

#[test]
fn readiness_that_is_lost_and_comes_back_is_told_once_each() {
    let mut world = World::of(&[probed(1, "app:1", READINESS)]);
    answering(&mut world, "app:1", Passes::InTurns(seconds(30)), Passes::default());
    world.settle();
    world.run(20);
    world.told();
    world.run(20);
    assert_eq!(world.told(), ["Unready: shop-web-1 cannot serve any more: readinessProbe: HTTP 503"]);
    // The next controller does not tell it again.
    world.restart_controller();
    world.run(10);
    assert_eq!(world.told(), Vec::<String>::new());
    world.run(20);
    assert_eq!(world.told(), ["ReadyAgain: shop-web-1 can serve again"]);
}

#[test]
fn docker_s_own_check_is_asked_early_where_docker_does_not() {
    let check = json!({ "test": ["CMD", "check"], "interval": "30s", "startPeriod": "1m", "startInterval": "1s" });
    let mut world = World::of(&[deployment("web", 1, json!({ "healthCheck": check }), json!({}), json!({}))]);
    answering(&mut world, "app:1", Passes::After(seconds(5)), Passes::default());
    world.pass();
    assert!(world.engine.set_health("shop-web-1", Health::Starting));
    world.ask_probes();
    assert_eq!(message(&world), "Progressing: 0 of 1 Ready");
    world.advance(5);
    world.ask_probes();
    assert_eq!(message(&world), "Ready: ", "it passes, long before Docker asks");
    assert!(world.engine.set_health("shop-web-1", Health::Unhealthy));
    assert!(message(&world).starts_with("Degraded"), "what Docker says counts: {}", message(&world));
}

#[test]
fn an_engine_that_asks_early_by_itself_is_not_helped_and_an_image_s_own_check_cannot_be_asked() {
    let asks = |test: Value, api_version: (u32, u32)| {
        let check = json!({ "test": test, "startPeriod": "1m", "startInterval": "1s" });
        let mut world = World::of(&[deployment("web", 1, json!({ "healthCheck": check }), json!({}), json!({}))]);
        world.api_version = api_version;
        world.pass();
        let (desired, observed) = (world.compile().0, world.observe());
        (skiff_core::probe_targets(&desired, &observed).len(), world.lines())
    };
    assert_eq!(asks(json!(["CMD", "check"]), (1, 43)).0, 1);
    assert_eq!(asks(json!(["CMD-SHELL", "check"]), (1, 43)).0, 1);
    assert_eq!(asks(json!(["CMD", "check"]), (1, 44)).0, 0);
    let (probes, lines) = asks(json!([]), (1, 43));
    assert_eq!(probes, 0);
    assert!(lines.iter().any(|line| line.contains("startInterval needs Docker's API 1.44")), "{lines:?}");
}

#[test]
fn a_changed_probe_is_told_before_it_is_learnt_and_by_its_words_only() {
    let mut world = World::of(&[probed(1, "app:1", READINESS)]);
    world.settle();
    let told = |world: &World| {
        let found = rejudged(&world.compile().0, &world.history);
        found.iter().flat_map(|it| it.changes.iter().map(ToString::to_string)).collect::<Vec<_>>()
    };
    assert!(told(&world).is_empty());
    let mut other = probed(1, "app:1", READINESS);
    let probe = other.pointer_mut("/spec/template/container/readinessProbe").and_then(|it| it.as_object_mut());
    probe.expect("a probe").insert("failureThreshold".to_owned(), json!(7));
    world.declare(&[other]);
    let lines = told(&world);
    assert!(
        matches!(lines.as_slice(), [line] if line.contains("readinessProbe") && line.contains("#failure=7")),
        "{lines:?}"
    );
    assert!(world.lines().is_empty(), "nothing is done to the container");
    world.settle();
    assert!(told(&world).is_empty(), "it is known by now");
}

#[test]
fn the_first_verdict_on_what_ran_before_is_news_where_no_answer_will_be() {
    let alive = json!({ "livenessProbe": { "exec": { "command": ["check"] }, "initialDelaySeconds": 60 } });
    let mut world = World::of(&[deployment("web", 1, alive, json!({}), json!({}))]);
    world.settle();
    world.advance(10);
    let mut probes = ProbeSchedule::default();
    let mut aim = |world: &World| probes.aim(&world.compile().0, &world.observe(), world.engine.now());
    // Without a verdict nobody takes it for well; it was too young to have failed.
    assert_eq!((aim(&world), aim(&world)), (ProbeNews::Meaning, ProbeNews::None));
}
