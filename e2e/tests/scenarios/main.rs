//! Obligations to the people who use Skiff, each proved on the built binary and a real Docker Engine.

mod bad_input;
mod build;
mod change;
mod compose;
mod content;
mod crashes;
mod daemon;
mod down;
mod engine;
mod foreign;
mod heal;
mod hooks;
mod inits;
mod jobs;
mod order;
mod probes;
mod prune;
mod quickstart;
mod registry;
mod rollout_commands;
mod rollouts;
mod runs;
mod secrets;
mod up;
