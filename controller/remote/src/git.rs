//! Repositories: which commit of which one is meant, and what may become of its tree.

mod address;
mod commit;
mod diagnosis;
mod refs;
mod tree;

pub use address::{GitAddress, Transport};
pub use commit::{Commit, CommitId};
pub use diagnosis::{Diagnosis, Obstacle, diagnose};
pub use refs::{Found, Reference};
pub use tree::{Entry, EntryKind, Export, File, Link, Oddity, TreeLimits, entries, leads_out};
