//! What `skiff export kubernetes` writes, read by programs that are not ours: Kubernetes' own schemas, and kustomize.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

const VERSIONS: [&str; 3] = ["1.30", "1.33", "1.35"];

fn root() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace")
}

fn python() -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root()?.join("target"), PathBuf::from);
    let python = target.join("tools/kubernetes-validate/bin/python");
    ensure!(python.exists(), "{} is missing: run `make setup`", python.display());
    Ok(python)
}

/// Runs a command on a text, and returns what it answers.
fn answer(command: &mut Command, input: &str) -> Result<String> {
    let shown = format!("{command:?}");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().context("its input")?;
    let text = input.to_owned();
    let writing = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output()?;
    // What does not read all of it says so by its code.
    writing.join().ok();
    ensure!(output.status.success(), "{shown}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn check(words: &[&str], input: &str) -> Result<String> {
    let script = root()?.join("e2e/tests/kubernetes/check.py");
    answer(Command::new(python()?).arg(script).args(words), input)
}

fn skiff(words: &[&str]) -> Result<String> {
    answer(Command::new(skiff_e2e::program()?).args(words).current_dir(root()?), "")
}

/// The objects of an export, in an order that is no file's.
fn sorted(mut objects: Vec<Value>) -> Vec<Value> {
    let name = |object: &Value| {
        ["/kind", "/metadata/namespace", "/metadata/name"].map(|it| object.pointer(it).map(Value::to_string))
    };
    objects.sort_by_key(name);
    objects
}

fn exported(words: &[&str]) -> Result<Vec<Value>> {
    let list: Value = serde_json::from_str(&skiff(&[&["export", "kubernetes", "-o", "json"], words].concat())?)?;
    Ok(list.pointer("/items").and_then(Value::as_array).cloned().unwrap_or_default())
}

const STACKS: [&str; 9] = [
    "manifests/quickstart",
    "manifests/examples/jobs.yaml",
    "manifests/examples/worker.yaml",
    "manifests/examples/layers/base",
    "manifests/examples/monitoring",
    "manifests/examples/orders",
    "manifests/examples/shared-database",
    "manifests/examples/shared-database/blog",
    "e2e/tests/kubernetes/shop",
];

#[test]
fn every_object_is_valid_by_the_strict_schemas_of_each_version() -> Result<()> {
    for version in VERSIONS {
        for stack in STACKS {
            for flags in [
                &["--kubernetes-version", version][..],
                &["--kubernetes-version", version, "--hardened", "--node-ports"],
            ] {
                let objects = exported(&[flags, &[stack]].concat())?;
                ensure!(objects.len() > 3, "{stack} exports {} objects", objects.len());
                let wrong = check(&["validate", version], &json!({ "items": objects }).to_string())?;
                ensure!(wrong.is_empty(), "{stack} {flags:?}:\n{wrong}");
            }
        }
    }
    Ok(())
}

#[test]
fn the_schemas_refuse_what_is_wrong() -> Result<()> {
    let mut objects = exported(&["manifests/quickstart"])?;
    let spec = objects.iter_mut().find_map(|object| object.pointer_mut("/spec/template/spec")).context("a pod")?;
    spec.as_object_mut().context("its fields")?.insert("unknown".to_owned(), true.into());
    let wrong = check(&["validate", "1.33"], &json!({ "items": objects }).to_string())?;
    ensure!(wrong.contains("unknown"), "an unknown field was taken: {wrong}");
    Ok(())
}

#[test]
fn the_kinds_themselves_can_be_stored_in_a_cluster() -> Result<()> {
    let definitions: Value = serde_json::from_str(&skiff(&["crd", "-o", "json"])?)?;
    ensure!(definitions.as_array().is_some_and(|all| all.len() >= 7), "all kinds are there");
    let wrong = check(&[&["validate"], &VERSIONS[..]].concat(), &json!({ "items": definitions }).to_string())?;
    ensure!(wrong.is_empty(), "{wrong}");
    Ok(())
}

/// Whether there is a kubectl that knows components; who runs the tests is told where there is none.
#[expect(clippy::print_stderr, reason = "who runs the tests is told what was not looked at")]
fn has_kubectl() -> bool {
    let version = Command::new("kubectl").args(["version", "--client"]).output();
    let text = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let knows = text.contains("Kustomize Version");
    if !knows {
        eprintln!("no kubectl that knows components: kustomizations were not looked at");
    }
    knows
}

#[test]
fn a_kustomization_gives_the_same_objects_as_a_plain_export() -> Result<()> {
    if !has_kubectl() {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let dir = folder.path().join("k8s").display().to_string();
    let (stack, prod) = ("e2e/tests/kubernetes/shop", "e2e/tests/kubernetes/prod");
    skiff(&["export", "kubernetes", stack, "--overlay", prod, "--format", "kustomize", "--dir", &dir])?;
    for (overlay, words) in [("default", &[stack][..]), ("prod", &[stack, "--overlay", prod])] {
        let built = answer(Command::new("kubectl").args(["kustomize", &format!("{dir}/overlays/{overlay}")]), "")?;
        let built: Vec<Value> = serde_json::from_str(&check(&["json"], &built)?)?;
        let plain = exported(words)?;
        ensure!(plain.len() > 10, "{overlay} exports {} objects", plain.len());
        let (built, plain) = (sorted(built), sorted(plain));
        for (built, plain) in built.iter().zip(&plain) {
            ensure!(built == plain, "{overlay}:\n{built:#}\n{plain:#}");
        }
        ensure!(built.len() == plain.len(), "{overlay}: {} objects, and {}", built.len(), plain.len());
    }
    Ok(())
}

#[test]
fn what_is_written_to_files_is_what_other_readers_read() -> Result<()> {
    let text = skiff(&["export", "kubernetes", "e2e/tests/kubernetes/shop"])?;
    let read: Vec<Value> = serde_json::from_str(&check(&["json"], &text)?)?;
    ensure!(read == exported(&["e2e/tests/kubernetes/shop"])?, "another reader reads something else");
    Ok(())
}

#[test]
fn strict_ends_with_an_error_where_something_is_lost() -> Result<()> {
    ensure!(skiff(&["export", "kubernetes", "--strict", "manifests/examples/hello.yaml"]).is_ok(), "nothing is lost");
    let lost = skiff(&["export", "kubernetes", "--strict", "e2e/tests/kubernetes/shop"]);
    let told = lost.err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(told.contains("dropped"), "what is lost is told: {told}");
    Ok(())
}
