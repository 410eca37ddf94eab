//! Probes beside the loop: asked quickly at first, then a period apart; what they come to is acted on at once, and wakes nobody where
//! it changes nothing.

use std::time::Duration;

use serde_json::{Value, json};
use skiff::probe::once;
use skiff_core::{Phase, Readiness, SignedDuration};
use skiff_sim::{Answers, Passes, SimImage};

use crate::fixture::{Fixture, HOUR, dependent, deployment, key, of, slow};

fn probed(image: &str, replicas: u32, probe: &str, period: u32) -> Value {
    let mut manifest = deployment("web", replicas, image);
    let container =
        manifest.pointer_mut("/spec/template/container").and_then(Value::as_object_mut).expect("a container");
    let http = json!({ "httpGet": { "port": 8000 }, "periodSeconds": period, "failureThreshold": 2 });
    container.insert(probe.to_owned(), http);
    manifest
}

/// From now on containers of an image answer so, from their next start.
async fn answering(fixture: &Fixture, image: &'static str, ready: Passes) {
    let answers = Answers { ready, ..Answers::default() };
    let image_of = SimImage { id: format!("sha256:{image}"), local: true, answers, ..SimImage::default() };
    fixture.engine.with(move |world| world.sim.put_image(image, image_of)).await;
}

#[tokio::test(start_paused = true)]
async fn the_first_tries_come_within_milliseconds_and_later_ones_a_period_apart() {
    let mut fixture = Fixture::start(HOUR, &[probed("app:1", 1, "readinessProbe", 10)]);
    answering(&fixture, "app:1", Passes::After(SignedDuration::from_secs(1))).await;
    let ready = fixture.settled().await;
    assert!((1.0..1.8).contains(&ready), "Ready after {ready} s");
    fixture.engine.until(|world| world.seconds() > 100.0 || world.samples.len() >= 20).await;
    let samples: Vec<f64> = fixture.engine.samples("readinessProbe").await.iter().map(|call| call.at).collect();
    let gaps: Vec<f64> = samples.iter().zip(samples.iter().skip(1)).map(|(one, next)| next - one).collect();
    assert!(gaps.first().is_some_and(|gap| *gap < 0.02), "{gaps:?}");
    let late: Vec<f64> = gaps.iter().rev().take(5).map(|gap| gap.round()).collect();
    assert_eq!(late, [10.0; 5]);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_verdict_that_changes_is_acted_on_at_once() {
    let manifests = [probed("app:1", 1, "readinessProbe", 10), dependent("api", "web")];
    let fixture = Fixture::start(HOUR, &manifests);
    answering(&fixture, "app:1", Passes::After(SignedDuration::from_secs(3))).await;
    fixture.engine.called("start container shop-api").await;
    let passed = fixture.engine.samples("readinessProbe").await.last().map(|call| call.at).expect("it was asked");
    let created =
        fixture.engine.calls("create container shop-api").await.first().map(|call| call.at).expect("it was made");
    assert!(passed >= 3.0 && created - passed < 0.15, "asked at {passed}, acted on at {created}");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn answers_that_change_nothing_wake_nobody() {
    let mut fixture = Fixture::start(HOUR, &[probed("app:1", 3, "livenessProbe", 1)]);
    fixture.settled().await;
    // What the starts gave rise to is over.
    fixture.engine.until(|world| world.samples.len() > 30).await;
    let (looks, samples) = (fixture.engine.looks().await.len(), fixture.engine.samples("").await.len());
    fixture.engine.until(move |world| world.samples.len() > samples + 300).await;
    assert_eq!(fixture.engine.looks().await.len(), looks);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_liveness_failure_restarts_the_container_after_its_threshold() {
    let mut fixture = Fixture::start(HOUR, &[probed("app:1", 2, "livenessProbe", 5)]);
    fixture.settled().await;
    let began = fixture.seconds();
    assert!(fixture.engine.with(|world| world.sim.sicken("shop-web-1")).await);
    fixture.engine.called("stop container shop-web-1").await;
    let stopped = fixture.engine.calls("stop container").await.first().map_or(0.0, |call| call.at) - began;
    assert!((5.0..10.2).contains(&stopped), "after {stopped} s");
    fixture.until("restarted", |s| s.status.get(&key("web")).is_some_and(|web| web.phase == Phase::Ready)).await;
    let calls: Vec<String> = fixture.engine.calls("shop-web-1").await.into_iter().map(|call| call.what).collect();
    let restart = ["stop container shop-web-1", "start container shop-web-1"];
    assert_eq!(calls.split_at(calls.len() - 2).1, restart);
    assert!(fixture.engine.calls("stop container shop-web-2").await.is_empty());
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_rollout_waits_for_readiness_and_goes_back_to_the_period_with_a_slow_server() {
    let mut fixture = Fixture::start(HOUR, &[probed("app:1", 2, "readinessProbe", 10)]);
    fixture.settled().await;
    answering(&fixture, "app:2", Passes::After(SignedDuration::from_secs(60))).await;
    fixture.declare(&[probed("app:2", 2, "readinessProbe", 10)]);
    let began = fixture.seconds();
    let ended = fixture.settled().await - began;
    assert!((120.0..150.0).contains(&ended), "{ended} s");
    let stops: Vec<f64> = fixture.engine.calls("stop container").await.iter().map(|call| call.at - began).collect();
    assert!(stops.len() == 2 && stops.iter().all(|at| *at > 60.0), "{stops:?}");
    // Two starts of a minute each cost a few dozen tries and not thousands.
    let tries = fixture.engine.samples("readinessProbe shop-web-3").await.len();
    assert!(tries < 40, "{tries} tries");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_is_asked_one_question_at_a_time() {
    let fixture = Fixture::start(HOUR, &[probed("app:1", 1, "livenessProbe", 1)]);
    fixture.engine.with(|world| world.answer_takes = Duration::from_secs(3600)).await;
    fixture.engine.called("stop container").await;
    // Each takes the second of its time and is given up before the next.
    let samples: Vec<f64> = fixture.engine.samples("livenessProbe").await.iter().map(|call| call.at).collect();
    let mut gaps = samples.iter().zip(samples.iter().skip(1)).map(|(one, next)| next - one);
    assert!((2..=3).contains(&samples.len()) && gaps.all(|gap| gap >= 1.0), "{samples:?}");
    // What the last one left behind is handed on, so that it can be looked after.
    assert_eq!(fixture.engine.samples("after one that still runs").await.len(), samples.len() - 1);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_object_in_flight_is_probed_all_the_while() {
    let mut fixture = Fixture::start(HOUR, &[probed("app:1", 1, "readinessProbe", 1)]);
    fixture.settled().await;
    let began = fixture.engine.samples("").await.len();
    fixture.engine.rule(of("pull image", "app:1"), slow(30), 1).await;
    fixture.declare(&[probed("app:1", 2, "readinessProbe", 1)]);
    fixture.engine.called("create container shop-web-2").await;
    assert!(fixture.engine.samples("shop-web-1").await.len() >= began + 25);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_only_looks_asks_each_probe_once_and_one_failure_of_two_decides_nothing() {
    let mut manifest = probed("app:1", 2, "readinessProbe", 10);
    let container =
        manifest.pointer_mut("/spec/template/container").and_then(Value::as_object_mut).expect("a container");
    container.insert("startupProbe".to_owned(), json!({ "tcpSocket": { "port": 8000 } }));
    let mut fixture = Fixture::start(HOUR, &[manifest]);
    fixture.settled().await;
    fixture.engine.with(|world| world.sim.sicken("shop-web-2")).await;
    let snapshot = fixture.now();
    let asked = fixture.engine.samples("").await.len();
    let starts = snapshot.observed.containers.iter().filter_map(|one| one.detail.as_ref()?.started_at);
    let now = starts.max().expect("a start") + SignedDuration::from_secs(1);
    let verdicts =
        once(&*fixture.engine, &snapshot.target.desired, &snapshot.target.content, &snapshot.observed, now).await;
    let said: Vec<&Readiness> = verdicts.values().map(|verdict| &verdict.readiness).collect();
    let undecided = Readiness::Undecided { message: "readinessProbe: HTTP 503 (1 of 2 failures)".to_owned() };
    assert!(said.len() == 2 && said.contains(&&undecided), "{said:?}");
    assert!(said.iter().any(|readiness| matches!(readiness, Readiness::Since(_))), "{said:?}");
    // That both have started is remembered.
    assert_eq!(fixture.engine.samples("").await.len() - asked, 2);
    fixture.end().await;
}
