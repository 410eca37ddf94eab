//! Begins with every source: what it says first, and the tasks that tell of changes.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::Access;
use super::etcd::{EtcdFollower, EtcdOrigin};
use super::following::{Ask, Change, Follower, What};
use super::origin::{GitOrigin, Origin, origins};
use super::slot::{Slot, SlotKind};
use crate::cli::CliError;
use crate::source::watch::{WatchOptions, Watcher, watcher};
use crate::source::{self, Beside, Loaded, Problem, SourceOptions, reason};
use crate::state::State;

/// How long the start waits for a source on another host of which nothing is here, where it is the only one: there is nothing else to do.
const PATIENCE: Duration = Duration::from_secs(15);
/// And for one whose objects are remembered, or beside which there are others: what is known is looked after without it.
const PATIENCE_BESIDE: Duration = Duration::from_millis(1500);

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
    let origins = origins(source, state.folders(), Access::Act)?;
    // All at once: none of them waits for another.
    let is_alone = origins.len() == 1;
    let said = join_all(origins.iter().map(|origin| first(origin, is_alone, state))).await;
    for (slot, (origin, (raw, trouble))) in origins.into_iter().zip(said).enumerate() {
        let changes = sender.clone();
        match origin {
            Origin::Disk(options) => feeds.disk(slot, options, raw, state, changes),
            Origin::Git(origin) => feeds.git(slot, Arc::new(*origin), (raw, trouble), state, changes),
            Origin::Etcd(origin) => feeds.etcd(slot, *origin, (raw, trouble), state, changes),
        }
    }
    Ok(feeds)
}

/// What a source says first, or why it says nothing.
type Said = (Loaded, Option<Problem>);

async fn first(origin: &Origin, is_alone: bool, state: &State) -> Said {
    let (said, empty) = match origin {
        // On this thread: nothing else goes on yet, and another one would keep its own share of memory for good.
        Origin::Disk(options) => return (source::load(options), None),
        Origin::Git(origin) => {
            let patience = patience(&origin.name, is_alone, state);
            (in_time(first_commit(origin, state), patience, origin.repository.address()).await, origin.empty())
        }
        Origin::Etcd(origin) => {
            let patience = patience(&origin.name, is_alone, state);
            (in_time(origin.read_now(), patience, &origin.address).await, origin.empty())
        }
    };
    match said {
        Ok(loaded) => (loaded, None),
        Err(error) => {
            let problem = Problem::of_source(reason::SOURCE_UNAVAILABLE, error.to_string());
            (empty, Some(Problem { help: error.help().map(str::to_owned), ..problem }))
        }
    }
}

fn patience(name: &str, is_alone: bool, state: &State) -> Duration {
    if is_alone && state.good(name).objects.is_empty() { PATIENCE } else { PATIENCE_BESIDE }
}

/// What a source says as long as the start waits for it.
async fn in_time(
    saying: impl Future<Output = Result<Loaded, CliError>>,
    patience: Duration,
    address: &(impl Display + Sync),
) -> Result<Loaded, CliError> {
    tokio::time::timeout(patience, saying)
        .await
        .unwrap_or_else(|_| Err(CliError::refused(format!("{address} does not answer"), "it is asked again and again")))
}

/// The commit in force where it is here; else what the repository says.
async fn first_commit(origin: &GitOrigin, state: &State) -> Result<Loaded, CliError> {
    let known = state.good(&origin.name).commit;
    match origin.good(known.as_ref().map(|commit| &commit.id)).await {
        Some(commit) => origin.read(commit).await,
        None => origin.read_now().await,
    }
}

impl Feeds {
    fn disk(
        &mut self,
        slot: usize,
        options: Box<SourceOptions>,
        raw: Loaded,
        state: &State,
        changes: mpsc::Sender<Change>,
    ) {
        let roots = options.paths.iter().chain(&options.overlays).filter(|path| path.as_os_str() != "-");
        let (beside, beside_receiver) = watch::channel(Beside::default());
        let (watcher, ticks) = watcher(WatchOptions::new(roots.cloned().collect::<Vec<PathBuf>>()), beside_receiver);
        let good = state.good(&raw.source);
        let mut begun = Slot::new(SlotKind::Disk { options, beside }, raw, &good);
        begun.spoke();
        self.slots.push(begun);
        self.tasks.push(Feed::Disk { slot, watcher, ticks, changes });
    }

    fn git(&mut self, slot: usize, origin: Arc<GitOrigin>, said: Said, state: &State, changes: mpsc::Sender<Change>) {
        let commit = said.0.commit.as_ref().map(|commit| commit.id.clone());
        let asks = self.asked(&origin.name, SlotKind::Git(Arc::clone(&origin)), said, state);
        self.tasks.push(Feed::Git(Follower { slot, origin, changes, asks, commit }));
    }

    fn etcd(&mut self, slot: usize, origin: EtcdOrigin, said: Said, state: &State, changes: mpsc::Sender<Change>) {
        let asks = self.asked(&origin.name, SlotKind::Etcd, said, state);
        self.reported.push(origin.clone());
        self.tasks.push(Feed::Etcd(Box::new(EtcdFollower { slot, origin, changes, asks })));
    }

    /// Takes in what a source said that is asked; returns what asks it at once.
    fn asked(&mut self, name: &str, kind: SlotKind, said: Said, state: &State) -> mpsc::Receiver<Ask> {
        let (raw, trouble) = said;
        let mut begun = Slot::new(kind, raw, &state.good(name));
        begun.trouble = trouble;
        self.slots.push(begun);
        let (asking, asks) = mpsc::channel(8);
        self.asks.insert(name.to_owned(), asking);
        asks
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

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::state::Folders;

    /// What the start takes beside a host that takes calls and answers none, on a clock that jumps to the next deadline.
    async fn start(paths: Vec<PathBuf>) -> Duration {
        let folder = tempfile::tempdir().expect("a folder");
        let folders = Folders { state: folder.path().join("state"), run: folder.path().join("run") };
        let state = State::open(folders).expect("a state");
        let begun = tokio::time::Instant::now();
        let feeds = begin(&SourceOptions { paths, ..SourceOptions::default() }, &state).await.expect("feeds");
        let said: Vec<usize> = feeds.slots.iter().map(|slot| usize::from(slot.trouble.is_some())).collect();
        assert_eq!(said.iter().sum::<usize>(), 1, "one of them does not answer");
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_hangs_does_not_hold_up_those_beside_it() {
        let hangs = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = hangs.local_addr().expect("an address").port();
        let files = tempfile::tempdir().expect("a folder");
        for address in [format!("git+http://127.0.0.1:{port}/shop.git"), format!("etcd://127.0.0.1:{port}/shop")] {
            let address = PathBuf::from(address);
            let beside = start(vec![files.path().to_owned(), address.clone()]).await;
            assert!(beside <= Duration::from_secs(4), "{beside:?}");
            assert!(start(vec![address]).await > Duration::from_secs(4), "nothing else can be done");
        }
    }
}
