//! The export as a whole, from manifests to files.

mod chart;
mod commands;
mod content;
mod examples;
mod fields;
mod identity;
mod images;
mod options;
mod reach;
mod refusals;
mod scaling;
mod seeds;
mod services;
mod storage;
mod support;
mod workloads;
