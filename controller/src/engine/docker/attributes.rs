//! What each attribute of Compose comes to at the engine: its example is planned with and without it, and the calls are compared.
//!
//! A field of a manifest that nobody reads would look as well in the table; here it shows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;
use skiff_api::Instance;
use skiff_compose::Verdict;
use skiff_compose::attributes::{self, Attribute, example};
use skiff_core::{
    Action, Archive, CompileInput, ContentStore, CreateContainer, Desired, DigestKey, EngineFacts, History, Observed,
    SourceState, Timestamp, compile, plan,
};
use skiff_yaml::{FileId, Limits, Profile};

use super::container::{self, Surroundings};
use super::{network, volume};
use crate::files::FileStore;
use crate::source::{self, SourceOptions};

/// A project without anything.
const BARE: &str = "name: p\nservices: { a: { image: i }, b: { image: i } }\n";

/// What builds of the examples read.
const CONTEXTS: [(&str, &str); 3] = [("Dockerfile", ""), ("web.Dockerfile", ""), ("web/Dockerfile", "")];

const NOTHING: &str = "\n    NOTHING";

/// What is honoured and comes to nothing at an engine, and why.
const MEANT_FOR_OTHERS: [(&str, &str); 16] = [
    ("env_file.required", "says what a missing file means; the file of the example is there"),
    ("profiles", "says whether there is a service at all; all of them are on here"),
    ("extends", "what is extended in the example has nothing else"),
    ("extends.service", "the same"),
    ("extends.file", "the same"),
    ("depends_on.required", "says what a missing service means; the one of the example is there"),
    ("pre_start.per_replica", "as Skiff does without it"),
    ("deploy.mode", "as it is without it"),
    ("deploy.labels", "labels of the object, not of its containers"),
    ("deploy.placement.max_replicas_per_node", "there is one node, and no other to place the rest on"),
    ("deploy.resources.reservations.devices.count", "all, as it is without it"),
    ("deploy.update_config.failure_action", "pause, as Compose has it without it"),
    ("include.project_directory", "nothing in the example is relative to it"),
    ("include.env_file", "nothing in the example is interpolated from it"),
    ("configs.name", "a name for other tools: what is mounted has a path"),
    ("secrets.name", "the same"),
];

const DECIDED: &str = "\n    no other call: Skiff goes by it";

/// What changes no call that makes anything, with all that is in it: Skiff decides by it when and how it calls.
const GONE_BY: [&str; 15] = [
    "pull_policy",
    "platform",
    "depends_on",
    "pre_start",
    "post_start",
    "pre_stop",
    "deploy.restart_policy.window",
    "deploy.update_config.parallelism",
    "deploy.update_config.order",
    "deploy.rollback_config.parallelism",
    "deploy.rollback_config.order",
    "ports.app_protocol",
    "ports.name",
    "expose",
    "x-skiff",
];

/// Labels of objects that are none at the engine: their files are mounted.
const LABELS: [&str; 2] = ["configs.labels", "secrets.labels"];

/// Where something stands in the calls, and what.
type Calls = BTreeMap<String, String>;

/// A project as the engine would see it.
struct Seen {
    calls: Calls,
    /// What the planner goes by, in words.
    decided: String,
}

fn seen(text: &str) -> Result<Seen, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let folder = folder.path().join("p");
    for (name, text) in example::FILES.into_iter().chain(CONTEXTS).chain([("compose.yaml", text)]) {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(&folder);
        std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, text)).map_err(|it| it.to_string())?;
    }
    let mut options = SourceOptions { paths: vec![folder.join("compose.yaml")], ..SourceOptions::default() };
    options.compose.environment = [("KEY".to_owned(), "k".to_owned())].into();
    options.compose.profiles = vec!["*".to_owned()];
    let loaded = source::load(&options);
    if let Some(problem) = loaded.problems.first() {
        return Err(problem.message.clone());
    }
    let (desired, content) = compile(&CompileInput {
        instance: &Instance::default(),
        intent: skiff_core::Intent::Run,
        stays: true,
        objects: &loaded.declared(),
        sources: &BTreeMap::from([(loaded.source.clone(), SourceState::default())]),
        host_files: &loaded.host_files,
        digest_key: &DigestKey::new([7; 32]),
        departed: &BTreeMap::new(),
        claimed: &BTreeSet::new(),
        beside: &BTreeMap::new(),
        history: &History::default(),
        traces: &BTreeMap::new(),
        archive: &Archive::default(),
    });
    let calls = calls(&desired, &content)?;
    let place = folder.to_string_lossy().into_owned();
    let decided = format!("{:#?}", (&desired.workloads, &desired.jobs, &desired.crons)).replace(&place, ".");
    let calls = calls.into_iter().map(|(at, value)| (at, value.replace(&place, "."))).collect();
    Ok(Seen { calls, decided })
}

/// All that is asked of an engine that has nothing of it yet.
fn calls(desired: &Desired, content: &ContentStore) -> Result<Calls, String> {
    let engine = EngineFacts { api_version: (1, 51), ..EngineFacts::default() };
    let observed = Observed { engine, ..Observed::default() };
    let mut calls = Calls::new();
    for step in plan(desired, &observed, Timestamp::UNIX_EPOCH).steps {
        let body = body(&step.action, content)?;
        flatten(&format!("{} {}", step.action.verb(), step.action.target()), &body, &mut calls);
    }
    Ok(calls)
}

fn body(action: &Action, content: &ContentStore) -> Result<Value, String> {
    Ok(if let Action::CreateNetwork(create) = action {
        network::body(create)
    } else if let Action::CreateVolume(create) = action {
        volume::body(create)
    } else if let Action::CreateContainer(create) = action {
        container_body(create, content)?
    } else {
        Value::String(format!("{action:?}"))
    })
}

fn container_body(create: &CreateContainer, content: &ContentStore) -> Result<Value, String> {
    let profiles = create.spec.template.pod.container.security_context.seccomp_files();
    let profiles = profiles.map(|path| (path.to_owned(), "{}".to_owned())).collect();
    let files = FileStore { config_root: "/c".into(), secret_root: "/s".into() };
    let around = Surroundings {
        api: (1, 51),
        image_id: "sha256:01",
        image_volumes: &BTreeSet::new(),
        log_driver: "json-file",
        profiles: &profiles,
        files: &files,
        volumes_from: &create.spec.volumes_from,
        content,
    };
    container::body(&create.spec, &around).map_err(|error| error.to_string())
}

/// Every value by its path. Labels of our own say again what the rest says.
fn flatten(at: &str, value: &Value, into: &mut Calls) {
    if let Value::Object(fields) = value {
        for (name, value) in fields.iter().filter(|(name, _)| !name.starts_with("skiff.dev/")) {
            flatten(&format!("{at}.{name}"), value, into);
        }
    } else {
        into.insert(at.to_owned(), value.to_string());
    }
}

/// The same project without the attribute at this path: in the service `a`, or at the top. `None` where it is not there by that path.
fn without(text: &str, path: &str, is_service: bool) -> Option<String> {
    let parsed = skiff_yaml::parse(text, FileId(0), Profile::Compose, &Limits::default());
    let whole = parsed.documents.first()?.root.to_json();
    let mut less = whole.clone();
    let at = if is_service { less.pointer_mut("/services/a")? } else { &mut less };
    remove(at, &path.split('.').collect::<Vec<_>>());
    if less == whole {
        return None;
    }
    // A service has one or the other.
    if let Some(Value::Object(a)) = less.pointer_mut("/services/a")
        && !a.contains_key("build")
    {
        a.entry("image").or_insert_with(|| "i".into());
    }
    Some(less.to_string())
}

/// Removes what a path names; names of networks and the like, and places in lists, are not of it.
fn remove(at: &mut Value, path: &[&str]) {
    match (at, path) {
        (Value::Object(fields), [last]) if fields.contains_key(*last) => drop(fields.remove(*last)),
        (Value::Object(fields), [first, rest @ ..]) if fields.contains_key(*first) => {
            if let Some(field) = fields.get_mut(*first) {
                remove(field, rest);
            }
        }
        (Value::Object(fields), path) => fields.values_mut().for_each(|field| remove(field, path)),
        (Value::Array(items), path) => items.iter_mut().for_each(|item| remove(item, path)),
        _ => {}
    }
}

/// A line for an attribute: the calls that it changes, or how else it shows.
fn line(attribute: &Attribute, text: &str, is_service: bool) -> String {
    let with = match seen(text) {
        Ok(seen) => seen,
        Err(why) => return format!("cannot be planned: {why}"),
    };
    // What means nothing without the attribute is compared with a project that has nothing of the kind.
    let whole = attribute.path.split('.').next().unwrap_or_default();
    let less = |path: &str| seen(&without(text, path, is_service)?).ok();
    let Some(bare) = less(attribute.path).or_else(|| less(whole)).or_else(|| seen(BARE).ok()) else {
        return "cannot be planned without it".to_owned();
    };
    let mut text = String::new();
    for (at, value) in with.calls.iter().filter(|(at, value)| bare.calls.get(*at) != Some(*value)) {
        write!(text, "\n    {at} = {value}").ok();
    }
    for at in bare.calls.keys().filter(|at| !with.calls.contains_key(*at)) {
        write!(text, "\n    no {at}").ok();
    }
    match text.is_empty() {
        false => text,
        true if with.decided != bare.decided => DECIDED.to_owned(),
        true => NOTHING.to_owned(),
    }
}

#[test]
fn every_attribute_that_is_taken_comes_to_something_at_the_engine() {
    let of_service = attributes::service().map(|it| (it, example::of_service(it), true));
    let of_project = attributes::project().map(|it| (it, example::of_project(it), false));
    let taken = of_service.chain(of_project).filter(|(attribute, ..)| attribute.verdict != Verdict::Refused);
    let lines: Vec<(&Attribute, String)> =
        taken.map(|(attribute, text, is_service)| (attribute, line(attribute, &text, is_service))).collect();
    let nothing = lines.iter().filter(|(it, line)| it.verdict == Verdict::Honoured && line == NOTHING);
    let nothing: BTreeSet<&str> = nothing.map(|(attribute, _)| attribute.path).collect();
    let meant: BTreeSet<&str> = MEANT_FOR_OTHERS.iter().map(|(path, _)| *path).chain(LABELS).collect();
    assert_eq!(nothing, meant, "honoured, and nothing comes of it");
    let is_gone_by = |path: &str| {
        GONE_BY
            .iter()
            .any(|known| path.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    };
    let unread = lines.iter().filter(|(it, line)| it.verdict == Verdict::Honoured && line == DECIDED);
    let unread: Vec<&str> = unread.map(|(it, _)| it.path).filter(|path| !is_gone_by(path)).collect();
    assert_eq!(unread, Vec::<&str>::new(), "honoured, in the manifest, and no call is another one");
    let lines: Vec<String> =
        lines.iter().map(|(attribute, line)| format!("{} ({}){line}", attribute.path, attribute.verdict)).collect();
    insta::assert_snapshot!(lines.join("\n"));
}
