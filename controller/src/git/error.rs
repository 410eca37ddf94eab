//! Why a repository did not give what was asked of it.

use skiff_remote::git::{Diagnosis, GitAddress, Obstacle, diagnose};

/// Why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GitError {
    /// What stands in the way.
    pub obstacle: Obstacle,
    /// In words.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl GitError {
    pub(super) fn new(obstacle: Obstacle, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { obstacle, message: message.into(), help: help.into() }
    }

    /// What git itself said.
    pub(super) fn told(words: &str, address: &GitAddress) -> Self {
        let Diagnosis { obstacle, message, help } = diagnose(words, address);
        Self { obstacle, message: format!("{}: {message}", address.url), help }
    }

    /// Something on this host.
    pub(super) fn here(what: impl std::fmt::Display, error: &std::io::Error) -> Self {
        let help = "is there room on the disk, and may skiff write there? it is tried again";
        Self::new(Obstacle::Other, format!("{what}: {error}"), help)
    }

    /// A tree that is not written out.
    pub(super) fn tree(message: String) -> Self {
        let help = "keep manifests in a repository or on a branch of their own, made of plain files";
        Self::new(Obstacle::Other, message, help)
    }
}
