//! Which files a project has, what it is called, where variables come from, what is included, extended and selected.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{complaints, load_files};
use crate::{Loaded, Request, load};

fn request(environment: &[(&str, &str)]) -> Request {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Request { directory: "/p".into(), environment, ..Request::default() }
}

fn loaded(request: &Request, files: &[(&str, &str)]) -> Loaded {
    let files: BTreeMap<PathBuf, Vec<u8>> =
        files.iter().map(|(name, text)| (Path::new("/p").join(name), text.as_bytes().to_vec())).collect();
    load(request, &files)
}

/// The services with their images, `name=image`.
fn images(loaded: &Loaded) -> Vec<String> {
    assert_eq!(complaints(loaded), Vec::<String>::new());
    let model = loaded.model.as_ref().and_then(|model| model.get("services"));
    let services = model.and_then(skiff_yaml::Node::as_mapping).unwrap_or_default();
    let image = |node: &skiff_yaml::Node| node.get("image").and_then(skiff_yaml::Node::text).unwrap_or_default();
    services.iter().map(|(key, node)| format!("{}={}", key.name, image(node))).collect()
}

#[test]
fn the_first_name_that_is_found_is_taken_with_what_is_laid_over_it() {
    let one = |image: &str| format!("services: {{ a: {{ image: {image} }} }}");
    let (base, over, other) = (one("base"), one("over"), one("other"));
    let files = [("compose.yml", base.as_str()), ("compose.override.yaml", &over), ("docker-compose.yml", &other)];
    assert_eq!(images(&loaded(&request(&[]), &files)), ["a=over"]);
    let below = Request { directory: "/p/deep/down".into(), ..request(&[]) };
    let found = loaded(&below, &files);
    assert_eq!((images(&found), found.project.as_str()), (vec!["a=over".to_owned()], "p"));
    assert_eq!(found.directory, Path::new("/p"));
    assert_eq!(images(&loaded(&request(&[]), &[("docker-compose.yml", &other)])), ["a=other"]);
}

#[test]
fn without_any_file_the_names_are_told() {
    let found = complaints(&loaded(&request(&[]), &[]));
    let help = "it is called compose.yaml, compose.yml, docker-compose.yaml, docker-compose.yml";
    assert_eq!(found, [format!("there is no Compose file in /p or above ({help})")]);
}

#[test]
fn files_come_from_the_request_before_the_environment_before_dot_env() {
    let a = ("a.yaml", "services: { a: { image: a } }");
    let b = ("b.yaml", "services: { a: { image: b }, b: { image: b } }");
    let env = (".env", "COMPOSE_FILE=b.yaml\n");
    assert_eq!(images(&loaded(&request(&[]), &[a, b, env])), ["a=b", "b=b"]);
    assert_eq!(images(&loaded(&request(&[("COMPOSE_FILE", "a.yaml")]), &[a, b, env])), ["a=a"]);
    assert_eq!(images(&loaded(&request(&[("COMPOSE_FILE", "b.yaml:a.yaml")]), &[a, b])), ["a=a", "b=b"]);
    let other = [("COMPOSE_FILE", "a.yaml;b.yaml"), ("COMPOSE_PATH_SEPARATOR", ";")];
    assert_eq!(images(&loaded(&request(&other), &[a, b])), ["a=b", "b=b"]);
    let named = Request { files: vec!["a.yaml".into()], ..request(&[("COMPOSE_FILE", "b.yaml")]) };
    assert_eq!(images(&loaded(&named, &[a, b])), ["a=a"]);
    let missing = Request { files: vec!["none.yaml".into()], ..request(&[]) };
    assert_eq!(complaints(&loaded(&missing, &[a])), ["there is no file /p/none.yaml"]);
}

#[test]
fn a_project_is_called_as_asked_then_by_the_environment_then_by_its_last_file_then_by_its_folder() {
    let named = [("compose.yaml", "name: ${NAME:-x}1\nservices: {}"), ("compose.override.yaml", "name: last")];
    let name = |request: &Request, files: &[(&str, &str)]| {
        let loaded = loaded(request, files);
        assert_eq!(complaints(&loaded), Vec::<String>::new());
        loaded.project
    };
    let asked = Request { project_name: Some("asked".to_owned()), ..request(&[("COMPOSE_PROJECT_NAME", "env")]) };
    assert_eq!(name(&asked, &named), "asked");
    assert_eq!(name(&request(&[("COMPOSE_PROJECT_NAME", "env")]), &named), "env");
    assert_eq!(name(&request(&[]), &named), "last");
    assert_eq!(name(&request(&[("NAME", "y")]), &named[..1]), "y1");
    assert_eq!(name(&request(&[]), &[("compose.yaml", "services: {}")]), "p");
    let bad = loaded(&request(&[]), &[("compose.yaml", "name: My Shop\nservices: {}")]);
    assert!(complaints(&bad).concat().starts_with("1:7 a project cannot be called `My Shop`"));
}

#[test]
fn variables_come_from_the_environment_then_from_named_files_then_from_dot_env() {
    let image = ("compose.yaml", "services: { a: { image: '${V:-default}' } }");
    let files = [image, (".env", "V=dot"), ("one.env", "V=one"), ("two.env", "V=two")];
    let with = |environment: &[(&str, &str)], env_files: &[&str]| {
        let env_files = env_files.iter().map(PathBuf::from).collect();
        images(&loaded(&Request { env_files, ..request(environment) }, &files)).concat()
    };
    assert_eq!(with(&[("V", "process")], &["one.env"]), "a=process");
    assert_eq!(with(&[], &["one.env", "two.env"]), "a=two");
    assert_eq!(with(&[("COMPOSE_ENV_FILES", "two.env,one.env")], &[]), "a=one");
    assert_eq!(with(&[], &[]), "a=dot");
    assert_eq!(images(&loaded(&request(&[]), &files[..1])).concat(), "a=default");
    let missing = Request { env_files: vec!["none.env".into()], ..request(&[]) };
    assert_eq!(complaints(&loaded(&missing, &files)), ["there is no file /p/none.env"]);
}

#[test]
fn the_dot_env_of_the_folder_that_one_is_in_wins_and_that_of_the_project_fills_the_rest() {
    let compose = "services: { a: { image: '${V:-v}-${W:-w}-${X:-x}' } }";
    let own = "V=here\nX=${W:-none}";
    let project = "V=project\nW=sees_$V";
    let sub = [
        ("sub/c.yaml", compose),
        (".env", &format!("COMPOSE_FILE=sub/c.yaml\n{own}")),
        ("sub/.env", &format!("COMPOSE_FILE=none.yaml\n{project}")),
    ];
    assert_eq!(images(&loaded(&request(&[]), &sub)), ["a=here-sees_here-none"]);
    let above = [("compose.yaml", compose), ("deep/.env", own), (".env", project)];
    let deep = Request { directory: "/p/deep".into(), ..request(&[]) };
    assert_eq!(images(&loaded(&deep, &above)), ["a=here-sees_here-none"]);
    let disabled = loaded(&request(&[("COMPOSE_DISABLE_ENV_FILE", "1"), ("COMPOSE_FILE", "sub/c.yaml")]), &sub);
    assert_eq!(images(&disabled), ["a=v-w-x"]);
}

#[test]
fn a_variable_that_is_not_set_is_told_once_and_is_a_problem_where_that_is_asked_for() {
    let file = [("compose.yaml", "services: { a: { image: 'a$V', user: '$V' } }")];
    let soft = loaded(&request(&[]), &file);
    assert_eq!(images(&soft), ["a=a"]);
    assert_eq!(
        soft.warnings.iter().map(|it| it.message.as_str()).collect::<Vec<_>>(),
        ["the variable `V` is not set and counts as empty"]
    );
    let hard = loaded(&Request { unset_is_a_problem: true, ..request(&[]) }, &file);
    assert!(complaints(&hard).concat().starts_with("1:25 the variable `V` is not set"));
    assert!(hard.objects.is_empty());
}

#[test]
fn what_is_required_is_told_with_its_place() {
    let loaded = load_files(&[("compose.yaml", "services:\n  a:\n    image: 'é/a:${TAG:?name a tag}'\n")]);
    assert_eq!(
        complaints(&loaded)[0],
        "3:17 the variable `TAG` is required and not set: name a tag (set `TAG` in the environment or in `.env`)"
    );
}

#[test]
fn an_included_project_has_its_own_folder_and_variables_and_the_including_file_wins() {
    let loaded = load_files(&[
        ("compose.yaml", "include: [sub/compose.yaml]\nservices: { a: { image: mine }, b: { image: '${OWN:-none}' } }"),
        (
            "sub/compose.yaml",
            "name: other\nservices:\n  a: { image: theirs, volumes: ['./d:/d'] }\n  c: { image: '$OWN' }",
        ),
        ("sub/.env", "OWN=own"),
    ]);
    assert_eq!(images(&loaded), ["a=mine", "c=own", "b=none"]);
    let model = loaded.model.as_ref().and_then(|model| model.pointer("/services/a/volumes/0/source"));
    assert_eq!(model.and_then(skiff_yaml::Node::text).as_deref(), Some("./sub/d"));
    assert_eq!(loaded.project, "p");
}

#[test]
fn files_that_include_each_other_are_a_circle() {
    let loaded = load_files(&[("compose.yaml", "include: [b.yaml]"), ("b.yaml", "include: [compose.yaml]")]);
    assert_eq!(complaints(&loaded), ["1:11 /p/compose.yaml includes itself (take one of the files out of the circle)"]);
    let missing = load_files(&[("compose.yaml", "include: [none.yaml]")]);
    assert_eq!(complaints(&missing), ["1:11 there is no file /p/none.yaml"]);
}

#[test]
fn a_service_begins_as_the_one_that_it_extends() {
    let loaded = load_files(&[
        (
            "compose.yaml",
            "services:\n  a: { extends: { file: sub/base.yaml, service: web }, environment: { B: mine } }\n  \
             b: { extends: a, image: other, healthcheck: { test: x } }",
        ),
        (
            "sub/base.yaml",
            "services:\n  web: { extends: root, environment: { A: a, B: b }, env_file: my.env }\n  \
             root: { image: root, healthcheck: { disable: true } }",
        ),
        ("sub/my.env", "C=c"),
    ]);
    assert_eq!(images(&loaded), ["a=root", "b=other"]);
    let env = |name: &str| {
        let object = loaded.objects.iter().find(|it| it.key.name == name);
        let json = object.map(|it| serde_json::to_value(it.object()).unwrap_or_default()).unwrap_or_default();
        json.pointer("/spec/template/container").cloned().unwrap_or_default()
    };
    let expected = r#"[{"name":"A","value":"a"},{"name":"B","value":"mine"},{"name":"C","value":"c"}]"#;
    assert_eq!(env("a")["env"].to_string(), expected);
    assert_eq!(env("a")["healthCheck"]["test"].to_string(), r#"["NONE"]"#);
    assert_eq!(env("b")["env"].to_string(), expected);
    assert_eq!(env("b")["healthCheck"]["test"].to_string(), r#"["CMD-SHELL","x"]"#);
}

#[test]
fn what_is_extended_must_be_there_and_make_no_circle() {
    let circle = load_files(&[("compose.yaml", "services:\n  a: { extends: b }\n  b: { extends: a }")]);
    let told = complaints(&circle).concat();
    assert!(told.contains("services extend each other in a circle: a → b → a"), "{told}");
    let missing = load_files(&[("compose.yaml", "services: { base: { image: i }, a: { extends: bas } }")]);
    assert_eq!(complaints(&missing)[0], "1:47 there is no service `bas` in /p/compose.yaml (did you mean `base`?)");
}

const PROFILES: &str = "\
services:
  web: { image: i }
  debug: { image: i, profiles: [debug], depends_on: [tool] }
  tool: { image: i, profiles: [tools] }
  soft: { image: i, depends_on: { tool: { condition: service_started, required: false } } }
";

#[test]
fn services_are_selected_by_profile_or_by_name() {
    let file = [("compose.yaml", PROFILES)];
    let names = |request: &Request| {
        let loaded = loaded(request, &file);
        images(&loaded).iter().map(|it| it.trim_end_matches("=i").to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&request(&[])), "web soft");
    assert_eq!(names(&request(&[("COMPOSE_PROFILES", "debug,tools")])), "web debug tool soft");
    assert_eq!(names(&Request { profiles: vec!["*".to_owned()], ..request(&[]) }), "web debug tool soft");
    assert_eq!(names(&Request { services: vec!["debug".to_owned()], ..request(&[]) }), "web debug tool soft");
    assert_eq!(
        names(&Request { services: vec!["tool".to_owned(), "web".to_owned()], ..request(&[]) }),
        "web tool soft"
    );
    assert_eq!(names(&Request { services: vec!["nobody".to_owned()], ..request(&[]) }), "web soft");
    let alone = loaded(&request(&[("COMPOSE_PROFILES", "debug")]), &file);
    assert_eq!(
        complaints(&alone),
        [
            "3:54 `debug` depends on `tool`, which no active profile has (activate its profile, or write `required: false`)"
        ]
    );
}

#[test]
fn a_service_that_no_active_profile_has_is_told_with_its_profiles() {
    let text = "\
services:
  a: { image: i, network_mode: 'service:other', volumes_from: [other] }
  b: { image: i, pid: 'service:nobody' }
  other: { image: i, profiles: [one, two] }
";
    let lines = |place: &str| {
        format!("{place} no active profile has the service `other` (switch one on, `--profile one` or `--profile two`)")
    };
    assert_eq!(
        complaints(&loaded(&request(&[]), &[("compose.yaml", text)])),
        [
            lines("2:32"),
            lines("2:64"),
            "3:23 there is no service `nobody` (add it to `services` at the top of the file)".to_owned()
        ]
    );
}

#[test]
fn nothing_is_in_the_null_device() {
    let text = "services: { a: { image: 'i${TAG:-none}', env_file: /dev/null } }";
    let request = Request { env_files: vec!["/dev/null".into()], ..request(&[]) };
    let loaded = loaded(&request, &[("compose.yaml", text), (".env", "TAG=some\n")]);
    assert_eq!((complaints(&loaded), images(&loaded)), (Vec::new(), vec!["a=inone".to_owned()]));
}

#[test]
fn what_was_included_and_extended_is_in_the_report() {
    let loaded = load_files(&[
        ("compose.yaml", "include: [other.yaml]\nservices:\n  a:\n    extends: { file: base.yaml, service: b }\n"),
        ("other.yaml", "services:\n  o: { image: i, restart: always }\n"),
        ("base.yaml", "services:\n  b: { extends: { service: c } }\n  c: { image: i, restart: always }\n"),
    ]);
    let told = |row: &crate::Row| format!("{} {}", row.attribute, row.place.start);
    let rows: Vec<String> = loaded.report.rows.iter().map(told).collect();
    for expected in ["include 1:1", "services.a.extends 4:5", "services.b.extends 2:8"] {
        assert!(rows.iter().any(|row| row == expected), "{expected} is not in {rows:?}");
    }
}
