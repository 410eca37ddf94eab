//! A wrong form in one place of a service hides no mistake of another, and begets none.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use skiff_yaml::{FileId, Limits, Profile};

use super::{complaints, load_files, load_text};
use crate::attributes::{self, Attribute, example};
use crate::{Loaded, Request, Verdict, load};

/// What no attribute takes.
const NONSENSE: &str = r#"[[["nonsense"]]]"#;
/// What a check finds, and what the manifest is refused for.
const PLANTED: [&str; 2] = ["there is no service `nobody`", "`NET_ADMN` is not a capability"];

/// The project of an attribute's example, with two mistakes of their own beside it.
fn project(attribute: &Attribute) -> Value {
    let text = example::of_service(attribute);
    let parsed = skiff_yaml::parse(&text, FileId(0), Profile::Compose, &Limits::default());
    let mut project = parsed.documents.first().map(|document| document.root.to_json()).unwrap_or_default();
    let service = project.pointer_mut("/services/a").and_then(Value::as_object_mut).expect("a service");
    service.entry("volumes_from").or_insert(json!(["nobody"]));
    service.entry("cap_add").or_insert(json!(["NET_ADMN"]));
    project
}

/// The pointers to all values below one.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let of_object = value.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value));
    let of_list = value.as_array().into_iter().flatten().enumerate();
    for (key, value) in of_object.chain(of_list.map(|(index, value)| (index.to_string(), value))) {
        let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        places(value, &at, found);
        found.push(at);
    }
}

fn loaded(text: &str) -> Loaded {
    let files: Vec<(&str, &str)> = example::FILES.into_iter().chain([("compose.yaml", text)]).collect();
    load_files(&files)
}

/// What is odd about the complaints of a project with nonsense at a place.
fn odd(project: &Value, place: &str) -> Option<String> {
    let mut project = project.clone();
    *project.pointer_mut(place)? = serde_json::from_str(NONSENSE).ok()?;
    let text = project.to_string();
    let (start, before) = (text.find(NONSENSE)?, loaded(&text));
    let is_of_it = |offset: u32| (start..start + NONSENSE.len()).contains(&usize::try_from(offset).unwrap_or(0));
    let is_planted = |message: &str| PLANTED.iter().any(|planted| message.starts_with(planted));
    let others = before.problems.iter().filter(|problem| !is_planted(&problem.message));
    let strays: Vec<String> = others
        .filter(|problem| !problem.place.is_some_and(|place| is_of_it(place.start.offset)))
        .map(|problem| problem.message.clone())
        .collect();
    let told = complaints(&before).join("\n");
    let planted = PLANTED.iter().zip(["nobody", "NET_ADMN"]).filter(|(_, word)| text.contains(*word));
    let hidden: Vec<&&str> = planted.map(|(planted, _)| planted).filter(|planted| !told.contains(**planted)).collect();
    let is_odd = !strays.is_empty() || !hidden.is_empty();
    is_odd.then(|| format!("{place} begets {strays:?} and hides {hidden:?} in {:?}", project.pointer("/services/a")))
}

#[test]
fn nonsense_in_one_attribute_hides_no_mistake_of_another_and_begets_none() {
    let rows = attributes::service().filter(|attribute| attribute.verdict != Verdict::Refused);
    let mut projects: Vec<Value> = rows.map(project).collect();
    projects.dedup();
    let mut found = Vec::new();
    for project in projects {
        let mut all = Vec::new();
        places(project.pointer("/services/a").unwrap_or(&Value::Null), "/services/a", &mut all);
        found.extend(all.iter().filter_map(|place| odd(&project, place)));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn mistakes_of_form_of_meaning_and_of_the_manifest_are_told_at_once() {
    let told = complaints(&load_text(
        "\
services:
  a:
    image: i
    tty: maybe
    networks: [fornt]
    stop_signal: SIGTERN
    userns_mode: mine
  b: { imag: i, depends_on: [c], healthcheck: { start_interval: 1s, start_perod: 1s } }
  c: { extends: d, image: 'i:${TAG:?name a tag}', mem_limit: '${LIMIT:?say how much}' }
  d: { ports: [{ target: x }, { target: 1, publishd: 2 }] }
  e: 5
  f: { extends: none, links: [e] }
  g: { extends: h, user: [me] }
  h: { image: [i] }
networks: { front: }
secrets: { s: { file: [x] } }
",
    ));
    insta::assert_snapshot!(told.join("\n"), @r"
    4:10 `services.a.tty` cannot be `maybe` (it must be true or false)
    5:16 there is no network `fornt` (did you mean `front`?)
    6:18 `services.a.stop_signal` cannot be `SIGTERN` (write a signal such as SIGTERM, or its number)
    7:18 `services.a.userns_mode` cannot be `mine` (it is host)
    8:8 `imag` is no attribute of services.b (did you mean `image`?)
    8:69 `start_perod` is no attribute of services.b.healthcheck (did you mean `start_period`?)
    9:30 the variable `TAG` is required and not set: name a tag (set `TAG` in the environment or in `.env`)
    9:63 the variable `LIMIT` is required and not set: say how much (set `LIMIT` in the environment or in `.env`)
    10:3 service `d` has neither `image` nor `build` (add `image`)
    10:26 `services.d.ports[].target` cannot be `x` (it must be a whole number)
    10:44 `publishd` is no attribute of services.d.ports[] (did you mean `published`?)
    11:6 `services.e` must be a mapping, and this is an integer
    12:17 there is no service `none` in /p/compose.yaml
    13:26 `services.g.user` must be text, and this is a list
    14:15 `services.h.image` must be text, and this is a list
    16:23 `secrets.s.file` must be a path, and this is a list
    ");
}

#[test]
fn of_a_variable_that_must_be_set_and_is_not_no_more_is_said() {
    let text = "services: { a: { image: 'i:$TAG', mem_limit: $LIMIT, cpus: $LIMIT } }";
    let reader = BTreeMap::from([(PathBuf::from("/p/compose.yaml"), text.as_bytes().to_vec())]);
    let request = Request { directory: "/p".into(), unset_is_a_problem: true, ..Request::default() };
    let told: Vec<String> = load(&request, &reader).problems.into_iter().map(|problem| problem.message).collect();
    assert_eq!(told, ["the variable `TAG` is not set", "the variable `LIMIT` is not set"]);
}
