use http_body_util::BodyExt as _;
use skiff_core::EngineError;

use super::*;
use crate::role::{Acting, StandingBy};
use crate::session::Syncer;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn watched(snapshot: Snapshot, mandate: Mandate) -> Role {
    let watched = Watched {
        snapshots: watch::channel(Arc::new(snapshot)).1,
        sources: watch::channel(Arc::default()).1,
        counts: watch::channel(Arc::default()).1,
        mandate,
    };
    Role::Acting(Box::new(Acting { watched, syncer: Syncer::default() }))
}

fn well() -> Role {
    watched(Snapshot { pass: 1, ..Snapshot::default() }, Mandate::for_good())
}

fn asked(path: &str, authorization: Option<&str>, role: &Role) -> Answer {
    let request = Request::builder().uri(path);
    let request = authorization.into_iter().fold(request, |request, value| request.header(AUTHORIZATION, value));
    let token = HookSecret::new(TOKEN.as_bytes()).expect("a token");
    answer(&request.body(()).expect("a request"), "here", Some(&token), role)
}

#[test]
fn metrics_are_for_who_bears_the_token_and_the_rest_is_for_all() {
    let status = |path, authorization: Option<&str>| asked(path, authorization, &well()).status().as_u16();
    assert_eq!(status("/metrics", Some(&format!("Bearer {TOKEN}"))), 200);
    assert_eq!(status("/metrics", Some(&format!("bearer  {TOKEN}"))), 200);
    for wrong in [None, Some("Bearer "), Some("Bearer guess"), Some(TOKEN), Some(&format!("Basic {TOKEN}"))] {
        assert_eq!(status("/metrics", wrong), 401, "{wrong:?}");
    }
    assert_eq!((status("/livez", None), status("/readyz", None), status("/", None)), (200, 200, 404));
    let answer = asked("/metrics", Some(&format!("Bearer {TOKEN}")), &well());
    let kind = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    assert_eq!(kind, Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    let open = answer_without_token("/metrics");
    assert_eq!(open.status(), StatusCode::OK, "a socket is its owner's alone");
}

fn answer_without_token(path: &str) -> Answer {
    answer(&Request::builder().uri(path).body(()).expect("a request"), "here", None, &well())
}

#[test]
fn nothing_is_changed_by_asking() {
    for method in ["POST", "PUT", "DELETE"] {
        let request = Request::builder().method(method).uri("/metrics").body(()).expect("a request");
        assert_eq!(answer(&request, "here", None, &well()).status(), StatusCode::METHOD_NOT_ALLOWED);
    }
}

#[test]
fn it_is_ready_once_it_has_looked_and_while_it_may_act_and_the_engine_answers() {
    let ready = |snapshot, mandate| asked("/readyz", None, &watched(snapshot, mandate)).status().as_u16();
    let passed = || Snapshot { pass: 1, ..Snapshot::default() };
    let away = Snapshot { engine_error: Some(EngineError::Unreachable("gone".to_owned())), ..passed() };
    assert_eq!(ready(passed(), Mandate::for_good()), 200);
    assert_eq!(ready(Snapshot::default(), Mandate::for_good()), 503);
    assert_eq!(ready(away, Mandate::for_good()), 503);
    assert_eq!(ready(passed(), Mandate::none_yet("a:1")), 503);
}

async fn words(answer: Answer) -> (u16, String) {
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

#[tokio::test]
async fn one_that_stands_by_answers_and_is_ready_where_another_one_leads() {
    let standing = |leader: Option<&str>, trouble: Option<&str>| {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Role::StandingBy(StandingBy { leader: own(leader), trouble: own(trouble) })
    };
    let ready = async |role: &Role| words(asked("/readyz", None, role)).await;
    let led = standing(Some("a:1"), None);
    assert_eq!(ready(&led).await, (200, "a:1 leads, this one stands by\n".to_owned()));
    assert_eq!(asked("/livez", None, &led).status(), StatusCode::OK);
    let (status, numbers) =
        words(answer(&Request::builder().uri("/metrics").body(()).expect("a request"), "here", None, &led)).await;
    assert_eq!(status, 200);
    for line in ["skiff_leading 0", "skiff_leader_info{leader=\"a:1\"} 1", "skiff_build_info{", "# EOF"] {
        assert!(numbers.contains(line), "no {line} in {numbers}");
    }
    assert!(!numbers.contains("skiff_engine_up"), "it has made no pass: {numbers}");
    let (status, why) = ready(&standing(Some("a:1"), Some("no engine"))).await;
    assert!(status == 503 && why.contains("not ready to: no engine"), "{why}");
    let (status, why) = ready(&standing(None, Some("etcd is away"))).await;
    assert!(status == 503 && why.contains("nobody leads") && why.contains("etcd is away"), "{why}");
    assert_eq!((ready(&standing(None, None)).await.0, ready(&Role::Beginning).await.0), (503, 503));
    assert_eq!(asked("/livez", None, &Role::Beginning).status(), StatusCode::OK);
}
