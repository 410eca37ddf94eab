//! An engine that does not answer, or answers nonsense: nothing is decided, what was seen is kept, and it is asked less and less.

use std::time::Duration;

use skiff::engine::Wake;

use crate::fixture::{Fixture, HOUR, deployment};

#[tokio::test(start_paused = true)]
async fn while_the_engine_is_away_nothing_is_decided_and_it_is_asked_less_and_less() {
    let mut fixture = Fixture::start(HOUR, &[deployment("web", 2, "app:1")]);
    fixture.settled().await;
    let (calls, before) = (fixture.engine.calls("").await, fixture.now());
    fixture.engine.with(|world| (world.is_mute, world.looks) = (true, Vec::new())).await;
    fixture.engine.with(|world| world.sim.set_down(true)).await;
    fixture.wakes.send(Wake::Reconnected).await.expect("the loop listens");
    let during = fixture.until("an error", |snapshot| snapshot.engine_error.is_some()).await;
    assert_eq!((during.pass, &during.observed, &during.plan), (before.pass, &before.observed, &before.plan));
    // Events go on to come in all the while.
    let storm = fixture.storm(Duration::from_millis(50));
    fixture.engine.looked(8).await;
    storm.abort();
    let looks = fixture.engine.looks().await;
    let gaps: Vec<f64> = looks.iter().zip(looks.iter().skip(1)).map(|(one, next)| (next - one).round()).collect();
    assert_eq!(gaps.get(..7), Some(&[1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0][..]), "{gaps:?}");
    assert_eq!(fixture.engine.calls("").await, calls);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_events_that_breaks_again_and_again_does_not_begin_the_back_off_anew() {
    let mut fixture = Fixture::start(HOUR, &[deployment("web", 1, "app:1")]);
    fixture.settled().await;
    fixture.engine.with(|world| (world.is_mute, world.looks) = (true, Vec::new())).await;
    fixture.engine.with(|world| world.sim.set_down(true)).await;
    for broken in 1..=6 {
        fixture.wakes.send(Wake::Reconnected).await.expect("the loop listens");
        fixture.engine.looked(broken).await;
    }
    let sixth = fixture.engine.looked(6).await;
    let seventh = fixture.engine.looked(7).await;
    assert!(seventh - sixth > 25.0, "asked again after {} s", seventh - sixth);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn when_the_engine_is_back_it_looks_at_once_and_heals_without_a_storm() {
    let mut fixture = Fixture::start(HOUR, &[deployment("web", 2, "app:1")]);
    fixture.settled().await;
    let calls = fixture.engine.calls("").await.len();
    fixture.engine.with(|world| (world.is_mute, world.looks) = (true, Vec::new())).await;
    fixture.engine.with(|world| world.sim.set_down(true)).await;
    fixture.wakes.send(Wake::Reconnected).await.expect("the loop listens");
    fixture.engine.looked(8).await;
    fixture.engine.with(|world| world.sim.set_down(false)).await;
    assert!(fixture.engine.with(|world| world.sim.remove_by_hand("shop-web-1")).await);
    let back = fixture.seconds();
    fixture.wakes.send(Wake::Reconnected).await.expect("the loop listens");
    fixture.until("an answer", |snapshot| snapshot.engine_error.is_none()).await;
    assert!(fixture.seconds() - back < 0.2);
    assert!(fixture.settled().await - back < 1.0);
    // Pull, create, start: nothing else was amiss.
    assert!(fixture.engine.calls("").await.len() - calls <= 4, "{:?}", fixture.engine.calls("").await);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_comes_back_from_a_crash_with_less_than_it_had_is_healed_by_a_tick() {
    let mut fixture = Fixture::start(Duration::from_secs(10), &[deployment("web", 2, "app:1")]);
    fixture.settled().await;
    let before = fixture.now();
    fixture.engine.with(|world| (world.is_mute, ()) = (true, world.sim.set_down(true))).await;
    let during = fixture.until("an error", |snapshot| snapshot.engine_error.is_some()).await;
    assert_eq!((&during.observed, &during.plan), (&before.observed, &before.plan));
    let changed = fixture.engine.with(|world| {
        world.sim.restart_engine(true);
        let removed = world.sim.remove_by_hand("shop-web-2");
        world.sim.set_down(false);
        removed
    });
    assert!(changed.await);
    let up = |snapshot: &skiff::controller::Snapshot| {
        let containers = snapshot.observed.containers.iter();
        containers.filter(|container| container.state == skiff_core::ContainerState::Running).count()
    };
    fixture.until("one left", |snapshot| snapshot.engine_error.is_none() && up(snapshot) == 1).await;
    fixture.settled().await;
    assert_eq!(up(&fixture.now()), 2);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_read_removes_and_makes_nothing() {
    let mut fixture = Fixture::start(HOUR, &[deployment("web", 2, "app:1")]);
    fixture.settled().await;
    let (calls, before) = (fixture.engine.calls("").await, fixture.now());
    fixture.engine.with(|world| world.garbled = true).await;
    fixture.wakes.send(Wake::Reconnected).await.expect("the loop listens");
    let garbled = fixture.until("an error", |snapshot| snapshot.engine_error.is_some()).await;
    assert_eq!(garbled.observed, before.observed);
    let after = fixture.until("an answer", |snapshot| snapshot.engine_error.is_none()).await;
    assert!(after.plan.is_settled() && after.observed.containers.len() == 2);
    assert_eq!(fixture.engine.calls("").await, calls);
    fixture.end().await;
}
