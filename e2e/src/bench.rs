//! The figures of `make bench`: what Skiff takes, against the raw Engine API in the same run.
//!
//! Both sides use the same image, command, network mode and restart policy, and eight connections. Pairs are interleaved, so
//! that a machine that grows slower hits both. A figure is the median; its spread is printed with it.

mod baseline;
mod compose;
mod etcd;
mod export;
mod gitops;
mod healing;
mod host;
mod large;
mod report;
mod rolling;
mod rows;
mod sample;

use std::path::Path;

use anyhow::{Context, Result};

use crate::docker::Docker;

pub use report::Row;
pub use sample::Sample;

/// How many services stand on the host in most rows.
const SERVICES: usize = 50;

/// How many interleaved pairs a figure is the median of.
fn pairs() -> usize {
    std::env::var("BENCH_PAIRS").ok().and_then(|text| text.parse().ok()).unwrap_or(5)
}

/// Measures every row, or those that `BENCH_ROWS` names (`compose`, `etcd`, `large`, `export`), and returns the report as Markdown.
pub fn run(criterion: &Path, mut tell: impl FnMut(&str)) -> Result<String> {
    let docker = Docker::of_environment();
    if std::env::var("BENCH_ROWS").is_ok_and(|only| only == "compose") {
        let (rows, notes) = compose::rows(&docker)?;
        return report::markdown(&docker, &rows, &notes);
    }
    if std::env::var("BENCH_ROWS").is_ok_and(|only| only == "etcd") {
        return report::markdown(&docker, &etcd::rows(&docker)?, &[]);
    }
    if std::env::var("BENCH_ROWS").is_ok_and(|only| only == "large") {
        return report::markdown(&docker, &large::rows(criterion)?, &[]);
    }
    if std::env::var("BENCH_ROWS").is_ok_and(|only| only == "export") {
        return report::markdown(&docker, &export::rows(criterion)?, &[]);
    }
    let mut rows = Vec::new();
    let mut stage = rows::Stage::new(&docker).context("the stage")?;
    tell(&format!("{SERVICES} services from nothing, {} pairs", pairs()));
    rows.push(stage.first_up()?);
    tell("nothing to do");
    rows.push(stage.nothing_to_do()?);
    rows.push(stage.plan(criterion)?);
    tell("idle for a minute");
    rows.extend(stage.idle()?);
    tell("killed processes");
    rows.push(stage.healing()?);
    tell("1 to 20 replicas and back");
    rows.extend(stage.scaling()?);
    tell("a rolling update");
    rows.push(stage.rolling_update()?);
    tell("a Compose file");
    let (of_compose, notes) = compose::rows(&docker)?;
    rows.extend(of_compose);
    stage.notes.extend(notes);
    tell("commits");
    rows.push(gitops::commit(&docker)?);
    tell("documents in etcd");
    rows.extend(etcd::rows(&docker)?);
    rows.extend(large::rows(criterion)?);
    rows.extend(export::rows(criterion)?);
    report::markdown(&docker, &rows, stage.notes())
}
