//! An engine that follows Docker's rules, for simulation: synchronous, without a clock, without I/O.
//!
//! It is believed only as far as [`conformance`] holds: the same scripts run on it and on a real Docker Engine. Where the two
//! differ, this one is wrong.

pub mod conformance;
mod engine;

pub use engine::{
    Answers, Asked, Check, DockerRestart, Fault, Passes, Program, Pull, SimContainer, SimEndpoint, SimEngine, SimHook,
    SimImage, SimNetwork, SimVolume,
};
