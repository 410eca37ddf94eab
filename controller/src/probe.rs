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
use skiff_core::{ProbeAsk, ProbeKind, ProbeNews, ProbeSchedule, ProbeVerdicts};
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

    /// Asks once, within the time that the probe gives it. `left` is what the last question of the same probe left behind.
    fn sample(&self, ask: &ProbeAsk, left: Option<Self::Left>) -> impl Future<Output = Sampled<Self::Left>> + Send;
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
    schedule: ProbeSchedule,
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
        Self { sampler, clock, snapshots, verdicts, schedule, asking: JoinSet::new(), left: BTreeMap::new() }
    }

    /// Probes until cancelled, or until nobody tells what runs any more.
    pub async fn run(mut self, cancel: CancellationToken) {
        loop {
            self.ask_due();
            let due = self.schedule.next().map(|at| self.clock.until(at));
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
                () = rest(due) => {}
            }
        }
    }

    fn aim(&mut self) {
        let snapshot = Arc::clone(&self.snapshots.borrow_and_update());
        // Nothing was seen by the first snapshot of all, nor while the engine is away.
        if snapshot.pass == 0 || snapshot.engine_error.is_some() {
            return;
        }
        self.schedule.aim(&snapshot.target.desired, &snapshot.observed, self.clock.now());
        self.left.retain(|(container, _), _| self.schedule.watches(container));
        self.publish(ProbeNews::Words);
    }

    fn ask_due(&mut self) {
        for ask in self.schedule.take_due(self.clock.now()) {
            let left = self.left.remove(&(ask.container.clone(), ask.probe));
            let sampler = Arc::clone(&self.sampler);
            self.asking.spawn(async move {
                let sampled = AssertUnwindSafe(sampler.sample(&ask, left)).catch_unwind().await;
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
        let verdicts = self.schedule.verdicts();
        self.verdicts.send_if_modified(|known| {
            if **known != verdicts {
                *known = Arc::new(verdicts);
            }
            news == ProbeNews::Meaning
        });
    }
}

async fn rest(due: Option<std::time::Duration>) {
    match due {
        Some(due) => tokio::time::sleep(due).await,
        None => std::future::pending().await,
    }
}
