//! Decides about sources that are not on the disk: what an address means, when to look again, what a tree of a repository may hold,
//! how documents stand in etcd, whether a call of a webhook is genuine.
//!
//! Pure: no clock, no network, no files. Time and chance are arguments. What is done about it is in `skiff`.

mod address;
pub mod etcd;
pub mod git;
mod hook;
mod pace;

pub use address::{AddressError, Remote};
pub use hook::{HookHeaders, HookProof, HookSecret};
pub use pace::Pace;
