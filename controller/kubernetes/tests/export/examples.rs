//! The examples of this repository, as they are exported: golden files, decoded without an unknown field, and nothing dangling.

use crate::support::{Stack, folder};
use skiff_kubernetes::{Export, Options, Shape, files};

macro_rules! manifests {
    ($($path:literal),+) => { [$(include_str!(concat!("../../../../manifests/", $path))),+].join("\n---\n") };
}

pub(crate) fn quickstart() -> String {
    manifests!(
        "quickstart/counter.yaml",
        "quickstart/front.yaml",
        "quickstart/networks.yaml",
        "quickstart/page.yaml",
        "quickstart/token.yaml",
        "quickstart/web.yaml"
    )
}

fn golden(name: &str, export: &Export) {
    crate::support::decode::strictly(export);
    let wrong = crate::support::references::complaints(export);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let files = files(export, &Shape::Plain);
    let shown = files.iter().filter(|(path, _)| *path != "report.json");
    let texts: Vec<String> = shown.map(|(path, text)| format!("==> {path}\n{text}")).collect();
    insta::assert_snapshot!(name, texts.join("\n"));
}

#[test]
fn the_quickstart() {
    golden("quickstart", &Stack::of(&quickstart()).export());
}

#[test]
fn the_smallest_example() {
    golden("hello", &Stack::of(&manifests!("examples/hello.yaml")).export());
}

#[test]
fn the_example_of_workers() {
    golden("worker", &Stack::of(&manifests!("examples/worker.yaml")).export());
}

#[test]
fn the_example_of_jobs() {
    golden("jobs", &Stack::of(&manifests!("examples/jobs.yaml")).export());
}

#[test]
fn the_examples_with_servers() {
    let folders = [
        "orders",
        "layers/base",
        "monitoring",
        "shared-database/database",
        "shared-database/blog",
        "shared-database/wiki",
    ];
    for folder in folders {
        golden(&folder.replace('/', "-"), &folder::stack(&format!("examples/{folder}")).export());
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let text = quickstart();
    let options = Options { hardened: true, ..Options::default() };
    let all = || files(&Stack::of(&text).export_with(&options), &Shape::Plain);
    assert_eq!(all(), all());
}
