//! Runs the probes: one task that owns all schedules, told by snapshots what runs, telling the loop what the answers come to.
//!
//! It decides nothing: when a probe is due and what an answer means is the core's [`ProbeSchedule`]. An answer that changes what a
//! verdict means wakes the loop; one that changes its words, or nothing, wakes nobody. Questions are tasks, at most one for each
//! container and probe, and whoever samples bounds how many are under way.

mod docker;
mod once;

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use skiff_core::{
    ContentStore, GivenLabels, Masking, Observed, ProbeAsk, ProbeKind, ProbeNews, ProbeSchedule, ProbeVerdicts,
};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use docker::DockerSampler;
pub use once::once;

use crate::clock::Clock;
use crate::controller::Snapshot;

/// Who asks containers.
pub trait Sampler: Send + Sync + 'static {
    /// What a question may leave behind: a command that did not end in time and goes on.
    type Left: Send + 'static;

    /// Asks once, within the time that the probe gives it. `left` is what the last question of the same probe left behind; what the
    /// container says is told as `masking` lets it.
    fn sample(
        &self,
        ask: &ProbeAsk,
        left: Option<Self::Left>,
        masking: Masking<'_>,
    ) -> impl Future<Output = Sampled<Self::Left>> + Send;
}

/// What came of a question.
#[derive(Debug)]
pub struct Sampled<L> {
    /// Whether it passed, or why not.
    pub result: Result<(), String>,
    /// What still runs.
    pub left: Option<L>,
}

/// The task that probes.
#[derive(Debug)]
pub struct Prober<S: Sampler> {
    sampler: Arc<S>,
    clock: Clock,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    verdicts: watch::Sender<Arc<ProbeVerdicts>>,
    /// The same, for whoever wants the words as well.
    words: watch::Sender<Arc<ProbeVerdicts>>,
    schedule: ProbeSchedule,
    /// What was aimed by last.
    snapshot: Arc<Snapshot>,
    asking: JoinSet<(ProbeAsk, Sampled<S::Left>)>,
    left: BTreeMap<(String, ProbeKind), S::Left>,
}

impl<S: Sampler> Prober<S> {
    /// A prober that is told of containers by the loop's snapshots, and tells what becomes of them through `verdicts`.
    pub fn new(
        sampler: Arc<S>,
        clock: Clock,
        snapshots: watch::Receiver<Arc<Snapshot>>,
        verdicts: watch::Sender<Arc<ProbeVerdicts>>,
    ) -> Self {
        let schedule = ProbeSchedule::default();
        let snapshot = Arc::default();
        Self {
            sampler,
            clock,
            snapshots,
            verdicts,
            words: watch::channel(Arc::default()).0,
            schedule,
            snapshot,
            asking: JoinSet::new(),
            left: BTreeMap::new(),
        }
    }

    /// All that is known, told whenever a word of it changes, and once before.
    pub fn words(&self) -> watch::Receiver<Arc<ProbeVerdicts>> {
        self.words.subscribe()
    }

    /// Probes until cancelled, or until nobody tells what runs any more.
    pub async fn run(mut self, cancel: CancellationToken) {
        loop {
            self.ask_due();
            tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                changed = self.snapshots.changed() => match changed {
                    Ok(()) => self.aim(),
                    Err(_) => return,
                },
                Some(ended) = self.asking.join_next() => {
                    if let Ok((ask, sampled)) = ended {
                        self.take(ask, sampled);
                    }
                }
                () = self.clock.rest(self.schedule.next()) => {}
            }
        }
    }

    fn aim(&mut self) {
        let snapshot = Arc::clone(&self.snapshots.borrow_and_update());
        // Nothing was seen by the first snapshot of all, nor while the engine is away.
        if snapshot.pass == 0 || snapshot.engine_error.is_some() {
            return;
        }
        let news = self.schedule.aim(&snapshot.target.desired, &snapshot.observed, self.clock.now());
        self.left.retain(|(container, _), _| self.schedule.watches(container));
        self.snapshot = snapshot;
        self.publish(if news == ProbeNews::None { ProbeNews::Words } else { news });
    }

    fn ask_due(&mut self) {
        for ask in self.schedule.take_due(self.clock.now()) {
            let left = self.left.remove(&(ask.container.clone(), ask.probe));
            let (sampler, snapshot) = (Arc::clone(&self.sampler), Arc::clone(&self.snapshot));
            self.asking.spawn(async move {
                let masking = masking(&snapshot.target.content, &snapshot.observed, &ask.container);
                let sampled = AssertUnwindSafe(sampler.sample(&ask, left, masking)).catch_unwind().await;
                let panicked = |_| Sampled {
                    result: Err("the probe panicked, which is a mistake in Skiff".to_owned()),
                    left: None,
                };
                (ask, sampled.unwrap_or_else(panicked))
            });
        }
    }

    fn take(&mut self, ask: ProbeAsk, sampled: Sampled<S::Left>) {
        let Sampled { result, left } = sampled;
        tracing::trace!(container = ask.container, probe = %ask.probe, ?result, "probed");
        if let Some(left) = left {
            self.left.insert((ask.container.clone(), ask.probe), left);
        }
        let news = self.schedule.answer(&ask, result, self.clock.now());
        self.publish(news);
    }

    /// Publishes what is known, and wakes whoever waits for news where it means something.
    fn publish(&self, news: ProbeNews) {
        if news == ProbeNews::None {
            return;
        }
        let verdicts = Arc::new(self.schedule.verdicts());
        self.words.send_if_modified(|known| {
            let is_new = known != &verdicts;
            *known = Arc::clone(&verdicts);
            is_new
        });
        self.verdicts.send_if_modified(|known| {
            *known = verdicts;
            news == ProbeNews::Meaning
        });
    }
}

/// What a container may not be heard saying.
fn masking<'a>(content: &'a ContentStore, observed: &'a Observed, container: &str) -> Masking<'a> {
    let found = observed.containers.iter().find(|found| found.id == container);
    let given = found.and_then(|found| found.owner.labels()).map(|labels| GivenLabels {
        content: labels.content.as_deref(),
        template: labels.template.as_deref(),
        template_hash: Some(&labels.template_hash),
    });
    Masking::new(content, given.unwrap_or_default())
}
