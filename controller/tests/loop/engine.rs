//! An engine on tokio's clock: a simulated one that a single task owns, asked by messages. Calls take time, fail, hang or panic as a
//! test says; a wake is sent whenever the world has changed and after every call, as Docker does, also after one that failed.

use std::sync::Arc;
use std::time::Duration;

use skiff::clock::Clock;
use skiff::engine::{Engine, Look, Progress, Wake};
use skiff::probe::{Sampled, Sampler};
use skiff::tags::Registries;
use skiff_core::{
    Action, ContentStore, EngineError, Instance, Masking, Observed, Outcome, ProbeAsk, ProbeKind, TagAsk, TagFound,
    Timestamp,
};
use skiff_sim::SimEngine;
use tokio::sync::{mpsc, oneshot, watch};

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Done,
    Fails,
    /// It is not done, and nobody answers; looks are answered all the same.
    Unreachable,
    Panics,
    /// It tells of its progress without end, as fast as it can, before it is done.
    Chatters,
}

/// How a call goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) takes: Duration,
    pub(crate) fate: Fate,
}

/// Calls that go otherwise than usual.
pub(crate) struct Rule {
    pub(crate) of: Box<dyn Fn(&Action) -> bool + Send>,
    pub(crate) manner: Manner,
    pub(crate) times: u32,
}

/// A call that was begun.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    /// Seconds since the start.
    pub(crate) at: f64,
    /// `start container shop-web-1`.
    pub(crate) what: String,
}

/// What the owner holds.
pub(crate) struct World {
    pub(crate) sim: SimEngine,
    pub(crate) rules: Vec<Rule>,
    pub(crate) calls: Vec<Call>,
    /// The probes that were asked.
    pub(crate) samples: Vec<Call>,
    /// How long an answer to a probe is on its way.
    pub(crate) answer_takes: Duration,
    /// The tags that registries were asked for.
    pub(crate) registry: Vec<Call>,
    /// How long an answer of a registry is on its way.
    pub(crate) registry_takes: Duration,
    /// When it was looked at, in seconds since the start.
    pub(crate) looks: Vec<f64>,
    /// How long an answer to a look is on its way.
    pub(crate) look_takes: Duration,
    /// The next look is answered with what cannot be read.
    pub(crate) garbled: bool,
    /// Whether it sends no events.
    pub(crate) is_mute: bool,
    clock: Clock,
    wakes: mpsc::Sender<Wake>,
}

type Reply<T> = oneshot::Sender<T>;

enum Ask {
    Look(Instance, Reply<(Duration, Result<Observed, EngineError>)>),
    Begin(Box<Action>, Reply<Manner>),
    Apply(Box<Action>, ContentStore, Reply<Result<Outcome, EngineError>>),
    /// A probe that is asked, and whether the last question still runs: how long the answer takes.
    Probe(String, ProbeKind, bool, Reply<Duration>),
    Answer(String, ProbeKind, Reply<Result<(), String>>),
    /// A tag that is asked for: the answer, and how long it takes.
    Tag(TagAsk, Reply<(Duration, Result<TagFound, String>)>),
    Meddle(Box<dyn FnOnce(&mut World) + Send>),
}

/// The handle of an engine whose owner runs as a task.
pub(crate) struct LoopEngine {
    asks: mpsc::UnboundedSender<Ask>,
    /// Changes with every look and call.
    asked: watch::Receiver<()>,
    /// Whether a call tells of its progress without end now.
    chatters: watch::Sender<bool>,
}

const USUAL: Manner = Manner { takes: Duration::from_millis(5), fate: Fate::Done };

impl LoopEngine {
    pub(crate) fn start(sim: SimEngine, clock: Clock, wakes: mpsc::Sender<Wake>) -> Self {
        let (asks, receiver) = mpsc::unbounded_channel();
        let world = World {
            sim,
            rules: Vec::new(),
            calls: Vec::new(),
            samples: Vec::new(),
            answer_takes: Duration::from_millis(1),
            registry: Vec::new(),
            registry_takes: Duration::from_millis(20),
            looks: Vec::new(),
            look_takes: Duration::from_millis(2),
            garbled: false,
            is_mute: false,
            clock,
            wakes,
        };
        let (asked_sender, asked) = watch::channel(());
        tokio::spawn(world.own(receiver, asked_sender));
        Self { asks, asked, chatters: watch::Sender::new(false) }
    }

    async fn ask<T>(&self, ask: impl FnOnce(Reply<T>) -> Ask) -> T {
        let (reply, answer) = oneshot::channel();
        assert!(self.asks.send(ask(reply)).is_ok(), "the owner lives as long as its handle");
        answer.await.expect("the owner answers")
    }

    /// Does something to the world, or asks it something.
    pub(crate) async fn with<T: Send + 'static>(&self, meddle: impl FnOnce(&mut World) -> T + Send + 'static) -> T {
        self.ask(|reply| {
            Ask::Meddle(Box::new(move |world| {
                reply.send(meddle(world)).ok();
            }))
        })
        .await
    }

    /// From now on calls of which this is true go so, for so many times.
    pub(crate) async fn rule(&self, of: impl Fn(&Action) -> bool + Send + 'static, manner: Manner, times: u32) {
        self.with(move |world| world.rules.push(Rule { of: Box::new(of), manner, times })).await;
    }

    /// Waits until this is true of the world.
    pub(crate) async fn until(&self, is_so: impl Fn(&World) -> bool + Clone + Send + 'static) {
        let mut asked = self.asked.clone();
        loop {
            asked.mark_unchanged();
            let is_so = is_so.clone();
            if self.with(move |world| is_so(world)).await {
                return;
            }
            asked.changed().await.expect("the owner lives");
        }
    }

    /// Waits until a call tells of its progress without end.
    pub(crate) async fn until_it_chatters(&self) {
        let mut told = self.chatters.subscribe();
        told.wait_for(|is_chattering| *is_chattering).await.expect("the engine lives");
    }

    pub(crate) fn is_chattering(&self) -> bool {
        *self.chatters.borrow()
    }

    /// Waits until such a call was begun.
    pub(crate) async fn called(&self, what: &'static str) {
        self.until(move |world| world.calls.iter().any(|call| call.what.contains(what))).await;
    }

    /// Waits until it was looked at so often; returns when the last time was, in seconds since the start.
    pub(crate) async fn looked(&self, times: usize) -> f64 {
        self.until(move |world| world.looks.len() >= times).await;
        self.looks().await.last().copied().expect("it was looked at")
    }

    /// The calls whose description contains this, by when they were begun.
    pub(crate) async fn calls(&self, what: &'static str) -> Vec<Call> {
        self.with(move |world| world.calls.iter().filter(|call| call.what.contains(what)).cloned().collect()).await
    }

    /// The probes that were asked whose description contains this, by when they were.
    pub(crate) async fn samples(&self, what: &'static str) -> Vec<Call> {
        self.with(move |world| world.samples.iter().filter(|call| call.what.contains(what)).cloned().collect()).await
    }

    pub(crate) async fn looks(&self) -> Vec<f64> {
        self.with(|world| world.looks.clone()).await
    }
}

impl World {
    async fn own(mut self, mut asks: mpsc::UnboundedReceiver<Ask>, asked: watch::Sender<()>) {
        loop {
            let before = self.sim.look(&Instance::default());
            let due = self.sim.next_change().map(|moment| self.clock.until(moment));
            let acted = tokio::select! {
                biased;
                ask = asks.recv() => match ask {
                    Some(ask) => {
                        let is_meddling = matches!(ask, Ask::Meddle(_));
                        let acted = self.answer(ask);
                        asked.send_if_modified(|()| !is_meddling);
                        acted
                    }
                    None => return,
                },
                () = tokio::time::sleep(due.unwrap_or(Duration::MAX)) => { self.sim.advance(self.clock.now()); false }
            };
            if acted || before != self.sim.look(&Instance::default()) {
                self.tell();
            }
        }
    }

    /// Answers; whether it was a call that acts.
    fn answer(&mut self, ask: Ask) -> bool {
        self.sim.advance(self.clock.now());
        match ask {
            Ask::Look(instance, reply) => {
                self.looks.push(self.seconds());
                reply.send((self.look_takes, self.look(&instance))).ok();
                false
            }
            Ask::Begin(action, reply) => {
                self.calls.push(Call { at: self.seconds(), what: format!("{} {}", action.verb(), action.target()) });
                reply.send(self.manner(&action)).ok();
                false
            }
            Ask::Apply(action, content, reply) => {
                reply.send(self.sim.perform(&action, &content)).ok();
                true
            }
            Ask::Probe(container, probe, is_after_another, reply) => {
                let name = self.sim.container(&container).map_or("nobody", |found| found.name.as_str());
                let after = if is_after_another { " after one that still runs" } else { "" };
                self.samples.push(Call { at: self.seconds(), what: format!("{probe} {name}{after}") });
                reply.send(self.answer_takes).ok();
                false
            }
            Ask::Answer(container, probe, reply) => {
                reply.send(self.sim.answer(&container, probe)).ok();
                false
            }
            Ask::Tag(TagAsk { reference, digest, .. }, reply) => {
                self.registry.push(Call { at: self.seconds(), what: reference.clone() });
                reply.send((self.registry_takes, self.sim.ask_registry(&reference, digest))).ok();
                false
            }
            Ask::Meddle(meddle) => {
                meddle(self);
                false
            }
        }
    }

    fn look(&mut self, instance: &Instance) -> Result<Observed, EngineError> {
        if std::mem::take(&mut self.garbled) {
            return Err(EngineError::Failed("a list that cannot be read".to_owned()));
        }
        self.sim.observe(instance)
    }

    fn manner(&mut self, action: &Action) -> Manner {
        let rule = self.rules.iter_mut().find(|rule| rule.times > 0 && (rule.of)(action));
        rule.map_or(USUAL, |rule| {
            rule.times -= 1;
            rule.manner
        })
    }

    pub(crate) fn tell(&mut self) {
        if !self.is_mute {
            // Full means that a wake waits anyway.
            self.wakes.try_send(Wake::Event { action: "start".to_owned(), name: "any".to_owned() }).ok();
        }
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.clock.now().duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
    }
}

impl Sampler for LoopEngine {
    type Left = ();

    async fn sample(&self, ask: &ProbeAsk, left: Option<()>, _: Masking<'_>) -> Sampled<()> {
        let takes = self.ask(|reply| Ask::Probe(ask.container.clone(), ask.probe, left.is_some(), reply)).await;
        let limit = ask.spec.timeout.try_into().unwrap_or_default();
        if tokio::time::timeout(limit, tokio::time::sleep(takes)).await.is_err() {
            return Sampled { result: Err("no answer in time".to_owned()), left: Some(()) };
        }
        let result = self.ask(|reply| Ask::Answer(ask.container.clone(), ask.probe, reply)).await;
        Sampled { result, left: None }
    }
}

impl Registries for LoopEngine {
    async fn ask(&self, ask: &TagAsk) -> Result<TagFound, String> {
        let (takes, found) = Self::ask(self, |reply| Ask::Tag(ask.clone(), reply)).await;
        tokio::time::sleep(takes).await;
        found
    }
}

impl Engine for LoopEngine {
    async fn observe(&self, instance: &Instance, _: Look) -> Result<Observed, EngineError> {
        // What is answered is as old as the question.
        let (takes, answer) = self.ask(|reply| Ask::Look(instance.clone(), reply)).await;
        tokio::time::sleep(takes).await;
        answer
    }

    async fn perform(
        &self,
        action: &Action,
        content: &ContentStore,
        progress: mpsc::UnboundedSender<Progress>,
    ) -> Result<Outcome, EngineError> {
        let manner = self.ask(|reply| Ask::Begin(Box::new(action.clone()), reply)).await;
        tokio::time::sleep(manner.takes).await;
        match manner.fate {
            Fate::Fails => {
                self.with(World::tell).await;
                return Err(EngineError::Failed("500: told to fail".to_owned()));
            }
            Fate::Unreachable => {
                self.with(World::tell).await;
                return Err(EngineError::Unreachable("told not to answer".to_owned()));
            }
            Fate::Panics => panic!("told to panic"),
            Fate::Chatters => {
                self.chatters.send_replace(true);
                chatter(&progress).await;
                self.chatters.send_replace(false);
            }
            Fate::Done => {}
        }
        self.ask(|reply| Ask::Apply(Box::new(action.clone()), content.clone(), reply)).await
    }

    async fn watch(self: Arc<Self>, _: Instance, _: mpsc::Sender<Wake>) {
        // The owner has had the sender since the start.
    }
}

async fn chatter(progress: &mpsc::UnboundedSender<Progress>) {
    for _ in 0..400 {
        for _ in 0..256 {
            progress.send(Progress { what: "downloading".to_owned(), bytes: None }).ok();
        }
        tokio::task::yield_now().await;
    }
}
