//! Repositories of manifests: asked, fetched and written out as plain files.
//!
//! By the `git` program and its plumbing: it is on every host that deploys from git, distributions mend it, it knows every transport,
//! proxy and signature, and 70 crates are spared. It is driven with care: an environment and a configuration of our own, one
//! transport allowed, never a prompt, a deadline and a limit of size on each call. There is no working tree: trees are written out
//! by [`Repository::check_out`], so that no hook, filter, attribute or submodule of a repository ever has a say.

mod cache;
mod checkout;
mod configuration;
mod copy;
mod error;
mod export;
mod process;
mod program;
mod repository;
mod turn;

#[cfg(test)]
mod tests;

pub use checkout::Checkout;
pub use copy::copy_whole;
pub use error::GitError;
pub use repository::{Fetched, Repository, older_than};
