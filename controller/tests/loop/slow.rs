//! An engine that answers slowly: what was seen is judged by when it was asked for.

use std::time::Duration;

use serde_json::json;
use skiff_core::SignedDuration;
use skiff_sim::{Program, SimImage};

use crate::fixture::{Fixture, deployment};

/// A replica that needs to live for two seconds, and what an image that lives for less does to it.
#[tokio::test(start_paused = true)]
async fn what_never_lives_long_enough_takes_nothing_down_though_answers_are_late() {
    let version = |image: &str| {
        let mut manifest = deployment("web", 1, image);
        if let Some(spec) = manifest.get_mut("spec").and_then(serde_json::Value::as_object_mut) {
            spec.insert("minReadySeconds".to_owned(), json!(2));
        }
        manifest
    };
    let mut fixture = Fixture::start(Duration::from_secs(1), &[version("app:1")]);
    fixture.settled().await;
    let program = Program::Exits { after: SignedDuration::from_millis(1600), code: 3 };
    let short = SimImage { id: "sha256:short".to_owned(), program, ..SimImage::default() };
    fixture.engine.with(move |world| world.sim.put_image("short:1", short)).await;
    fixture.engine.with(|world| world.look_takes = Duration::from_secs(1)).await;
    fixture.declare(&[version("short:1")]);
    fixture.engine.called("start container").await;
    fixture.passes(30).await;
    let calls = fixture.engine.calls("").await;
    let gone = calls.iter().find(|call| call.what == "stop container shop-web-1");
    assert_eq!(gone, None, "{calls:?}");
    fixture.end().await;
}
