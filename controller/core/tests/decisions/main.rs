//! Decisions: the rendered plan against what a person would expect, on an engine that follows Docker's rules.

mod besides;
mod builds;
mod crons;
mod dependencies;
mod drift;
mod flights;
mod healing;
mod holds;
mod hooks;
mod images;
mod in_place;
mod inits;
mod jobs;
mod once;
mod probes;
mod removal;
mod requests;
mod rollbacks;
mod rollouts;
mod scaling;
mod sources;
mod standing;
mod story;
mod superseded;
mod world;
