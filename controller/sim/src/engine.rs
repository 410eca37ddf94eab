//! The engine: what it holds, how an action reaches it, and what may go wrong on the way.
//!
//! Time is the caller's: nothing happens by itself except in [`SimEngine::advance`].

mod answers;
mod check;
mod container;
mod create;
mod exit;
mod hook;
mod image;
mod network;
mod observe;
mod store;
mod update;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use skiff_core::{Action, ContainerRef, ContentStore, EngineError, Outcome};

pub use answers::{Answers, Passes};
pub use check::Check;
pub use container::{DockerRestart, Program, SimContainer, SimEndpoint};
pub use hook::SimHook;
pub use image::{Pull, SimImage};
use store::SimFiles;
pub use store::{Asked, SimNetwork, SimVolume};

/// What may happen to a call on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, and the engine does not answer.
    Unreachable,
    /// It is done, and the answer is lost.
    LostAnswer,
    /// Nothing is done: the engine answers 500.
    Fails,
}

/// An engine that follows Docker's rules.
#[derive(Clone, Debug, Default)]
pub struct SimEngine {
    now: Timestamp,
    serial: u64,
    containers: BTreeMap<String, SimContainer>,
    networks: BTreeMap<String, SimNetwork>,
    volumes: BTreeMap<String, SimVolume>,
    images: image::Store,
    files: BTreeMap<String, SimFiles>,
    secret_files: BTreeSet<String>,
    down: bool,
    next_fault: Option<Fault>,
    empty_lists: u32,
    refuses_updates: bool,
    low_disk: Option<u64>,
    /// What counts as taken over from others, by id, and in which start.
    adopted: BTreeMap<String, Option<Timestamp>>,
}

impl SimEngine {
    /// An engine that holds nothing yet, at this moment.
    pub fn new(now: Timestamp) -> Self {
        Self { now, ..Self::default() }
    }

    /// The moment.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Everything that runs or ran on it, by id.
    pub fn containers(&self) -> impl Iterator<Item = &SimContainer> {
        self.containers.values()
    }

    /// A container by its id or name.
    pub fn container(&self, handle: &str) -> Option<&SimContainer> {
        self.containers.get(handle).or_else(|| self.containers.values().find(|container| container.name == handle))
    }

    /// Its networks, by id.
    pub fn networks(&self) -> impl Iterator<Item = &SimNetwork> {
        self.networks.values()
    }

    /// Its volumes, by name.
    pub fn volumes(&self) -> impl Iterator<Item = &SimVolume> {
        self.volumes.values()
    }

    /// What the files of a set hold, by path.
    pub fn files(&self, id: &str) -> Option<&BTreeMap<String, Vec<u8>>> {
        self.files.get(id).map(|files| &files.held)
    }

    /// The ids of the file sets that are written.
    pub fn file_sets(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// What happens to the next call.
    pub const fn fail_next(&mut self, fault: Fault) {
        self.next_fault = Some(fault);
    }

    /// Whether it answers at all.
    pub const fn set_down(&mut self, down: bool) {
        self.down = down;
    }

    /// Whether it refuses every update in place, as a kernel may.
    pub const fn refuse_updates(&mut self, refuses: bool) {
        self.refuses_updates = refuses;
    }

    /// How many bytes are free, where that is too few.
    pub const fn set_low_disk(&mut self, free: Option<u64>) {
        self.low_disk = free;
    }

    /// How many bytes are free, where that is too few.
    pub const fn low_disk(&self) -> Option<u64> {
        self.low_disk
    }

    /// Its next list of containers is empty, whatever there is.
    pub const fn list_empty_once(&mut self) {
        self.empty_lists = 1;
    }

    /// Nothing more goes wrong than was said to stay wrong.
    pub const fn clear_faults(&mut self) {
        self.next_fault = None;
        self.empty_lists = 0;
    }

    /// Performs an action as Docker and the adapter before it do. Variables and files get what `content` holds.
    ///
    /// # Errors
    /// As the adapter sorts Docker's answers.
    pub fn perform(&mut self, action: &Action, content: &ContentStore) -> Result<Outcome, EngineError> {
        if self.down {
            return Err(EngineError::Unreachable("connection refused".to_owned()));
        }
        match self.next_fault.take() {
            None => self.apply(action, content),
            Some(Fault::Unreachable) => Err(EngineError::Unreachable("no answer in time".to_owned())),
            Some(Fault::Fails) => Err(EngineError::Failed("500: the engine failed".to_owned())),
            Some(Fault::LostAnswer) => {
                // Whatever came of it, nobody hears.
                self.apply(action, content).ok();
                Err(EngineError::Unreachable("the answer was lost".to_owned()))
            }
        }
    }

    fn apply(&mut self, action: &Action, content: &ContentStore) -> Result<Outcome, EngineError> {
        match action {
            Action::PullImage(pull) => self.pull(pull),
            Action::BuildImage(build) => self.build(build),
            Action::RemoveImage(removed) => Ok(self.remove_image(removed)),
            Action::CreateNetwork(create) => self.create_network(create),
            Action::RemoveNetwork { id, .. } => self.remove_network(id),
            Action::CreateVolume(create) => self.create_volume(create),
            Action::RemoveVolume { name } => self.remove_volume(name),
            Action::WriteFiles(files) => self.write_files(files, content),
            Action::RemoveFiles { id } => {
                self.secret_files.remove(id);
                Ok(if self.files.remove(id).is_some() { Outcome::Done } else { Outcome::Already })
            }
            Action::CreateContainer(create) => self.create_container(create, content),
            Action::ConnectNetwork(connect) => self.connect(connect),
            Action::DisconnectNetwork { container, network_id, network } => {
                Ok(self.disconnect(container, network_id, network))
            }
            Action::StartContainer { container } => self.start_container(container),
            Action::RunHook(hook) => self.run_hook(hook),
            Action::StopContainer(stop) => Ok(self.stop_after_hook(stop)),
            Action::RemoveContainer { container, volumes } => Ok(self.remove_container(container, volumes)),
            Action::RenameContainer { container, to } => self.rename_container(container, to),
            Action::UnpauseContainer { container } => self.unpause_container(container),
            Action::UpdateContainer(update) => self.update_container(update),
        }
    }

    /// The id of a container that an action names, where it is still there.
    fn find(&self, reference: &ContainerRef) -> Option<String> {
        self.container(reference.handle()).map(|container| container.id.clone())
    }

    /// The container that an action names.
    fn find_mut(&mut self, reference: &ContainerRef) -> Result<&mut SimContainer, EngineError> {
        let gone = || EngineError::Stale(format!("no such container: {}", reference.name));
        let id = self.find(reference).ok_or_else(gone)?;
        self.containers.get_mut(&id).ok_or_else(gone)
    }

    /// A new id of 64 digits, as Docker gives them: no order can be read from it.
    fn new_id(&mut self) -> String {
        self.serial += 1;
        let parts: Vec<String> = (0..4).map(|part| format!("{:016x}", mix(self.serial * 4 + part))).collect();
        parts.concat()
    }
}

/// Scatters a number (splitmix64).
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
