//! Decisions: the rendered plan against what a person would expect, on an engine that follows Docker's rules.

mod dependencies;
mod drift;
mod healing;
mod holds;
mod hooks;
mod in_place;
mod probes;
mod removal;
mod requests;
mod rollbacks;
mod rollouts;
mod world;
