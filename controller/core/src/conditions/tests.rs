//! Conditions of deployments and jobs, as a line each.

use serde_json::json;

use super::*;

fn told(conditions: &[Condition]) -> Vec<String> {
    let line = |it: &Condition| {
        let since = it.last_transition_time.map(|at| format!(" since {at}")).unwrap_or_default();
        format!("{}={:?} {}: {}{since}", it.kind, it.status, it.reason, it.message)
    };
    conditions.iter().map(line).collect()
}

/// What is told of a deployment whose declared revision, its second, stands so.
fn progress(standing: serde_json::Value, more: serde_json::Value) -> String {
    let revision = json!({
        "number": 2, "identity": "v1:b", "pod": { "container": { "image": "app:2" } }, "base": "/", "content": {},
        "sourceRevision": null, "since": "2026-11-26T08:00:00Z", "standing": standing,
        "ailing": more.get("ailing"),
    });
    let paused = more.get("paused").cloned().unwrap_or(json!(false));
    let known = serde_json::from_value(json!({ "revisions": [revision], "paused": paused })).expect("a history");
    let counts = Counts { ready: 1, wanted: 1, max_unavailable: 0 };
    told(&deployment_conditions(Some(&known), false, counts)).first().cloned().unwrap_or_default()
}

fn failed(why: serde_json::Value, back: serde_json::Value) -> serde_json::Value {
    json!({ "is": "failed", "at": "2026-11-26T08:01:00Z", "why": why, "back": back })
}

#[test]
fn a_deployment_says_how_its_rollout_stands() {
    let late = json!({ "cause": "late", "message": "no progress for 30 s: 0 of 1 available" });
    let arrived = json!({ "way": "arrived", "to": 1 });
    let lines = [
        progress(json!({ "is": "stable" }), json!({})),
        progress(json!({ "is": "progressing", "progress": null, "available": 0 }), json!({})),
        progress(json!({ "is": "progressing", "progress": null, "available": 0 }), json!({ "paused": true })),
        progress(
            json!({ "is": "progressing", "progress": null, "available": 0 }),
            json!({ "ailing": "web-1 ended 3 times" }),
        ),
        progress(failed(late.clone(), arrived.clone()), json!({})),
        progress(failed(late, json!({ "way": "nowhere" })), json!({})),
        progress(
            failed(json!("web-1 is unhealthy"), json!({ "way": "lost", "to": 1, "why": "it is gone" })),
            json!({}),
        ),
        progress(failed(json!("undone by hand"), arrived), json!({})),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r"
    Progressing=True RevisionStable: revision 2 is stable
    Progressing=True RevisionProgressing: revision 2: 0 available so far
    Progressing=Unknown DeploymentPaused: the rollout of revision 2 is paused
    Progressing=False RevisionFailing: revision 2 does not come up: web-1 ended 3 times; with none to go back to, it is tried on
    Progressing=False RolledBack: revision 2 failed: no progress for 30 s: 0 of 1 available; it went back to revision 1 and waits for another manifest since 2026-11-26T08:01:00Z
    Progressing=False ProgressDeadlineExceeded: revision 2 failed: no progress for 30 s: 0 of 1 available; the rollout is stopped and waits for another manifest since 2026-11-26T08:01:00Z
    Progressing=False RollbackFailed: revision 2 failed: web-1 is unhealthy; revision 1, which it went back to, failed: it is gone; the rollout is stopped and waits for another manifest since 2026-11-26T08:01:00Z
    Progressing=True RolloutUndone: revision 2 was undone by hand; it went back to revision 1 and waits for another manifest
    ");
}

#[test]
fn a_deployment_is_available_while_no_more_are_missing_than_may_be() {
    let of = |ready, max_unavailable| {
        told(&deployment_conditions(None, false, Counts { ready, wanted: 3, max_unavailable })).join("")
    };
    assert_eq!(of(2, 1), "Available=True MinimumReplicasAvailable: 2 of 3 replicas are Ready");
    assert_eq!(of(2, 0), "Available=False MinimumReplicasUnavailable: 2 of 3 replicas are Ready, 3 must be");
}

#[test]
fn a_job_has_a_condition_once_it_has_ended_or_is_suspended() {
    let of = |suspended, end: Option<RunOutcome>| {
        let at = Timestamp::UNIX_EPOCH;
        let end = end.map(|outcome| crate::history::RunEnd { at, outcome });
        let (name, due, since, retry_at) = (String::new(), None, None, None);
        let run = crate::job::RunReport { name, due, since, succeeded: 0, failed: 0, active: 0, retry_at, end };
        let report = JobReport { completions: 1, backoff_limit: 6, suspended, schedule: None, runs: vec![run] };
        told(&job_conditions(&report)).join("")
    };
    assert_eq!(of(false, None), "");
    assert_eq!(of(true, None), "Suspended=True JobSuspended: it is suspended, and no attempt of it runs");
    let done = of(false, Some(RunOutcome::Succeeded));
    assert_eq!(done, "Complete=True Completed: it has completed since 1970-01-01T00:00:00Z");
    let failed = of(true, Some(RunOutcome::Failed { failures: 1, code: 3 }));
    assert_eq!(
        failed,
        "Failed=True BackoffLimitExceeded: it has failed: its attempt exited with 3 since 1970-01-01T00:00:00Z"
    );
}
