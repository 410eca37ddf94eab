//! The rows of the export to Kubernetes, from what criterion measured.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::report::Row;
use super::sample::seconds;

/// How the files may be laid out.
const SHAPES: [&str; 3] = ["plain", "kustomize", "helm"];

/// The mean of a bench, in seconds.
pub(super) fn mean(criterion: &Path, bench: &str) -> Result<f64> {
    let path = criterion.join(bench).join("new/estimates.json");
    let text = fs::read_to_string(&path).with_context(|| format!("{}: run its bench first", path.display()))?;
    let estimates: Value = serde_json::from_str(&text)?;
    Ok(estimates.pointer("/mean/point_estimate").and_then(Value::as_f64).context("no mean")? / 1e9)
}

/// Each shape of a large stack, and what twice as large a one takes.
pub(super) fn rows(criterion: &Path) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for shape in SHAPES {
        let mean = mean(criterion, &format!("export 500 services as files/{shape}"))?;
        rows.push(Row {
            what: format!("the export of 500 services to Kubernetes, {shape}, as texts of files"),
            skiff: seconds(mean),
            against: "–".to_owned(),
            figure: mean,
            at_most: 1.0,
            unit: "s",
        });
    }
    let (one, two) = (mean(criterion, "export services/500")?, mean(criterion, "export services/1000")?);
    rows.push(Row {
        what: "the objects of an export of 1,000 services, against 500".to_owned(),
        skiff: seconds(two),
        against: seconds(one),
        figure: two / one,
        at_most: 2.5,
        unit: "×",
    });
    Ok(rows)
}
