//! The examples of this repository, as they are exported: golden files, decoded without an unknown field, and nothing dangling.

use crate::support::{Stack, folder};
use skiff_kubernetes::{Export, Options, Shape, Verdict, files};

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
fn two_projects_and_the_database_that_they_share() {
    let below = ["database", "blog", "wiki"].map(|it| format!("examples/shared-database/{it}"));
    let export = folder::together(&below.each_ref().map(String::as_str)).export();
    golden("shared-database", &export);
    let external = export.report.rows.iter().filter(|row| row.key == "spec.external").map(|row| row.verdict);
    assert_eq!(external.collect::<Vec<_>>(), [Verdict::Exact; 2], "the networks are among what is exported");
    for project in ["blog", "wiki"] {
        let heard = export
            .objects
            .iter()
            .find(|it| it.name() == "Service/database" && it.text("/metadata/namespace") == project);
        let leads_to = heard.map(|it| it.text("/spec/externalName"));
        assert_eq!(leads_to, Some("db.shared.svc.cluster.local"), "the name that {project} speaks to");
        // On one network with the database, and with no other project.
        let policy = export.objects.iter().find(|it| {
            it.name() == format!("NetworkPolicy/network-{project}") && it.text("/metadata/namespace") == "shared"
        });
        let from = "/spec/ingress/0/from/0/namespaceSelector/matchExpressions/0/values";
        let from = policy.and_then(|it| it.value.pointer(from));
        let expected = serde_json::json!(if project == "blog" { ["blog", "shared"] } else { ["shared", "wiki"] });
        assert_eq!(from, Some(&expected), "who reaches the database on the network of {project}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let text = quickstart();
    let options = Options { hardened: true, ..Options::default() };
    let all = || files(&Stack::of(&text).export_with(&options), &Shape::Plain);
    assert_eq!(all(), all());
}
