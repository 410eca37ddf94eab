//! What a failed scenario leaves behind: a folder of its name in `target/e2e` with output, plan, log and what Docker said.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::world::World;

/// Saves what was seen and returns where.
pub(crate) fn save(obligation: &str, world: &World) -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/e2e");
    let words: String = obligation.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).take(80).collect();
    let folder = root.join(words);
    fs::create_dir_all(&folder)?;
    let mut output = String::new();
    for call in &world.calls {
        writeln!(output, "$ skiff {}\n{}{}[exit {}]\n", call.command, call.stdout, call.stderr, call.code)?;
    }
    fs::write(folder.join("calls.txt"), output)?;
    if let Some(running) = &world.running {
        fs::write(folder.join("run.log"), running.log())?;
    }
    let manifests = world.manifests();
    let plan = world.skiff.call(&["plan", &manifests.display().to_string(), "-o", "wide"], &world.env)?;
    fs::write(folder.join("plan.txt"), format!("{}{}[exit {}]\n", plan.stdout, plan.stderr, plan.code))?;
    copy_manifests(&manifests, &folder.join("manifests"))?;
    let inspected: Vec<_> = world.containers()?.into_iter().map(|seen| seen.inspect).collect();
    fs::write(folder.join("inspect.json"), serde_json::to_string_pretty(&inspected)?)?;
    Ok(folder.canonicalize()?)
}

fn copy_manifests(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_file() && metadata.len() < 1_000_000 {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
