//! Says when to load again. An event only means "look": what has changed, the load finds out.
//!
//! Before every tick all watches are made anew, so that whatever is written after the loader looks is seen, whatever has
//! happened to folders and links in between. What is read is never an event. A rescan goes round besides, for what no
//! watch can see.

use std::path::PathBuf;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{Beside, Limits};

mod interest;
#[cfg(test)]
mod tests;

use interest::Interest;

/// What to watch, and how patiently.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// The paths and overlays of the source.
    pub roots: Vec<PathBuf>,
    /// The limits of the walk.
    pub limits: Limits,
    /// How long it must be quiet before a tick.
    pub quiet: Duration,
    /// How long a tick is put off at most while it is not quiet.
    pub patience: Duration,
    /// How long without any event before looking all the same.
    pub rescan: Duration,
}

impl WatchOptions {
    /// The paths with the usual patience.
    pub fn new(roots: Vec<PathBuf>) -> Self {
        Self {
            roots,
            limits: Limits::default(),
            quiet: Duration::from_millis(75),
            patience: Duration::from_millis(500),
            rescan: Duration::from_secs(30),
        }
    }
}

/// Watches until it is cancelled or nobody listens any more.
#[derive(Debug)]
pub struct Watcher {
    options: WatchOptions,
    beside: watch::Receiver<Beside>,
    ticks: mpsc::Sender<()>,
}

/// A watcher, and where its ticks arrive: the first one as soon as everything is watched. `beside` is what a
/// load depends on besides the manifests, see [`Loaded::beside`](super::Loaded::beside).
pub fn watcher(options: WatchOptions, beside: watch::Receiver<Beside>) -> (Watcher, mpsc::Receiver<()>) {
    let (ticks, arrivals) = mpsc::channel(1);
    (Watcher { options, beside, ticks }, arrivals)
}

impl Watcher {
    /// Watches.
    pub async fn run(mut self, cancel: CancellationToken) {
        let ticks = self.ticks.clone();
        loop {
            let (dirt, mut dirty) = mpsc::channel(1);
            let watches = self.watches(dirt).await;
            // A tick that waits to be taken says the same as this one.
            if matches!(ticks.try_send(()), Err(mpsc::error::TrySendError::Closed(()))) {
                return;
            }
            tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                () = ticks.closed() => return,
                () = self.until_due(&mut dirty, watches.complete) => {}
            }
        }
    }

    /// Watches everything that matters now. Walking is work for a thread of its own.
    async fn watches(&mut self, dirt: mpsc::Sender<()>) -> Watches {
        let (options, beside) = (self.options.clone(), self.beside.borrow_and_update().clone());
        let made = tokio::task::spawn_blocking(move || Watches::new(&options, &beside, &dirt)).await;
        made.unwrap_or_default()
    }

    async fn until_due(&mut self, dirty: &mut mpsc::Receiver<()>, complete: bool) {
        let rescan = if complete { self.options.rescan } else { self.options.rescan / INCOMPLETE };
        let rescan = Instant::now() + rescan;
        tokio::select! {
            () = sleep_until(rescan) => return,
            Ok(()) = self.beside.changed() => return,
            // All watches were lost: only the rescan is left.
            Some(()) = dirty.recv() => {}
        }
        let latest = Instant::now() + self.options.patience;
        loop {
            let quiet = (Instant::now() + self.options.quiet).min(latest);
            match timeout_at(quiet, dirty.recv()).await {
                Ok(Some(())) if Instant::now() < latest => {}
                Ok(Some(()) | None) | Err(_) => return,
            }
        }
    }
}

/// How much more often it is looked when something could not be watched.
const INCOMPLETE: u32 = 6;

/// How often it is tried to watch folders that keep changing before a rescan has to do.
const ROUNDS: usize = 8;

/// The watches of one round, gone when dropped.
#[derive(Debug, Default)]
struct Watches {
    _watcher: Option<RecommendedWatcher>,
    /// Whether everything is watched.
    complete: bool,
}

impl Watches {
    fn new(options: &WatchOptions, beside: &Beside, dirt: &mpsc::Sender<()>) -> Self {
        let mut interest = Interest::of(options, beside);
        let mut watches = Self::over(&interest, dirt);
        for _ in 0..ROUNDS {
            // What was made while the watches were: folders in which nothing is seen yet.
            let now = Interest::of(options, beside);
            if now == interest {
                return watches;
            }
            watches = Self::over(&now, dirt);
            interest = now;
        }
        Self { complete: false, ..watches }
    }

    fn over(interest: &Interest, dirt: &mpsc::Sender<()>) -> Self {
        let (filter, dirt) = (interest.clone(), dirt.clone());
        let notify = move |event: notify::Result<Event>| {
            if event.map_or(true, |event| is_change(&event) && filter.concerns(&event)) {
                // One that waits already says the same.
                dirt.try_send(()).ok();
            }
        };
        let mut watcher = match notify::recommended_watcher(notify) {
            Ok(watcher) => watcher,
            Err(error) => {
                tracing::warn!(%error, "files cannot be watched, they are looked at from time to time");
                return Self::default();
            }
        };
        let mut complete = true;
        for folder in interest.folders() {
            if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
                tracing::debug!(folder = %folder.display(), %error, "a folder cannot be watched");
                complete = false;
            }
        }
        Self { _watcher: Some(watcher), complete }
    }
}

/// Whether something was changed rather than read.
pub(crate) fn is_change(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => true,
    }
}
