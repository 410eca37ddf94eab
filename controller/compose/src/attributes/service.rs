//! The attributes of a service, in the order of the schema.

mod deploy;
mod life;
mod limits;
mod network;
mod process;
mod rights;
mod storage;

use super::Attribute;

/// The rows by what they are about.
pub(super) const SECTIONS: [&[Attribute]; 7] =
    [process::ROWS, life::ROWS, deploy::ROWS, limits::ROWS, rights::ROWS, network::ROWS, storage::ROWS];
