//! Images that are built are named by what they are built from.

use super::*;
use crate::state::Good;
use skiff_core::Instance;

fn built(name: &str) -> String {
    format!(
        "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: {{ name: {name} }}\nspec:\n  template:\n    container:\n      build: {{ context: ./ctx }}\n"
    )
}

fn scene() -> Folder {
    Folder::new(&[
        ("a.yaml", &built("api")),
        ("ctx/Dockerfile", "FROM a"),
        ("ctx/app.yaml", "port: 80 # not: a: manifest"),
    ])
}

#[test]
fn a_changed_file_of_the_context_is_another_image_and_another_load() {
    let folder = scene();
    let before = folder.load();
    assert_eq!(before.problems, [], "what lies in a context is no manifest");
    let name = image(&before, "api");
    assert!(name.strip_prefix("default-api:").is_some_and(skiff_api::naming::is_build_tag), "{name}");
    assert_eq!(folder.load().fingerprint, before.fingerprint);
    folder.write("ctx/sub/file", "1");
    let after = folder.load();
    assert_ne!(image(&after, "api"), name);
    assert_ne!(after.fingerprint, before.fingerprint);
    let folders: Vec<_> = ["ctx", "ctx/sub"].map(|path| folder.path().join(path)).into();
    assert_eq!(after.beside.folders.into_iter().collect::<Vec<_>>(), folders);
}

#[test]
fn the_image_of_the_manifest_names_the_repository() {
    let folder = scene();
    folder.write("a.yaml", built("api") + "      image: reg.example.com/shop/api\n");
    let loaded = folder.load();
    assert_eq!(loaded.problems, []);
    assert!(image(&loaded, "api").starts_with("reg.example.com/shop/api:"), "{}", image(&loaded, "api"));
    let object = &loaded.objects.get(&key("api")).expect("it is declared").object;
    let written = object.to_manifest();
    assert_eq!(skiff_api::parse_object(&written).as_ref(), Ok(object), "it can be kept");
}

#[test]
fn a_context_that_cannot_be_read_keeps_the_last_good_version() {
    let folder = scene();
    let good = merge_last_good(folder.load(), &Good::default(), &Instance::default()).good();
    folder.remove("ctx/Dockerfile");
    let loaded = merge_last_good(folder.load(), &good, &Instance::default());
    assert_eq!(places(&folder, &loaded.problems), ["a.yaml:7:25 BuildContext"]);
    let kept = loaded.objects.get(&key("api")).expect("it is kept");
    assert!(kept.last_good && good.objects.get(&key("api")).is_some_and(|good| good.object == kept.object));
    assert!(loaded.beside.folders.contains(&folder.path().join("ctx")), "the Dockerfile may come back");
}

#[test]
fn a_relative_context_from_the_standard_input_is_refused() {
    let options = SourceOptions { paths: vec!["-".into()], ..SourceOptions::default() };
    let loaded = load_with(&options, &mut built("api").as_bytes());
    let said: Vec<&str> = loaded.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        said,
        ["the build context is relative, and the manifest has no folder: it comes from the standard input"]
    );
}
