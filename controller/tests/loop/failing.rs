//! What fails is tried later and later, harms nothing else, and is tried at once when it is declared anew.

use std::time::Duration;

use crate::engine::{Call, Fate};
use crate::fixture::{Fixture, HOUR, dependent, deployment, doomed, key, of, slow};

/// The time between calls.
fn gaps(calls: &[Call]) -> Vec<f64> {
    calls.iter().zip(calls.iter().skip(1)).map(|(one, next)| next.at - one.at).collect()
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_tried_after_one_second_then_two_then_four() {
    let mut fixture = Fixture::start(Duration::from_secs(10), &[deployment("bad", 1, "app:1")]);
    fixture.engine.rule(of("start container", "bad"), doomed(Fate::Fails), 6).await;
    fixture.settled().await;
    let gaps = gaps(&fixture.engine.calls("start container").await);
    assert_eq!(gaps.len(), 6);
    for (gap, plain) in gaps.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0, 32.0]) {
        assert!((plain * 0.79..plain * 1.21 + 0.2).contains(gap), "{gap} s instead of {plain}: {gaps:?}");
    }
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn events_do_not_cut_a_back_off_short() {
    let mut fixture = Fixture::start(Duration::from_secs(10), &[deployment("bad", 1, "app:1")]);
    fixture.engine.rule(of("start container", "bad"), doomed(Fate::Fails), u32::MAX).await;
    for _ in 0..300 {
        fixture.engine.with(crate::engine::World::tell).await;
        fixture.passes(1).await;
    }
    // In half a minute and more: at 0, 1, 3, 7, 15 and perhaps 31 s.
    assert!(fixture.seconds() > 29.0, "{} s", fixture.seconds());
    let starts = fixture.engine.calls("start container").await;
    assert!((4..=6).contains(&starts.len()), "{starts:?}");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_broken_object_does_not_slow_a_healthy_one() {
    let manifests = [deployment("bad", 1, "app:1"), deployment("web", 1, "app:1")];
    let mut fixture = Fixture::start(HOUR, &manifests);
    fixture.engine.rule(of("start container", "bad"), doomed(Fate::Fails), u32::MAX).await;
    fixture.until("four failures", |s| s.observed.failures.latest(&key("bad")).is_some_and(|f| f.attempts > 3)).await;
    let began = fixture.seconds();
    assert!(fixture.engine.with(|world| world.sim.remove_by_hand("shop-web-1")).await);
    fixture.until("it gone", |s| s.status.get(&key("web")).is_some_and(|web| web.ready == 0)).await;
    fixture.until("it back", |s| s.status.get(&key("web")).is_some_and(|web| web.ready == 1)).await;
    assert!(fixture.seconds() - began < 0.6, "{} s", fixture.seconds() - began);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_changed_template_is_tried_at_once() {
    let mut fixture = Fixture::start(HOUR, &[deployment("bad", 1, "app:1")]);
    fixture.engine.rule(of("create container", "bad"), doomed(Fate::Fails), 5).await;
    fixture.until("five failures", |s| s.observed.failures.latest(&key("bad")).is_some_and(|f| f.attempts == 5)).await;
    let began = fixture.seconds();
    fixture.declare(&[deployment("bad", 1, "app:2")]);
    assert!(fixture.settled().await - began < 1.0);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_dependent_waits_for_success_and_not_for_the_end_of_a_step() {
    let mut fixture = Fixture::start(HOUR, &[deployment("db", 1, "app:1"), dependent("web", "db")]);
    fixture.engine.rule(of("start container", "db"), doomed(Fate::Fails), 3).await;
    fixture.settled().await;
    let (db, web) =
        (fixture.engine.calls("start container shop-db").await, fixture.engine.calls("start container shop-web").await);
    assert_eq!((db.len(), web.len()), (4, 1));
    let (db, web) = (db.last().map(|call| call.at), web.first().map(|call| call.at));
    assert!(web > db, "{web:?} after {db:?}");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_answers_looks_but_no_calls_is_not_stormed() {
    let mut fixture = Fixture::start(Duration::from_secs(10), &[deployment("web", 1, "app:1")]);
    fixture.engine.rule(of("create container", "web"), doomed(Fate::Unreachable), 20).await;
    fixture.settled().await;
    let gaps = gaps(&fixture.engine.calls("create container").await);
    // It is the engine's failure, not the object's: the wait does not grow.
    assert!(gaps.len() == 20 && gaps.iter().all(|gap| (0.79..1.5).contains(gap)), "{gaps:?}");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_step_that_panics_frees_its_object_and_counts_as_a_failure() {
    let manifests = [deployment("slow", 1, "app:2"), deployment("web", 1, "app:1")];
    let mut fixture = Fixture::start(HOUR, &manifests);
    fixture.engine.rule(of("pull image", "app:2"), slow(600), 1).await;
    fixture.engine.rule(of("start container", "web"), doomed(Fate::Panics), 2).await;
    fixture.until("it up", |s| s.status.get(&key("web")).is_some_and(|web| web.ready == 1)).await;
    assert!((2.3..5.0).contains(&fixture.seconds()), "{} s", fixture.seconds());
    assert_eq!(fixture.engine.calls("start container shop-web").await.len(), 3);
    fixture.settled().await;
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_long_ago_is_forgotten() {
    let manifests = [deployment("bad", 1, "app:1"), deployment("web", 1, "app:1")];
    let mut fixture = Fixture::start(Duration::from_secs(60), &manifests);
    fixture.engine.rule(of("start container", "bad"), doomed(Fate::Fails), 2).await;
    fixture.settled().await;
    assert_eq!((fixture.now().observed.failures.is_empty(), fixture.now().observed.has_run.len()), (false, 2));
    fixture.declare(&[deployment("web", 1, "app:1")]);
    let later = fixture.passes(30).await;
    assert!(later.observed.failures.is_empty() && later.observed.has_run.keys().eq([&key("web")]), "{later:?}");
    fixture.end().await;
}
