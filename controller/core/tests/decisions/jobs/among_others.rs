//! Jobs among other objects: who waits for them, what they wait for, and how they leave.

use serde_json::json;
use skiff_core::Intent;

use super::load;
use crate::story::{story, world};
use crate::world::deployment;

#[test]
fn a_dependent_waits_until_the_job_has_completed_and_is_not_stopped_when_it_runs_again() {
    let spec = json!({ "dependsOn": [{ "name": "load", "condition": "Completed" }] });
    let api = deployment("api", 1, json!({}), json!({}), spec);
    let mut world = world(&[api.clone(), load("ok:1", json!({ "ttlSecondsAfterFinished": 0 }))]);
    insta::assert_snapshot!(story(&mut world, 60), @r"
    08:00:00 create container shop-load-1 (missing)
    08:00:00 held api: waiting for job/shop/load to be Completed
    08:00:05 * Completed: it has completed
    08:00:05 remove container shop-load-1 (finished, and kept for long enough)
    08:00:05 create container shop-api-1 (missing)
    08:00:15 * RevisionStable: revision 1 is stable
    ");
    // Completed means the current template: a new revision of the dependent waits again, the old one runs on.
    world.declare(&[api, load("bad:1", json!({ "backoffLimit": 0 }))]);
    insta::assert_snapshot!(story(&mut world, 60), @r"
    08:01:00 create container shop-load-1 (missing)
    08:01:05 * AttemptFailed: attempt 1 exited with 1 (1 failed, 0 may)
    08:01:05 * BackoffLimitExceeded: it has failed: its attempt exited with 1
    08:01:05 held load: it has failed: its attempt exited with 1
    ");
    assert_eq!(world.running(), ["shop-api-1"]);
}

#[test]
fn a_dependent_of_a_job_that_has_failed_waits_and_says_for_what() {
    let spec = json!({ "dependsOn": [{ "name": "load", "condition": "Completed" }] });
    let api = deployment("api", 1, json!({}), json!({}), spec);
    let mut world = world(&[api, load("bad:1", json!({ "backoffLimit": 0 }))]);
    story(&mut world, 60);
    insta::assert_snapshot!(world.lines().join("\n"), @r"
    held load: it has failed: its attempt exited with 1
    held api: waiting for job/shop/load to be Completed [create container shop-api-1]
    ");
}

#[test]
fn a_job_waits_for_what_it_depends_on_and_not_again_for_a_retry() {
    let check = json!({ "healthCheck": { "test": ["CMD", "true"] } });
    let spec = json!({ "dependsOn": [{ "name": "db", "condition": "Ready" }] });
    let mut world = world(&[deployment("db", 1, check, json!({}), json!({})), load("bad:1", spec)]);
    insta::assert_snapshot!(story(&mut world, 10), @r"
    08:00:00 create container shop-db-1 (missing)
    08:00:00 held load: waiting for deployment/shop/db to be Ready
    ");
    world.engine.set_health("shop-db-1", skiff_core::Health::Healthy);
    insta::assert_snapshot!(story(&mut world, 6), @r"
    08:00:10 * RevisionStable: revision 1 is stable
    08:00:10 create container shop-load-1 (missing)
    08:00:15 * AttemptFailed: attempt 1 exited with 1 (1 failed, 6 may)
    08:00:15 held load: the last attempt exited with 1; the next one comes at 08:00:25Z (1 failed, 6 may)
    ");
    world.engine.set_health("shop-db-1", skiff_core::Health::Starting);
    insta::assert_snapshot!(story(&mut world, 12), @r"
    08:00:16 held load: the last attempt exited with 1; the next one comes at 08:00:25Z (1 failed, 6 may)
    08:00:25 create container shop-load-2 (attempt 2, after one that failed)
    ");
}

#[test]
fn a_job_that_left_its_source_is_pruned_and_runs_again_when_it_comes_back() {
    let web = deployment("web", 1, json!({}), json!({}), json!({}));
    let mut world = world(&[web.clone(), load("ok:1", json!({}))]);
    story(&mut world, 60);
    world.declare(std::slice::from_ref(&web));
    insta::assert_snapshot!(story(&mut world, 60), @r"08:01:00 remove container shop-load-1 (no longer declared)");
    world.declare(&[web, load("ok:1", json!({}))]);
    insta::assert_snapshot!(story(&mut world, 60), @r"
    08:02:00 create container shop-load-1 (missing)
    08:02:05 * Completed: it has completed
    ");
}

#[test]
fn down_takes_jobs_along_and_up_runs_them_again() {
    let mut world = world(&[load("ok:1", json!({}))]);
    story(&mut world, 60);
    world.intent = Intent::Down { volumes: false };
    insta::assert_snapshot!(story(&mut world, 60), @r"08:01:00 remove container shop-load-1 (asked to go)");
    world.intent = Intent::Run;
    insta::assert_snapshot!(story(&mut world, 60), @r"
    08:02:00 create container shop-load-1 (missing)
    08:02:05 * Completed: it has completed
    ");
}
