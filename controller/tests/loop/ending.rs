//! The end: what has begun is brought to its end, within bounds; nothing else begins; what runs is left running.

use skiff_core::Action;
use skiff_sim::DockerRestart;

use crate::fixture::{Fixture, HOUR, deployment, of, slow};

/// A loop with a replica that runs and whose restarts are Skiff's, as it ended three times.
async fn with_crash_loop() -> Fixture {
    let mut fixture = Fixture::start(HOUR, &[deployment("web", 1, "app:1")]);
    fixture.settled().await;
    for exits in 1..=3 {
        assert!(fixture.engine.with(|world| world.sim.kill_from_host("shop-web-1")).await);
        let has_ended = move |crash: &skiff_core::Crash| crash.exits >= exits;
        fixture.until("an end", |snapshot| snapshot.observed.crashes.values().any(has_ended)).await;
        fixture.settled().await;
    }
    assert_eq!(policy(&fixture.engine).await, Some(DockerRestart::No));
    fixture
}

async fn policy(engine: &crate::engine::LoopEngine) -> Option<DockerRestart> {
    engine.with(|world| world.sim.container("shop-web-1").map(|container| container.restart)).await
}

fn is_update(action: &Action) -> bool {
    action.verb() == "update container"
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_is_left_to_docker() {
    let engine = with_crash_loop().await.end().await;
    assert_eq!(policy(&engine).await, Some(DockerRestart::Always));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_hangs_keeps_it_from_ending_for_five_seconds() {
    let fixture = with_crash_loop().await;
    fixture.engine.rule(is_update, slow(600), 1).await;
    let began = tokio::time::Instant::now();
    fixture.end().await;
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn what_another_controller_may_act_on_by_now_is_left_alone() {
    let fixture = with_crash_loop().await;
    fixture.mandate.end();
    let engine = fixture.end().await;
    assert_eq!(policy(&engine).await, Some(DockerRestart::No));
}

#[tokio::test(start_paused = true)]
async fn what_has_begun_is_ended_and_nothing_else_begins() {
    let mut fixture = Fixture::start(HOUR, &[deployment("web", 1, "app:1")]);
    fixture.settled().await;
    fixture.engine.rule(of("create container", "new"), slow(5), 1).await;
    fixture.declare(&[deployment("web", 1, "app:1"), deployment("new", 1, "app:1")]);
    fixture.engine.called("create container shop-new").await;
    let began = tokio::time::Instant::now();
    let engine = fixture.end().await;
    assert!((4..=5).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    assert!(engine.calls("start container shop-new").await.is_empty());
    let there = engine.with(|world| {
        let is_up = |name: &str| world.sim.container(name).map(skiff_sim::SimContainer::is_up);
        (is_up("shop-web-1"), is_up("shop-new-1"))
    });
    assert_eq!(there.await, (Some(true), Some(false)));
}

#[tokio::test(start_paused = true)]
async fn it_waits_ten_seconds_for_the_last_actions_and_no_longer() {
    let fixture = Fixture::start(HOUR, &[deployment("web", 1, "app:1")]);
    fixture.engine.rule(of("pull image", "app:1"), slow(600), 1).await;
    fixture.engine.called("pull image").await;
    let began = tokio::time::Instant::now();
    fixture.end().await;
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_room_does_not_begin_after_the_end() {
    let names: Vec<String> = (0..20).map(|index| format!("web{index}")).collect();
    let manifests: Vec<_> = names.iter().map(|name| deployment(name, 1, "app:1")).collect();
    let fixture = Fixture::start(HOUR, &manifests);
    fixture.engine.rule(of("create container", ""), slow(5), 100).await;
    let begun = |world: &crate::engine::World| {
        world.calls.iter().filter(|call| call.what.starts_with("create container")).count()
    };
    fixture.engine.until(move |world| begun(world) == 8).await;
    let engine = fixture.end().await;
    let creates = engine.calls("create container").await;
    assert_eq!(creates.len(), 8, "{creates:?}");
}
