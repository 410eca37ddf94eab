//! Jobs and schedules in deterministic simulation: random ones, edits, faults and crashes after any step, against a witness that
//! knows the manifests and what happened on the engine, and nothing of the planner.
//!
//! `SKIFF_SIM_SEEDS=10000` runs more seeds than the usual 150, `SKIFF_SIM_SEED=123` runs one.

mod declared;
mod model;
#[path = "../simulation/random.rs"]
mod random;
mod run;
mod scripts;
mod witness;

/// A number out of the environment.
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn no_attempt_is_made_twice_and_every_run_ends_as_declared() {
    let seeds: Vec<u64> = match number("SKIFF_SIM_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("SKIFF_SIM_SEEDS").unwrap_or(150)).collect(),
    };
    let failed: Vec<String> = seeds.into_iter().filter_map(|seed| run::run(seed).err()).take(3).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}
