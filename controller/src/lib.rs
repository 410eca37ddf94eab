//! Skiff's hands: sources, the Docker adapter, the loop, the executor, the command line.

pub mod ask;
pub mod cli;
pub mod clock;
pub mod context;
pub mod controller;
pub mod engine;
pub mod etcd;
pub mod executor;
pub mod export;
pub mod fail_point;
pub mod files;
pub mod git;
pub mod hook;
pub mod listen;
pub mod lock;
pub mod mandate;
pub mod metrics;
pub mod monitor;
pub mod probe;
pub mod registry;
mod role;
pub mod scribe;
pub mod secret;
pub mod session;
pub mod source;
pub mod state;
pub mod tags;
pub mod telemetry;
#[cfg(test)]
mod testing;
pub mod ui;
pub mod view;
