//! What wakes the loop: events, ticks and changes, each enough by itself, none so many that it does nothing else.

use std::time::Duration;

use skiff::engine::Wake;

use crate::engine::{Fate, Manner};
use crate::fixture::{Fixture, HOUR, deployment, of};

#[tokio::test(start_paused = true)]
async fn a_fresh_target_comes_up_and_then_nothing_more_is_done() {
    let mut fixture = Fixture::start(Duration::from_secs(10), &[deployment("web", 3, "app:1")]);
    assert!(fixture.settled().await < 2.0);
    let calls = fixture.engine.calls("").await;
    assert_eq!(calls.iter().filter(|call| call.what.starts_with("start container")).count(), 3);
    let later = fixture.passes(20).await;
    assert!(later.plan.is_settled());
    assert_eq!(fixture.engine.calls("").await, calls);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_wakes_it_at_once() {
    let mut fixture = Fixture::start(HOUR, &[deployment("web", 1, "app:1")]);
    fixture.settled().await;
    let began = fixture.seconds();
    assert!(fixture.engine.with(|world| world.sim.remove_by_hand("shop-web-1")).await);
    fixture.until("a plan to heal", |snapshot| !snapshot.plan.steps.is_empty()).await;
    assert!(fixture.seconds() - began < 0.15, "{} s", fixture.seconds() - began);
    assert!(fixture.settled().await - began < 1.0);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_tick_alone_heals() {
    let mut fixture = Fixture::start(Duration::from_secs(10), &[deployment("web", 1, "app:1")]);
    fixture.settled().await;
    let began = fixture.seconds();
    fixture.engine.with(|world| world.is_mute = true).await;
    assert!(fixture.engine.with(|world| world.sim.remove_by_hand("shop-web-1")).await);
    fixture.until("a plan to heal", |snapshot| !snapshot.plan.steps.is_empty()).await;
    assert!(fixture.settled().await - began < 11.0);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_changed_target_wakes_it() {
    let mut fixture = Fixture::start(HOUR, &[deployment("web", 1, "app:1")]);
    let began = fixture.settled().await;
    fixture.declare(&[deployment("web", 2, "app:1")]);
    assert!(fixture.settled().await - began < 1.0);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn it_follows_the_manifest_to_another_image_and_fewer_replicas() {
    let mut fixture = Fixture::start(Duration::from_secs(10), &[deployment("web", 3, "app:1")]);
    fixture.settled().await;
    fixture.declare(&[deployment("web", 1, "app:2")]);
    fixture.settled().await;
    let left = fixture.engine.with(|world| {
        world.sim.containers().map(|container| (container.image.clone(), container.is_up())).collect::<Vec<_>>()
    });
    assert_eq!(left.await, [("app:2".to_owned(), true)]);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_events_costs_few_passes() {
    let mut fixture = Fixture::start(HOUR, &[deployment("web", 1, "app:1")]);
    fixture.settled().await;
    let (before, began) = (fixture.engine.looks().await.len(), fixture.seconds());
    for _ in 0..5_000 {
        let wake = Wake::Event { action: "die".to_owned(), name: "other".to_owned() };
        fixture.wakes.send(wake).await.expect("the loop listens");
    }
    fixture.passes(1).await;
    let passes = fixture.engine.looks().await.len() - before;
    let allowed = 2.0 + (fixture.seconds() - began) / 0.1;
    assert!(f64::from(u32::try_from(passes).unwrap_or(u32::MAX)) <= allowed, "{passes} passes");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn events_without_end_do_not_keep_it_from_healing() {
    let mut fixture = Fixture::start(HOUR, &[deployment("web", 1, "app:1")]);
    fixture.settled().await;
    let storm = fixture.storm(Duration::from_millis(1));
    let (before, began) = (fixture.engine.looks().await.len(), fixture.seconds());
    assert!(fixture.engine.with(|world| world.sim.remove_by_hand("shop-web-1")).await);
    fixture.until("a plan to heal", |snapshot| !snapshot.plan.steps.is_empty()).await;
    assert!(fixture.seconds() - began < 0.2);
    fixture.passes(50).await;
    let (passes, seconds) = (fixture.engine.looks().await.len() - before, fixture.seconds() - began);
    assert!(f64::from(u32::try_from(passes).unwrap_or(u32::MAX)) <= 2.0 + seconds / 0.1, "{passes} in {seconds} s");
    storm.abort();
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn progress_without_end_does_not_keep_it_from_looking() {
    let manifests = [deployment("web", 1, "app:1")];
    let mut fixture = Fixture::start(HOUR, &manifests);
    fixture.settled().await;
    let chatters = Manner { takes: Duration::from_secs(1), fate: Fate::Chatters };
    fixture.engine.rule(of("pull image", "app:2"), chatters, 3).await;
    // Together they tell more than the loop hears in one turn.
    let chatty = ["one", "two", "three"].map(|name| deployment(name, 1, "app:2"));
    fixture.declare(&[&manifests[..], &chatty[..]].concat());
    fixture.engine.called("pull image app:2").await;
    // Its call tells of its progress as fast as it can, so the clock stands: a pass happens only where one that is due comes before
    // what is heard.
    fixture.engine.with(|world| world.look_takes = Duration::ZERO).await;
    fixture.engine.until_it_chatters().await;
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    let pass = fixture.now().pass;
    fixture.wakes.send(Wake::Reconnected).await.expect("the loop listens");
    fixture.until("a pass", |snapshot| snapshot.pass > pass).await;
    assert!(fixture.engine.is_chattering(), "it looked only after the pull");
    fixture.settled().await;
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_rollout_does_not_rest_between_its_steps() {
    let mut fixture = Fixture::start(HOUR, &[deployment("web", 3, "app:1")]);
    fixture.settled().await;
    fixture.declare(&[deployment("web", 3, "app:2")]);
    fixture.settled().await;
    let stops = fixture.engine.calls("stop container").await;
    let starts = fixture.engine.calls("start container").await;
    let gaps: Vec<f64> = stops
        .iter()
        .filter_map(|stop| starts.iter().rev().find(|start| start.at <= stop.at).map(|start| stop.at - start.at))
        .collect();
    assert!(gaps.len() == 3 && gaps.iter().all(|gap| *gap < 0.05), "{gaps:?}");
    fixture.end().await;
}
