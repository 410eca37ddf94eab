//! What commands show of workloads, from Docker alone.

use std::sync::Arc;

use skiff_api::{Instance, Kind, OwnerLabels};
use skiff_core::{
    ContainerDetail, ContainerState, EngineRestart, Health, Images, ObservedImage, ObservedVolume, Owner, ProbeFailure,
    ProbeKind, ProbeVerdict, Readiness,
};

use super::*;

fn labels(kind: Kind, name: &str, ordinal: u32, hash: &str) -> OwnerLabels {
    OwnerLabels {
        instance: Instance::default(),
        source: "shop".to_owned(),
        object: ObjectKey::new(kind, "shop", name),
        ordinal,
        component: Component::Main,
        run: None,
        revision: if hash == "new" { 2 } else { 1 },
        source_revision: None,
        template_hash: hash.to_owned(),
        template: Some(r#"{"container":{"image":"shop/api:1.2"}}"#.to_owned()),
        content: None,
        image_id: None,
    }
}

fn container(name: &str, ordinal: u32, hash: &str, state: ContainerState) -> ObservedContainer {
    ObservedContainer {
        id: format!("id-{name}-{ordinal}"),
        name: format!("shop-{name}-{ordinal}"),
        owner: Owner::Ours(Box::new(labels(Kind::Deployment, name, ordinal, hash))),
        state,
        detail: Some(ContainerDetail { exit_code: 3, ..ContainerDetail::default() }),
        ..ObservedContainer::default()
    }
}

fn workload(observed: &Observed, declared: Option<u32>) -> Workload {
    let key = ObjectKey::new(Kind::Deployment, "shop", "api");
    let declared = declared.map(|replicas| (key, Declared { replicas: Some(replicas), ..Declared::default() }));
    let views = views(observed, &declared.into_iter().collect());
    match views.into_iter().next().map(|view| view.body) {
        Some(Body::Workload(workload)) => workload,
        Some(Body::Network(_) | Body::Volume(_) | Body::Declared) | None => Workload::default(),
    }
}

#[test]
fn a_workload_is_as_good_as_its_worst_replica() {
    use ContainerState::{Exited, Running};
    let verdict = |states: &[ContainerState]| {
        let containers =
            states.iter().zip(1..).map(|(state, ordinal)| container("api", ordinal, "new", *state)).collect();
        workload(&Observed { containers, ..Observed::default() }, None).verdict().to_string()
    };
    assert_eq!(verdict(&[Running, Running]), "Ready");
    assert_eq!(verdict(&[Running, Exited]), "Exited (3)");
}

#[test]
fn one_too_many_that_is_not_ready_yet_is_a_rollout_and_no_fault_of_those_that_are() {
    use ContainerState::{Created, Exited, Running};
    let verdict = |third| {
        let mut containers = vec![container("api", 1, "old", Running), container("api", 2, "old", Running)];
        containers.extend([container("api", 3, "new", third)]);
        workload(&Observed { containers, ..Observed::default() }, Some(2)).verdict().to_string()
    };
    assert_eq!(verdict(Created), "RollingOut");
    assert_eq!(verdict(Exited), "Exited (3)");
}

#[test]
fn what_is_declared_and_not_there_is_missing() {
    let one = container("api", 1, "new", ContainerState::Running);
    let observed = Observed { containers: vec![one], ..Observed::default() };
    assert_eq!(workload(&observed, Some(2)).verdict(), Verdict::Missing);
    assert_eq!(workload(&Observed::default(), Some(2)).verdict(), Verdict::Missing);
    assert_eq!(workload(&Observed::default(), Some(0)).verdict(), Verdict::Scaled);
    assert_eq!(workload(&observed, None).verdict(), Verdict::Ready);
}

#[test]
fn replicas_of_an_older_revision_are_not_up_to_date() {
    use ContainerState::Running;
    let containers = vec![container("api", 2, "new", Running), container("api", 1, "old", Running)];
    let workload = workload(&Observed { containers, ..Observed::default() }, None);
    assert_eq!((workload.updated(), workload.ready(), workload.is_ready()), (1, 2, false));
    assert_eq!(workload.replicas.first().map(|replica| replica.ordinal), Some(1));
}

#[test]
fn what_runs_with_another_secret_than_the_declared_revision_is_not_up_to_date() {
    let revision = serde_json::json!({
        "number": 2, "identity": "new+content", "pod": { "container": { "image": "shop/api:1.2" } }, "base": "/",
        "content": { "secret/db": "key:today" }, "sourceRevision": null, "since": "2026-11-26T08:00:00Z", "standing": { "is": "stable" },
    });
    let known = serde_json::json!({ "objects": { "deployment/shop/api": { "revisions": [revision] } } });
    let history: Arc<skiff_core::History> = Arc::new(serde_json::from_value(known).expect("a history"));
    let updated = |digest: &str| {
        let mut one = container("api", 1, "new", ContainerState::Running);
        if let Owner::Ours(labels) = &mut one.owner {
            labels.content = Some(serde_json::json!({ "secret/db": digest }).to_string());
        }
        let history = Arc::clone(&history);
        workload(&Observed { containers: vec![one], history, ..Observed::default() }, Some(1)).updated()
    };
    // What was digested with another key may be the same.
    assert_eq!(["key:today", "key:before", "other:before"].map(updated), [1, 0, 1]);
}

#[test]
fn what_went_back_is_not_up_to_date_though_it_runs_the_latest_that_there_is() {
    let revision = serde_json::json!({
        "number": 2, "identity": "declared+content", "pod": { "container": { "image": "shop/api:2" } }, "base": "/", "content": {},
        "sourceRevision": null, "since": "2026-11-26T08:00:00Z", "standing": { "is": "stable" },
    });
    let known = serde_json::json!({ "objects": { "deployment/shop/api": { "revisions": [revision] } } });
    let history = Arc::new(serde_json::from_value(known).expect("a history"));
    let containers = vec![container("api", 1, "old", ContainerState::Running)];
    let workload = workload(&Observed { containers, history, ..Observed::default() }, Some(1));
    assert_eq!((workload.updated(), workload.ready(), workload.is_ready()), (0, 1, false));
    assert_eq!(workload.image(), "shop/api:1.2", "what runs is told all the same");
}

#[test]
fn health_counts_where_there_is_a_check() {
    let with = |health| ObservedContainer { health, ..container("api", 1, "new", ContainerState::Running) };
    let verdict =
        |health| workload(&Observed { containers: vec![with(health)], ..Observed::default() }, None).verdict();
    assert_eq!(verdict(Some(Health::Starting)), Verdict::Starting);
    assert_eq!(verdict(Some(Health::Unhealthy)), Verdict::Unhealthy);
    assert_eq!(verdict(Some(Health::Healthy)), Verdict::Ready);
}

#[test]
fn a_probe_that_does_not_pass_is_shown_with_its_words() {
    let mut running = container("api", 1, "new", ContainerState::Running);
    running.detail = Some(ContainerDetail { started_at: Some(Timestamp::UNIX_EPOCH), ..ContainerDetail::default() });
    let shown = |readiness, failed, started_at| {
        let verdict = ProbeVerdict {
            started_at,
            started: true,
            passed_startup: false,
            passed_early: false,
            readiness,
            is_lost: false,
            failed,
            unproven: None,
        };
        let probes = Arc::new([(running.id.clone(), verdict)].into());
        let workload = workload(&Observed { containers: vec![running.clone()], probes, ..Observed::default() }, None);
        let complaint = workload.replicas.first().and_then(|replica| replica.complaint.clone());
        (workload.verdict(), complaint.unwrap_or_default())
    };
    let (start, since) = (Timestamp::UNIX_EPOCH, Readiness::Since(Timestamp::UNIX_EPOCH));
    let not = Readiness::Not { message: "readinessProbe: HTTP 503".to_owned() };
    let undecided = Readiness::Undecided { message: "readinessProbe: not asked yet".to_owned() };
    assert_eq!(shown(undecided, None, start), (Verdict::Unknown, "readinessProbe: not asked yet".to_owned()));
    let dying = ProbeFailure { probe: ProbeKind::Liveness, message: "connection refused".to_owned() };
    assert_eq!(shown(not.clone(), None, start), (Verdict::NotReady, "readinessProbe: HTTP 503".to_owned()));
    let dying = shown(since.clone(), Some(dying), start);
    assert_eq!(dying, (Verdict::Unhealthy, "livenessProbe: connection refused".to_owned()));
    assert_eq!(shown(since, None, start), (Verdict::Ready, String::new()));
    // A verdict on another start says nothing.
    assert_eq!(shown(not, None, Timestamp::MAX), (Verdict::Ready, String::new()));
}

#[test]
fn what_is_foreign_is_not_shown() {
    let foreign = ObservedContainer { owner: Owner::Foreign, ..container("api", 1, "new", ContainerState::Running) };
    let volume = ObservedVolume { name: "x".to_owned(), owner: Owner::Foreign };
    let observed = Observed { containers: vec![foreign], volumes: vec![volume], ..Observed::default() };
    assert_eq!(views(&observed, &BTreeMap::new()), []);
}

#[test]
fn what_runs_is_told_by_its_digest_and_by_its_id_where_it_has_none() {
    let one = |ordinal: u32, image_id: &str| ObservedContainer {
        image_id: image_id.to_owned(),
        ..container("api", ordinal, "new", ContainerState::Running)
    };
    let digests = vec!["other/api@sha256:2e".to_owned(), "shop/api@sha256:1e".to_owned()];
    let image = ObservedImage { id: "sha256:1d".to_owned(), tags: Vec::new(), digests };
    let observed = Observed {
        containers: vec![one(1, "sha256:1d"), one(2, "sha256:built")],
        images: Images::new([image]),
        ..Observed::default()
    };
    let found: Vec<String> =
        workload(&observed, None).replicas.iter().map(|replica| replica.exact_image().to_owned()).collect();
    assert_eq!(found, ["shop/api@sha256:1e", "sha256:built"]);
}

#[test]
fn an_end_with_0_completes_only_what_is_not_to_run_for_good() {
    use RestartPolicy::{Always, Never, OnFailure};
    let key = ObjectKey::new(Kind::Deployment, "shop", "api");
    let shown = |declared: Option<RestartPolicy>, engine: Option<RestartPolicy>, component| {
        let mut ended = container("api", 1, "new", ContainerState::Exited);
        let mut detail = ContainerDetail { exit_code: 0, ..ContainerDetail::default() };
        detail.in_place.restart_policy = engine.map(|engine| match engine {
            Always => EngineRestart::Always,
            OnFailure => EngineRestart::OnFailure,
            Never => EngineRestart::Never,
        });
        ended.detail = Some(detail);
        ended.owner = Owner::Ours(Box::new(OwnerLabels { component, ..labels(Kind::Deployment, "api", 1, "new") }));
        let observed = Observed { containers: vec![ended], ..Observed::default() };
        let declared = declared.map(|policy| Declared { restart_policy: Some(policy), ..Declared::default() });
        let views = views(&observed, &declared.map(|declared| (key.clone(), declared)).into_iter().collect());
        let Some(Body::Workload(workload)) = views.into_iter().next().map(|view| view.body) else { return None };
        workload.replicas.into_iter().chain(workload.others).next().map(|replica| replica.verdict)
    };
    let main = Component::Main;
    assert_eq!(shown(Some(Always), Some(Never), main), Some(Verdict::Exited(0)), "a crash loop that Skiff restarts");
    assert_eq!(shown(None, Some(Always), main), Some(Verdict::Exited(0)));
    assert_eq!(shown(Some(OnFailure), Some(OnFailure), main), Some(Verdict::Completed));
    assert_eq!(shown(Some(Never), Some(Never), main), Some(Verdict::Completed));
    assert_eq!(shown(Some(Always), Some(Never), Component::Init), Some(Verdict::Completed));
}

#[test]
fn an_init_container_of_the_declared_template_is_up_to_date() {
    let init = |hash: &str| {
        let mut container = container("api-init", 1, hash, ContainerState::Exited);
        let labels = OwnerLabels { component: Component::Init, ..labels(Kind::Deployment, "api", 1, hash) };
        container.owner = Owner::Ours(Box::new(labels));
        container
    };
    let containers = vec![container("api", 1, "new", ContainerState::Running), init("new"), init("old")];
    let workload = workload(&Observed { containers, ..Observed::default() }, Some(1));
    let updated: Vec<bool> = workload.others.iter().map(|other| other.updated).collect();
    assert_eq!(updated, [true, false]);
}
