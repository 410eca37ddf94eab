//! Skiff's hands: sources, the Docker adapter, the loop, the executor, the command line.

pub mod engine;
