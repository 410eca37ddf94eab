//! The loop on a paused clock: what wakes it, what holds it back, and what it never does while something is under way.

mod asking;
mod away;
mod ending;
mod engine;
mod failing;
mod fixture;
mod flight;
mod following;
mod holds;
mod probing;
mod slow;
mod waking;
