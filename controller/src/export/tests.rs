//! From files on a disk to objects: the loader that `plan` uses is the one that `export` uses.

use std::fs;

use skiff_kubernetes::{Export, Options, Verdict};

use crate::source::{self, SourceOptions};

const COMPOSE: &str = "\
name: shop
services:
  web:
    image: nginx:1.27
    ports: ['8080:80']
    volumes: ['./site.css:/usr/share/nginx/html/site.css:ro']
    deploy: { placement: { constraints: [node.role == manager] } }
  agent:
    image: shop/agent
    deploy: { mode: global }
";

fn exported(files: &[(&str, &str)]) -> Export {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        fs::write(folder.path().join(path), text).expect("a file");
    }
    let loaded = source::load(&SourceOptions { paths: vec![folder.path().to_owned()], ..SourceOptions::default() });
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    super::kubernetes(&loaded, &Options::default(), None)
}

#[test]
fn a_compose_project_is_exported_with_its_files_and_its_lines() {
    let export = exported(&[("compose.yaml", COMPOSE), ("site.css", "body {}\n")]);
    let names: Vec<String> = export.objects.iter().map(skiff_kubernetes::Emitted::name).collect();
    assert!(names.contains(&"DaemonSet/agent".to_owned()), "{names:?}");
    let config = export.objects.iter().find(|object| object.text("/kind") == "ConfigMap").expect("the file");
    assert_eq!(config.text("/data/site.css"), "body {}\n");
    let published = export.report.rows.iter().find(|row| row.key.ends_with("ports[0].hostPort")).expect("a row");
    assert!(published.place.file.ends_with("compose.yaml"), "{}", published.place);
    assert_eq!(published.place.line, 5);
}

#[test]
fn what_compose_lost_on_the_way_in_is_lost_in_the_report_as_well() {
    let export = exported(&[("compose.yaml", COMPOSE), ("site.css", "")]);
    let row = export.report.rows.iter().find(|row| row.key == "services.web.deploy.placement.constraints");
    let row = row.expect("a row of what Skiff has no field for");
    assert_eq!((row.verdict, row.place.line), (Verdict::Dropped, 7));
}
