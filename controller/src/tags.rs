//! Follows tags: one task that asks the registries that the core says are due, and tells the loop where an answer is another than before.
//!
//! It decides nothing: when is asked and what an answer means is the core's [`TagSchedule`]. A registry that hangs delays no other,
//! and no workload.

mod docker;

use std::future::Future;
use std::sync::Arc;

use skiff_core::{TagAnswers, TagAsk, TagFound, TagSchedule};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use docker::DockerRegistries;

use crate::clock::Clock;
use crate::controller::Snapshot;

/// Who asks registries.
pub trait Registries: Send + Sync + 'static {
    /// Asks once, within a time of its own. An error is a few words for people.
    fn ask(&self, ask: &TagAsk) -> impl Future<Output = Result<TagFound, String>> + Send;
}

/// The task that follows tags.
#[derive(Debug)]
pub struct TagFollower<R> {
    registries: Arc<R>,
    clock: Clock,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    answers: watch::Sender<Arc<TagAnswers>>,
    schedule: TagSchedule,
    asking: JoinSet<(TagAsk, Result<TagFound, String>)>,
}

impl<R: Registries> TagFollower<R> {
    /// One that is told by the loop's snapshots what is declared, and tells what registries say through `answers`.
    pub fn new(
        registries: Arc<R>,
        clock: Clock,
        snapshots: watch::Receiver<Arc<Snapshot>>,
        answers: watch::Sender<Arc<TagAnswers>>,
    ) -> Self {
        Self { registries, clock, snapshots, answers, schedule: TagSchedule::default(), asking: JoinSet::new() }
    }

    /// Asks until cancelled, or until nobody tells what is declared any more.
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
                // One that panicked has said so; it is asked again when what is declared changes.
                Some(Ok((ask, found))) = self.asking.join_next() => self.take(&ask, found),
                () = self.clock.rest(self.schedule.next()) => {}
            }
        }
    }

    fn aim(&mut self) {
        let snapshot = Arc::clone(&self.snapshots.borrow_and_update());
        // The first snapshot of all has no target.
        if snapshot.pass > 0 {
            self.schedule.aim(&snapshot.target.desired, self.clock.now());
        }
    }

    fn ask_due(&mut self) {
        for ask in self.schedule.take_due(self.clock.now()) {
            let registries = Arc::clone(&self.registries);
            self.asking.spawn(async move {
                let found = registries.ask(&ask).await;
                (ask, found)
            });
        }
    }

    fn take(&mut self, ask: &TagAsk, found: Result<TagFound, String>) {
        tracing::debug!(object = %ask.object, image = ask.reference, ?found, "asked a registry");
        let is_news = self.schedule.answer(ask, found, self.clock.now());
        self.answers.send_if_modified(|known| {
            *known = Arc::new(self.schedule.answers());
            is_news
        });
    }
}
