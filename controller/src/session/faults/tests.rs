//! Each mistake is told once, and once more when it is gone.

use std::fs;

use skiff_api::Instance;

use super::*;
use crate::source::{self, SourceOptions, merge_last_good};
use crate::state::Good;

/// A folder of manifests, and what was last good of it.
struct Scene {
    folder: tempfile::TempDir,
    good: Good,
    faults: Vec<Fault>,
}

fn deployment(name: &str, more: &str) -> String {
    format!(
        "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: {{ name: {name} }}\nspec:\n  template: {{ container: {{ image: \"a:1\" }} }}\n{more}"
    )
}

impl Scene {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), good: Good::default(), faults: Vec::new() }
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).expect("a file");
    }

    /// Loads, and tells what is new: `subject Reason: message`, the folder left out.
    fn load(&mut self) -> Vec<String> {
        let paths = vec![self.folder.path().to_owned()];
        let options = SourceOptions { paths, name: Some("shop".to_owned()), ..SourceOptions::default() };
        let loaded = merge_last_good(source::load(&options), &self.good, &Instance::default());
        self.good = loaded.good();
        let now = faults(&loaded);
        let news = fault_news("shop", &self.faults, &now, Timestamp::UNIX_EPOCH);
        self.faults = now;
        let folder = format!("{}/", self.folder.path().display());
        let line = |event: Event| {
            let severity = if event.severity == Severity::Warning { "!" } else { " " };
            format!("{severity} {} {}: {}", event.subject(), event.reason, event.message.replace(&folder, ""))
        };
        news.into_iter().map(line).collect()
    }
}

#[test]
fn a_mistake_is_told_when_it_appears_and_changes_and_when_it_is_mended() {
    let mut scene = Scene::new();
    scene.write("web.yaml", &deployment("web", ""));
    assert_eq!(scene.load(), [""; 0]);
    scene.write("web.yaml", &deployment("web", "  replicaz: 2\n"));
    let first = "! deployment/default/web InvalidManifest: web.yaml:6:3: unknown field `replicaz`";
    assert_eq!(scene.load(), [first]);
    assert_eq!(scene.load(), [""; 0]);
    scene.write("web.yaml", &format!("# moved\n{}", deployment("web", "  replicaz: 2\n")));
    assert_eq!(scene.load(), [""; 0]);
    scene.write("web.yaml", &deployment("web", "  replicaz: 2\n  strategi: {}\n"));
    assert_eq!(scene.load(), [format!("{first} (and 1 more)")]);
    scene.write("web.yaml", &deployment("web", "  replicas: 2\n"));
    assert_eq!(scene.load(), ["  deployment/default/web ManifestMended: the manifest is in order again"]);
    assert_eq!(scene.load(), [""; 0]);
}

#[test]
fn what_is_no_object_s_is_the_source_s_and_says_what_it_keeps() {
    let mut scene = Scene::new();
    let two = format!("{}---\n{}", deployment("web", ""), deployment("api", ""));
    scene.write("both.yaml", &two);
    scene.write("db.yaml", &deployment("db", ""));
    scene.load();
    scene.write("both.yaml", "apiVersion: [\n");
    let news = scene.load();
    assert!(
        matches!(news.as_slice(), [only] if only.starts_with("! source shop InvalidManifest: both.yaml:")),
        "{news:?}"
    );
    let kept: Vec<String> = scene.faults.iter().flat_map(Fault::objects).map(ToString::to_string).collect();
    assert_eq!(kept, ["deployment/default/api", "deployment/default/web"]);
    scene.write("both.yaml", &two);
    let folder = scene.folder.path().display().to_string();
    let news: Vec<String> = scene.load().iter().map(|line| line.replace(&folder, "")).collect();
    assert_eq!(news, ["  source shop ManifestMended: both.yaml is in order again"]);
}

#[test]
fn no_value_of_a_secret_is_left_for_others() {
    let mut scene = Scene::new();
    scene.write(
        "s.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { password: [hunter2] }\ndata: { other: hunter2 }\n",
    );
    let told = scene.load();
    assert!(!told.is_empty() && !format!("{told:?} {:?}", scene.faults).contains("hunter2"), "{:?}", scene.faults);
}

#[test]
fn a_source_that_does_not_answer_has_no_mistake() {
    let away = Problem::of_source(crate::source::reason::SOURCE_UNAVAILABLE, "h does not answer");
    let loaded = Loaded { source: "shop".to_owned(), problems: vec![away], ..Loaded::default() };
    let now = faults(&loaded);
    let told = |before: &[Fault], now: &[Fault]| {
        let news = fault_news("shop", before, now, Timestamp::UNIX_EPOCH);
        news.into_iter().map(|event| format!("{}: {}", event.reason, event.message)).collect::<Vec<_>>()
    };
    assert_eq!(told(&[], &now), ["SourceUnavailable: source shop: h does not answer"]);
    assert_eq!(told(&now, &[]), ["SourceAvailable: source shop is followed again"]);
    let notes = crate::ui::mistakes::note(&[("shop".to_owned(), now)].into(), &[], None);
    assert!(notes.concat().contains("source shop cannot be followed now; it all stays as it last was"), "{notes:?}");
}
