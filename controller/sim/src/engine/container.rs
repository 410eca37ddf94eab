//! A container, and the actions on one: start, stop, remove, rename, unpause.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use jiff::{SignedDuration, Timestamp};
use skiff_api::ContainerPort;
use skiff_core::{
    ContainerRef, ContainerState, EngineError, Health, InPlace, Mount, MountSource, Namespaces, ObservedNameless,
    Outcome, PublishedPort,
};

use super::SimEngine;
use super::answers::Answers;
use super::check::Check;
use super::hook::SimHook;

/// What Docker says of a container whose program is in no image.
const NO_PROGRAM: &str = "unable to start container process: exec: no such file or directory";

/// Docker's restart policies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DockerRestart {
    /// `no`.
    #[default]
    No,
    /// `always`.
    Always,
    /// `on-failure`, and so often at most, without a limit where none is said.
    OnFailure(Option<NonZeroU32>),
    /// `unless-stopped`.
    UnlessStopped,
}

/// How the process of a container behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Program {
    /// It runs until it is told to stop.
    #[default]
    Runs,
    /// It ends by itself.
    Exits {
        /// So long after each start.
        after: SignedDuration,
        /// With this code.
        code: i64,
    },
}

/// How a container is attached to a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimEndpoint {
    /// The network's id; Docker knows it only from the first start on.
    pub network_id: Option<String>,
    /// The names that it answers to.
    pub aliases: std::collections::BTreeSet<String>,
    /// The address that it asked for.
    pub ipv4_address: Option<String>,
    /// The address that it asked for.
    pub ipv6_address: Option<String>,
}

/// A container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimContainer {
    /// The full id.
    pub id: String,
    /// The order of its creation.
    pub serial: u64,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The reference that it was made from.
    pub image: String,
    /// The id of that image.
    pub image_id: String,
    /// Entrypoint and command.
    pub command: Vec<String>,
    /// Its variables.
    pub env: BTreeMap<String, String>,
    /// Its mounts.
    pub mounts: Vec<Mount>,
    /// The volumes without a name that it mounts, by path.
    pub nameless: BTreeMap<String, ObservedNameless>,
    /// The ports that it was made with.
    pub ports: Vec<ContainerPort>,
    /// The network mode, where it is on no network of its own.
    pub network_mode: Option<String>,
    /// Whose processes and memory it shares.
    pub namespaces: Namespaces,
    /// Whose mounts it got as well: `ID`, `ID:ro`.
    pub volumes_from: Vec<String>,
    /// The host name that it was given.
    pub hostname: Option<String>,
    /// Its networks by name.
    pub networks: BTreeMap<String, SimEndpoint>,
    /// Its limits; the restart policy is in `restart`.
    pub limits: InPlace,
    /// Its restart policy.
    pub restart: DockerRestart,
    /// How its process behaves.
    pub program: Program,
    /// The code with which its process ends when it is told to stop.
    pub stop_code: i64,
    /// Whether it cannot be started, as its program is not there.
    pub is_broken: bool,
    /// Its health check, where it has one.
    pub check: Option<Check>,
    /// How it answers probes and hooks.
    pub answers: Answers,
    /// Whether it fails every probe until it is started again.
    pub is_sick: bool,
    /// The hooks that were run in it.
    pub hooks: Vec<SimHook>,
    /// Its state.
    pub state: ContainerState,
    /// The verdict of its health check.
    pub health: Option<Health>,
    /// When it was last started.
    pub started_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last ended.
    pub finished_at: Option<Timestamp>,
    /// How its last run ended.
    pub exit_code: i64,
    /// Why its last start failed.
    pub error: String,
    /// How often the engine started it again by itself.
    pub restart_count: i64,
    /// What it publishes now.
    pub published: Vec<PublishedPort>,
    /// Whether it was stopped through the API.
    pub(super) stopped_by_api: bool,
    /// When the engine starts it again.
    pub(super) restart_at: Option<Timestamp>,
    /// How long the engine waited before it last started it again.
    pub(super) waited: SignedDuration,
}

impl SimContainer {
    /// Whether it has a process.
    pub fn is_up(&self) -> bool {
        matches!(self.state, ContainerState::Running | ContainerState::Paused)
    }

    /// The ids of the file sets that it mounts.
    pub fn file_sets(&self) -> impl Iterator<Item = &str> {
        self.mounts.iter().filter_map(|mount| match &mount.source {
            MountSource::Files(files) => Some(files.id.as_str()),
            MountSource::Volume { .. }
            | MountSource::HostPath { .. }
            | MountSource::Tmpfs(_)
            | MountSource::Anonymous(_)
            | MountSource::Image(_)
            | MountSource::NamedPipe(_) => None,
        })
    }

    /// The names of the volumes that it mounts.
    pub fn volume_names(&self) -> impl Iterator<Item = &str> {
        let named = self.mounts.iter().filter_map(|mount| match &mount.source {
            MountSource::Volume { name, .. } => Some(name.as_str()),
            MountSource::Files(_)
            | MountSource::HostPath { .. }
            | MountSource::Tmpfs(_)
            | MountSource::Anonymous(_)
            | MountSource::Image(_)
            | MountSource::NamedPipe(_) => None,
        });
        named.chain(self.nameless.values().map(|nameless| nameless.volume.as_str()))
    }

    /// A start failed: the reason is left with it, and the engine does not try again.
    fn not_started(&mut self, (code, error): (i64, EngineError)) -> EngineError {
        self.error = error.to_string();
        if self.exit_code == 0 {
            self.exit_code = code;
        }
        if self.state == ContainerState::Restarting {
            self.state = ContainerState::Exited;
            self.restart_at = None;
        }
        error
    }

    fn has_started_before(&self) -> bool {
        self.started_at.is_some()
    }

    /// Whether the engine starts it again after its own restart.
    pub(super) fn comes_back(&self, engine_was_killed: bool) -> bool {
        self.has_started_before()
            && match self.restart {
                DockerRestart::No => false,
                DockerRestart::Always => true,
                DockerRestart::OnFailure(most) => self.exit_code != 0 && self.may_restart(most),
                DockerRestart::UnlessStopped => !self.stopped_by_api && !engine_was_killed,
            }
    }
}

impl SimEngine {
    pub(super) fn start_container(&mut self, reference: &ContainerRef) -> Result<Outcome, EngineError> {
        let container = self.find_mut(reference)?;
        match container.state {
            // The engine waits before it starts it again: to it, that is running.
            ContainerState::Running | ContainerState::Restarting => return Ok(Outcome::Already),
            ContainerState::Paused => {
                return Err(EngineError::Failed("cannot start a paused container, try unpause instead".to_owned()));
            }
            ContainerState::Removing | ContainerState::Dead => {
                return Err(EngineError::Failed("container is marked for removal and cannot be started".to_owned()));
            }
            ContainerState::Created | ContainerState::Exited => {}
        }
        let id = container.id.clone();
        self.launch(&id)?;
        if let Some(container) = self.containers.get_mut(&id) {
            container.restart_count = 0;
            container.waited = SignedDuration::ZERO;
        }
        Ok(Outcome::Done)
    }

    /// Starts the process, or leaves the reason in the container's error.
    pub(super) fn launch(&mut self, id: &str) -> Result<(), EngineError> {
        let Some(container) = self.containers.get(id) else { return Ok(()) };
        if let Some(missing) = container.file_sets().find(|files| !self.files.contains_key(*files)) {
            // Docker notices before it begins: the container is as it was.
            return Err(EngineError::Invalid(format!("bind source path does not exist: {missing}")));
        }
        let attached = self.attach(container).map_err(|error| (128, EngineError::Failed(error)));
        let is_broken = container.is_broken;
        let now = self.now;
        let Some(container) = self.containers.get_mut(id) else { return Ok(()) };
        match attached {
            Ok(_) if is_broken => Err(container.not_started((127, EngineError::Failed(NO_PROGRAM.to_owned())))),
            Ok((networks, published)) => {
                container.networks = networks;
                container.published = published;
                container.state = ContainerState::Running;
                container.started_at = Some(now);
                container.begin_checks(now);
                container.exit_code = 0;
                container.is_sick = false;
                container.error.clear();
                container.stopped_by_api = false;
                container.restart_at = None;
                Ok(())
            }
            Err(failed) => Err(container.not_started(failed)),
        }
    }

    pub(super) fn stop_container(&mut self, reference: &ContainerRef) -> Outcome {
        let Ok(container) = self.find_mut(reference) else { return Outcome::Already };
        match container.state {
            ContainerState::Running | ContainerState::Paused => {
                container.stopped_by_api = true;
                let code = container.stop_code;
                let id = container.id.clone();
                self.end(&id, code);
                Outcome::Done
            }
            ContainerState::Restarting => {
                container.stopped_by_api = true;
                container.restart_at = None;
                container.state = ContainerState::Exited;
                Outcome::Done
            }
            ContainerState::Created | ContainerState::Exited | ContainerState::Dead | ContainerState::Removing => {
                Outcome::Already
            }
        }
    }

    pub(super) fn remove_container(&mut self, reference: &ContainerRef, volumes: &[String]) -> Outcome {
        let id = self.find(reference);
        let removed = id.and_then(|id| self.containers.remove(&id));
        for name in volumes {
            // One that is in use stays.
            self.remove_volume(name).ok();
        }
        if removed.is_some() { Outcome::Done } else { Outcome::Already }
    }

    pub(super) fn rename_container(&mut self, reference: &ContainerRef, to: &str) -> Result<Outcome, EngineError> {
        let container = self.find_mut(reference)?;
        if container.name == to {
            return Ok(Outcome::Already);
        }
        if container.state == ContainerState::Restarting {
            return Err(EngineError::Stale("its sandbox was not found".to_owned()));
        }
        let id = container.id.clone();
        if let Some(holder) = self.container(to) {
            return Err(EngineError::NameTaken { name: to.to_owned(), by: holder.id.clone() });
        }
        if let Some(container) = self.containers.get_mut(&id) {
            to.clone_into(&mut container.name);
        }
        Ok(Outcome::Done)
    }

    pub(super) fn unpause_container(&mut self, reference: &ContainerRef) -> Result<Outcome, EngineError> {
        let container = self.find_mut(reference)?;
        if container.state != ContainerState::Paused {
            return Ok(Outcome::Already);
        }
        container.state = ContainerState::Running;
        Ok(Outcome::Done)
    }
}
