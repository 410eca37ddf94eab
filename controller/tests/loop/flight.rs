//! What is under way: it delays nothing else, is left alone until it ends, and is looked at afresh before it is planned again.

use std::time::Duration;

use crate::fixture::{Fixture, HOUR, deployment, key, of, slow};

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
    let images = fixture.engine.with(|world| {
        world
            .sim
            .containers()
            .filter(|container| container.is_up())
            .map(|container| container.image.clone())
            .collect::<Vec<_>>()
    });
    assert_eq!(images.await, ["app:2"]);
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
