//! Schedules: which moments are followed, which are left out, and that none is followed twice. Time begins at 08:00:00Z.

use std::sync::Arc;

use serde_json::{Value, json};
use skiff_api::{Kind, ObjectKey};
use skiff_core::{History, Request, SignedDuration, ask_for_run, grant};
use skiff_sim::Pull;

use crate::story::{containers, cron, sleep_until, story, world};
use crate::world::{World, deployment};

fn tidy(schedule: &str, image: &str, spec: Value) -> Value {
    cron("tidy", schedule, image, spec)
}

fn followed(world: &World) -> String {
    let key = ObjectKey::new(Kind::CronJob, "shop", "tidy");
    let followed = world.history.objects.get(&key).and_then(|known| known.followed.clone());
    followed.map(|followed| format!("{} until {}", followed.schedule, followed.until)).unwrap_or_default()
}

#[test]
fn a_schedule_that_is_new_makes_up_for_nothing_and_runs_on_the_minute() {
    let mut world = world(&[tidy("*/10 * * * *", "ok:1", json!({}))]);
    insta::assert_snapshot!(story(&mut world, 1500), @r"
    08:10:00 create container shop-tidy-30000010-1 (due at 08:10Z)
    08:10:05 * Completed: run 30000010 has completed
    08:20:00 create container shop-tidy-30000020-1 (due at 08:20Z)
    08:20:05 * Completed: run 30000020 has completed
    ");
}

#[test]
fn three_runs_that_succeeded_and_one_that_failed_are_kept() {
    let mut world = world(&[tidy("*/10 * * * *", "ok:1", json!({}))]);
    story(&mut world, 3 * 3600);
    insta::assert_snapshot!(containers(&world).join("\n"), @r"
    shop-tidy-30000150-1 Exited 0
    shop-tidy-30000160-1 Exited 0
    shop-tidy-30000170-1 Exited 0
    shop-tidy-30000180-1 Running 0
    ");
    world.declare(&[tidy("*/10 * * * *", "bad:1", json!({ "jobTemplate": { "spec": { "backoffLimit": 0 } } }))]);
    story(&mut world, 3600);
    insta::assert_snapshot!(containers(&world).join("\n"), @r"
    shop-tidy-30000160-1 Exited 0
    shop-tidy-30000170-1 Exited 0
    shop-tidy-30000180-1 Exited 0
    shop-tidy-30000230-1 Exited 1
    shop-tidy-30000240-1 Running 0
    ");
}

#[test]
fn forbid_leaves_a_run_out_while_another_has_not_ended() {
    let mut world = world(&[tidy("*/4 * * * *", "long:1", json!({ "concurrencyPolicy": "Forbid" }))]);
    insta::assert_snapshot!(story(&mut world, 1000), @r"
    08:04:00 create container shop-tidy-30000004-1 (due at 08:04Z)
    08:08:00 * LeftOut: the run of 2027-01-15T08:08:00Z is left out: run 30000004 has not ended
    08:12:00 * LeftOut: the run of 2027-01-15T08:12:00Z is left out: run 30000004 has not ended
    08:14:00 * Completed: run 30000004 has completed
    08:16:00 create container shop-tidy-30000016-1 (due at 08:16Z)
    ");
}

#[test]
fn replace_stops_the_run_that_has_not_ended() {
    let mut world = world(&[tidy("*/4 * * * *", "long:1", json!({ "concurrencyPolicy": "Replace" }))]);
    insta::assert_snapshot!(story(&mut world, 600), @r"
    08:04:00 create container shop-tidy-30000004-1 (due at 08:04Z)
    08:08:00 * Replaced: run 30000004 was replaced by the next run
    08:08:00 stop container shop-tidy-30000004-1 (replaced by the next run)
    08:08:00 remove container shop-tidy-30000004-1 (replaced by the next run)
    08:08:00 create container shop-tidy-30000008-1 (due at 08:08Z)
    ");
    insta::assert_snapshot!(containers(&world).join("\n"), @r"shop-tidy-30000008-1 Running 0");
}

#[test]
fn allow_lets_runs_go_on_beside_each_other() {
    let mut world = world(&[tidy("*/4 * * * *", "long:1", json!({}))]);
    story(&mut world, 1000);
    insta::assert_snapshot!(containers(&world).join("\n"), @r"
    shop-tidy-30000004-1 Exited 0
    shop-tidy-30000008-1 Running 0
    shop-tidy-30000012-1 Running 0
    shop-tidy-30000016-1 Running 0
    ");
}

#[test]
fn of_the_runs_that_were_missed_the_last_one_is_made_up_for() {
    let mut world = world(&[tidy("0 * * * *", "ok:1", json!({}))]);
    story(&mut world, 600);
    sleep_until(&mut world, "2027-01-15T13:20:00Z");
    insta::assert_snapshot!(story(&mut world, 3600), @r"
    13:20:00 * Missed: 4 runs from 2027-01-15T09:00:00Z on were missed; that of 2027-01-15T13:00:00Z is made up for
    13:20:00 create container shop-tidy-30000300-1 (due at 13:00Z)
    13:20:05 * Completed: run 30000300 has completed
    14:00:00 create container shop-tidy-30000360-1 (due at 14:00Z)
    14:00:05 * Completed: run 30000360 has completed
    ");
}

#[test]
fn more_than_a_hundred_missed_runs_are_a_hundred_too_many() {
    let mut world = world(&[tidy("* * * * *", "ok:1", json!({}))]);
    story(&mut world, 90);
    sleep_until(&mut world, "2027-01-15T09:41:30Z");
    let hundred = story(&mut world, 20);
    sleep_until(&mut world, "2027-01-15T11:22:45Z");
    insta::assert_snapshot!([hundred, story(&mut world, 60)].join("\n---\n"), @r"
    09:41:30 * Missed: 99 runs from 2027-01-15T08:02:00Z on were missed; that of 2027-01-15T09:41:00Z is made up for
    09:41:30 create container shop-tidy-30000101-1 (due at 09:41Z)
    09:41:35 * Completed: run 30000101 has completed
    ---
    11:22:45 * TooManyMissed: more than 100 runs were missed since 2027-01-15T09:41:00Z; none is made up for
    11:23:00 create container shop-tidy-30000203-1 (due at 11:23Z)
    11:23:05 * Completed: run 30000203 has completed
    ");
}

#[test]
fn a_run_that_is_too_late_is_left_out() {
    let late = json!({ "startingDeadlineSeconds": 300 });
    let mut world = world(&[tidy("0 * * * *", "ok:1", late)]);
    story(&mut world, 600);
    sleep_until(&mut world, "2027-01-15T09:05:01Z");
    insta::assert_snapshot!(story(&mut world, 600), @r"09:05:01 * Missed: the run of 2027-01-15T09:00:00Z was missed, and it is too late for it now");
    sleep_until(&mut world, "2027-01-15T10:04:59Z");
    insta::assert_snapshot!(story(&mut world, 600), @r"
    10:04:59 create container shop-tidy-30000120-1 (due at 10:00Z)
    10:05:04 * Completed: run 30000120 has completed
    ");
}

#[test]
fn a_run_that_cannot_begin_gives_way_to_the_next() {
    let mut world = world(&[tidy("*/5 * * * *", "ok:1", json!({}))]);
    world.engine.set_image("ok:1", false, Pull::Fails);
    let text = story(&mut world, 1000);
    let told: Vec<&str> = text.lines().filter(|line| line.contains('*')).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    08:10:00 * Missed: the run of 2027-01-15T08:05:00Z never began, and the next run is due
    08:15:00 * Missed: the run of 2027-01-15T08:10:00Z never began, and the next run is due
    ");
    world.engine.set_image("ok:1", true, Pull::Works);
    let text = story(&mut world, 180);
    let made: Vec<&str> = text.lines().filter(|line| !line.contains("held")).collect();
    insta::assert_snapshot!(made.join("\n"), @r"
    08:18:04 create container shop-tidy-30000015-1 (due at 08:15Z)
    08:18:09 * Completed: run 30000015 has completed
    ");
}

#[test]
fn a_suspended_schedule_begins_nothing_and_makes_up_for_nothing() {
    let mut world = world(&[tidy("*/10 * * * *", "long:1", json!({}))]);
    story(&mut world, 660);
    world.declare(&[tidy("*/10 * * * *", "long:1", json!({ "suspend": true }))]);
    insta::assert_snapshot!(story(&mut world, 3600), @r"
    08:11:00 held tidy: it is suspended
    08:20:00 * Completed: run 30000010 has completed
    ");
    world.declare(&[tidy("*/10 * * * *", "long:1", json!({}))]);
    insta::assert_snapshot!(story(&mut world, 600), @r"09:20:00 create container shop-tidy-30000080-1 (due at 09:20Z)");
}

#[test]
fn another_schedule_is_followed_from_now_on() {
    let mut world = world(&[tidy("0 * * * *", "ok:1", json!({}))]);
    story(&mut world, 3900);
    world.declare(&[tidy("2 9 * * *", "ok:1", json!({ "timeZone": "Europe/Berlin" }))]);
    assert_eq!(story(&mut world, 60), "");
    assert_eq!(followed(&world), "2 9 * * * Europe/Berlin until 2027-01-15T09:05:00Z");
}

#[test]
fn a_clock_that_is_put_back_runs_no_moment_twice() {
    let mut world = world(&[tidy("*/10 * * * *", "ok:1", json!({}))]);
    story(&mut world, 3660);
    world.engine.set_clock(world.engine.now() - SignedDuration::from_mins(45));
    insta::assert_snapshot!(story(&mut world, 3600), @r"
    09:10:00 create container shop-tidy-30000070-1 (due at 09:10Z)
    09:10:05 * Completed: run 30000070 has completed
    09:10:05 remove container shop-tidy-30000040-1 (surplus)
    ");
}

#[test]
fn a_clock_that_was_days_ahead_is_not_waited_for() {
    let mut world = world(&[tidy("0 3 * * *", "ok:1", json!({}))]);
    story(&mut world, 60);
    sleep_until(&mut world, "2027-03-01T12:00:00Z");
    story(&mut world, 60);
    world.engine.set_clock("2027-01-15T08:10:00Z".parse().expect("a moment"));
    insta::assert_snapshot!(story(&mut world, 86_400), @r"
    08:10:00 * ClockPutBack: the clock was put back by 1074 hours; the schedule is followed from now on
    03:00:00 create container shop-tidy-30001140-1 (due at 03:00Z)
    03:00:05 * Completed: run 30001140 has completed
    ");
}

#[test]
fn a_clock_that_is_put_forward_makes_up_for_one_run() {
    let mut world = world(&[tidy("*/10 * * * *", "ok:1", json!({}))]);
    story(&mut world, 660);
    world.engine.set_clock(world.engine.now() + SignedDuration::from_mins(45));
    insta::assert_snapshot!(story(&mut world, 600), @r"
    08:56:00 * Missed: 3 runs from 2027-01-15T08:20:00Z on were missed; that of 2027-01-15T08:50:00Z is made up for
    08:56:00 create container shop-tidy-30000050-1 (due at 08:50Z)
    08:56:05 * Completed: run 30000050 has completed
    09:00:00 create container shop-tidy-30000060-1 (due at 09:00Z)
    09:00:05 * Completed: run 30000060 has completed
    ");
}

#[test]
fn runs_are_known_by_their_labels_when_the_history_is_lost() {
    let mut world = world(&[tidy("*/10 * * * *", "long:1", json!({}))]);
    story(&mut world, 700);
    world.history = Arc::new(History::default());
    assert_eq!(story(&mut world, 60), "");
    assert_eq!(followed(&world), "*/10 * * * * UTC until 2027-01-15T08:10:00Z");
    insta::assert_snapshot!(story(&mut world, 600), @r"
    08:20:00 * Completed: run 30000010 has completed
    08:20:00 create container shop-tidy-30000020-1 (due at 08:20Z)
    ");
}

#[test]
fn a_run_that_fails_is_tried_again_under_its_own_name() {
    let spec = json!({ "jobTemplate": { "spec": { "backoffLimit": 2 } } });
    let mut world = world(&[tidy("0 9 * * *", "bad:1", spec)]);
    insta::assert_snapshot!(story(&mut world, 2 * 3600), @r"
    09:00:00 create container shop-tidy-30000060-1 (due at 09:00Z)
    09:00:05 * AttemptFailed: attempt 1 of run 30000060 exited with 1 (1 failed, 2 may)
    09:00:05 held tidy: the last attempt exited with 1; the next one comes at 09:00:15Z (1 failed, 2 may)
    09:00:15 create container shop-tidy-30000060-2 (attempt 2, after one that failed)
    09:00:20 * AttemptFailed: attempt 2 of run 30000060 exited with 1 (2 failed, 2 may)
    09:00:20 held tidy: the last attempt exited with 1; the next one comes at 09:00:40Z (2 failed, 2 may)
    09:00:40 create container shop-tidy-30000060-3 (attempt 3, after 2 that failed)
    09:00:45 * AttemptFailed: attempt 3 of run 30000060 exited with 1 (3 failed, 2 may)
    09:00:45 * BackoffLimitExceeded: run 30000060 has failed: 3 attempts failed, the last one exited with 1
    ");
}

#[test]
fn a_run_waits_for_what_the_job_depends_on() {
    // Its first check passes half a minute after the moment that the run is followed to.
    let check = json!({ "healthCheck": { "test": ["CMD", "true"], "interval": "65m30s" } });
    let spec = json!({ "jobTemplate": { "spec": { "dependsOn": [{ "name": "db", "condition": "Ready" }] } } });
    let mut world = world(&[deployment("db", 1, check, json!({}), json!({})), tidy("0 9 * * *", "ok:1", spec)]);
    story(&mut world, 3000);
    insta::assert_snapshot!(story(&mut world, 900), @r"09:00:00 held tidy: waiting for deployment/shop/db to be Ready");
    insta::assert_snapshot!(story(&mut world, 60), @r"
    09:05:00 held tidy: waiting for deployment/shop/db to be Ready
    09:05:30 * RevisionStable: revision 1 is stable
    09:05:30 create container shop-tidy-30000060-1 (due at 09:00Z)
    09:05:35 * Completed: run 30000060 has completed
    ");
}

#[test]
fn a_run_that_is_asked_for_goes_on_beside_the_schedule() {
    let mut world = world(&[tidy("*/10 * * * *", "long:1", json!({ "concurrencyPolicy": "Forbid" }))]);
    story(&mut world, 630);
    let key = ObjectKey::new(Kind::CronJob, "shop", "tidy");
    let (desired, _) = world.compile();
    let now = world.engine.now();
    assert_eq!(ask_for_run(&mut world.history, &desired, &key, now), Ok("now-1800000630000".to_owned()));
    insta::assert_snapshot!(story(&mut world, 1000), @r"
    08:10:30 create container shop-tidy-now-1800000630000-1 (asked for at 08:10:30Z)
    08:20:00 * Completed: run 30000010 has completed
    08:20:00 * LeftOut: the run of 2027-01-15T08:20:00Z is left out: run now-1800000630000 has not ended
    08:20:30 * Completed: run now-1800000630000 has completed
    ");
}

#[test]
fn a_schedule_follows_daylight_saving() {
    let spec = json!({ "timeZone": "Europe/Berlin" });
    let mut world = world(&[tidy("30 2 * * *", "ok:1", spec)]);
    let mut text = Vec::new();
    for day in ["2027-03-27T00:00:00Z", "2027-10-30T00:00:00Z", "2028-02-28T00:00:00Z"] {
        sleep_until(&mut world, day);
        story(&mut world, 1);
        let told = story(&mut world, 3 * 86_400);
        text.extend(told.lines().filter(|line| line.contains("create")).map(str::to_owned));
    }
    insta::assert_snapshot!(text.join("\n"), @r"
    01:30:00 create container shop-tidy-30101850-1 (due at 01:30Z)
    01:00:00 create container shop-tidy-30103260-1 (due at 01:00Z)
    00:30:00 create container shop-tidy-30104670-1 (due at 00:30Z)
    00:30:00 create container shop-tidy-30414270-1 (due at 00:30Z)
    00:30:00 create container shop-tidy-30415710-1 (due at 00:30Z)
    01:30:00 create container shop-tidy-30417210-1 (due at 01:30Z)
    01:30:00 create container shop-tidy-30588570-1 (due at 01:30Z)
    01:30:00 create container shop-tidy-30590010-1 (due at 01:30Z)
    01:30:00 create container shop-tidy-30591450-1 (due at 01:30Z)
    ");
}

#[test]
fn what_is_suspended_by_hand_begins_no_run_until_it_is_resumed_and_makes_nothing_up() {
    let object = ObjectKey::new(Kind::CronJob, "shop", "tidy");
    let mut world = world(&[tidy("*/10 * * * *", "long:1", json!({}))]);
    story(&mut world, 630);
    let ask = |world: &mut World, request: Request| {
        let (desired, now) = (world.compile().0, world.engine.now());
        grant(&mut world.history, &request, Some(&desired), now)
            .map(|event| event.message)
            .map_err(|refused| refused.message)
    };
    let told = ask(&mut world, Request::Suspend { object: object.clone() }).expect("it can be");
    assert!(told.starts_with("suspended by hand: no run of it begins, and what runs may end"), "{told}");
    assert_eq!(containers(&world), ["shop-tidy-30000010-1 Running 0"]);
    world.restart_controller();
    insta::assert_snapshot!(story(&mut world, 1200), @r"
    08:10:30 held tidy: it is suspended
    08:20:00 * Completed: run 30000010 has completed
    ");
    assert_eq!(world.status_of(&object).reason, "Suspended");
    ask(&mut world, Request::Unsuspend { object: object.clone() }).expect("it was");
    insta::assert_snapshot!(story(&mut world, 600), @"08:40:00 create container shop-tidy-30000040-1 (due at 08:40Z)");
    let again = ask(&mut world, Request::Unsuspend { object: object.clone() });
    assert_eq!(again, Err("cronjob/shop/tidy is not suspended".to_owned()));
    let deployment = ObjectKey::new(Kind::Deployment, "shop", "web");
    let refused = ask(&mut world, Request::Suspend { object: deployment });
    assert_eq!(refused, Err("deployment/shop/web cannot be suspended: only jobs and schedules can".to_owned()));
}
