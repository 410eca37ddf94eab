//! Deterministic simulation: random manifests, edits, faults and crashes, against an oracle that is not the planner.
//!
//! `SKIFF_SIM_SEEDS=10000` runs more seeds than the usual 500, `SKIFF_SIM_SEED=123` runs one.

mod controller;
mod edit;
mod history;
mod manifests;
mod oracle;
mod random;
mod run;
mod scripts;
mod world;

/// A number out of the environment.
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn every_seed_ends_as_declared() {
    let seeds = match number("SKIFF_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SKIFF_SIM_SEEDS").unwrap_or(500),
    };
    let failed: Vec<String> = seeds.clone().filter_map(|seed| run::run(seed).err()).take(3).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}
