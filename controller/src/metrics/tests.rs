use std::time::Duration;

use serde_json::json;
use skiff_core::{
    Action, ContainerDetail, ContainerRef, ContainerState, Crash, EngineError, ObjectStatus, ObservedContainer,
    Outcome, Owner, Phase,
};

use super::counts::Counts;
use super::*;
use crate::testing::labels_of;

fn object(kind: Kind, name: &str) -> ObjectKey {
    ObjectKey::new(kind, "shop", name)
}

fn status(object: ObjectKey, phase: Phase, ready: u32) -> (ObjectKey, ObjectStatus) {
    let status = ObjectStatus {
        object: object.clone(),
        phase,
        replicas: 2,
        current: 3,
        ready,
        updated: 2,
        reason: "",
        message: String::new(),
        containers: Vec::new(),
    };
    (object, status)
}

/// A container of `web` that Docker restarted so often.
fn container(id: &str, restarts: i64) -> ObservedContainer {
    let labels = labels_of(object(Kind::Deployment, "web"));
    let detail = ContainerDetail { restart_count: restarts, ..ContainerDetail::default() };
    let owner = Owner::Ours(Box::new(labels));
    let state = ContainerState::Running;
    ObservedContainer { id: id.to_owned(), state, owner, detail: Some(detail), ..ObservedContainer::default() }
}

fn facts() -> Facts {
    let mut snapshot = Snapshot { pass: 7, spent: Duration::from_millis(1500), ..Snapshot::default() };
    snapshot.status = BTreeMap::from([
        status(object(Kind::Deployment, "web"), Phase::Degraded, 1),
        status(object(Kind::Job, "mail"), Phase::Finished, 0),
    ]);
    snapshot.observed.containers = vec![container("a", 3), container("b", 1)];
    let crash: Crash = serde_json::from_value(json!({ "exits": 4, "ends": 4, "isLoop": true })).expect("a crash loop");
    snapshot.observed.crashes = BTreeMap::from([("a".to_owned(), crash)]);
    let id = "1111111111111111111111111111111111111111".parse().expect("an id");
    let commit =
        Commit { author: "Ann".to_owned(), subject: "Say \"hi\" \\ \u{1b}[31m".to_owned(), ..Commit::parse(id, "") };
    let shop = SourceFact {
        commit: Some(commit),
        objects: 2,
        problems: 1,
        is_up: true,
        succeeded: Some(Timestamp::from_second(1_700_000_000).expect("a time")),
    };
    let sources = BTreeMap::from([("files".to_owned(), SourceFact::default()), ("shop".to_owned(), shop)]);
    let mut counts = Counts::default();
    let container = ContainerRef { id: Some("a".to_owned()), name: "shop-web-1".to_owned() };
    let step = Action::StartContainer { container };
    for result in [Ok(Outcome::Done), Ok(Outcome::Done), Err(EngineError::Failed("no".to_owned()))] {
        counts.note(&step, &result);
    }
    Facts { snapshot: Arc::new(snapshot), sources: Arc::new(sources), counts: Arc::new(counts), leads: true }
}

#[test]
fn all_that_is_known_is_told_once() {
    insta::assert_snapshot!(text(&facts()).replace(env!("CARGO_PKG_VERSION"), "VERSION"), @r#"
    # TYPE skiff_build_info gauge
    # HELP skiff_build_info The version of Skiff.
    skiff_build_info{version="VERSION"} 1
    # TYPE skiff_leading gauge
    # HELP skiff_leading Whether this controller may act.
    skiff_leading 1
    # TYPE skiff_engine_up gauge
    # HELP skiff_engine_up Whether Docker answered the last pass.
    skiff_engine_up 1
    # TYPE skiff_reconcile_duration_seconds summary
    # HELP skiff_reconcile_duration_seconds How long passes took: look, decide, begin.
    skiff_reconcile_duration_seconds_count 7
    skiff_reconcile_duration_seconds_sum 1.500000
    # TYPE skiff_source_info gauge
    # HELP skiff_source_info The commit of a source that is in force.
    skiff_source_info{source="files",commit="",author="",subject=""} 1
    skiff_source_info{source="shop",commit="1111111111111111111111111111111111111111",author="Ann",subject="Say \"hi\" \\  [31m"} 1
    # TYPE skiff_source_up gauge
    # HELP skiff_source_up Whether a source answered when it was last asked.
    skiff_source_up{source="files"} 0
    skiff_source_up{source="shop"} 1
    # TYPE skiff_source_problems gauge
    # HELP skiff_source_problems What is wrong with a source; its last good state stays in force.
    skiff_source_problems{source="files"} 0
    skiff_source_problems{source="shop"} 1
    # TYPE skiff_source_objects gauge
    # HELP skiff_source_objects Objects of a source that are in force.
    skiff_source_objects{source="files"} 0
    skiff_source_objects{source="shop"} 2
    # TYPE skiff_source_last_success_timestamp_seconds gauge
    # HELP skiff_source_last_success_timestamp_seconds When a source last answered with nothing wrong.
    skiff_source_last_success_timestamp_seconds{source="shop"} 1700000000
    # TYPE skiff_deployment_spec_replicas gauge
    # HELP skiff_deployment_spec_replicas Replicas that are declared.
    skiff_deployment_spec_replicas{namespace="shop",name="web"} 2
    # TYPE skiff_deployment_status_replicas gauge
    # HELP skiff_deployment_status_replicas Replicas that exist.
    skiff_deployment_status_replicas{namespace="shop",name="web"} 3
    # TYPE skiff_deployment_status_replicas_ready gauge
    # HELP skiff_deployment_status_replicas_ready Replicas of the declared template that are Ready.
    skiff_deployment_status_replicas_ready{namespace="shop",name="web"} 1
    # TYPE skiff_deployment_status_replicas_updated gauge
    # HELP skiff_deployment_status_replicas_updated Replicas of the declared template.
    skiff_deployment_status_replicas_updated{namespace="shop",name="web"} 2
    # TYPE skiff_deployment_restarts gauge
    # HELP skiff_deployment_restarts How often the containers that exist now were started again, by whomever.
    skiff_deployment_restarts{namespace="shop",name="web"} 5
    # TYPE skiff_deployment_crash_looping_replicas gauge
    # HELP skiff_deployment_crash_looping_replicas Replicas that end again and again.
    skiff_deployment_crash_looping_replicas{namespace="shop",name="web"} 1
    # TYPE skiff_objects gauge
    # HELP skiff_objects Declared objects with containers, by what they have come to.
    skiff_objects{kind="deployment",phase="Degraded"} 1
    skiff_objects{kind="job",phase="Finished"} 1
    # TYPE skiff_held gauge
    # HELP skiff_held What is not done now, by why.
    # TYPE skiff_objects_in_flight gauge
    # HELP skiff_objects_in_flight Objects on which actions are under way.
    skiff_objects_in_flight 0
    # TYPE skiff_actions counter
    # HELP skiff_actions Actions on Docker and on files, by what came of them.
    skiff_actions_total{action="start container",result="done"} 2
    skiff_actions_total{action="start container",result="failed"} 1
    # EOF
    "#);
}

#[test]
fn an_engine_that_does_not_answer_is_down_and_a_lost_lease_is_told() {
    let mut facts = facts();
    facts.leads = false;
    let mut snapshot = Snapshot::clone(&facts.snapshot);
    snapshot.engine_error = Some(EngineError::Unreachable("gone".to_owned()));
    facts.snapshot = Arc::new(snapshot);
    let text = text(&facts);
    assert!(text.contains("\nskiff_engine_up 0\n") && text.contains("\nskiff_leading 0\n"), "{text}");
}
