//! Why a repository did not give what was asked of it.

use std::fs;
use std::io;

use skiff_remote::git::{Diagnosis, GitAddress, Obstacle, Transport, diagnose};

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

    /// What git itself said; of a folder that cannot be looked at, what the system said.
    pub(super) fn told(words: &str, address: &GitAddress) -> Self {
        let Diagnosis { obstacle, message, help } = diagnose(words, address);
        let message = if obstacle == Obstacle::Missing { unseen(address).unwrap_or(message) } else { message };
        Self { obstacle, message: format!("{}: {message}", address.url), help }
    }

    /// Something on this host.
    pub(super) fn here(what: impl std::fmt::Display, error: &io::Error) -> Self {
        let help = "is there room on the disk, and may skiff write there? it is tried again";
        Self::new(Obstacle::Other, format!("{what}: {error}"), help)
    }

    /// A tree that is not written out.
    pub(super) fn tree(message: String) -> Self {
        let help = "keep manifests in a repository or on a branch of their own, made of plain files";
        Self::new(Obstacle::Other, message, help)
    }
}

/// Why the folder of a repository on this host cannot be looked at. Of one that is not there git says more: it looks for it under other
/// names as well.
fn unseen(address: &GitAddress) -> Option<String> {
    let path = (address.transport == Transport::File).then(|| address.url.strip_prefix("file://"))??;
    let error = fs::metadata(path).err().filter(|error| error.kind() != io::ErrorKind::NotFound)?;
    Some(error.to_string())
}

#[cfg(test)]
mod tests {
    use skiff_remote::Remote;

    use super::*;

    fn told(path: &str) -> String {
        let Some(Ok(Remote::Git(address))) = Remote::parse(&format!("git+file://{path}")) else {
            panic!("no address: {path}")
        };
        GitError::told(&format!("fatal: '{path}' does not appear to be a git repository"), &address).message
    }

    #[test]
    fn a_folder_that_cannot_be_looked_at_is_not_told_as_one_that_is_not_there() {
        let long = format!("/{}", "a".repeat(300));
        assert_eq!(told(&long), format!("file://{long}: File name too long (os error 36)"));
        let missing = told("/skiff-test/nowhere");
        assert!(missing.ends_with("does not appear to be a git repository"), "{missing}");
    }
}
