//! What every engine must do, as scripts: the simulated engine and a real one run the same, so that the first cannot lie.
//!
//! A script performs actions and moves of others on a [`Subject`], and says what must come of them. It fails with a sentence.

mod containers;
mod health;
mod hooks;
mod networks;
mod ports;
mod restarts;
mod stage;
mod stores;

use skiff_api::Instance;
use skiff_core::{Action, BuildImage, EngineError, Observed, Outcome};

pub use stage::Stage;

/// What somebody else does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hand {
    /// Kills the process of a container from the host.
    Kill(String),
    /// Kills a container through the engine.
    KillByApi(String),
    /// Freezes a container.
    Pause(String),
    /// Renames a container.
    Rename {
        /// From.
        from: String,
        /// To.
        to: String,
    },
    /// Puts a container on a network without a word on names.
    Connect {
        /// The container.
        container: String,
        /// The network.
        network: String,
    },
    /// Makes a second network of a name that is taken.
    DuplicateNetwork(String),
    /// Makes a network that is not ours.
    ForeignNetwork(String),
    /// Makes a volume that is not ours.
    ForeignVolume(String),
    /// Makes a container that is not ours, with this name.
    ForeignContainer(String),
}

/// An engine under test.
pub trait Subject {
    /// Whose labels count; the names of everything that a script makes begin with it.
    fn instance(&self) -> Instance;

    /// An image that is there, with a shell whose processes ignore the stop signal.
    fn image(&self) -> String;

    /// What an image that is not there yet is built from; it can run what [`Self::image`] runs.
    fn build(&self) -> BuildImage;

    /// The first of this many ports in a row that nobody uses, and that no other script is given. What the engine chooses by itself will not
    /// do for a script that names it: it is of the range from which the host gives ports to outgoing connections.
    ///
    /// # Errors
    /// When all are taken.
    fn ports(&mut self, count: u16) -> Result<u16, String>;

    /// Performs an action.
    ///
    /// # Errors
    /// As the engine's adapter sorts them.
    fn perform(&mut self, action: &Action) -> Result<Outcome, EngineError>;

    /// Performs actions all at once.
    fn perform_at_once(&mut self, actions: &[Action]) -> Vec<Result<Outcome, EngineError>>;

    /// Looks closely.
    ///
    /// # Errors
    /// When the engine does not answer.
    fn observe(&mut self) -> Result<Observed, EngineError>;

    /// Somebody else does something.
    ///
    /// # Errors
    /// When it cannot be done.
    fn hand(&mut self, hand: &Hand) -> Result<(), String>;

    /// Lets a tenth of a second pass.
    fn pass_time(&mut self);
}

/// A script by the sentence that it proves.
pub struct Script {
    /// The sentence.
    pub name: &'static str,
    /// The script.
    pub run: fn(&mut Stage<'_>) -> Result<(), String>,
}

/// Every script.
pub fn scripts() -> Vec<Script> {
    [
        containers::SCRIPTS,
        health::SCRIPTS,
        hooks::SCRIPTS,
        ports::SCRIPTS,
        restarts::SCRIPTS,
        networks::SCRIPTS,
        stores::SCRIPTS,
    ]
    .into_iter()
    .flatten()
    .map(|(name, run)| Script { name, run: *run })
    .collect()
}

/// A script by name, as the files of this module list them.
type Entry = (&'static str, fn(&mut Stage<'_>) -> Result<(), String>);
