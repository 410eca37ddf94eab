//! The rows of a very large Compose file, from the example that measures it in a process of its own.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::pairs;
use super::report::Row;
use super::sample::Sample;

/// How long it takes to load, and how much memory.
pub(super) fn rows(criterion: &Path) -> Result<Vec<Row>> {
    let program = criterion.with_file_name("release").join("examples/five_thousand");
    let (mut took, mut peak) = (Sample::default(), 0.0_f64);
    for _ in 0..pairs() {
        let output = Command::new(&program)
            .arg("--json")
            .output()
            .with_context(|| format!("{}: build it first", program.display()))?;
        ensure!(output.status.success(), "{} failed", program.display());
        let said: Value = serde_json::from_slice(&output.stdout)?;
        let figure = |name: &str| said.get(name).and_then(Value::as_f64).with_context(|| format!("no {name}"));
        took.add(std::time::Duration::from_secs_f64(figure("seconds")?));
        peak = peak.max(figure("bytes")?);
    }
    let row = |what: &str, skiff: String, figure: f64, at_most: f64, unit: &'static str| Row {
        what: what.to_owned(),
        skiff,
        against: "–".to_owned(),
        figure,
        at_most,
        unit,
    };
    let (median, megabytes) = (took.median(), peak / 1e6);
    Ok(vec![
        row(
            "a Compose file of 5,000 services is loaded: objects, and a report of every attribute",
            took.to_string(),
            median,
            1.0,
            "s",
        ),
        row("the same: memory at its most, of the whole process", format!("{megabytes:.0} MB"), megabytes, 200.0, "MB"),
    ])
}
