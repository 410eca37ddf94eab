//! An engine with an instance of its own for one test, and its clean-up.

use std::collections::BTreeMap;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use skiff::engine::docker::Docker;
use skiff::engine::{Engine, Look};
use skiff::files::FileStore;
use skiff_api::{Component, Container, Instance, Kind, NetworkSpec, ObjectKey, OwnerLabels, PodTemplate};
use skiff_core::{
    Action, Attachment, ContainerRef, ContainerSpec, ContainerState, ContentStore, CreateContainer, CreateNetwork,
    EngineError, FromImage, InPlace, Namespaces, Observed, ObservedContainer, Outcome, StopContainer, Template,
};
use tokio::sync::mpsc;

use super::image;

/// What tests return.
pub(crate) type Tested = Result<(), Box<dyn Error>>;

/// An engine, seen by one instance.
pub(crate) struct Host {
    /// The adapter.
    pub(crate) docker: Arc<Docker>,
    /// The test's own instance.
    pub(crate) instance: Instance,
    /// What ConfigMaps and Secrets hold.
    pub(crate) content: ContentStore,
    folders: (tempfile::TempDir, tempfile::TempDir),
}

/// Runs a test against the engine and cleans up whatever becomes of it. The name goes into the name of the instance.
pub(crate) async fn with_host(name: &str, test: impl AsyncFnOnce(&mut Host) -> Tested) -> Tested {
    if std::env::var_os("SKIFF_TEST_NO_DOCKER").is_some_and(|value| value == "1") {
        return Ok(());
    }
    image::ensure().await?;
    let mut host = Host::connect(&format!("it-{name}-{}", std::process::id())).await?;
    let tested = AssertUnwindSafe(test(&mut host)).catch_unwind().await;
    let cleaned = host.clean().await;
    match tested {
        Ok(tested) => tested.and(cleaned),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

impl Host {
    async fn connect(instance: &str) -> Result<Self, Box<dyn Error>> {
        let folders = (tempfile::tempdir()?, tempfile::tempdir_in("/dev/shm")?);
        let host = std::env::var("DOCKER_HOST").ok();
        let docker = Docker::connect(host.as_deref(), files(&folders), None).await?;
        Ok(Self { docker: Arc::new(docker), instance: instance.parse()?, content: ContentStore::default(), folders })
    }

    /// The roots of this test's file sets.
    pub(crate) fn files(&self) -> FileStore {
        files(&self.folders)
    }

    /// Looks closely.
    pub(crate) async fn look(&self) -> Result<Observed, EngineError> {
        self.docker.observe(&self.instance, Look::Full).await
    }

    /// The one container of this name.
    pub(crate) async fn container(&self, name: &str) -> Result<ObservedContainer, Box<dyn Error>> {
        let found = self.look().await?.containers.into_iter().find(|container| container.name == name);
        found.ok_or_else(|| format!("no container {name}").into())
    }

    /// Performs one action.
    pub(crate) async fn perform(&self, action: Action) -> Result<Outcome, EngineError> {
        let (progress, _unwatched) = mpsc::unbounded_channel();
        // The futures of actions are large.
        Box::pin(self.docker.perform(&action, &self.content, progress)).await
    }

    /// Performs one action twice: the second time it has been done already.
    pub(crate) async fn perform_twice(&self, action: Action) -> Tested {
        let first = self.perform(action.clone()).await?;
        assert!(first != Outcome::Already, "{action:?} came to {first:?}");
        assert_eq!(self.perform(action).await?, Outcome::Already);
        Ok(())
    }

    /// A Docker name of this instance.
    pub(crate) fn name(&self, name: &str) -> String {
        self.instance.docker_name(name)
    }

    /// Labels of an object of this instance.
    pub(crate) fn owner(&self, kind: Kind, name: &str) -> OwnerLabels {
        OwnerLabels {
            instance: self.instance.clone(),
            source: "test".to_owned(),
            object: ObjectKey::new(kind, "test", name),
            ordinal: u32::from(kind.is_workload()),
            component: Component::Main,
            run: None,
            revision: 1,
            source_revision: None,
            template_hash: "v1:one".to_owned(),
            template: None,
            content: None,
            image_id: None,
        }
    }

    /// A container that runs a shell command without a network.
    pub(crate) fn shell(&self, name: &str, script: &str) -> CreateContainer {
        let command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
        let container = Container { image: image::IMAGE.to_owned(), command: Some(command), ..Container::default() };
        let pod = PodTemplate { container, ..PodTemplate::default() };
        let template = Template {
            hash: "v1:one".to_owned(),
            identity: "v1:test".to_owned(),
            uses: Vec::new(),
            canonical: String::new(),
            content: BTreeMap::new(),
            pod,
            env: Vec::new(),
            mounts: Vec::new(),
            in_place: InPlace::default(),
            base: String::new(),
        };
        let spec = ContainerSpec {
            owner: self.owner(Kind::Deployment, name),
            image: FromImage::whatever(image::IMAGE),
            template: Arc::new(template),
            mounts: Vec::new(),
            carried: BTreeMap::new(),
            first_network: None,
            network_mode: Some("none".to_owned()),
            namespaces: Namespaces::default(),
            volumes_from: Vec::new(),
        };
        CreateContainer { name: self.name(name), spec }
    }

    /// Makes a container and starts it.
    pub(crate) async fn run(&self, create: CreateContainer) -> Result<ContainerRef, EngineError> {
        let container = ContainerRef { id: None, name: create.name.clone() };
        self.perform(Action::CreateContainer(Box::new(create))).await?;
        self.perform(Action::StartContainer { container: container.clone() }).await?;
        Ok(container)
    }

    /// Waits until a container has ended. The engine may end a log that is followed before its last piece.
    pub(crate) async fn ended(&self, container: &ContainerRef) -> Result<ObservedContainer, Box<dyn Error>> {
        let ended = async {
            loop {
                let found = self.container(&container.name).await?;
                if found.state == ContainerState::Exited {
                    return Ok(found);
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), ended).await?
    }

    /// A network to make.
    pub(crate) fn network(&self, name: &str) -> CreateNetwork {
        CreateNetwork {
            name: self.name(name),
            spec: NetworkSpec::default(),
            owner: self.owner(Kind::Network, name),
            labels: BTreeMap::new(),
        }
    }

    /// An attachment to a network of this instance.
    pub(crate) fn attachment(&self, network: &str, alias: &str) -> Attachment {
        Attachment { network: self.name(network), aliases: [alias.to_owned()].into(), ..Attachment::default() }
    }

    /// Removes everything of this instance.
    async fn clean(&self) -> Tested {
        let observed = self.look().await?;
        let prefix = self.name("");
        let ours = |name: &str| name.starts_with(&prefix);
        for container in observed.containers.into_iter().filter(|container| ours(&container.name)) {
            let nameless = container.detail.into_iter().flat_map(|detail| detail.nameless.into_values());
            let volumes = nameless.map(|nameless| nameless.volume).collect();
            let container = ContainerRef { id: Some(container.id), name: container.name };
            self.perform(Action::RemoveContainer { container, volumes }).await?;
        }
        for network in observed.networks.into_iter().filter(|network| ours(&network.name)) {
            self.perform(Action::RemoveNetwork { id: network.id, name: network.name }).await?;
        }
        for volume in observed.volumes.into_iter().filter(|volume| ours(&volume.name)) {
            self.perform(Action::RemoveVolume { name: volume.name }).await?;
        }
        Ok(())
    }
}

fn files((config, secrets): &(tempfile::TempDir, tempfile::TempDir)) -> FileStore {
    FileStore { config_root: config.path().join("files"), secret_root: secrets.path().join("secrets") }
}

/// A container to stop at once.
pub(crate) fn stop(container: &ContainerRef) -> Action {
    Action::StopContainer(StopContainer { container: container.clone(), grace_seconds: 0, pre_stop: None })
}
