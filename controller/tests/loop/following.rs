//! Tags beside the loop: asked by their interval, an answer that is news wakes it, and what hangs keeps nobody.

use std::time::Duration;

use serde_json::{Value, json};
use skiff_sim::{Pull, SimImage};

use crate::fixture::{Fixture, HOUR, deployment};

fn following(name: &str, image: &str) -> Value {
    let mut manifest = deployment(name, 2, image);
    if let Some(spec) = manifest.pointer_mut("/spec").and_then(Value::as_object_mut) {
        spec.insert("imageUpdate".to_owned(), json!({ "policy": "Digest", "interval": "1m" }));
    }
    manifest
}

async fn moved(fixture: &Fixture, image: &'static str, id: &'static str) {
    let to = SimImage { id: id.to_owned(), ..SimImage::default() };
    fixture.engine.with(move |world| world.sim.move_tag(image, to)).await;
}

#[tokio::test(start_paused = true)]
async fn a_registry_is_asked_by_its_interval_and_what_has_moved_rolls_out_at_once() {
    let mut fixture = Fixture::start(10 * HOUR, &[following("web", "app:1")]);
    fixture.settled().await;
    fixture.engine.until(|world| world.registry.len() >= 3).await;
    moved(&fixture, "app:1", "sha256:moved").await;
    let began = fixture.seconds();
    fixture.engine.called("pull image app:1@sha256:moved").await;
    let took = fixture.seconds() - began;
    assert!(took < 61.0, "{took} s");
    fixture.settled().await;
    assert_eq!(fixture.images().await, ["app:1@sha256:moved"; 2]);
    let asked: Vec<f64> =
        fixture.engine.with(|world| world.registry.iter().map(|call| call.at.round()).collect()).await;
    let gaps: Vec<f64> = asked.iter().zip(asked.iter().skip(1)).map(|(one, next)| next - one).collect();
    assert!(gaps.iter().all(|gap| (*gap - 60.0).abs() < 1.5), "{gaps:?}");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_no_news_wake_nobody() {
    let mut fixture = Fixture::start(10 * HOUR, &[following("web", "app:1")]);
    fixture.settled().await;
    fixture.engine.until(|world| world.registry.len() >= 2).await;
    let looks = fixture.engine.looks().await.len();
    fixture.engine.until(|world| world.registry.len() >= 20).await;
    assert_eq!(fixture.engine.looks().await.len(), looks);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_hangs_or_is_away_keeps_nobody() {
    let mut fixture = Fixture::start(10 * HOUR, &[following("web", "app:1"), following("api", "app:2")]);
    fixture.engine.with(|world| world.registry_takes = Duration::from_secs(3600)).await;
    fixture.engine.with(|world| world.sim.set_image("app:2", true, Pull::Fails)).await;
    assert!(fixture.settled().await < 10.0, "they run");
    fixture.declare(&[deployment("web", 3, "app:1"), following("api", "app:2")]);
    assert!(fixture.settled().await < 20.0, "and are changed");
    assert!(fixture.images().await.iter().all(|image| !image.contains('@')));
    fixture.end().await;
}
