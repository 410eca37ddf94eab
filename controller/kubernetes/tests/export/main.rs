//! The export as a whole, from manifests to files.

mod chart;
mod content;
mod examples;
mod fields;
mod identity;
mod images;
mod reach;
mod refusals;
mod scaling;
mod seeds;
mod storage;
mod support;
mod workloads;
