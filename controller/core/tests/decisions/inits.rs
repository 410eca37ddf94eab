//! Init containers: one after the other before the first start of each container, and what a failure of one means.

use serde_json::{Value, json};
use skiff_core::{Action, InPlace, Intent, Plan};
use skiff_sim::DockerRestart;

use crate::story::{containers, job, story, world};
use crate::world::{World, deployment, merge};

/// A deployment whose init containers have these images.
fn prepared(replicas: u32, inits: &[&str], more: Value) -> Value {
    let init = |(index, image): (usize, &&str)| json!({ "name": format!("step-{}", index + 1), "image": image });
    let inits: Vec<Value> = inits.iter().enumerate().map(init).collect();
    let mut manifest = deployment("web", replicas, json!({}), json!({ "initContainers": inits }), json!({}));
    merge(&mut manifest, more);
    manifest
}

/// When a container was started, in seconds since the world began.
fn started_after(world: &World, name: &str) -> Option<i64> {
    let began = 1_800_000_000;
    world.engine.container(name)?.started_at.map(|at| at.as_second() - began)
}

#[test]
fn they_run_one_after_the_other_and_the_container_starts_behind_them() {
    let mut world = world(&[prepared(1, &["ok:1", "ok:2"], json!({}))]);
    world.pass();
    insta::assert_snapshot!(world.lines().join("\n"), @r"
    0 pull image ok:1 (needed)
    1 create container shop-web-1.step-1 (needed) < 0
    2 start container shop-web-1.step-1 (needed) < 1
    held web: waiting for init container step-1 of shop-web-1 to succeed [start container shop-web-1]
    ");
    insta::assert_snapshot!(story(&mut world, 60), @r"
    08:00:00 create container shop-web-1.step-1 (needed)
    08:00:00 held web: waiting for init container step-1 of shop-web-1 to succeed
    08:00:05 create container shop-web-1.step-2 (needed)
    08:00:05 held web: waiting for init container step-2 of shop-web-1 to succeed
    08:00:10 remove container shop-web-1.step-2 (surplus)
    08:00:10 remove container shop-web-1.step-1 (surplus)
    08:00:20 * RevisionStable: revision 1 is stable
    ");
    insta::assert_snapshot!(containers(&world).join("\n"), @r"shop-web-1 Running 0");
    assert_eq!(started_after(&world, "shop-web-1"), Some(10));
}

#[test]
fn each_replica_has_its_own() {
    let mut world = world(&[prepared(2, &["ok:1"], json!({}))]);
    insta::assert_snapshot!(story(&mut world, 30), @r"
    08:00:00 create container shop-web-1 (missing)
    08:00:00 create container shop-web-2 (missing)
    08:00:00 create container shop-web-1.step-1 (needed)
    08:00:00 create container shop-web-2.step-1 (needed)
    08:00:00 held web: waiting for init container step-1 of shop-web-1 to succeed
    08:00:00 held web: waiting for init container step-1 of shop-web-2 to succeed
    08:00:05 remove container shop-web-2.step-1 (surplus)
    08:00:05 remove container shop-web-1.step-1 (surplus)
    08:00:15 * RevisionStable: revision 1 is stable
    ");
}

#[test]
fn one_that_fails_is_run_again_behind_a_back_off_and_the_container_waits() {
    let mut world = world(&[prepared(1, &["ok:1", "bad:1"], json!({}))]);
    insta::assert_snapshot!(story(&mut world, 60), @r"
    08:00:00 create container shop-web-1 (missing)
    08:00:00 create container shop-web-1.step-1 (needed)
    08:00:00 held web: waiting for init container step-1 of shop-web-1 to succeed
    08:00:05 create container shop-web-1.step-2 (needed)
    08:00:05 held web: waiting for init container step-2 of shop-web-1 to succeed
    08:00:10 held web: init container shop-web-1.step-2 exited with 1, attempt 1: it runs again at 08:00:11Z
    08:00:11 remove container shop-web-1.step-2 (exited with 1)
    08:00:11 create container shop-web-1.step-2 (needed)
    08:00:11 held web: waiting for init container step-2 of shop-web-1 to succeed
    08:00:16 held web: init container shop-web-1.step-2 exited with 1, attempt 2: it runs again at 08:00:18Z
    08:00:18 remove container shop-web-1.step-2 (exited with 1)
    08:00:18 create container shop-web-1.step-2 (needed)
    08:00:18 held web: waiting for init container step-2 of shop-web-1 to succeed
    08:00:23 * RevisionFailing: revision 1 does not come up: init container shop-web-1.step-2 failed 3 times, last with 1; with none to go back to, it is tried on
    08:00:23 held web: init container shop-web-1.step-2 exited with 1, attempt 3: it runs again at 08:00:27Z
    08:00:27 remove container shop-web-1.step-2 (exited with 1)
    08:00:27 create container shop-web-1.step-2 (needed)
    08:00:27 held web: waiting for init container step-2 of shop-web-1 to succeed
    08:00:32 held web: init container shop-web-1.step-2 exited with 1, attempt 4: it runs again at 08:00:40Z
    08:00:40 remove container shop-web-1.step-2 (exited with 1)
    08:00:40 create container shop-web-1.step-2 (needed)
    08:00:40 held web: waiting for init container step-2 of shop-web-1 to succeed
    08:00:45 held web: init container shop-web-1.step-2 exited with 1, attempt 5: it runs again at 08:01:01Z
    ");
    assert_eq!(started_after(&world, "shop-web-1"), None);
}

#[test]
fn a_start_that_is_not_the_first_needs_none() {
    let mut world = world(&[prepared(1, &["ok:1"], json!({}))]);
    story(&mut world, 30);
    world.engine.stop_by_hand("shop-web-1");
    assert_eq!(story(&mut world, 30), "");
    assert_eq!(world.running(), ["shop-web-1"]);
}

#[test]
fn what_ran_for_a_container_that_has_gone_counts_no_more() {
    let mut world = world(&[prepared(1, &["ok:1", "ok:2"], json!({}))]);
    story(&mut world, 7);
    world.engine.remove_by_hand("shop-web-1");
    insta::assert_snapshot!(story(&mut world, 30), @r"
    08:00:07 create container shop-web-1 (missing)
    08:00:07 stop container shop-web-1.step-2 (surplus)
    08:00:07 remove container shop-web-1.step-2 (surplus)
    08:00:07 remove container shop-web-1.step-1 (surplus)
    08:00:07 create container shop-web-1.step-1 (needed)
    08:00:07 held web: waiting for init container step-1 of shop-web-1 to succeed
    08:00:12 create container shop-web-1.step-2 (needed)
    08:00:12 held web: waiting for init container step-2 of shop-web-1 to succeed
    08:00:17 remove container shop-web-1.step-2 (surplus)
    08:00:17 remove container shop-web-1.step-1 (surplus)
    08:00:27 * RevisionStable: revision 1 is stable
    ");
}

#[test]
fn old_replicas_serve_while_those_of_new_ones_run() {
    let mut world = world(&[prepared(1, &[], json!({}))]);
    story(&mut world, 30);
    world.declare(&[prepared(1, &["ok:1"], json!({}))]);
    insta::assert_snapshot!(story(&mut world, 4), @r"
    08:00:30 create container shop-web-2 (outdated: initContainers.step-1.image added: ok:1)
    08:00:30 held web: waiting for shop-web-2 to be Ready
    08:00:30 create container shop-web-2.step-1 (needed)
    08:00:30 held web: waiting for init container step-1 of shop-web-2 to succeed
    ");
    assert_eq!(world.running(), ["shop-web-1", "shop-web-2.step-1"]);
    insta::assert_snapshot!(story(&mut world, 30), @r"
    08:00:34 held web: waiting for init container step-1 of shop-web-2 to succeed
    08:00:34 held web: waiting for shop-web-2 to be Ready
    08:00:35 stop container shop-web-1 (outdated: initContainers.step-1.image added: ok:1)
    08:00:35 remove container shop-web-1 (outdated: initContainers.step-1.image added: ok:1)
    08:00:35 remove container shop-web-2.step-1 (surplus)
    08:00:45 * RevisionStable: revision 2 is stable
    ");
    assert_eq!(world.running(), ["shop-web-2"]);
}

#[test]
fn another_manifest_ends_those_that_run_for_what_is_wanted_no_more() {
    let mut world = world(&[prepared(1, &["long:1"], json!({}))]);
    story(&mut world, 5);
    world.declare(&[prepared(1, &["ok:1"], json!({}))]);
    insta::assert_snapshot!(story(&mut world, 30), @r"
    08:00:05 remove container shop-web-1 (outdated: initContainers.step-1.image changed long:1 → ok:1)
    08:00:05 create container shop-web-2 (outdated: initContainers.step-1.image changed long:1 → ok:1)
    08:00:05 stop container shop-web-1.step-1 (surplus)
    08:00:05 remove container shop-web-1.step-1 (surplus)
    08:00:05 create container shop-web-2.step-1 (needed)
    08:00:05 held web: waiting for init container step-1 of shop-web-2 to succeed
    08:00:10 remove container shop-web-2.step-1 (surplus)
    08:00:20 * RevisionStable: revision 2 is stable
    ");
    insta::assert_snapshot!(containers(&world).join("\n"), @r"shop-web-2 Running 0");
}

#[test]
fn down_takes_them_along() {
    let mut world = world(&[prepared(1, &["long:1"], json!({}))]);
    story(&mut world, 5);
    world.intent = Intent::Down { volumes: false };
    story(&mut world, 30);
    assert_eq!(containers(&world), [""; 0]);
}

#[test]
fn attempts_of_a_job_have_theirs() {
    let spec = json!({ "template": { "initContainers": [{ "name": "fetch", "image": "ok:2" }] } });
    let mut world = world(&[job("load", "ok:1", spec)]);
    insta::assert_snapshot!(story(&mut world, 60), @r"
    08:00:00 create container shop-load-1 (missing)
    08:00:00 create container shop-load-1.fetch (needed)
    08:00:00 held load: waiting for init container fetch of shop-load-1 to succeed
    08:00:05 remove container shop-load-1.fetch (surplus)
    08:00:10 * Completed: it has completed
    ");
}

#[test]
fn an_attempt_of_a_job_fails_with_its_init_container() {
    let spec = json!({ "backoffLimit": 1, "template": { "initContainers": [{ "name": "fetch", "image": "bad:1" }] } });
    let mut world = world(&[job("load", "ok:1", spec)]);
    insta::assert_snapshot!(story(&mut world, 120), @r"
    08:00:00 create container shop-load-1 (missing)
    08:00:00 create container shop-load-1.fetch (needed)
    08:00:00 held load: waiting for init container fetch of shop-load-1 to succeed
    08:00:05 * AttemptFailed: attempt 1 did not begin: an init container exited with 1 (1 failed, 1 may)
    08:00:05 held load: the last attempt exited with 1; the next one comes at 08:00:15Z (1 failed, 1 may)
    08:00:15 create container shop-load-2 (attempt 2, after one that failed)
    08:00:15 create container shop-load-2.fetch (needed)
    08:00:15 held load: waiting for init container fetch of shop-load-2 to succeed
    08:00:20 * AttemptFailed: attempt 2 did not begin: an init container exited with 1 (2 failed, 1 may)
    08:00:20 * BackoffLimitExceeded: it has failed: 2 attempts failed, the last one exited with 1
    08:00:20 held load: it has failed: 2 attempts failed, the last one exited with 1
    ");
    insta::assert_snapshot!(containers(&world).join("\n"), @r"
    shop-load-1 Created 0
    shop-load-1.fetch Exited 1
    shop-load-2 Created 0
    shop-load-2.fetch Exited 1
    ");
}

#[test]
fn the_deadline_of_a_job_counts_from_its_first_init_container() {
    let inits = json!([{ "name": "fetch", "image": "long:1" }]);
    let spec = json!({ "activeDeadlineSeconds": 60, "template": { "initContainers": inits } });
    let mut world = world(&[job("load", "ok:1", spec)]);
    insta::assert_snapshot!(story(&mut world, 120), @r"
    08:00:00 create container shop-load-1 (missing)
    08:00:00 create container shop-load-1.fetch (needed)
    08:00:00 held load: waiting for init container fetch of shop-load-1 to succeed
    08:01:00 * DeadlineExceeded: it has failed: it took longer than its activeDeadlineSeconds
    08:01:00 remove container shop-load-1 (surplus)
    08:01:00 stop container shop-load-1.fetch (surplus)
    08:01:00 remove container shop-load-1.fetch (surplus)
    08:01:00 held load: it has failed: it took longer than its activeDeadlineSeconds
    ");
    assert_eq!(world.running(), [""; 0]);
}

#[test]
fn a_revision_whose_init_container_fails_again_and_again_goes_back() {
    let mut world = world(&[prepared(1, &["ok:1"], json!({}))]);
    story(&mut world, 60);
    world.declare(&[prepared(1, &["bad:1"], json!({}))]);
    insta::assert_snapshot!(story(&mut world, 120), @r"
    08:01:00 create container shop-web-2 (outdated: initContainers.step-1.image changed ok:1 → bad:1)
    08:01:00 held web: waiting for shop-web-2 to be Ready
    08:01:00 create container shop-web-2.step-1 (needed)
    08:01:00 held web: waiting for init container step-1 of shop-web-2 to succeed
    08:01:05 held web: init container shop-web-2.step-1 exited with 1, attempt 1: it runs again at 08:01:06Z
    08:01:06 remove container shop-web-2.step-1 (exited with 1)
    08:01:06 create container shop-web-2.step-1 (needed)
    08:01:06 held web: waiting for init container step-1 of shop-web-2 to succeed
    08:01:11 held web: init container shop-web-2.step-1 exited with 1, attempt 2: it runs again at 08:01:13Z
    08:01:13 remove container shop-web-2.step-1 (exited with 1)
    08:01:13 create container shop-web-2.step-1 (needed)
    08:01:13 held web: waiting for init container step-1 of shop-web-2 to succeed
    08:01:18 * RevisionFailed: revision 2 failed: init container shop-web-2.step-1 failed 3 times, last with 1; going back to revision 1
    08:01:18 remove container shop-web-2 (rolled back: revision 2 failed: init container shop-web-2.step-1 failed 3 times, last with 1)
    08:01:18 remove container shop-web-2.step-1 (surplus)
    08:01:18 held web: revision 2 failed: init container shop-web-2.step-1 failed 3 times, last with 1; it went back to revision 1 and waits for another manifest
    08:01:18 * RolledBack: back at revision 1
    ");
    assert_eq!(world.running(), ["shop-web-1"]);
}

#[test]
fn one_that_was_changed_by_hand_is_put_right() {
    let mut world = world(&[prepared(1, &["ok:1"], json!({}))]);
    world.pass();
    world.pass();
    world.engine.update_by_hand("shop-web-1.step-1", &InPlace::default(), Some(DockerRestart::Always));
    world.engine.disconnect_by_hand("shop-web-1.step-1", "shop-default");
    insta::assert_snapshot!(world.lines().join("\n"), @r"
    0 update container shop-web-1.step-1 (adjusted in place: restartPolicy changed Always → Never)
    1 connect shop-web-1.step-1 to shop-default (not on network shop-default)
    held web: waiting for init container step-1 of shop-web-1 to succeed [start container shop-web-1]
    ");
    story(&mut world, 30);
    assert_eq!(containers(&world), ["shop-web-1 Running 0"]);
}

#[test]
fn what_one_leaves_out_is_the_main_containers_but_for_what_serves() {
    let line = |init: Value| {
        let mut own = json!({ "name": "init" });
        merge(&mut own, init);
        let main = json!({
            "command": ["/app"],
            "args": ["serve"],
            "workingDir": "/srv",
            "env": [{ "name": "LEVEL", "value": "info" }, { "name": "ROLE", "value": "main" }],
            "ports": [{ "containerPort": 80, "hostPort": 8080 }],
            "readinessProbe": { "tcpSocket": { "port": 80 } },
        });
        let mut world = world(&[deployment("web", 1, main, json!({ "initContainers": [own] }), json!({}))]);
        world.pass();
        made(&world.plan())
    };
    let table = [
        line(json!({ "args": ["migrate"] })),
        line(json!({ "command": ["/bin/sh"] })),
        line(json!({ "image": "ok:1" })),
        line(json!({ "args": ["migrate"], "env": [{ "name": "ROLE", "value": "init" }] })),
    ];
    insta::assert_snapshot!(table.join("\n"), @r#"
    shop-web-1.init app:1 Some(["/app"]) Some(["migrate"]) in Some("/srv") with LEVEL=Literal("info") ROLE=Literal("main") ports 0 probed false
    shop-web-1.init app:1 Some(["/bin/sh"]) None in Some("/srv") with LEVEL=Literal("info") ROLE=Literal("main") ports 0 probed false
    shop-web-1.init ok:1 None None in None with LEVEL=Literal("info") ROLE=Literal("main") ports 0 probed false
    shop-web-1.init app:1 Some(["/app"]) Some(["migrate"]) in Some("/srv") with LEVEL=Literal("info") ROLE=Literal("init") ports 0 probed false
    "#);
}

fn made(plan: &Plan) -> String {
    let made = plan.steps.iter().find_map(|step| {
        let Action::CreateContainer(create) = &step.action else { return None };
        Some(create)
    });
    let Some(create) = made else { return "nothing is made".to_owned() };
    let template = &create.spec.template;
    let container = &template.pod.container;
    let env: Vec<String> = template.env.iter().map(|entry| format!("{}={:?}", entry.name, entry.value)).collect();
    format!(
        "{} {} {:?} {:?} in {:?} with {} ports {} probed {}",
        create.name,
        container.image,
        container.command,
        container.args,
        container.working_dir,
        env.join(" "),
        container.ports.len(),
        container.readiness_probe.is_some(),
    )
}

#[test]
fn the_object_says_what_it_waits_for() {
    let mut world = world(&[prepared(1, &["bad:1"], json!({}))]);
    world.pass();
    world.pass();
    let status = world.status("web");
    insta::assert_snapshot!(format!("{:?}: {}", status.phase, status.message), @r"Progressing: waiting for init container step-1 of shop-web-1 to succeed");
}
