//! Documents in etcd: read, watched and written; and elections among those who follow them.
//!
//! The only module that knows `etcd-client`. Every call has a deadline; a frozen member is noticed by its missing heartbeats.

mod client;
mod documents;
mod election;
mod error;
mod status;
mod write;

pub use client::Cluster;
pub use documents::{Documents, Watching};
pub use election::{Ballot, Field};
pub use error::EtcdError;
pub use status::{BEAT, StatusLease};
