//! Documents in etcd as a source: read once, or followed change by change.

use std::time::Duration;

use skiff_remote::Pace;
use skiff_remote::etcd::EtcdAddress;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::following::{Ask, Change, What, chance};
use super::origin::read;
use crate::cli::CliError;
use crate::etcd::{Cluster, Documents, EtcdError, Watching};
use crate::source::{GivenSource, Loaded, Problem, SourceOptions, SourceText, reason};

/// A prefix of a cluster, and how its documents are read.
#[derive(Clone, Debug)]
pub(super) struct EtcdOrigin {
    /// Where it is.
    pub(super) address: EtcdAddress,
    /// The source's name.
    pub(super) name: String,
    options: SourceOptions,
    named: bool,
}

/// After a change it is waited so long for the next one: a push of many documents comes in several transactions.
const QUIET: Duration = Duration::from_millis(20);
/// A push that has begun is told of when it is not whole so long after its last transaction.
const UNFINISHED: Duration = Duration::from_secs(5);
/// And at most so long.
const PATIENCE: Duration = Duration::from_millis(500);
/// The first wait after a failure.
const FIRST: Duration = Duration::from_secs(1);
/// The most doublings of it: 16 s. A cluster is near, and asking it costs little.
const DOUBLINGS: u32 = 4;

impl From<EtcdError> for CliError {
    fn from(EtcdError { message, help }: EtcdError) -> Self {
        Self::refused(message, help)
    }
}

impl EtcdOrigin {
    pub(super) fn new(name: String, address: EtcdAddress, options: SourceOptions) -> Self {
        let named = options.name.is_some() || address.name.is_some();
        Self { address, name, options, named }
    }

    /// Lists and reads.
    pub(super) async fn read_now(&self) -> Result<Loaded, CliError> {
        // Apart: the futures of calls are large.
        let listing = Box::pin(async { Cluster::connect(&self.address).await?.list().await });
        let documents = listing.await?;
        match &documents.pushing {
            None => self.read(&documents).await,
            Some(who) => Err(self.unfinished(who)),
        }
    }

    /// Why documents are not taken: they are neither what there was nor what there is to be.
    fn unfinished(&self, who: &str) -> CliError {
        let message = format!("{}: {who} has begun to push and has not ended", self.address);
        CliError::refused(message, "`skiff push` writes the set whole; what was there before stays in force until then")
    }

    /// Reads documents as what they declare.
    ///
    /// # Errors
    /// Never for what they say.
    pub(super) async fn read(&self, documents: &Documents) -> Result<Loaded, CliError> {
        let texts =
            documents.texts.iter().map(|(key, text)| SourceText { path: key.into(), text: text.as_str().into() });
        let given = GivenSource {
            name: self.name.clone(),
            named: self.named,
            root: self.address.root(),
            prefix: self.address.prefix.clone(),
            revision: documents.changed,
            texts: texts.collect(),
            strangers: documents.strangers.first().map(|first| (first.clone(), documents.strangers.len())),
        };
        read(SourceOptions { given: Some(std::sync::Arc::new(given)), ..self.options.clone() }).await
    }

    /// The source with nothing in it but why it was not asked: what was good last stays in force.
    pub(super) fn away(&self, why: &str) -> Loaded {
        Loaded { problems: vec![Problem::of_source(reason::SOURCE_UNAVAILABLE, why)], ..self.empty() }
    }

    /// The source with nothing in it.
    pub(super) fn empty(&self) -> Loaded {
        Loaded { source: self.name.clone(), named: self.named, roots: vec![self.address.root()], ..Loaded::default() }
    }
}

/// Reads documents as a controller would that follows them.
///
/// # Errors
/// Never for what they say.
pub async fn read_documents(
    address: &EtcdAddress,
    documents: &Documents,
    options: &SourceOptions,
) -> Result<Loaded, CliError> {
    let options = SourceOptions { paths: Vec::new(), overlays: Vec::new(), ..options.clone() };
    EtcdOrigin::new(address.last().to_owned(), address.clone(), options).read(documents).await
}

/// Follows the documents of one prefix.
pub(super) struct EtcdFollower {
    pub(super) slot: usize,
    pub(super) origin: EtcdOrigin,
    pub(super) changes: mpsc::Sender<Change>,
    pub(super) asks: mpsc::Receiver<Ask>,
}

impl EtcdFollower {
    /// Follows until cancelled.
    pub(super) async fn run(mut self, cancel: CancellationToken) {
        let mut failures = 0_u32;
        let mut tell = Vec::new();
        loop {
            let ended = tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                ended = self.follow(&mut tell, &mut failures) => ended,
            };
            let Err(error) = ended else { continue };
            if !self.away(error, std::mem::take(&mut tell)).await {
                return;
            }
            let wait = Pace { interval: FIRST }.wait(failures.min(DOUBLINGS), chance());
            failures = failures.saturating_add(1);
            tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                asked = self.asks.recv() => tell.extend(asked),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Lists, then watches; comes back where everything is to be listed again.
    async fn follow(&mut self, tell: &mut Vec<Ask>, failures: &mut u32) -> Result<(), CliError> {
        let cluster = Cluster::connect(&self.origin.address).await?;
        let mut documents = cluster.list().await?;
        let mut watching = cluster.watch(&documents).await?;
        *failures = 0;
        let mut told = false;
        self.send(&documents, std::mem::take(tell)).await?;
        loop {
            let unfinished = documents.pushing.clone().filter(|_| !told);
            tokio::select! {
                biased;
                asked = self.asks.recv() => {
                    tell.extend(asked);
                    return Ok(());
                }
                followed = cluster.follow(&mut watching, &mut documents) => if !followed? {
                    tracing::info!(source = self.origin.name, "what was not seen yet has been compacted away; listing everything again");
                    return Ok(());
                },
                () = tokio::time::sleep(UNFINISHED), if unfinished.is_some() => {
                    told = true;
                    self.away(self.origin.unfinished(&unfinished.unwrap_or_default()), Vec::new()).await;
                    continue;
                }
            }
            let goes_on = gather(&cluster, &mut watching, &mut documents).await;
            told &= documents.pushing.is_some();
            self.send(&documents, Vec::new()).await?;
            if !goes_on {
                return Ok(());
            }
        }
    }

    /// Sends what is there, where it is a whole set; else only whoever asks is told that it is not.
    async fn send(&self, documents: &Documents, tell: Vec<Ask>) -> Result<(), CliError> {
        if let Some(who) = &documents.pushing {
            if !tell.is_empty() {
                self.away(self.origin.unfinished(who), tell).await;
            }
            return Ok(());
        }
        let loaded = self.origin.read(documents).await?;
        let change = Change { slot: self.slot, what: What::Read(Box::new(loaded), false), tell };
        // Whoever reads it has ended, and so will this.
        self.changes.send(change).await.ok();
        Ok(())
    }

    /// Tells why there is nothing new. Whether anybody listens still.
    async fn away(&self, error: CliError, tell: Vec<Ask>) -> bool {
        let problem = Problem::of_source(reason::SOURCE_UNAVAILABLE, error.to_string());
        let what = What::Away(Problem { help: error.help().map(str::to_owned), ..problem });
        self.changes.send(Change { slot: self.slot, what, tell }).await.is_ok()
    }
}

/// Takes in what follows a change closely. False where everything is to be listed again: what has been seen counts all the same.
async fn gather(cluster: &Cluster, watching: &mut Watching, documents: &mut Documents) -> bool {
    let latest = tokio::time::Instant::now() + PATIENCE;
    loop {
        let quiet = (tokio::time::Instant::now() + QUIET).min(latest);
        match tokio::time::timeout_at(quiet, cluster.follow(watching, documents)).await {
            Ok(Ok(true)) if tokio::time::Instant::now() < latest => {}
            Ok(Ok(true)) | Err(_) => return true,
            Ok(Ok(false) | Err(_)) => return false,
        }
    }
}
