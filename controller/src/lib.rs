//! Skiff's hands: sources, the Docker adapter, the loop, the executor, the command line.

pub mod ask;
pub mod cli;
pub mod clock;
pub mod context;
pub mod controller;
pub mod engine;
pub mod executor;
pub mod fail_point;
pub mod files;
pub mod lock;
pub mod probe;
pub mod scribe;
pub mod secret;
pub mod session;
pub mod source;
pub mod state;
pub mod telemetry;
pub mod ui;
pub mod view;
