//! Skiff's hands: sources, the Docker adapter, the loop, the executor, the command line.

pub mod cli;
pub mod engine;
pub mod telemetry;
pub mod ui;
