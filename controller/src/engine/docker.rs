//! Docker as an engine. The only module that speaks to it, and the only one that knows bollard.
//!
//! Every action is harmless to repeat: what has been done is `Already`, what has changed since it was observed is `Stale`.
//! Nothing here decides what to do. What is not ours is never touched, only described.

#[cfg(test)]
mod attributes;
mod build;
mod client;
mod command;
mod compare;
mod container;
mod create;
mod credentials;
mod deadline;
mod distribution;
mod error;
mod events;
mod exec;
mod facts;
mod fields;
mod frames;
mod hook;
mod image;
mod info;
mod lifecycle;
mod logs;
mod network;
mod observe;
mod path;
mod perform;
mod pull;
mod stack;
mod stats;
mod update;
mod volume;

use std::collections::BTreeSet;

use futures_util::Stream;
use skiff_core::{Adopted, Comparison, ContainerSpec, ContentStore, EngineError, Instance, Stack};
use tokio::sync::{mpsc, watch};

pub(crate) use command::exited;
pub use command::{CommandEnd, Commands};
pub use distribution::Distribution;
pub use exec::{ExecControl, ExecInput, ExecOutput, ExecSession, Output};
pub use facts::FactsFile;
pub use frames::OutputStream;
pub use info::EngineInfo;
pub use logs::{LogLine, LogOptions};
pub use stats::Stats;

use crate::ask::Asker;
use crate::files::FileStore;
use crate::mandate::Mandate;
use client::Client;
use credentials::Credentials;
use observe::{Ask, Observer};
use pull::Puller;

/// A Docker Engine and the files that its containers mount.
#[derive(Debug)]
pub struct Docker {
    client: Client,
    files: FileStore,
    puller: Puller,
    asker: Asker,
    asks: mpsc::UnboundedSender<Ask>,
    /// The containers that were taken over from others: their events count as those of ours.
    adopted: watch::Sender<BTreeSet<String>>,
    known: facts::Known,
}

impl Docker {
    /// Connects to the engine at `host` (as `DOCKER_HOST` writes it; `None` is Docker's own socket) and agrees on an API version. What
    /// the engine says of itself is kept in `facts`, where it is given, for whoever connects next.
    ///
    /// # Errors
    /// When nothing answers there, with what to do about it; when the address is of a kind that is not spoken.
    pub async fn connect(host: Option<&str>, files: FileStore, facts: Option<FactsFile>) -> Result<Self, EngineError> {
        Self::connect_under(host, files, facts, Mandate::for_good()).await
    }

    /// As [`Self::connect`], for one that acts only while there is leave to.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_under(
        host: Option<&str>,
        files: FileStore,
        facts: Option<FactsFile>,
        mandate: Mandate,
    ) -> Result<Self, EngineError> {
        let client = Client::connect(host, mandate).await?;
        let known = facts::Known::new(facts);
        let asks = Observer::spawn(client.clone(), known.clone(), files.clone());
        let (puller, asker) = (Puller::new(Credentials::of_docker()), Asker::default());
        Ok(Self { client, files, puller, asker, asks, adopted: watch::Sender::default(), known })
    }

    /// Begins to look at everything. The next full look of this instance takes what is seen, if it comes soon: what its caller does
    /// meanwhile costs no time.
    pub fn look_ahead(&self, instance: &Instance) {
        // Should the task that looks have ended, the look itself says so.
        self.asks.send(Ask::LookAhead(instance.clone())).ok();
    }

    /// The engine's own id.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn id(&self) -> Result<&str, EngineError> {
        self.known.facts(&self.client).await.map(|facts| facts.id.as_str())
    }

    /// Asks whether the engine is alive.
    ///
    /// # Errors
    /// When it is not, or does not answer in time.
    pub async fn ping(&self) -> Result<(), EngineError> {
        self.client.ping().await.map(|_| ())
    }

    /// Everything there is to know of the engine.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn info(&self) -> Result<EngineInfo, EngineError> {
        info::info(&self.client).await
    }

    /// The socket's file, where the engine is at one.
    pub fn socket(&self) -> Option<&std::path::Path> {
        self.client.endpoint().socket()
    }

    /// Whether the engine has an image.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn image_exists(&self, image: &str) -> Result<bool, EngineError> {
        image::exists(&self.client, image).await
    }

    /// What a container has written, by its name or id, right with and without a terminal.
    ///
    /// # Errors
    /// `Stale` where there is no such container; what its log driver cannot do.
    pub async fn logs(
        &self,
        container: &str,
        options: LogOptions,
    ) -> Result<impl Stream<Item = Result<LogLine, EngineError>> + Send + use<>, EngineError> {
        logs::logs(&self.client, container, options).await
    }

    /// The volumes without a name that a container was made with a mount of; none where there is no such container.
    ///
    /// # Errors
    /// Where the engine does not answer.
    pub async fn asked_volumes(&self, container: &str) -> Result<Vec<String>, EngineError> {
        let nameless = observe::inspect(&self.client, container).await?.map(|found| found.nameless());
        let asked =
            nameless.into_iter().flat_map(std::collections::BTreeMap::into_values).filter(|nameless| nameless.is_asked);
        Ok(asked.map(|nameless| nameless.volume).collect())
    }

    /// Attaches to what a container runs, or will run once it is started: all that it writes from then on is heard.
    ///
    /// # Errors
    /// Where there is no such container.
    pub async fn attach(&self, container: &str, tty: bool) -> Result<ExecSession, EngineError> {
        exec::attach(&self.client, container, tty).await
    }

    /// Runs a command in a running container.
    ///
    /// # Errors
    /// Where the container does not run or is gone.
    pub async fn exec(
        &self,
        container: &str,
        argv: &[String],
        tty: bool,
        stdin: bool,
    ) -> Result<ExecSession, EngineError> {
        exec::exec(&self.client, container, argv, tty, stdin).await
    }

    /// The way to run commands in its containers.
    pub fn commands(&self) -> Commands {
        Commands(self.client.clone())
    }

    /// From now on what was taken over from others counts as ours.
    pub fn adopt(&self, adopted: Adopted) {
        self.adopted.send_replace(adopted.containers.keys().cloned().collect());
        // Should the task that looks have ended, the look itself says so.
        self.asks.send(Ask::Adopt(Box::new(adopted))).ok();
    }

    /// What Docker Compose made for a project.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn stack(&self, project: &str) -> Result<Stack, EngineError> {
        stack::stack(&self.client, project).await
    }

    /// What is still there of what was taken over.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn remaining(&self, adopted: &Adopted) -> Result<Stack, EngineError> {
        stack::remaining(&self.client, adopted).await
    }

    /// What a container uses, by its name or id; nothing where it does not run.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn stats(&self, container: &str) -> Result<Option<Stats>, EngineError> {
        stats::stats(&self.client, container).await
    }

    /// How a container of others compares with what would be made from this.
    ///
    /// # Errors
    /// When the engine does not answer, when the container is gone, when nothing could be made from this.
    pub async fn compare(
        &self,
        id: &str,
        spec: &ContainerSpec,
        content: &ContentStore,
    ) -> Result<Comparison, EngineError> {
        compare::compare(self, id, spec, content).await
    }

    /// The way to the registries that it reaches.
    pub fn distribution(&self) -> Distribution {
        Distribution { client: self.client.clone(), credentials: self.puller.credentials().clone() }
    }

    /// Sends a signal to a container's first process.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn kill(&self, container: &str, signal: &str) -> Result<(), EngineError> {
        lifecycle::kill(&self.client, container, signal).await
    }

    /// The engine's own log driver.
    async fn log_driver(&self) -> Result<&str, EngineError> {
        self.known.facts(&self.client).await.map(|facts| facts.log_driver.as_str())
    }
}
