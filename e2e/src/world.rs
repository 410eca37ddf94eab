//! What one scenario owns: a folder of manifests, a state directory, an instance on an engine, the last call, a `skiff run`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use serde_json::Value;
use skiff_api::label;
use tempfile::TempDir;

use crate::docker::{Docker, Seen};
use crate::events::Events;
use crate::program::{Ended, Running, Skiff};

/// What one scenario owns.
#[derive(Debug)]
pub struct World {
    /// The engine.
    pub docker: Docker,
    /// How the program is called.
    pub skiff: Skiff,
    /// The instance; every Docker name of Skiff's begins with it.
    pub instance: String,
    /// The last call that ended.
    pub last: Ended,
    /// All calls that ended.
    pub calls: Vec<Ended>,
    /// The `skiff run` in the background.
    pub running: Option<Running>,
    /// Variables for every call.
    pub env: Vec<(String, String)>,
    /// Containers as they were when the scenario said "remember".
    pub remembered: BTreeMap<String, Seen>,
    /// What has happened since that moment.
    pub since_remembered: Option<Events>,
    /// What ends further programs that would make anew what is removed in the end.
    pub endings: Vec<Ending>,
    folder: TempDir,
}

/// What is done before all is removed.
pub struct Ending(pub Box<dyn FnOnce()>);

impl std::fmt::Debug for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ending")
    }
}

impl World {
    /// A world of its own on an engine.
    pub fn on(docker: Docker) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let instance = format!("e2e-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = tempfile::Builder::new().prefix("skiff-e2e-").tempdir()?;
        fs::create_dir(folder.path().join("manifests"))?;
        let skiff = Skiff::new(&instance, &folder.path().join("state"), docker.socket(), folder.path())?;
        Ok(Self {
            docker,
            skiff,
            instance,
            last: Ended::default(),
            calls: Vec::new(),
            running: None,
            env: Vec::new(),
            remembered: BTreeMap::new(),
            since_remembered: None,
            endings: Vec::new(),
            folder,
        })
    }

    /// The folder that everything of this scenario is in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of manifests.
    pub fn manifests(&self) -> PathBuf {
        self.folder.path().join("manifests")
    }

    /// The label that everything of this scenario carries.
    pub fn label(&self) -> String {
        format!("{}={}", label::INSTANCE, self.instance)
    }

    /// Docker's name of an object's replica.
    pub fn docker_name(&self, name: &str, ordinal: u32) -> String {
        format!("{}-default-{name}-{ordinal}", self.instance)
    }

    /// Calls the program and keeps what it said.
    pub fn call(&mut self, args: &[&str]) -> Result<()> {
        self.last = self.skiff.call(args, &self.env)?;
        self.calls.push(self.last.clone());
        Ok(())
    }

    /// All containers of the instance.
    pub fn containers(&self) -> Result<Vec<Seen>> {
        self.docker.containers(&[self.label()])
    }

    /// The containers of one object, by name.
    pub fn replicas(&self, name: &str) -> Result<Vec<Seen>> {
        self.docker.containers(&[self.label(), format!("{}={name}", label::NAME)])
    }

    /// The only container of an object.
    pub fn replica(&self, name: &str) -> Result<Seen> {
        let replicas = self.replicas(name)?;
        anyhow::ensure!(replicas.len() == 1, "{name} has {} containers", replicas.len());
        replicas.into_iter().next().with_context(|| format!("{name} has no container"))
    }

    /// The engine's clock, in seconds since 1970 with nanoseconds.
    pub fn engine_clock(&self) -> Result<String> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        Ok(format!("{}.{:09}", now.as_secs(), now.subsec_nanos()))
    }

    /// What has happened to the scenario's things since it said "remember".
    pub fn events(&self) -> Result<Vec<Value>> {
        self.since_remembered.as_ref().context("nothing was remembered")?.until(&self.engine_clock()?)
    }

    /// The `skiff run` in the background.
    pub fn running(&mut self) -> Result<&mut Running> {
        self.running.as_mut().context("no skiff run in the background")
    }

    /// Ends what runs in the background and removes everything of the instance. Goes on after a failure.
    pub fn clean_up(&mut self) {
        for end in std::mem::take(&mut self.endings) {
            (end.0)();
        }
        self.running = None;
        self.since_remembered = None;
        self.docker.remove_all(&self.label());
        for folder in run_folders(&self.instance) {
            fs::remove_dir_all(folder).ok();
        }
    }
}

/// Where the program keeps locks and secrets of an instance: in memory, outside of the scenario's own folder.
pub fn run_folders(instance: &str) -> Vec<PathBuf> {
    let of_user = std::env::var_os("XDG_RUNTIME_DIR").map(|folder| PathBuf::from(folder).join("skiff"));
    let uid = rustix::process::geteuid().as_raw();
    let roots = ["/run/skiff".into(), "/dev/shm/skiff".into(), format!("/dev/shm/skiff-{uid}").into()];
    roots.into_iter().chain(of_user).map(|root: PathBuf| root.join(instance)).collect()
}
