//! The generated files of the checkout are what the program prints: the definitions in `manifests/crds` and the schema that
//! editors read.
//!
//! Every file is compared, so that one of a kind that is no more does not stay behind.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

type Failure = Box<dyn Error>;

fn manifests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests")
}

/// What the program writes to stdout.
fn printed(args: &[&str]) -> Result<String, Failure> {
    let output = Command::new(env!("CARGO_BIN_EXE_skiff")).args(args).output()?;
    if !output.status.success() {
        return Err(format!("skiff {} failed: {}", args.join(" "), String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn files(folder: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        files.insert(entry.file_name().to_string_lossy().into_owned(), std::fs::read_to_string(entry.path())?);
    }
    Ok(files)
}

/// The names that are on one side only, or whose text differs.
fn different(left: &BTreeMap<String, String>, right: &BTreeMap<String, String>) -> Vec<String> {
    let names = left.keys().chain(right.keys());
    let mut names: Vec<String> = names.filter(|name| left.get(*name) != right.get(*name)).cloned().collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn the_custom_resource_definitions_are_what_the_program_writes() -> Result<(), Failure> {
    let fresh = tempfile::tempdir()?;
    let folder = fresh.path().to_str().ok_or("the folder's name is no text")?;
    printed(&["crd", "--dir", folder])?;
    let stale = different(&files(&manifests().join("crds"))?, &files(fresh.path())?);
    assert!(stale.is_empty(), "manifests/crds is not current, run `make crds`: {}", stale.join(", "));
    Ok(())
}

#[test]
fn the_schema_for_editors_is_what_the_program_prints() -> Result<(), Failure> {
    let kept = std::fs::read_to_string(manifests().join("skiff.schema.json"))?;
    assert!(kept == printed(&["schema"])?, "manifests/skiff.schema.json is not current, run `make crds`");
    Ok(())
}

/// A schema that an editor cannot find helps nobody.
#[test]
fn the_quickstart_and_the_examples_name_the_schema_where_it_is() -> Result<(), Failure> {
    let schema = manifests().join("skiff.schema.json").canonicalize()?;
    for folder in ["quickstart", "examples"].map(|name| manifests().join(name)) {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "yaml") {
                continue;
            }
            let text = std::fs::read_to_string(&path)?;
            let named = text.lines().find_map(|line| line.strip_prefix("# yaml-language-server: $schema="));
            let named = named.ok_or_else(|| format!("{} names no schema", path.display()))?;
            assert_eq!(folder.join(named).canonicalize()?, schema, "{}", path.display());
        }
    }
    Ok(())
}
