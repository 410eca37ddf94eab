//! Asks the registries of a Docker Engine: for digests through the engine, for lists of tags, which it cannot have, from here.

use std::time::Duration;

use skiff_core::{TagAsk, TagFound};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::Registries;
use crate::engine::docker::Distribution;
use crate::registry;

/// How many questions are under way at once.
const AT_ONCE: usize = 4;
/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The registries that an engine can reach, with the credentials of Docker's configuration.
#[derive(Debug)]
pub struct DockerRegistries {
    engine: Distribution,
    room: Semaphore,
}

impl DockerRegistries {
    /// Those of an engine.
    pub fn new(engine: Distribution) -> Self {
        Self { engine, room: Semaphore::new(AT_ONCE) }
    }

    async fn found(&self, ask: &TagAsk) -> Result<TagFound, String> {
        if ask.digest {
            return self.engine.digest(&ask.reference).await.map(TagFound::Digest);
        }
        let login = self.engine.login(&ask.reference).await?;
        registry::tags(&ask.reference, login).await.map(TagFound::Tags)
    }
}

impl Registries for DockerRegistries {
    async fn ask(&self, ask: &TagAsk) -> Result<TagFound, String> {
        // The semaphore is never closed.
        let _room = self.room.acquire().await;
        let late = || Err(format!("no answer within {} s", PATIENCE.as_secs()));
        timeout(PATIENCE, self.found(ask)).await.unwrap_or_else(|_| late())
    }
}
