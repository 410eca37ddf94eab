//! The simulated engine behind the trait that the loop speaks: owned by one task, asked by messages, on tokio's clock.

use std::sync::Arc;
use std::time::Duration;

use skiff::clock::Clock;
use skiff::engine::{Engine, Look, Progress, Wake};
use skiff_core::{Action, ContentStore, EngineError, Instance, Observed, Outcome};
use skiff_sim::SimEngine;
use tokio::sync::{broadcast, mpsc, oneshot};

/// Something to do with the engine where it lives.
type Errand = Box<dyn FnOnce(&mut SimEngine) + Send>;

/// A simulated engine that many may ask.
#[derive(Clone)]
pub(crate) struct SimHost {
    errands: mpsc::UnboundedSender<Errand>,
    events: broadcast::Sender<()>,
    /// How long each action takes.
    latency: Duration,
}

impl SimHost {
    /// Gives the engine to a task, which ends with the last of those who may ask.
    pub(crate) fn spawn(mut engine: SimEngine, clock: Clock, latency: Duration) -> Arc<Self> {
        let (errands, mut incoming) = mpsc::unbounded_channel::<Errand>();
        let (events, _) = broadcast::channel(64);
        tokio::spawn(async move {
            while let Some(errand) = incoming.recv().await {
                engine.advance(clock.now());
                errand(&mut engine);
            }
        });
        Arc::new(Self { errands, events, latency })
    }

    /// Does something with the engine, as somebody else would, and lets its event be heard.
    pub(crate) async fn with<T: Send + 'static>(&self, work: impl FnOnce(&mut SimEngine) -> T + Send + 'static) -> T {
        let done = self.ask(work).await;
        // Nobody may be listening.
        self.events.send(()).ok();
        done
    }

    async fn ask<T: Send + 'static>(&self, work: impl FnOnce(&mut SimEngine) -> T + Send + 'static) -> T {
        let (answer, answered) = oneshot::channel();
        // Whoever asked may have gone.
        let errand = move |engine: &mut SimEngine| drop(answer.send(work(engine)));
        self.errands.send(Box::new(errand)).expect("the engine's task lives as long as this");
        answered.await.expect("the engine's task answers")
    }
}

impl Engine for SimHost {
    async fn observe(&self, instance: &Instance, _: Look) -> Result<Observed, EngineError> {
        let instance = instance.clone();
        self.ask(move |engine| engine.observe(&instance)).await
    }

    async fn perform(
        &self,
        action: &Action,
        content: &ContentStore,
        _: mpsc::UnboundedSender<Progress>,
    ) -> Result<Outcome, EngineError> {
        tokio::time::sleep(self.latency).await;
        let (action, content) = (action.clone(), content.clone());
        self.with(move |engine| engine.perform(&action, &content)).await
    }

    async fn watch(self: Arc<Self>, _: Instance, wakes: mpsc::Sender<Wake>) {
        let mut events = self.events.subscribe();
        // One that was missed is followed by one that is not.
        while !matches!(events.recv().await, Err(broadcast::error::RecvError::Closed)) {
            let wake = Wake::Event { action: "something".to_owned(), name: "somebody".to_owned() };
            if wakes.send(wake).await.is_err() {
                return;
            }
        }
    }
}
