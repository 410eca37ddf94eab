//! Runs by hand: what they get of an object, what they leave out, and what becomes of those that nobody minds any more.

use serde_json::{Value, json};
use skiff_core::{Action, ContainerSpec, HeldReason, Intent, Once, OncePlan, SignedDuration, plan_once};

use crate::story::{containers, story, world};
use crate::world::{World, deployment, key};

/// A deployment with everything that a run by hand must not take from it.
fn api() -> Value {
    let container = json!({
        "image": "ok:1",
        "args": ["serve"],
        "ports": [{ "containerPort": 80, "hostPort": 8080 }],
        "healthCheck": { "test": ["CMD", "true"] },
    });
    let template = json!({
        "containerName": "the-api",
        "networks": [{ "name": "default", "aliases": ["orders"] }],
        "restartPolicy": "Always",
    });
    deployment("api", 1, container, template, json!({ "dependsOn": [{ "name": "db", "condition": "Ready" }] }))
}

fn plan(world: &World, command: Option<&[&str]>) -> Result<OncePlan, HeldReason> {
    let command = command.map(|words| words.iter().map(|&word| word.to_owned()).collect());
    let once = Once { object: key("api"), asked: world.engine.now(), command, tty: false };
    plan_once(&world.compile().0, &world.observe(), &once, world.engine.now())
}

/// What the container is made from.
fn made(plan: &OncePlan) -> ContainerSpec {
    let spec = plan.steps.iter().find_map(|step| {
        let Action::CreateContainer(create) = &step.action else { return None };
        Some(create.spec.clone())
    });
    spec.expect("a container")
}

/// Makes and starts the container, as whoever runs it does.
fn run(world: &mut World, command: Option<&[&str]>) -> String {
    let (_, content) = world.compile();
    let plan = plan(world, command).expect("nothing stands in the way");
    for step in &plan.steps {
        world.engine.perform(&step.action, &content).expect("a step");
    }
    let start = Action::StartContainer { container: plan.container.clone() };
    world.engine.perform(&start, &content).expect("a start");
    plan.container.name
}

#[test]
fn a_run_by_hand_gets_in_nobodys_way() {
    let mut world = world(&[api(), deployment("db", 1, json!({}), json!({}), json!({}))]);
    story(&mut world, 30);
    let plan = plan(&world, Some(&["migrate", "--all"])).expect("nothing stands in the way");
    let steps: Vec<String> = plan
        .steps
        .iter()
        .map(|step| format!("{} {} ({})", step.action.verb(), step.action.target(), step.reason))
        .collect();
    insta::assert_snapshot!(steps.join("\n"), @r"
    pull image ok:1 (needed)
    create container shop-api-once-1800000030000-1 (asked for at 08:00:30Z)
    ");
    let spec = made(&plan);
    let pod = &spec.template.pod;
    insta::assert_snapshot!(format!(
        "{:?} {:?} ports {:?} check {:?} stdin {} policy {:?}\n{:?}\n{} {:?}",
        pod.container.args,
        pod.container_name,
        pod.container.ports,
        pod.container.health_check,
        pod.container.stdin,
        spec.template.in_place.restart_policy,
        spec.first_network.map(|network| (network.network, network.aliases)),
        spec.owner.component,
        spec.owner.run,
    ), @r#"
    Some(["migrate", "--all"]) None ports [] check None stdin true policy Some(Never)
    Some(("shop-default", {}))
    run Some("once-1800000030000")
    "#);
    assert_eq!(self::plan(&world, None).map(|_| ()), Ok(()));
}

#[test]
fn a_command_takes_the_place_of_the_manifests_and_leaves_the_images_entrypoint() {
    let own = |command: Value| deployment("api", 1, command, json!({}), json!({}));
    let line = |manifest: Value, command: Option<&[&str]>| {
        let plan = plan(&world(&[manifest]), command).expect("nothing stands in the way");
        let container = &made(&plan).template.pod.container;
        format!("{:?} {:?}", container.command, container.args)
    };
    let shell = json!({ "command": ["/bin/sh", "-c"], "args": ["serve"] });
    let table = [
        line(own(shell.clone()), Some(&["ls", "-l"])),
        line(own(shell), None),
        line(own(json!({ "args": ["serve"] })), Some(&["ls", "-l"])),
    ];
    insta::assert_snapshot!(table.join("\n"), @r#"
    Some(["ls", "-l"]) None
    Some(["/bin/sh", "-c"]) Some(["serve"])
    None Some(["ls", "-l"])
    "#);
}

#[test]
fn a_run_by_hand_waits_for_what_the_object_depends_on() {
    let check = json!({ "healthCheck": { "test": ["CMD", "true"] } });
    let mut world = world(&[api(), deployment("db", 1, check, json!({}), json!({}))]);
    world.pass();
    let held = plan(&world, None).expect_err("the database is not Ready");
    insta::assert_snapshot!(held.to_string(), @r"waiting for deployment/shop/db to be Ready");
}

#[test]
fn a_run_by_hand_makes_the_network_that_it_needs() {
    let world = world(&[deployment("api", 1, json!({}), json!({}), json!({}))]);
    let plan = plan(&world, None).expect("nothing stands in the way");
    let steps: Vec<String> =
        plan.steps.iter().map(|step| format!("{} {}", step.action.verb(), step.action.target())).collect();
    insta::assert_snapshot!(steps.join("\n"), @r"
    create network shop-default
    pull image app:1
    create container shop-api-once-1800000000000-1
    ");
}

#[test]
fn what_runs_by_hand_is_left_alone_and_what_nobody_removed_goes_a_minute_after_its_end() {
    let mut world = world(&[deployment("api", 1, json!({ "image": "long:1" }), json!({}), json!({}))]);
    story(&mut world, 30);
    let name = run(&mut world, None);
    assert_eq!(story(&mut world, 300), "");
    world.engine.exit(&name, 0);
    insta::assert_snapshot!(story(&mut world, 120), @r"08:06:30 remove container shop-api-once-1800000030000-1 (left behind by whoever ran it)");
}

#[test]
fn one_that_was_never_started_goes_as_well() {
    let mut world = world(&[deployment("api", 1, json!({}), json!({}), json!({}))]);
    story(&mut world, 30);
    let (_, content) = world.compile();
    for step in &plan(&world, None).expect("nothing stands in the way").steps {
        world.engine.perform(&step.action, &content).expect("a step");
    }
    insta::assert_snapshot!(story(&mut world, 900), @r"08:10:30 remove container shop-api-once-1800000030000-1 (left behind by whoever ran it)");
}

#[test]
fn down_takes_runs_by_hand_along() {
    let mut world = world(&[deployment("api", 1, json!({ "image": "long:1" }), json!({}), json!({}))]);
    story(&mut world, 30);
    run(&mut world, None);
    world.engine.advance(world.engine.now() + SignedDuration::from_secs(1));
    world.intent = Intent::Down { volumes: false };
    story(&mut world, 30);
    assert_eq!(containers(&world), [""; 0]);
}
