//! Folders, files and streams as sources: what is read, what is a problem, what stays in force.

use std::fs;
use std::io::empty;

use super::*;
use skiff_api::Kind;

mod bad_input;
mod builds;
mod compose;
mod encrypted;
mod last_good;
mod layers;

/// A folder of manifests.
pub(super) struct Folder(tempfile::TempDir);

impl Folder {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        for (path, text) in files {
            folder.write(path, text);
        }
        folder
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    pub(super) fn remove(&self, path: &str) {
        fs::remove_file(self.path().join(path)).expect("a file");
    }

    pub(super) fn options(&self) -> SourceOptions {
        SourceOptions { paths: vec![self.path().to_owned()], name: Some("shop".to_owned()), ..SourceOptions::default() }
    }

    pub(super) fn load(&self) -> Loaded {
        load_with(&self.options(), &mut empty())
    }

    /// As [`Self::load`], with the overlays `overlays/<name>` beside the base `base`.
    pub(super) fn overlaid(&self, names: &[&str]) -> Loaded {
        let overlays = names.iter().map(|name| self.path().join("overlays").join(name)).collect();
        load_with(&SourceOptions { paths: vec![self.path().join("base")], overlays, ..self.options() }, &mut empty())
    }
}

pub(super) fn deployment(name: &str, image: &str) -> String {
    format!(
        "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: {{ name: {name} }}\nspec:\n  template:\n    container:\n      image: {image}\n"
    )
}

pub(super) fn key(name: &str) -> ObjectKey {
    ObjectKey::new(Kind::Deployment, "default", name)
}

pub(super) fn names(loaded: &Loaded) -> Vec<String> {
    loaded.objects.keys().map(ToString::to_string).collect()
}

/// `file:line:column Reason`, relative to the folder.
pub(super) fn places(folder: &Folder, problems: &[Problem]) -> Vec<String> {
    let place = |problem: &Problem| {
        let file = problem.file.as_deref().unwrap_or(Path::new(""));
        let file = file.strip_prefix(folder.path()).unwrap_or(file).display().to_string();
        let at = problem.span.map(|span| format!(":{}", span.start)).unwrap_or_default();
        format!("{file}{at} {}", problem.reason)
    };
    problems.iter().map(place).collect()
}

pub(super) fn image(loaded: &Loaded, name: &str) -> String {
    match loaded.objects.get(&key(name)).map(|declared| &declared.object) {
        Some(Object::Deployment(deployment)) => deployment.spec.template.container.image.clone(),
        other => panic!("no deployment {name}: {other:?}"),
    }
}

#[test]
fn a_folder_is_read_recursively_and_hidden_files_are_not() {
    let folder = Folder::new(&[
        ("a.yaml", &format!("{}---\n{}", deployment("one", "a:1"), deployment("two", "a:1"))),
        ("deep/er/b.yml", &deployment("three", "a:1")),
        (".git/c.yaml", "nonsense: ["),
        (".hidden.yaml", "nonsense: ["),
        ("README.md", "nonsense: ["),
        ("d.json", r#"{"apiVersion":"skiff.dev/v1","kind":"Volume","metadata":{"name":"v","namespace":"shop"}}"#),
    ]);
    let loaded = folder.load();
    assert_eq!(loaded.problems, []);
    assert_eq!(
        names(&loaded),
        ["volume/shop/v", "deployment/default/one", "deployment/default/three", "deployment/default/two"]
    );
    let two = loaded.objects.get(&key("two")).expect("an object");
    assert_eq!((two.origin.document, two.origin.line, two.base.as_path()), (1, 9, folder.path()));
    let image = two.origin.place("/spec/template/container/image", false).expect("a place");
    assert_eq!(image.start.to_string(), "15:14");
    assert_eq!(two.object.metadata().namespace.as_deref(), Some("default"));
}

#[test]
fn one_file_and_the_standard_input_are_sources_too() {
    let folder = Folder::new(&[("a.yaml", &deployment("one", "a:1")), ("b.txt", &deployment("two", "a:1"))]);
    let file = |name: &str| SourceOptions { paths: vec![folder.path().join(name)], ..SourceOptions::default() };
    let one = load_with(&file("a.yaml"), &mut empty());
    assert_eq!((names(&one), one.source.as_str()), (vec!["deployment/default/one".to_owned()], "a"));
    assert_eq!(names(&load_with(&file("b.txt"), &mut empty())), ["deployment/default/two"]);
    let options = SourceOptions {
        paths: vec!["-".into()],
        default_namespace: Some("shop".to_owned()),
        ..SourceOptions::default()
    };
    let piped = load_with(&options, &mut deployment("three", "a:1").as_bytes());
    assert_eq!((names(&piped), piped.source.as_str()), (vec!["deployment/shop/three".to_owned()], "stdin"));
}

#[test]
fn a_list_stands_for_its_items() {
    let item = |name: &str| {
        format!("- apiVersion: v1\n  kind: ConfigMap\n  metadata: {{ name: {name} }}\n  data: {{ a: b }}\n")
    };
    let list = format!("apiVersion: v1\nkind: List\nitems:\n{}{}", item("one"), item("two"));
    let loaded = Folder::new(&[("a.yaml", &list)]).load();
    assert_eq!(loaded.problems, []);
    assert_eq!(names(&loaded), ["configmap/default/one", "configmap/default/two"]);
}

#[test]
fn small_read_only_files_are_content_and_change_the_fingerprint() {
    let volumes = "    volumes:\n      - { name: a, hostPath: { path: ./a.conf, readOnly: true } }\n      - { name: b, hostPath: { path: ./b.conf } }\n      - { name: c, hostPath: { path: ./c.conf, readOnly: true } }\n";
    let folder = Folder::new(&[("a.yaml", &(deployment("one", "a:1") + volumes)), ("a.conf", "1"), ("b.conf", "2")]);
    let before = folder.load();
    assert_eq!(before.problems, []);
    let base = folder.path().display().to_string();
    assert_eq!(before.host_files.keys().collect::<Vec<_>>(), [&(base, "./a.conf".to_owned())]);
    assert_eq!(before.beside.files, ["a.conf", "c.conf"].map(|name| folder.path().join(name)).into());
    assert_eq!(folder.load().fingerprint, before.fingerprint);
    folder.write("a.conf", "3");
    assert_ne!(folder.load().fingerprint, before.fingerprint);
}

#[test]
fn other_tools_files_are_passed_over_with_a_word() {
    let folder = Folder::new(&[
        ("a.yaml", &deployment("one", "a:1")),
        ("docker-compose.override.yml", "services: {}"),
        ("kustomization.yaml", "resources: [a.yaml]"),
        ("prometheus.yml", "global: { scrape_interval: 5s }"),
        ("package.json", "{}"),
    ]);
    let loaded = folder.load();
    assert_eq!((loaded.problems, loaded.objects.len()), (vec![], 1));
    assert_eq!(
        places(&folder, &loaded.warnings),
        [
            "docker-compose.override.yml OtherTool",
            "kustomization.yaml OtherTool",
            "package.json:1:1 NotAManifest",
            "prometheus.yml:1:1 NotAManifest",
        ]
    );
    let named = SourceOptions { paths: vec![folder.path().join("kustomization.yaml")], ..SourceOptions::default() };
    assert_eq!(places(&folder, &load_with(&named, &mut empty()).problems), ["kustomization.yaml OtherTool"]);
}

#[test]
fn a_document_of_skiffs_api_is_a_manifest_whatever_else_it_lacks() {
    let folder = Folder::new(&[("a.yaml", "apiVersion: skiff.dev/v1\n"), ("b.yaml", "apiVersion: other.dev/v1\n")]);
    let loaded = folder.load();
    assert_eq!(places(&folder, &loaded.problems), ["a.yaml:1:1 InvalidObject"]);
    assert_eq!(places(&folder, &loaded.warnings), ["b.yaml:1:1 NotAManifest"]);
}
