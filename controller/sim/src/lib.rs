//! An engine that follows Docker's rules, for simulation: synchronous, without a clock, without I/O.
//!
//! It is believed only as far as its conformance suite holds: the same scripts run on it and on a real Docker Engine. Where the two
//! differ, this one is wrong.

mod engine;

pub use engine::{
    DockerRestart, Fault, Program, Pull, SimContainer, SimEndpoint, SimEngine, SimImage, SimNetwork, SimVolume,
};
