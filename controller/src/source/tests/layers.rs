//! Overlays: what they change, add and take away, and what is wrong with them.

use super::*;

fn folder(overlay: &str) -> Folder {
    let base = deployment("api", "api:1") + "      env: [ { name: A, value: a }, { name: B, value: b } ]\n";
    Folder::new(&[
        ("base/api.yaml", &base),
        ("base/web.yaml", &deployment("web", "web:1")),
        ("overlays/prod/o.yaml", overlay),
    ])
}

const HEAD: &str = "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: { name: api }\n";

#[test]
fn an_overlay_changes_what_it_names_and_nothing_else() {
    let patch = format!(
        "{HEAD}spec: {{ replicas: 3, template: {{ container: {{ image: api:2, env: [ {{ name: B, value: c }} ] }} }} }}\n"
    );
    let folder = folder(&patch);
    let loaded = folder.overlaid(&["prod"]);
    assert_eq!(loaded.problems, []);
    assert_eq!((image(&loaded, "api"), image(&loaded, "web")), ("api:2".to_owned(), "web:1".to_owned()));
    let api = loaded.objects.get(&key("api")).expect("an object");
    let env = api.object.to_manifest().pointer("/spec/template/container/env").cloned();
    assert_eq!(env, Some(serde_json::json!([{ "name": "A", "value": "a" }, { "name": "B", "value": "c" }])));
    let file = |pointer: &str| api.origin.place(pointer, false).map(|span| loaded.texts.path(span.file));
    assert_eq!(file("/spec/template/container/image"), Some(folder.path().join("overlays/prod/o.yaml")));
    assert_eq!(file("/metadata/name"), Some(folder.path().join("overlays/prod/o.yaml")));
    assert_eq!(file("/spec/template/container/env/0/value"), Some(folder.path().join("base/api.yaml")));
    assert_eq!(api.base, folder.path().join("base"));
}

#[test]
fn the_last_overlay_wins_and_may_take_away() {
    let folder = folder(&format!("{HEAD}spec: {{ template: {{ container: {{ image: api:2 }} }} }}\n"));
    folder.write("overlays/late/o.yaml", format!("{HEAD}spec: {{ template: {{ container: {{ image: api:3 }} }} }}\n"));
    folder.write("overlays/none/o.yaml", format!("{HEAD}$patch: delete\n"));
    assert_eq!(image(&folder.overlaid(&["prod", "late"]), "api"), "api:3");
    assert_eq!(image(&folder.overlaid(&["late", "prod"]), "api"), "api:2");
    let without = folder.overlaid(&["none"]);
    assert_eq!((names(&without), without.problems), (vec!["deployment/default/web".to_owned()], vec![]));
}

#[test]
fn a_complete_document_of_an_overlay_is_an_object_of_its_own() {
    let loaded = folder(&deployment("debug", "debug:1")).overlaid(&["prod"]);
    assert_eq!(image(&loaded, "debug"), "debug:1");
    assert_eq!(loaded.problems, []);
}

#[test]
fn a_slip_in_the_name_is_said_with_the_name_that_was_meant() {
    let patch = "apiVersion: skiff.dev/v1\nkind: Deployment\nmetadata: { name: apy }\nspec: { replicas: 2 }\n";
    let folder = folder(patch);
    let loaded = folder.overlaid(&["prod"]);
    assert_eq!(places(&folder, &loaded.problems), ["overlays/prod/o.yaml:1:1 InvalidOverlay"]);
    assert_eq!(loaded.problems.first().and_then(|problem| problem.help.as_deref()), Some("did you mean `api`?"));
    assert_eq!(image(&loaded, "api"), "api:1");
}

#[test]
fn an_object_that_an_overlay_breaks_is_left_out_whole() {
    let folder = folder(&format!("{HEAD}spec: {{ template: {{ container: [] }} }}\n"));
    let loaded = folder.overlaid(&["prod"]);
    assert_eq!(places(&folder, &loaded.problems), ["overlays/prod/o.yaml:4:32 InvalidOverlay"]);
    assert_eq!(names(&loaded), ["deployment/default/web"]);
}

#[test]
fn a_directive_that_cannot_be_followed_hides_no_other_mistake_of_the_overlay_or_of_the_next() {
    let folder = folder(&format!(
        "{HEAD}spec:\n  replicaz: 2\n  template:\n    container:\n      env: [ {{ name: C, $patch: delete }} ]\n"
    ));
    folder.write("overlays/late/o.yaml", format!("{HEAD}spec: {{ template: {{ container: {{ imag: api:3 }} }} }}\n"));
    let loaded = folder.overlaid(&["prod", "late"]);
    let expected = [
        "overlays/late/o.yaml:4:34 InvalidObject",
        "overlays/prod/o.yaml:5:3 InvalidObject",
        "overlays/prod/o.yaml:8:14 InvalidOverlay",
    ];
    assert_eq!(
        (places(&folder, &loaded.problems), names(&loaded)),
        (expected.map(str::to_owned).to_vec(), vec!["deployment/default/web".to_owned()])
    );
}

#[test]
fn what_an_overlay_says_twice_is_looked_through_twice() {
    let wrong = format!("{HEAD}spec: {{ replicaz: 2 }}\n---\n{HEAD}spec: {{ strategi: {{}} }}\n");
    let folder = folder(&wrong);
    let loaded = folder.overlaid(&["prod"]);
    assert_eq!(
        places(&folder, &loaded.problems),
        [
            "overlays/prod/o.yaml:4:9 InvalidObject",
            "overlays/prod/o.yaml:8:19 DuplicateObject",
            "overlays/prod/o.yaml:9:9 InvalidObject"
        ]
    );
}

#[test]
fn an_overlay_that_is_away_is_said_to_be_one() {
    let loaded = folder("").overlaid(&["nowhere"]);
    let helps: Vec<&str> = loaded.problems.iter().filter_map(|problem| problem.help.as_deref()).collect();
    assert_eq!(helps, ["is the path behind `--overlay` right? while it is away, what it changes stays as it was"]);
}

#[test]
fn an_overlay_below_the_base_is_no_part_of_the_base() {
    let folder =
        Folder::new(&[("api.yaml", &deployment("api", "api:1")), ("prod/o.yaml", &deployment("api", "api:2"))]);
    let overlays = vec![folder.path().join("prod")];
    let loaded = load_with(&SourceOptions { overlays, ..folder.options() }, &mut empty());
    assert_eq!((image(&loaded, "api"), loaded.problems), ("api:2".to_owned(), vec![]));
}
