//! `make bench`: measures, prints the table, and writes it to the file that is named.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

fn main() -> Result<()> {
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    let criterion = Path::new(&target).join("criterion");
    let tell = |text: &str| writeln!(std::io::stderr(), "bench: {text}").unwrap_or_default();
    let report = skiff_e2e::bench::run(&criterion, tell)?;
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(path, &report)?;
    }
    Ok(std::io::stdout().write_all(report.as_bytes())?)
}
