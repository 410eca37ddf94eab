//! The loop on the simulated engine, on a paused clock: what it does of itself, and what it survives.

#[path = "support/sim.rs"]
mod sim;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sim::SimHost;
use skiff::clock::Clock;
use skiff::controller::{Controller, Settings, Snapshot, Target, Wiring};
use skiff::engine::Engine;
use skiff_api::{Deployment, Instance, Object, ObjectKey};
use skiff_core::{
    Archive, CompileInput, ContainerState, DeclaredObject, DigestKey, History, Intent, SourceState, compile,
};
use skiff_sim::{SimEngine, SimImage};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

type Tested = Result<(), Box<dyn Error>>;

/// A running loop, and who feeds it.
struct House {
    host: Arc<SimHost>,
    target: watch::Sender<Arc<Target>>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    cancel: CancellationToken,
}

impl House {
    /// A loop over an engine that has the image, whose events are heard or not.
    fn open(heard: bool) -> Self {
        let clock = Clock::tokio();
        let mut engine = SimEngine::new(clock.now());
        for image in ["web:1", "web:2"] {
            engine.put_image(image, SimImage { id: format!("sha256:{image}"), stop_code: 137, ..SimImage::default() });
        }
        let host = SimHost::spawn(engine, clock.clone(), Duration::from_millis(50));
        let (target, targets) = watch::channel(Arc::default());
        let (wake, wakes) = mpsc::channel(16);
        let (seen, snapshots) = watch::channel(Arc::default());
        let settings = Settings { instance: Instance::default(), tick: Duration::from_secs(10), clock };
        let wiring = Wiring {
            target: targets,
            wakes,
            snapshots: seen,
            reports: None,
            notes: None,
            asked: mpsc::channel(1).1,
            history: History::default(),
        };
        let cancel = CancellationToken::new();
        tokio::spawn(Controller::new(Arc::clone(&host), settings, wiring).run(cancel.clone()));
        if heard {
            tokio::spawn(Arc::clone(&host).watch(Instance::default(), wake));
        } else {
            // Kept open, and silent.
            tokio::spawn(async move { wake.closed().await });
        }
        Self { host, target, snapshots, cancel }
    }

    fn declare(&self, image: &str, replicas: u32) -> Tested {
        self.target.send_replace(Arc::new(target(image, replicas)?));
        Ok(())
    }

    /// Waits until what the loop publishes is as wanted.
    async fn until(&mut self, wanted: impl FnMut(&Arc<Snapshot>) -> bool) -> Tested {
        tokio::time::timeout(Duration::from_secs(120), self.snapshots.wait_for(wanted)).await??;
        Ok(())
    }

    async fn until_running(&mut self, replicas: usize) -> Tested {
        // What is in flight is left alone, and not settled.
        let rests = |snapshot: &Snapshot| snapshot.observed.in_flight.is_empty() && snapshot.plan.is_settled();
        self.until(|snapshot| rests(snapshot) && running(snapshot) == replicas).await
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

fn running(snapshot: &Snapshot) -> usize {
    snapshot.observed.containers.iter().filter(|container| container.state == ContainerState::Running).count()
}

fn target(image: &str, replicas: u32) -> Result<Target, Box<dyn Error>> {
    let deployment: Deployment = serde_json::from_value(json!({
        "metadata": { "name": "web", "namespace": "shop" },
        "spec": { "replicas": replicas, "minReadySeconds": 0, "template": { "container": { "image": image } } },
    }))?;
    let object = Object::Deployment(deployment);
    let key: ObjectKey = object.key();
    let declared = DeclaredObject { object, source: "shop".to_owned(), source_revision: None, base: "/srv".to_owned() };
    let (desired, content) = compile(&CompileInput {
        instance: &Instance::default(),
        intent: Intent::Run,
        objects: &BTreeMap::from([(key, declared)]),
        sources: &BTreeMap::from([("shop".to_owned(), SourceState::default())]),
        host_files: &BTreeMap::new(),
        digest_key: &DigestKey::new([1; 32]),
        departed: &BTreeMap::new(),
        claimed: &BTreeSet::new(),
        history: &History::default(),
        archive: &Archive::default(),
    });
    Ok(Target { desired, content: Arc::new(content) })
}

#[tokio::test(start_paused = true)]
async fn what_is_declared_runs_and_follows_the_manifest() -> Tested {
    let mut house = House::open(true);
    house.declare("web:1", 3)?;
    house.until_running(3).await?;
    house.declare("web:2", 1)?;
    house.until_running(1).await?;
    let images = house.host.with(|engine| engine.containers().map(|one| one.image.clone()).collect::<Vec<_>>()).await;
    assert_eq!(images, ["web:2"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_removed_by_hand_comes_back_by_an_event_and_without_one() -> Tested {
    for heard in [true, false] {
        let mut house = House::open(heard);
        house.declare("web:1", 2)?;
        house.until_running(2).await?;
        assert!(house.host.with(|engine| engine.remove_by_hand("shop-web-1")).await);
        house.until(|snapshot| running(snapshot) == 1).await?;
        house.until_running(2).await?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_goes_away_is_survived_and_nothing_is_decided_meanwhile() -> Tested {
    let mut house = House::open(true);
    house.declare("web:1", 2)?;
    house.until_running(2).await?;
    house.host.with(|engine| engine.set_down(true)).await;
    house.until(|snapshot| snapshot.engine_error.is_some()).await?;
    house
        .host
        .with(|engine| {
            engine.restart_engine(true);
            engine.remove_by_hand("shop-web-2");
            engine.set_down(false);
        })
        .await;
    house.until(|snapshot| snapshot.engine_error.is_none() && running(snapshot) == 1).await?;
    house.until_running(2).await
}
