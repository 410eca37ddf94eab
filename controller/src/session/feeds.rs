//! Begins with every source: what it says first, and the tasks that tell of changes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::Access;
use super::etcd::{EtcdFollower, EtcdOrigin};
use super::following::{Ask, Change, Follower, What};
use super::origin::{GitOrigin, Origin, origins};
use super::slot::{Slot, SlotKind};
use crate::cli::CliError;
use crate::source::watch::{WatchOptions, Watcher, watcher};
use crate::source::{self, Beside, Problem, SourceOptions, reason};
use crate::state::State;

/// How long the start waits for a repository of which nothing is here.
const PATIENCE: Duration = Duration::from_secs(15);

/// The sources, and what tells of them.
pub(super) struct Feeds {
    /// What they said first.
    pub(super) slots: Vec<Slot>,
    /// The tasks that tell of changes.
    pub(super) tasks: Vec<Feed>,
    /// The prefixes of etcd that are told what objects have come to.
    pub(super) reported: Vec<EtcdOrigin>,
    /// By whom a repository is asked at once, by source.
    pub(super) asks: BTreeMap<String, mpsc::Sender<Ask>>,
    /// Where changes arrive.
    pub(super) changes: mpsc::Receiver<Change>,
}

/// What tells of the changes of one source.
pub(super) enum Feed {
    /// Files.
    Disk { slot: usize, watcher: Watcher, ticks: mpsc::Receiver<()>, changes: mpsc::Sender<Change> },
    /// A repository.
    Git(Follower),
    /// Documents in etcd.
    Etcd(Box<EtcdFollower>),
}

/// Reads every source once, from what is here where that is possible.
///
/// # Errors
/// When the words of the command are no sources.
pub(super) async fn begin(source: &SourceOptions, state: &State) -> Result<Feeds, CliError> {
    let (sender, changes) = mpsc::channel(16);
    let mut feeds =
        Feeds { slots: Vec::new(), tasks: Vec::new(), reported: Vec::new(), asks: BTreeMap::new(), changes };
    for (slot, origin) in origins(source, state.folders(), Access::Act)?.into_iter().enumerate() {
        match origin {
            Origin::Disk(options) => feeds.disk(slot, options, state, sender.clone()),
            Origin::Git(origin) => feeds.git(slot, Arc::new(*origin), state, sender.clone()).await?,
            Origin::Etcd(origin) => feeds.etcd(slot, *origin, state, sender.clone()).await,
        }
    }
    Ok(feeds)
}

impl Feeds {
    fn disk(&mut self, slot: usize, options: Box<SourceOptions>, state: &State, changes: mpsc::Sender<Change>) {
        let roots = options.paths.iter().chain(&options.overlays).filter(|path| path.as_os_str() != "-");
        let (beside, beside_receiver) = watch::channel(Beside::default());
        let (watcher, ticks) = watcher(WatchOptions::new(roots.cloned().collect::<Vec<PathBuf>>()), beside_receiver);
        // On this thread: nothing else goes on yet, and another one would keep its own share of memory for good.
        let raw = source::load(&options);
        let good = state.good(&raw.source);
        let mut begun = Slot::new(SlotKind::Disk { options, beside }, raw, &good);
        begun.spoke();
        self.slots.push(begun);
        self.tasks.push(Feed::Disk { slot, watcher, ticks, changes });
    }

    async fn git(
        &mut self,
        slot: usize,
        origin: Arc<GitOrigin>,
        state: &State,
        changes: mpsc::Sender<Change>,
    ) -> Result<(), CliError> {
        let first = match origin.good().await {
            Some(commit) => origin.read(commit).await,
            None => tokio::time::timeout(PATIENCE, origin.read_now()).await.unwrap_or_else(|_| {
                let message = format!("{} does not answer", origin.repository.address());
                Err(CliError::refused(message, "it is asked again and again"))
            }),
        };
        let (raw, trouble) = match first {
            Ok(loaded) => (loaded, None),
            Err(error) => {
                let problem = Problem::of_source(reason::SOURCE_UNAVAILABLE, error.to_string());
                (origin.empty(), Some(Problem { help: error.help().map(str::to_owned), ..problem }))
            }
        };
        let commit = raw.commit.as_ref().map(|commit| commit.id.clone());
        let mut begun = Slot::new(SlotKind::Git(Arc::clone(&origin)), raw, &state.good(&origin.name));
        begun.trouble = trouble;
        self.slots.push(begun);
        let (asking, asks) = mpsc::channel(8);
        self.asks.insert(origin.name.clone(), asking);
        self.tasks.push(Feed::Git(Follower { slot, origin, changes, asks, commit }));
        Ok(())
    }
}

impl Feeds {
    async fn etcd(&mut self, slot: usize, origin: EtcdOrigin, state: &State, changes: mpsc::Sender<Change>) {
        let (raw, trouble) = match origin.read_now().await {
            Ok(loaded) => (loaded, None),
            Err(error) => {
                let problem = Problem::of_source(reason::SOURCE_UNAVAILABLE, error.to_string());
                (origin.empty(), Some(Problem { help: error.help().map(str::to_owned), ..problem }))
            }
        };
        let mut begun = Slot::new(SlotKind::Etcd, raw, &state.good(&origin.name));
        begun.trouble = trouble;
        self.slots.push(begun);
        let (asking, asks) = mpsc::channel(8);
        self.asks.insert(origin.name.clone(), asking);
        self.reported.push(origin.clone());
        self.tasks.push(Feed::Etcd(Box::new(EtcdFollower { slot, origin, changes, asks })));
    }
}

impl Feed {
    /// Tells of changes until cancelled.
    pub(super) async fn run(self, cancel: CancellationToken) {
        match self {
            Self::Git(follower) => follower.run(cancel).await,
            Self::Etcd(follower) => follower.run(cancel).await,
            Self::Disk { slot, watcher, mut ticks, changes } => {
                let tell = async {
                    while let Some(()) = ticks.recv().await {
                        let change = Change { slot, what: What::Dirty, tell: Vec::new() };
                        if changes.send(change).await.is_err() {
                            return;
                        }
                    }
                };
                tokio::join!(watcher.run(cancel), tell);
            }
        }
    }
}
