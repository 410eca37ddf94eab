//! A loop over a simulated engine on a paused clock: manifests as JSON in, snapshots out, and the sentences that hold of all of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use skiff::clock::Clock;
use skiff::controller::{Asked, Controller, Settings, Snapshot, Target, Wiring};
use skiff::engine::Wake;
use skiff::fail_point::FailPoint;
use skiff::mandate::Mandate;
use skiff::probe::Prober;
use skiff::scribe::Notes;
use skiff::tags::TagFollower;
use skiff_api::{Instance, Kind, ObjectKey};
use skiff_core::{
    Action, Archive, CompileInput, DeclaredObject, DigestKey, History, HostFiles, Intent, Phase, SourceState,
    Timestamp, compile,
};
use skiff_sim::{SimEngine, SimImage};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::engine::{Fate, LoopEngine, Manner, World};

/// Long enough that no test waits for it by chance.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// A loop that runs.
pub(crate) struct Fixture {
    pub(crate) engine: Arc<LoopEngine>,
    pub(crate) wakes: mpsc::Sender<Wake>,
    pub(crate) asked: mpsc::Sender<Asked>,
    targets: watch::Sender<Arc<Target>>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(crate) cancel: CancellationToken,
    pub(crate) mandate: Mandate,
    controller: JoinHandle<()>,
    prober: JoinHandle<()>,
    follower: JoinHandle<()>,
    recorder: JoinHandle<()>,
    clock: Clock,
}

impl Fixture {
    /// A loop on an engine that has the images and nothing else, with these manifests.
    pub(crate) fn start(tick: Duration, manifests: &[Value]) -> Self {
        Self::noted(tick, manifests, None)
    }

    /// The same, where somebody writes down what it learns.
    pub(crate) fn noted(tick: Duration, manifests: &[Value], notes: Option<Notes>) -> Self {
        let clock = Clock::tokio();
        let mut sim = SimEngine::new(Timestamp::UNIX_EPOCH);
        for image in ["app:1", "app:2"] {
            let id = format!("sha256:{image}");
            sim.put_image(image, SimImage { id, local: true, ..SimImage::default() });
        }
        let (wakes, wake_receiver) = mpsc::channel(64);
        let engine = Arc::new(LoopEngine::start(sim, clock.clone(), wakes.clone()));
        let (targets, target) = watch::channel(Arc::new(target(manifests)));
        let (snapshot_sender, snapshots) = watch::channel(Arc::default());
        let fail_point = FailPoint::default();
        let (instance, mandate) = (Instance::default(), Mandate::for_good());
        let settings = Settings { instance, tick, clock: clock.clone(), mandate: mandate.clone(), fail_point };
        let (verdict_sender, verdicts) = watch::channel(Arc::default());
        let (answers, tags) = watch::channel(Arc::default());
        let (asked, questions) = mpsc::channel(1);
        let wiring = Wiring {
            target,
            wakes: wake_receiver,
            verdicts,
            tags,
            snapshots: snapshot_sender,
            reports: None,
            notes,
            asked: questions,
            history: std::sync::Arc::default(),
        };
        let cancel = CancellationToken::new();
        let prober = Prober::new(Arc::clone(&engine), clock.clone(), snapshots.clone(), verdict_sender);
        let prober = tokio::spawn(prober.run(cancel.clone()));
        let follower = TagFollower::new(Arc::clone(&engine), clock.clone(), snapshots.clone(), answers);
        let follower = tokio::spawn(follower.run(cancel.clone()));
        let recorder = tokio::spawn(judge_all(snapshots.clone()));
        let controller = Controller::new(Arc::clone(&engine), settings, wiring);
        let controller = tokio::spawn(controller.run(cancel.clone()));
        Self {
            engine,
            wakes,
            asked,
            targets,
            snapshots,
            cancel,
            mandate,
            controller,
            prober,
            follower,
            recorder,
            clock,
        }
    }

    /// Declares these manifests and nothing else.
    pub(crate) fn declare(&self, manifests: &[Value]) {
        self.targets.send_replace(Arc::new(target(manifests)));
    }

    /// Waits until a pass shows this.
    pub(crate) async fn until(&mut self, what: &str, shown: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let waiting = self.snapshots.wait_for(|snapshot| shown(snapshot));
        let found = tokio::time::timeout(2 * HOUR, waiting).await.ok();
        let found = found.map(|found| Arc::clone(&found.expect("the loop goes on")));
        found.unwrap_or_else(|| panic!("never {what}: {:#?}", self.snapshots.borrow().plan))
    }

    /// Waits until everything is as declared and nothing is left to do; returns when, in seconds since the start.
    pub(crate) async fn settled(&mut self) -> f64 {
        let targets = self.targets.clone();
        self.until("settled", |snapshot| {
            let ready = snapshot.status.values().all(|status| status.phase == Phase::Ready);
            Arc::ptr_eq(&snapshot.target, &targets.borrow())
                && snapshot.plan.is_settled()
                && snapshot.observed.in_flight.is_empty()
                && ready
        })
        .await;
        self.seconds()
    }

    /// Waits for one more pass than there has been.
    pub(crate) async fn passes(&mut self, more: u64) -> Arc<Snapshot> {
        let pass = self.snapshots.borrow().pass + more;
        self.until("another pass", |snapshot| snapshot.pass >= pass).await
    }

    /// Sends events that are about nothing of ours, without end.
    pub(crate) fn storm(&self, every: Duration) -> JoinHandle<()> {
        let wakes = self.wakes.clone();
        tokio::spawn(async move {
            let mut pace = tokio::time::interval(every);
            let event = || Wake::Event { action: "die".to_owned(), name: "other".to_owned() };
            while wakes.send(event()).await.is_ok() {
                pace.tick().await;
            }
        })
    }

    /// What the loop publishes, for whoever listens as well.
    pub(crate) fn listen(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// The latest snapshot.
    pub(crate) fn now(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshots.borrow())
    }

    /// The images of what runs.
    pub(crate) async fn images(&self) -> Vec<String> {
        let up = |world: &mut World| {
            let up = world.sim.containers().filter(|container| container.is_up());
            up.map(|container| container.image.clone()).collect()
        };
        self.engine.with(up).await
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.clock.now().duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
    }

    /// Ends the loop, and fails where any snapshot broke a rule.
    pub(crate) async fn end(self) -> Arc<LoopEngine> {
        self.cancel.cancel();
        self.controller.await.expect("the loop did not panic");
        self.prober.await.expect("the prober did not panic");
        self.follower.await.expect("the follower did not panic");
        self.recorder.await.expect("every snapshot kept the rules");
        self.engine
    }
}

/// What must hold of every snapshot: no object in flight is planned, and none is missed.
async fn judge_all(mut snapshots: watch::Receiver<Arc<Snapshot>>) {
    let mut last = 0;
    while snapshots.changed().await.is_ok() {
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        assert!(snapshot.pass <= last + 1, "a snapshot was missed: {} after {last}", snapshot.pass);
        last = snapshot.pass;
        let planned = snapshot.plan.steps.iter().find(|step| snapshot.observed.in_flight.contains(&step.object));
        assert!(planned.is_none(), "in flight and planned: {planned:?}");
    }
}

fn target(manifests: &[Value]) -> Target {
    let objects = manifests.iter().map(|manifest| {
        let mut object = skiff_api::parse_object(manifest).expect("a valid manifest");
        object.metadata_mut().namespace = Some("shop".to_owned());
        let source = "test".to_owned();
        let declared = DeclaredObject { object, source, source_revision: None, base: "/srv".to_owned() };
        (declared.object.key(), declared)
    });
    let state = SourceState { confirm_prune: true, ..SourceState::default() };
    let (desired, content) = compile(&CompileInput {
        instance: &Instance::default(),
        intent: Intent::Run,
        stays: true,
        objects: &objects.collect(),
        sources: &BTreeMap::from([("test".to_owned(), state)]),
        host_files: &HostFiles::new(),
        digest_key: &DigestKey::new([7; 32]),
        departed: &BTreeMap::new(),
        claimed: &std::collections::BTreeSet::new(),
        beside: &BTreeMap::new(),
        history: &History::default(),
        traces: &BTreeMap::new(),
        archive: &Archive::default(),
    });
    Target { desired, content: Arc::new(content) }
}

/// A deployment of one image that counts at once.
pub(crate) fn deployment(name: &str, replicas: u32, image: &str) -> Value {
    json!({ "apiVersion": "skiff.dev/v1", "kind": "Deployment", "metadata": { "name": name }, "spec": {
        "replicas": replicas, "minReadySeconds": 0, "template": { "container": { "image": image } } } })
}

/// The same, waiting for another one.
pub(crate) fn dependent(name: &str, on: &str) -> Value {
    let mut manifest = deployment(name, 1, "app:1");
    if let Some(spec) = manifest.pointer_mut("/spec").and_then(Value::as_object_mut) {
        spec.insert("dependsOn".to_owned(), json!([{ "name": on, "condition": "Ready" }]));
    }
    manifest
}

pub(crate) fn key(name: &str) -> ObjectKey {
    ObjectKey::new(Kind::Deployment, "shop", name)
}

/// Whether an action of this verb is about a target whose name contains this.
pub(crate) fn of(verb: &'static str, target: &'static str) -> impl Fn(&Action) -> bool + Send + 'static {
    move |action| action.verb() == verb && action.target().contains(target)
}

pub(crate) fn slow(seconds: u64) -> Manner {
    Manner { takes: Duration::from_secs(seconds), fate: Fate::Done }
}

pub(crate) fn doomed(fate: Fate) -> Manner {
    Manner { takes: Duration::from_millis(5), fate }
}
