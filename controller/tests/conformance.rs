//! The conformance suite on the real engine, through the adapter. Each script has an instance of its own and is cleaned up
//! whatever becomes of it.
//!
//! Where no engine answers the test fails; `SKIFF_TEST_NO_DOCKER=1` skips it on purpose.

#[path = "docker_adapter/image.rs"]
mod image;

use std::error::Error;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use bollard::models::{ContainerCreateBody, NetworkConnectRequest, NetworkCreateRequest, VolumeCreateRequest};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, KillContainerOptions, RemoveImageOptions,
    RenameContainerOptionsBuilder,
};
use futures_util::{StreamExt, stream};
use skiff::context::{self, Context, ContextLimits};
use skiff::engine::docker::Docker;
use skiff::engine::{Engine, Look};
use skiff::files::FileStore;
use skiff_api::{Build, Instance};
use skiff_core::{Action, BuildImage, ContainerRef, ContentStore, EngineError, Observed, Outcome};
use skiff_sim::conformance::{Hand, Script, Stage, Subject, scripts};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// How many scripts run at once.
const AT_ONCE: usize = 4;

type Failure = Box<dyn Error + Send + Sync>;

/// The real engine as a subject.
struct Real {
    docker: Docker,
    /// The hands of others, who do not use the adapter.
    others: bollard::Docker,
    instance: Instance,
    build: BuildImage,
    runtime: Handle,
    _folders: (tempfile::TempDir, tempfile::TempDir),
}

impl Real {
    async fn connect(instance: &str) -> Result<Self, Failure> {
        let folders = (tempfile::tempdir()?, tempfile::tempdir_in("/dev/shm")?);
        let files =
            FileStore { config_root: folders.0.path().join("files"), secret_root: folders.1.path().join("files") };
        let host = std::env::var("DOCKER_HOST").ok();
        let instance: Instance = instance.parse()?;
        Ok(Self {
            build: buildable(folders.0.path(), &instance)?,
            docker: Docker::connect(host.as_deref(), files, None).await?,
            others: bollard::Docker::connect_with_local_defaults()?,
            instance,
            runtime: Handle::current(),
            _folders: folders,
        })
    }

    /// Removes everything whose name begins with the instance.
    fn clean(&mut self) -> Result<(), EngineError> {
        let prefix = self.instance.docker_name("");
        let observed = self.observe()?;
        for found in observed.containers.into_iter().filter(|found| found.name.starts_with(&prefix)) {
            let nameless = found.detail.into_iter().flat_map(|detail| detail.nameless.into_values());
            let volumes = nameless.map(|nameless| nameless.volume).collect();
            let container = ContainerRef { id: Some(found.id), name: found.name };
            self.perform(&Action::RemoveContainer { container, volumes })?;
        }
        for found in observed.networks.into_iter().filter(|found| found.name.starts_with(&prefix)) {
            self.perform(&Action::RemoveNetwork { id: found.id, name: found.name })?;
        }
        for found in observed.volumes.into_iter().filter(|found| found.name.starts_with(&prefix)) {
            self.perform(&Action::RemoveVolume { name: found.name })?;
        }
        Ok(())
    }

    /// Removes the image that a script may have built.
    async fn clean_images(&self) -> Result<(), Failure> {
        if self.others.inspect_image(&self.build.image).await.is_ok() {
            self.others.remove_image(&self.build.image, None::<RemoveImageOptions>, None).await?;
        }
        Ok(())
    }

    async fn lend_a_hand(&self, hand: &Hand) -> Result<(), Failure> {
        match hand {
            Hand::Kill(name) => {
                let found = self.others.inspect_container(name, None::<InspectContainerOptions>).await?;
                let pid = found.state.and_then(|state| state.pid).ok_or("it has no process")?;
                let pid = rustix::process::Pid::from_raw(i32::try_from(pid)?).ok_or("its process has no number")?;
                rustix::process::kill_process(pid, rustix::process::Signal::KILL)?;
            }
            Hand::KillByApi(name) => self.others.kill_container(name, None::<KillContainerOptions>).await?,
            Hand::Pause(name) => self.others.pause_container(name).await?,
            Hand::Connect { container, network } => {
                let request =
                    NetworkConnectRequest { container: container.clone(), ..NetworkConnectRequest::default() };
                self.others.connect_network(network, request).await?;
            }
            Hand::Rename { from, to } => {
                let options = RenameContainerOptionsBuilder::new().name(to).build();
                self.others.rename_container(from, options).await?;
            }
            Hand::DuplicateNetwork(name) | Hand::ForeignNetwork(name) => {
                let request = NetworkCreateRequest { name: name.clone(), ..NetworkCreateRequest::default() };
                self.others.create_network(request).await?;
            }
            Hand::ForeignVolume(name) => {
                let request = VolumeCreateRequest { name: Some(name.clone()), ..VolumeCreateRequest::default() };
                self.others.create_volume(request).await?;
            }
            Hand::ForeignContainer(name) => {
                let options = CreateContainerOptionsBuilder::new().name(name).build();
                let body =
                    ContainerCreateBody { image: Some(image::IMAGE.to_owned()), ..ContainerCreateBody::default() };
                let body = ContainerCreateBody { cmd: Some(vec!["sleep".to_owned(), "1000".to_owned()]), ..body };
                self.others.create_container(Some(options), body).await?;
            }
        }
        Ok(())
    }
}

/// What is built from a new folder, by its name.
fn buildable(folder: &Path, instance: &Instance) -> Result<BuildImage, Failure> {
    let context = folder.join("context");
    std::fs::create_dir(&context)?;
    std::fs::write(context.join("Dockerfile"), format!("FROM {}\nLABEL of={instance}\n", image::IMAGE))?;
    let build = Build { context: "./context".to_owned(), ..Build::default() };
    let base = folder.to_string_lossy().into_owned();
    let build = BuildImage { image: String::new(), base, build, platform: None };
    let read = Context::read(&build, &ContextLimits::default())?;
    let image = context::image(&instance.docker_name("built"), &build, &read)?;
    Ok(BuildImage { image, ..build })
}

/// The first of so many ports in a row that nobody listens on: below those that Linux gives to outgoing connections
/// (`ip_local_port_range` begins at 32768), of which any may be taken by the time that a script publishes it.
fn free_ports(count: u16) -> Option<u16> {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    // Two runs on one machine begin in different places.
    let start = u16::try_from(std::process::id() % u32::from(COUNT)).ok()?;
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok();
    (0..COUNT / count)
        .map(|_| FIRST + start.wrapping_add(GIVEN.fetch_add(count, Ordering::Relaxed)) % (COUNT - count))
        .find(|first| (*first..first + count).all(is_free))
}

impl Subject for Real {
    fn instance(&self) -> Instance {
        self.instance.clone()
    }

    fn image(&self) -> String {
        image::IMAGE.to_owned()
    }

    fn build(&self) -> BuildImage {
        self.build.clone()
    }

    fn ports(&mut self, count: u16) -> Result<u16, String> {
        free_ports(count).ok_or_else(|| "all ports are taken".to_owned())
    }

    fn perform(&mut self, action: &Action) -> Result<Outcome, EngineError> {
        let (progress, _unwatched) = mpsc::unbounded_channel();
        self.runtime.block_on(self.docker.perform(action, &ContentStore::default(), progress))
    }

    fn perform_at_once(&mut self, actions: &[Action]) -> Vec<Result<Outcome, EngineError>> {
        let content = ContentStore::default();
        let each = actions.iter().map(|action| {
            let (progress, _unwatched) = mpsc::unbounded_channel();
            self.docker.perform(action, &content, progress)
        });
        self.runtime.block_on(futures_util::future::join_all(each))
    }

    fn observe(&mut self) -> Result<Observed, EngineError> {
        self.runtime.block_on(self.docker.observe(&self.instance, Look::Full))
    }

    fn hand(&mut self, hand: &Hand) -> Result<(), String> {
        self.runtime.block_on(self.lend_a_hand(hand)).map_err(|error| format!("{hand:?}: {error}"))
    }

    fn pass_time(&mut self) {
        self.runtime.block_on(tokio::time::sleep(Duration::from_millis(20)));
    }
}

/// Runs a script on an instance of its own and says how it failed.
async fn run(number: usize, script: Script) -> Option<String> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", script.name);
    let mut subject = match Real::connect(&format!("cf-{number}-{}", std::process::id())).await {
        Ok(subject) => subject,
        Err(error) => return Some(named(&error)),
    };
    let performed = tokio::task::spawn_blocking(move || {
        let result = (script.run)(&mut Stage::new(&mut subject));
        let cleaned = subject.clean().map_err(|error| format!("clean-up: {error}"));
        let images = subject.runtime.block_on(subject.clean_images()).map_err(|error| format!("clean-up: {error}"));
        result.and(cleaned).and(images)
    });
    match performed.await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(named(&error)),
        Err(error) => Some(named(&error)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn docker_does_what_every_engine_must_do() -> Result<(), Box<dyn Error>> {
    if std::env::var_os("SKIFF_TEST_NO_DOCKER").is_some_and(|value| value == "1") {
        return Ok(());
    }
    image::ensure().await?;
    let runs = stream::iter(scripts().into_iter().enumerate()).map(|(number, script)| run(number, script));
    let failed: Vec<String> = runs.buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await;
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}
