//! Jobs: how often they try, when they have ended, and what is left of them.

use std::sync::Arc;

use serde_json::{Value, json};
use skiff_api::{Kind, ObjectKey};
use skiff_core::{History, Intent, Phase, SignedDuration, ask_for_run};
use skiff_sim::{Pull, SimImage};

use crate::story::{containers, cron, job, story, world};
use crate::world::World;

mod among_others;

fn load(image: &str, spec: Value) -> Value {
    job("load", image, spec)
}

/// The controller is started again, and its state directory is lost.
fn lose_history(world: &mut World) {
    world.history = Arc::new(History::default());
}

#[test]
fn a_job_runs_once_and_is_done() {
    let mut world = world(&[load("ok:1", json!({}))]);
    insta::assert_snapshot!(story(&mut world, 3600), @r"
    08:00:00 create container shop-load-1 (missing)
    08:00:05 * Completed: it has completed
    ");
    insta::assert_snapshot!(containers(&world).join("\n"), @r"shop-load-1 Exited 0");
}

#[test]
fn jobs_and_schedules_say_that_their_image_cannot_be_had() {
    let mut world = world(&[load("gone:1", json!({})), cron("nightly", "* * * * *", "gone:1", json!({}))]);
    world.engine.put_image("gone:1", SimImage { pull: Pull::Fails, ..SimImage::default() });
    story(&mut world, 70);
    for object in [ObjectKey::new(Kind::Job, "shop", "load"), ObjectKey::new(Kind::CronJob, "shop", "nightly")] {
        let status = world.status_of(&object);
        assert_eq!((status.phase, status.reason), (Phase::Degraded, "ImagePullBackOff"), "{object}");
        assert!(status.message.contains("gone:1"), "{}", status.message);
    }
}

#[test]
fn a_failing_job_backs_off_and_fails_after_its_limit() {
    let mut world = world(&[load("bad:1", json!({ "backoffLimit": 4 }))]);
    insta::assert_snapshot!(story(&mut world, 3600), @r"
    08:00:00 create container shop-load-1 (missing)
    08:00:05 * AttemptFailed: attempt 1 exited with 1 (1 failed, 4 may)
    08:00:05 held load: the last attempt exited with 1; the next one comes at 08:00:15Z (1 failed, 4 may)
    08:00:15 create container shop-load-2 (attempt 2, after one that failed)
    08:00:20 * AttemptFailed: attempt 2 exited with 1 (2 failed, 4 may)
    08:00:20 held load: the last attempt exited with 1; the next one comes at 08:00:40Z (2 failed, 4 may)
    08:00:40 create container shop-load-3 (attempt 3, after 2 that failed)
    08:00:45 * AttemptFailed: attempt 3 exited with 1 (3 failed, 4 may)
    08:00:45 held load: the last attempt exited with 1; the next one comes at 08:01:25Z (3 failed, 4 may)
    08:01:25 create container shop-load-4 (attempt 4, after 3 that failed)
    08:01:30 * AttemptFailed: attempt 4 exited with 1 (4 failed, 4 may)
    08:01:30 remove container shop-load-1 (surplus)
    08:01:30 held load: the last attempt exited with 1; the next one comes at 08:02:50Z (4 failed, 4 may)
    08:02:50 create container shop-load-5 (attempt 5, after 4 that failed)
    08:02:55 * AttemptFailed: attempt 5 exited with 1 (5 failed, 4 may)
    08:02:55 * BackoffLimitExceeded: it has failed: 5 attempts failed, the last one exited with 1
    08:02:55 remove container shop-load-2 (surplus)
    08:02:55 held load: it has failed: 5 attempts failed, the last one exited with 1
    ");
    insta::assert_snapshot!(containers(&world).join("\n"), @r"
    shop-load-3 Exited 1
    shop-load-4 Exited 1
    shop-load-5 Exited 1
    ");
}

#[test]
fn the_wait_doubles_to_ten_minutes() {
    let mut world = world(&[load("bad:1", json!({ "backoffLimit": 9 }))]);
    let text = story(&mut world, 7200);
    let made: Vec<&str> = text.lines().filter(|line| line.contains("create container")).collect();
    insta::assert_snapshot!(made.join("\n"), @r"
    08:00:00 create container shop-load-1 (missing)
    08:00:15 create container shop-load-2 (attempt 2, after one that failed)
    08:00:40 create container shop-load-3 (attempt 3, after 2 that failed)
    08:01:25 create container shop-load-4 (attempt 4, after 3 that failed)
    08:02:50 create container shop-load-5 (attempt 5, after 4 that failed)
    08:05:35 create container shop-load-6 (attempt 6, after 5 that failed)
    08:11:00 create container shop-load-7 (attempt 7, after 6 that failed)
    08:21:05 create container shop-load-8 (attempt 8, after 7 that failed)
    08:31:10 create container shop-load-9 (attempt 9, after 8 that failed)
    08:41:15 create container shop-load-10 (attempt 10, after 9 that failed)
    ");
}

#[test]
fn a_job_without_retries_fails_at_once() {
    let mut world = world(&[load("bad:1", json!({ "backoffLimit": 0 }))]);
    insta::assert_snapshot!(story(&mut world, 60), @r"
    08:00:00 create container shop-load-1 (missing)
    08:00:05 * AttemptFailed: attempt 1 exited with 1 (1 failed, 0 may)
    08:00:05 * BackoffLimitExceeded: it has failed: its attempt exited with 1
    08:00:05 held load: it has failed: its attempt exited with 1
    ");
}

#[test]
fn a_job_that_takes_too_long_is_stopped_and_kept_for_its_logs() {
    let mut world = world(&[load("long:1", json!({ "activeDeadlineSeconds": 90 }))]);
    insta::assert_snapshot!(story(&mut world, 3600), @r"
    08:00:00 create container shop-load-1 (missing)
    08:01:30 * DeadlineExceeded: it has failed: it took longer than its activeDeadlineSeconds
    08:01:30 stop container shop-load-1 (past its deadline)
    08:01:30 held load: it has failed: it took longer than its activeDeadlineSeconds
    ");
    insta::assert_snapshot!(containers(&world).join("\n"), @r"shop-load-1 Exited 0");
}

#[test]
fn the_deadline_counts_over_all_attempts() {
    let mut world = world(&[load("bad:1", json!({ "activeDeadlineSeconds": 30 }))]);
    insta::assert_snapshot!(story(&mut world, 600), @r"
    08:00:00 create container shop-load-1 (missing)
    08:00:05 * AttemptFailed: attempt 1 exited with 1 (1 failed, 6 may)
    08:00:05 held load: the last attempt exited with 1; the next one comes at 08:00:15Z (1 failed, 6 may)
    08:00:15 create container shop-load-2 (attempt 2, after one that failed)
    08:00:20 * AttemptFailed: attempt 2 exited with 1 (2 failed, 6 may)
    08:00:20 held load: the last attempt exited with 1; the next one comes at 08:00:40Z (2 failed, 6 may)
    08:00:30 * DeadlineExceeded: it has failed: it took longer than its activeDeadlineSeconds
    08:00:30 held load: it has failed: it took longer than its activeDeadlineSeconds
    ");
}

#[test]
fn completions_are_made_so_many_at_once() {
    let mut world = world(&[load("ok:1", json!({ "completions": 5, "parallelism": 2 }))]);
    insta::assert_snapshot!(story(&mut world, 60), @r"
    08:00:00 create container shop-load-1 (missing)
    08:00:00 create container shop-load-2 (missing)
    08:00:05 * AttemptSucceeded: attempt 1 succeeded, 2 of 5
    08:00:05 * AttemptSucceeded: attempt 2 succeeded, 2 of 5
    08:00:05 create container shop-load-3 (missing)
    08:00:05 create container shop-load-4 (missing)
    08:00:10 * AttemptSucceeded: attempt 3 succeeded, 4 of 5
    08:00:10 * AttemptSucceeded: attempt 4 succeeded, 4 of 5
    08:00:10 create container shop-load-5 (missing)
    08:00:15 * AttemptSucceeded: attempt 5 succeeded, 5 of 5
    08:00:15 * Completed: it has completed
    ");
}

#[test]
fn a_success_resets_the_wait() {
    let mut world = world(&[load("app:1", json!({ "completions": 2, "backoffLimit": 9 }))]);
    story(&mut world, 1);
    for (name, code) in [("shop-load-1", 1), ("shop-load-2", 1), ("shop-load-3", 0), ("shop-load-4", 1)] {
        world.engine.exit(name, code);
        story(&mut world, 30);
    }
    let rest = story(&mut world, 30);
    insta::assert_snapshot!(containers(&world).join("\n"), @r"
    shop-load-1 Exited 1
    shop-load-2 Exited 1
    shop-load-3 Exited 0
    shop-load-4 Exited 1
    shop-load-5 Running 0
    ");
    assert_eq!(rest, "");
}

#[test]
fn containers_go_when_their_time_is_over_and_the_job_stays_done() {
    let mut world = world(&[load("ok:1", json!({ "ttlSecondsAfterFinished": 60 }))]);
    insta::assert_snapshot!(story(&mut world, 3600), @r"
    08:00:00 create container shop-load-1 (missing)
    08:00:05 * Completed: it has completed
    08:01:05 remove container shop-load-1 (finished, and kept for long enough)
    ");
    assert_eq!(containers(&world), [""; 0]);
}

#[test]
fn a_controller_that_lost_its_history_knows_by_the_containers_what_is_done() {
    let mut world =
        world(&[load("ok:1", json!({ "completions": 2 })), job("bad", "bad:1", json!({ "backoffLimit": 1 }))]);
    story(&mut world, 600);
    lose_history(&mut world);
    insta::assert_snapshot!(story(&mut world, 600), @r"08:10:00 held bad: it has failed: 2 attempts failed, the last one exited with 1");
}

#[test]
fn failed_attempts_that_are_gone_count_by_their_numbers() {
    let mut world = world(&[load("bad:1", json!({ "backoffLimit": 20 }))]);
    story(&mut world, 600);
    lose_history(&mut world);
    let text = story(&mut world, 600);
    insta::assert_snapshot!(text.lines().take(1).collect::<String>(), @r"08:10:00 * AttemptFailed: attempt 4 exited with 1 (6 failed, 20 may)");
}

#[test]
fn another_template_stops_what_runs_and_runs_anew() {
    let mut world = world(&[load("long:1", json!({}))]);
    story(&mut world, 10);
    world.declare(&[load("ok:1", json!({}))]);
    insta::assert_snapshot!(world.lines().join("\n"), @r"
    0 pull image ok:1 (needed)
    1 stop container shop-load-1 (outdated: container.image changed long:1 → ok:1) < 0
    2 remove container shop-load-1 (outdated: container.image changed long:1 → ok:1) < 1
    3 create container shop-load-1 (missing) < 0 2
    4 start container shop-load-1 (missing) < 3
    ");
    insta::assert_snapshot!(story(&mut world, 60), @r"
    08:00:10 stop container shop-load-1 (outdated: container.image changed long:1 → ok:1)
    08:00:10 remove container shop-load-1 (outdated: container.image changed long:1 → ok:1)
    08:00:10 create container shop-load-1 (missing)
    08:00:15 * Completed: it has completed
    ");
    world.declare(&[load("ok:2", json!({}))]);
    insta::assert_snapshot!(story(&mut world, 60), @r"
    08:01:10 remove container shop-load-1 (outdated: container.image changed ok:1 → ok:2)
    08:01:10 create container shop-load-1 (missing)
    08:01:15 * Completed: it has completed
    ");
}

#[test]
fn other_content_of_a_config_does_not_run_a_job_again() {
    let config = |level: &str| json!({ "apiVersion": "skiff.dev/v1", "kind": "ConfigMap", "metadata": { "name": "conf" }, "data": { "level": level } });
    let load =
        load("ok:1", json!({ "template": { "container": { "envFrom": [{ "configMapRef": { "name": "conf" } }] } } }));
    let mut world = world(&[config("info"), load.clone()]);
    story(&mut world, 60);
    world.declare(&[config("debug"), load]);
    assert_eq!(story(&mut world, 60), "");
}

#[test]
fn a_suspended_job_stops_and_goes_on_with_a_new_deadline() {
    let spec = |suspend: bool| json!({ "suspend": suspend, "activeDeadlineSeconds": 700 });
    let mut world = world(&[load("long:1", spec(false))]);
    story(&mut world, 500);
    world.declare(&[load("long:1", spec(true))]);
    insta::assert_snapshot!(story(&mut world, 500), @r"
    08:08:20 stop container shop-load-1 (suspended)
    08:08:20 remove container shop-load-1 (suspended)
    08:08:20 held load: it is suspended
    ");
    world.declare(&[load("long:1", spec(false))]);
    insta::assert_snapshot!(story(&mut world, 1000), @r"
    08:16:40 create container shop-load-2 (missing)
    08:26:40 * Completed: it has completed
    ");
}

#[test]
fn a_suspended_job_that_never_began_is_only_held() {
    let mut world = world(&[load("ok:1", json!({ "suspend": true }))]);
    insta::assert_snapshot!(story(&mut world, 60), @r"08:00:00 held load: it is suspended");
}

#[test]
fn what_was_done_by_hand_to_an_attempt_is_undone() {
    let limits = json!({ "template": { "container": { "resources": { "limits": { "memory": "64Mi" } } } } });
    let mut world = world(&[load("long:1", limits)]);
    story(&mut world, 10);
    world.engine.pause("shop-load-1");
    world.engine.disconnect_by_hand("shop-load-1", "shop-default");
    insta::assert_snapshot!(world.lines().join("\n"), @r"
    0 unpause container shop-load-1 (paused)
    1 connect shop-load-1 to shop-default (not on network shop-default)
    ");
    story(&mut world, 10);
    world.engine.remove_by_hand("shop-load-1");
    insta::assert_snapshot!(story(&mut world, 10), @r"08:00:20 create container shop-load-1 (missing)");
    // What has ended has ended, even where somebody starts it again.
    world.engine.exit("shop-load-1", 0);
    story(&mut world, 10);
    world.engine.start_by_hand("shop-load-1");
    assert_eq!(story(&mut world, 10), "");
}

#[test]
fn a_job_that_has_ended_runs_again_when_it_is_asked_for() {
    let mut world = world(&[load("ok:1", json!({}))]);
    story(&mut world, 60);
    let key = ObjectKey::new(Kind::Job, "shop", "load");
    let (desired, _) = world.compile();
    let ask = |world: &mut World| ask_for_run(&mut world.history, &desired, &key, world.engine.now());
    assert_eq!(ask(&mut world), Ok("now-1800000060000".to_owned()));
    assert_eq!(ask(&mut world), Ok("now-1800000060000".to_owned()), "asked twice under one name it is one run");
    insta::assert_snapshot!(story(&mut world, 3), @r"
    08:01:00 remove container shop-load-1 (replaced by the next run)
    08:01:00 create container shop-load-1 (asked for at 08:01:00Z)
    ");
    insta::assert_snapshot!(ask(&mut world).expect_err("it has not ended").to_string(), @r"job/shop/load has not ended");
    insta::assert_snapshot!(story(&mut world, 60), @r"08:01:05 * Completed: it has completed");
    // By the labels alone it is known that this run has ended.
    lose_history(&mut world);
    assert_eq!(story(&mut world, 60), "");
}

#[test]
fn what_ends_while_the_engine_is_asked_waits_as_well() {
    let mut world = world(&[load("bad:1", json!({ "backoffLimit": 1 }))]);
    story(&mut world, 5);
    world.learn();
    // What is seen counts as seen when it was asked for, a moment before that end.
    let asked_at = world.engine.now() - SignedDuration::from_millis(10);
    let plan = skiff_core::plan(&world.compile().0, &world.observe(), asked_at);
    let lines = crate::world::lines(&plan);
    let waits = "held load: the last attempt exited with 1; the next one comes at 08:00:15Z (1 failed, 1 may)";
    assert_eq!(lines.iter().map(|line| line.split(" [").next().unwrap_or_default()).collect::<Vec<_>>(), [waits]);
}

#[test]
fn a_fixed_name_goes_from_one_attempt_to_the_next() {
    let mut world = world(&[load("bad:1", json!({ "backoffLimit": 1, "template": { "containerName": "loader" } }))]);
    insta::assert_snapshot!(story(&mut world, 60), @r"
    08:00:00 create container loader (missing)
    08:00:05 * AttemptFailed: attempt 1 exited with 1 (1 failed, 1 may)
    08:00:05 held load: the last attempt exited with 1; the next one comes at 08:00:15Z (1 failed, 1 may)
    08:00:15 remove container loader (surplus)
    08:00:15 create container loader (attempt 2, after one that failed)
    08:00:20 * AttemptFailed: attempt 2 exited with 1 (2 failed, 1 may)
    08:00:20 * BackoffLimitExceeded: it has failed: 2 attempts failed, the last one exited with 1
    08:00:20 held load: it has failed: 2 attempts failed, the last one exited with 1
    ");
}

#[test]
fn what_a_process_says_that_was_told_to_stop_is_not_believed() {
    // It ends well when it is told to stop, and the controller is lost between the stop and the removal.
    let suspended = |suspend: bool| load("long:1", json!({ "suspend": suspend }));
    let mut world = world(&[suspended(false)]);
    story(&mut world, 10);
    world.declare(&[suspended(true)]);
    world.learn();
    world.engine.stop_by_hand("shop-load-1");
    world.declare(&[suspended(false)]);
    insta::assert_snapshot!(story(&mut world, 10), @r"
    08:00:10 remove container shop-load-1 (surplus)
    08:00:10 create container shop-load-2 (missing)
    ");
    // The same when another template was declared meanwhile, and when it was asked to go.
    world.declare(&[load("ok:1", json!({}))]);
    world.learn();
    world.engine.stop_by_hand("shop-load-2");
    world.declare(&[suspended(false)]);
    insta::assert_snapshot!(story(&mut world, 10), @r"
    08:00:20 remove container shop-load-2 (replaced by the next run)
    08:00:20 create container shop-load-1 (missing)
    ");
    world.intent = Intent::Down { volumes: false };
    world.learn();
    world.engine.stop_by_hand("shop-load-1");
    world.intent = Intent::Run;
    insta::assert_snapshot!(story(&mut world, 10), @r"
    08:00:30 remove container shop-load-1 (replaced by the next run)
    08:00:30 create container shop-load-1 (missing)
    ");
}

#[test]
fn a_job_that_is_resumed_before_it_was_stopped_goes_on() {
    let suspended = |suspend: bool| load("long:1", json!({ "suspend": suspend }));
    let mut world = world(&[suspended(false)]);
    story(&mut world, 10);
    world.declare(&[suspended(true)]);
    world.learn();
    world.declare(&[suspended(false)]);
    insta::assert_snapshot!(story(&mut world, 600), @r"08:10:00 * Completed: it has completed");
}

#[test]
fn a_deadline_that_has_passed_is_known_without_a_history() {
    let mut world = world(&[load("long:1", json!({ "activeDeadlineSeconds": 90 }))]);
    story(&mut world, 120);
    lose_history(&mut world);
    insta::assert_snapshot!(story(&mut world, 60), @r"08:02:00 held load: it has failed: it took longer than its activeDeadlineSeconds");
}
