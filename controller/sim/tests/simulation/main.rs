//! Deterministic simulation: random manifests, edits, faults and crashes, against an oracle that is not the planner.
//!
//! `SKIFF_SIM_SEEDS=10000` runs more seeds than the usual 500, `SKIFF_SIM_SEED=123` runs one.

mod availability;
mod controller;
mod edit;
mod history;
mod hooks;
mod manifests;
mod oracle;
mod random;
mod run;
mod scripts;
mod world;

/// Seeds beyond the first 500 that found a mistake, each with what it was. What they mean changes with the generators.
const REGRESSIONS: [(u64, &str); 0] = [];

/// A number out of the environment.
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn every_seed_ends_as_declared() {
    let known = REGRESSIONS.into_iter().map(|(seed, _)| seed);
    let all = || known.chain(0..number("SKIFF_SIM_SEEDS").unwrap_or(500)).collect();
    let seeds: Vec<u64> = number("SKIFF_SIM_SEED").map_or_else(all, |seed| vec![seed]);
    let failed: Vec<String> = seeds.into_iter().filter_map(|seed| run::run(seed).err()).take(3).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}
