//! What is under way: it delays nothing else, is left alone until it ends, and is looked at afresh before it is planned again.

use std::time::Duration;

use skiff::controller::Snapshot;

use crate::fixture::{Fixture, HOUR, dependent, deployment, key, of, slow};

#[tokio::test(start_paused = true)]
async fn a_pull_of_ten_minutes_delays_no_other_object() {
    let mut fixture = Fixture::start(HOUR, &[deployment("big", 1, "app:2"), deployment("web", 1, "app:1")]);
    fixture.engine.rule(of("pull image", "app:2"), slow(600), 1).await;
    fixture.until("web up", |s| s.status.get(&key("web")).is_some_and(|web| web.ready == 1)).await;
    assert!(fixture.seconds() < 1.0);
    fixture.declare(&[deployment("big", 1, "app:2"), deployment("web", 3, "app:1"), deployment("new", 1, "app:1")]);
    fixture.until("new up", |s| s.status.get(&key("new")).is_some_and(|new| new.ready == 1)).await;
    fixture.until("web scaled", |s| s.status.get(&key("web")).is_some_and(|web| web.ready == 3)).await;
    assert!(fixture.seconds() < 3.0 && fixture.now().observed.in_flight.contains(&key("big")));
    assert!((600.0..602.0).contains(&fixture.settled().await));
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_pull_is_given_up_when_the_manifest_is_corrected_and_the_right_image_comes_at_once() {
    let mut fixture = Fixture::start(HOUR, &[deployment("web", 1, "app:2"), deployment("db", 1, "app:1")]);
    fixture.engine.rule(of("pull image", "app:2"), slow(600), 10).await;
    fixture.engine.called("pull image app:2").await;
    fixture.declare(&[deployment("web", 1, "app:1"), deployment("db", 1, "app:1")]);
    assert!(fixture.settled().await < 2.0, "{} s", fixture.seconds());
    assert!(fixture.now().observed.failures.is_empty(), "to be given up is no failure");
    let (pulls, creates) = (
        fixture.engine.calls("pull image app:2").await.len(),
        fixture.engine.calls("create container shop-web").await.len(),
    );
    assert_eq!((pulls, creates), (1, 1));
    assert_eq!(fixture.images().await, ["app:1", "app:1"]);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_pull_is_given_up_when_its_object_leaves_and_what_waits_for_it_is_planned_anew() {
    let mut fixture = Fixture::start(HOUR, &[deployment("db", 1, "app:2"), dependent("web", "db")]);
    fixture.engine.rule(of("pull image", "app:2"), slow(600), 10).await;
    fixture.engine.called("pull image app:2").await;
    fixture.declare(&[deployment("web", 1, "app:1")]);
    assert!(fixture.settled().await < 2.0, "{} s", fixture.seconds());
    assert_eq!(fixture.images().await, ["app:1"]);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_the_pull_of_another_object_is_planned_anew_when_it_changes_and_the_pull_goes_on() {
    let mut fixture = Fixture::start(HOUR, &[deployment("db", 1, "app:2"), dependent("web", "db")]);
    fixture.engine.rule(of("pull image", "app:2"), slow(600), 1).await;
    let flying = |names: &'static [&'static str]| {
        move |s: &Snapshot| s.observed.in_flight.iter().map(|object| object.name.as_str()).eq(names.iter().copied())
    };
    fixture.until("both in flight", flying(&["db", "web"])).await;
    let mut web = dependent("web", "db");
    *web.pointer_mut("/spec/template/container/image").expect("an image") = "app:2".into();
    fixture.declare(&[deployment("db", 1, "app:2"), web]);
    fixture.until("one free", flying(&["db"])).await;
    assert!(fixture.seconds() < 2.0, "{} s", fixture.seconds());
    assert!((600.0..603.0).contains(&fixture.settled().await));
    assert_eq!(fixture.engine.calls("pull image").await.len(), 2);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_pull_goes_on_when_only_the_number_of_replicas_changes() {
    let mut fixture = Fixture::start(Duration::from_secs(10), &[deployment("web", 1, "app:2")]);
    fixture.engine.rule(of("pull image", "app:2"), slow(60), 1).await;
    fixture.engine.called("pull image app:2").await;
    fixture.declare(&[deployment("web", 3, "app:2")]);
    let later = fixture.passes(3).await;
    assert!(later.observed.in_flight.contains(&key("web")));
    assert!((60.0..75.0).contains(&fixture.settled().await));
    assert_eq!(fixture.images().await, ["app:2"; 3]);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_stop_delays_no_other_object() {
    let mut fixture = Fixture::start(HOUR, &[deployment("old", 1, "app:1"), deployment("web", 1, "app:1")]);
    fixture.settled().await;
    let began = fixture.seconds();
    fixture.engine.rule(of("stop container", "old"), slow(600), 1).await;
    fixture.declare(&[deployment("web", 1, "app:2")]);
    fixture
        .until("web replaced", |s| {
            s.status.get(&key("web")).is_some_and(|web| web.ready == 1 && web.updated == 1 && web.current == 1)
        })
        .await;
    assert!(fixture.seconds() - began < 3.0);
    assert!((600.0..602.0).contains(&(fixture.settled().await - began)));
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_object_in_flight_is_left_alone_when_its_target_changes_and_then_planned_anew() {
    let mut fixture = Fixture::start(Duration::from_secs(10), &[deployment("web", 1, "app:1")]);
    fixture.engine.rule(of("create container", "web"), slow(30), 1).await;
    fixture.until("a plan", |snapshot| !snapshot.plan.steps.is_empty()).await;
    fixture.declare(&[deployment("web", 1, "app:2")]);
    let passes = fixture.passes(2).await;
    assert!(passes.plan.steps.is_empty() && passes.observed.in_flight.contains(&key("web")));
    assert!((30.0..35.0).contains(&fixture.settled().await));
    assert_eq!(fixture.images().await, ["app:2"]);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_ended_while_it_looked_is_not_planned_on_what_it_saw() {
    let mut fixture = Fixture::start(HOUR, &[deployment("web", 1, "app:1"), deployment("slow", 1, "app:2")]);
    // Each look is answered late, with what was there when it was asked; the create ends in the middle of one.
    fixture.engine.with(|world| world.look_takes = Duration::from_secs(2)).await;
    fixture.engine.rule(of("create container", "web"), slow(3), 1).await;
    fixture.engine.rule(of("pull image", "app:2"), slow(1), 1).await;
    fixture.settled().await;
    let creates = fixture.engine.calls("create container shop-web").await;
    let starts = fixture.engine.calls("start container shop-web").await;
    assert_eq!((creates.len(), starts.len()), (1, 1), "{creates:?} {starts:?}");
    fixture.end().await;
}
