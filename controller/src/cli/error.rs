//! Why a command could not do what it was asked to, with what to do about it.
//!
//! Rendered only at the edge, by [`crate::ui::failure`].

use std::error::Error;
use std::io;

use skiff_core::EngineError;

use crate::state::StateError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The answer could not be written. A closed pipe is not an error: nobody wants the rest.
    #[error("cannot write the answer")]
    Write(#[from] io::Error),
    /// The engine did not do what it was asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// What was asked for is not there or makes no sense.
    #[error("{message}")]
    Refused {
        /// What is wrong.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// Something else failed.
    #[error("{message}")]
    Failed {
        /// What was tried.
        message: String,
        /// Why it failed.
        source: Box<dyn Error + Send + Sync>,
        /// What to do.
        help: Option<String>,
    },
    /// All there is to say has been said.
    #[error("failed")]
    Reported,
}

impl CliError {
    /// Something that makes no sense, with what to do instead.
    pub fn refused(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Refused { message: message.into(), help: Some(help.into()) }
    }

    /// Something that was tried and failed.
    pub fn failed(message: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed { message: message.into(), source: source.into(), help: None }
    }

    /// The state directory could not be used.
    pub fn state(message: impl Into<String>, error: StateError) -> Self {
        let help = error.help().map(str::to_owned);
        Self::Failed { message: message.into(), source: error.into(), help }
    }

    /// The same, with what to do.
    #[must_use]
    pub fn with_help(self, text: impl Into<String>) -> Self {
        match self {
            Self::Refused { message, .. } => Self::Refused { message, help: Some(text.into()) },
            Self::Failed { message, source, .. } => Self::Failed { message, source, help: Some(text.into()) },
            Self::Write(_) | Self::Engine(_) | Self::Reported => self,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Refused { help, .. } | Self::Failed { help, .. } => help.as_deref(),
            Self::Engine(EngineError::Unreachable(_)) => Some("`skiff doctor` looks at what is in the way"),
            Self::Write(_) | Self::Engine(_) | Self::Reported => None,
        }
    }

    /// Whether nobody listens any more, which is no failure of ours.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Write(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
