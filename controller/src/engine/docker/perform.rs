//! What the controller asks of an engine: a look, an action, and to be woken.

use std::sync::Arc;

use skiff_core::{
    Action, BuildImage, ContentStore, EngineError, FileSet, Instance, Observed, Outcome, PullImage, RemoveImage,
};
use tokio::sync::mpsc;

use super::observe::{self, Ask};
use super::{Docker, build, create, events, hook, image, lifecycle, network, update, volume};
use crate::engine::{Engine, Look, Progress, Wake};

impl Engine for Docker {
    async fn observe(&self, instance: &Instance, look: Look) -> Result<Observed, EngineError> {
        observe::look(&self.asks, instance, look).await
    }

    async fn perform(
        &self,
        action: &Action,
        content: &ContentStore,
        progress: mpsc::UnboundedSender<Progress>,
    ) -> Result<Outcome, EngineError> {
        let client = &self.client;
        // Files are no requests; and nothing is prepared for what may not be sent.
        client.mandate().check()?;
        match action {
            Action::PullImage(pull) => self.pull(pull, &progress).await,
            Action::BuildImage(build) => self.build(build, &progress).await,
            Action::RemoveImage(removed) => self.remove_image(removed).await,
            Action::CreateNetwork(create) => network::create(client, create).await,
            Action::RemoveNetwork { id, name } => network::remove(client, id, name).await,
            Action::CreateVolume(create) => volume::create(client, create).await,
            Action::RemoveVolume { name } => volume::remove(client, name).await,
            Action::WriteFiles(set) => self.write_files(set, content).await,
            Action::RemoveFiles { id } => self.remove_files(id).await,
            Action::CreateContainer(create) => create::create(self, create, content).await,
            Action::ConnectNetwork(connect) => network::connect(client, connect).await,
            Action::DisconnectNetwork { container, network_id, network } => {
                network::disconnect(client, container, network_id, network).await
            }
            Action::StartContainer { container } => lifecycle::start(client, container).await,
            Action::RunHook(hook) => hook::run(client, &self.asker, hook, content).await,
            Action::StopContainer(stop) => lifecycle::stop(client, &self.asker, stop, content).await,
            Action::RemoveContainer { container, volumes } => lifecycle::remove(client, container, volumes).await,
            Action::RenameContainer { container, to } => lifecycle::rename(client, container, to).await,
            Action::UnpauseContainer { container } => lifecycle::unpause(client, container).await,
            Action::UpdateContainer(update) => update::update(client, update).await,
        }
    }

    async fn watch(self: Arc<Self>, instance: Instance, wakes: mpsc::Sender<Wake>) {
        let ours = events::Ours { instance, adopted: self.adopted.subscribe() };
        events::watch(self.client.clone(), self.asks.clone(), ours, wakes).await;
    }
}

impl Docker {
    async fn pull(&self, pull: &PullImage, progress: &mpsc::UnboundedSender<Progress>) -> Result<Outcome, EngineError> {
        let outcome = image::ensure(&self.client, &self.puller, pull, progress).await;
        self.look_at_images(&outcome);
        outcome
    }

    async fn build(
        &self,
        build: &BuildImage,
        progress: &mpsc::UnboundedSender<Progress>,
    ) -> Result<Outcome, EngineError> {
        let outcome = build::build(&self.client, self.puller.credentials(), build, progress).await;
        self.look_at_images(&outcome);
        outcome
    }

    async fn remove_image(&self, removed: &RemoveImage) -> Result<Outcome, EngineError> {
        let outcome = image::remove(&self.client, removed).await;
        self.look_at_images(&outcome);
        outcome
    }

    /// The event that tells of a new image may come after the next look.
    fn look_at_images(&self, outcome: &Result<Outcome, EngineError>) {
        if *outcome != Ok(Outcome::Already) {
            self.asks.send(Ask::Images).ok();
        }
    }

    async fn write_files(&self, set: &FileSet, content: &ContentStore) -> Result<Outcome, EngineError> {
        let (files, set, content) = (self.files.clone(), set.clone(), content.clone());
        blocking(move || files.write(&set, &content)).await
    }

    async fn remove_files(&self, id: &str) -> Result<Outcome, EngineError> {
        let (files, id) = (self.files.clone(), id.to_owned());
        blocking(move || files.remove(&id)).await
    }
}

/// Runs what touches disks where it may block.
async fn blocking(
    work: impl FnOnce() -> Result<Outcome, EngineError> + Send + 'static,
) -> Result<Outcome, EngineError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(EngineError::Failed(format!("a task failed: {error}"))))
}
