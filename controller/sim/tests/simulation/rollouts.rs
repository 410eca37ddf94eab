//! Deterministic simulation of rollouts: what becomes of good and bad revisions, against an oracle that knows what the images are like.

mod author;
mod run;
mod verdict;

pub(crate) use run::run;
