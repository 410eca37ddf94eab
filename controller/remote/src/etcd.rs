//! Documents in etcd: where they are, what their keys are called, how many of them fit into one transaction, and what a lease allows.

mod address;
mod batch;
mod key;
mod term;

pub use address::EtcdAddress;
pub use batch::{Batch, Change, batches, changes, too_large};
pub use key::{document_key, election_name, inner_prefix, object_of, prefixes_above, push_key, status_key};
pub use term::{Moment, Standing, Term};
