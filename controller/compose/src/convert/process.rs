//! The image, the process's surroundings, labels: what is no plain copy of them.

use std::collections::BTreeMap;

use skiff_api::Duration;
use skiff_yaml::{Key, Node, Span, Value};

use super::Converter;
use super::build::is_built;
use super::service::Service;
use crate::load::{entries, line};
use crate::manifest::{list, mapping, text};
use crate::{dotenv, names, paths};

/// The labels of Docker Compose.
const RESERVED: &str = "com.docker.compose.";
/// How long Compose lets a container end.
const GRACE: Duration = Duration::from_secs(10);

type Variables = BTreeMap<String, String>;

/// How a file of variables is written.
enum Format<'a> {
    /// Values are taken as they stand.
    Raw,
    /// Values use variables: those of the project, then those that the service sets itself, then those of the files before it.
    Using { own: &'a Variables, earlier: &'a Variables },
}

impl Converter<'_, '_, '_> {
    pub(super) fn process(&mut self, service: &mut Service<'_>) {
        self.image(service);
        self.container_name(service);
        pull_policy(service);
        self.variables(service);
        self.labels(service);
        let grace = service.text("stop_grace_period").and_then(|text| text.parse().ok()).unwrap_or(GRACE);
        let place = service.attribute("stop_grace_period").map_or(service.place, Node::place);
        let seconds = i64::try_from(grace.secs_ceil()).unwrap_or(i64::MAX);
        service.set("template/terminationGracePeriodSeconds", Value::Int(seconds), place);
    }

    /// Compose's names, where they are not Skiff's own.
    fn container_name(&self, service: &mut Service<'_>) {
        let is_own = self.namespace == self.project.name && names::object(service.name) == service.name;
        if !is_own && service.attribute("container_name").is_none() {
            let prefix = format!("{}-{}", self.project.name, service.name);
            service.put("template/containerNamePrefix", text(prefix, service.place));
        }
    }

    fn variables(&mut self, service: &mut Service<'_>) {
        let environment = service.attribute("environment").and_then(Node::as_mapping).unwrap_or_default();
        let set = environment.iter().map(|(key, value)| (key.name.clone(), (self.value(key, value), value.place())));
        let set: BTreeMap<String, (Option<String>, Span)> = set.collect();
        let own = set.iter().filter_map(|(name, (value, _))| Some((name.clone(), value.clone()?))).collect();
        let mut variables = BTreeMap::new();
        let mut earlier = Variables::new();
        for file in service.items("env_file") {
            let read = self.env_file(file, &own, &earlier);
            variables.extend(read.iter().map(|(name, value)| (name.clone(), (Some(value.clone()), file.place()))));
            earlier.extend(read);
        }
        variables.extend(set);
        for (name, (value, place)) in variables {
            let unset = value.is_none().then(|| Node::new(Value::Bool(true), place));
            let name = text(name, place);
            let value = value.map(|value| text(value, place));
            let variable = mapping(place, [("name", Some(name)), ("value", value), ("unset", unset)]);
            service.push("template/container/env", variable);
        }
    }

    /// A variable's value; one without is that of the environment, or taken out of the image's.
    pub(super) fn value(&self, key: &Key, value: &Node) -> Option<String> {
        if value.is_null() { self.environment().get(&key.name) } else { value.text() }
    }

    /// The variables of a file, which sees those that the service sets itself and those of the files before it.
    fn env_file(&mut self, file: &Node, own: &Variables, earlier: &Variables) -> Variables {
        let Some(path) = file.get("path").and_then(Node::text) else { return Variables::new() };
        let is_required = file.get("required").is_none_or(|node| node.value != Value::Bool(false));
        let remedy = is_required.then_some("write it, or say `required: false` beside its `path`");
        let format = if file.get("format").is_some() { Format::Raw } else { Format::Using { own, earlier } };
        self.read_variables(&path, remedy, format, file.place())
    }

    /// The variables of a file of the project. One that is not there is a problem where there is something to do about it.
    fn read_variables(&mut self, path: &str, remedy: Option<&str>, format: Format<'_>, from: Span) -> Variables {
        let whole = paths::resolve(&self.project.directory, path);
        if !self.files.has(&whole) {
            if let Some(remedy) = remedy {
                self.problems.wrong(from, format!("there is no file {}", whole.display())).help(remedy);
            }
            return Variables::new();
        }
        let (file, content) = match self.files.text(&whole) {
            Ok(read) => read,
            Err(problem) => {
                self.problems.problem(*problem);
                return Variables::new();
            }
        };
        let environment = &self.project.environment;
        let read = match format {
            Format::Raw => dotenv::parse_raw(&content),
            Format::Using { own, earlier } => {
                let lookup = |name: &str| environment.get(name).or_else(|| own.get(name).cloned());
                dotenv::parse_after(&content, &lookup, earlier)
            }
        };
        read.unwrap_or_else(|errors| {
            for error in errors {
                self.problems.wrong(line(file, error.line), error.message);
            }
            Variables::new()
        })
    }

    fn labels(&mut self, service: &mut Service<'_>) {
        let (own, mut earlier) = (Variables::new(), Variables::new());
        for file in service.items("label_file") {
            let Some(path) = file.text() else { continue };
            let format = Format::Using { own: &own, earlier: &earlier };
            let remedy = Some("write it, or take it out of `label_file`");
            let read = self.read_variables(&path, remedy, format, file.place());
            for (key, value) in &read {
                service.entry("template/metadata/labels", key, text(value, file.place()));
            }
            earlier.extend(read);
        }
        for (key, value) in service.attribute("labels").and_then(Node::as_mapping).unwrap_or_default() {
            if key.name.starts_with(RESERVED) {
                let complaint = self.problems.wrong(key.span, format!("label `{}` is Compose's own", key.name));
                complaint.help("use another prefix");
                continue;
            }
            service.entry("template/metadata/labels", &key.name, text(value.text().unwrap_or_default(), value.place()));
        }
        let own = [("project", self.project.name.clone()), ("service", service.name.to_owned())];
        for (key, value) in own {
            service.entry("template/metadata/labels", &format!("{RESERVED}{key}"), text(value, service.place));
        }
        let number = vec![text(format!("{RESERVED}container-number"), service.place)];
        service.put("template/metadata/ordinalLabels", list(number, service.place));
        if let Some(labels) = service.attribute("deploy.labels") {
            for (key, value) in labels.as_mapping().unwrap_or_default() {
                let value = text(value.text().unwrap_or_default(), value.place());
                service.manifest.entry("metadata/labels", &key.name, value);
            }
        }
        // A mapping whose values may be missing: an annotation without one is empty.
        if let Some(annotations) = service.attribute("annotations") {
            for (key, value) in annotations.as_mapping().unwrap_or_default().iter().filter(|(_, it)| it.is_null()) {
                service.entry("template/metadata/annotations", &key.name, text("", value.place()));
            }
        }
    }

    /// Containers that run before the main one.
    pub(super) fn init_containers(&self, service: &mut Service<'_>) {
        for (index, hook) in service.items("pre_start").iter().enumerate() {
            let place = hook.place();
            let env: Vec<Node> = entries(hook, "environment")
                .iter()
                .filter_map(|(key, value)| {
                    let value = text(self.value(key, value)?, value.place());
                    Some(mapping(place, [("name", Some(text(&key.name, key.span))), ("value", Some(value))]))
                })
                .collect();
            let get = |name: &str| hook.get(name).cloned();
            let container = mapping(
                place,
                [
                    ("name", Some(text(format!("pre-start-{}", index + 1), place))),
                    ("image", get("image")),
                    ("args", get("command")),
                    ("workingDir", get("working_dir")),
                    ("env", (!env.is_empty()).then(|| list(env, place))),
                    ("user", get("user")),
                    ("privileged", get("privileged")),
                ],
            );
            service.push("template/initContainers", container);
            if let Some(per_replica) = hook.get("per_replica").filter(|node| node.value == Value::Bool(false)) {
                let does = "it runs before each replica";
                service.approximated(
                    "pre_start.per_replica",
                    per_replica.place(),
                    does,
                    "make it a service that others wait for until it has completed",
                );
            }
        }
    }
}

fn pull_policy(service: &mut Service<'_>) {
    let Some(node) = service.attribute("pull_policy") else { return };
    let (place, policy) = (node.place(), node.text().unwrap_or_default());
    let is_interval = ["daily", "weekly", "refresh"].contains(&policy.as_str()) || policy.starts_with("every_");
    let is_known = is_interval || ["always", "never", "missing", "if_not_present", "build"].contains(&policy.as_str());
    let meant = match policy.as_str() {
        _ if is_known && is_built(service) => {
            if policy != "build" {
                service.approximated("pull_policy", place, "the image is built, and never pulled", "");
            }
            return;
        }
        "always" => "Always",
        "never" => "Never",
        "missing" | "if_not_present" => "IfNotPresent",
        "build" => {
            let remedy = "take it out, or say with `build` what the image is built from";
            return service.refused("pull_policy", place, "there is no `build`", remedy);
        }
        _ if is_interval => return follow(service, &policy, place),
        _ => {
            let does = format!("`{policy}` is no policy");
            let remedy = "it is always, never, missing, build, daily, weekly or every_<duration>";
            return service.refused("pull_policy", place, &does, remedy);
        }
    };
    service.put("template/container/imagePullPolicy", text(meant, place));
}

/// A policy with a time: the registry is asked so often. A job has what its tag means when it is made.
fn follow(service: &mut Service<'_>, policy: &str, place: Span) {
    let names_digest = service.text("image").is_some_and(|image| image.contains('@'));
    if service.is_job() || names_digest {
        service.approximated("pull_policy", place, "the image is pulled before each container is made", "");
        return service.put("template/container/imagePullPolicy", text("Always", place));
    }
    let interval = match policy {
        "weekly" => "168h",
        "daily" | "refresh" => "24h",
        every => every.strip_prefix("every_").unwrap_or(every),
    };
    let does = "the registry is asked so often by `skiff run`, and an image that has moved rolls out";
    service.approximated("pull_policy", place, does, "");
    service.put("imageUpdate/policy", text("Digest", place));
    service.put("imageUpdate/interval", text(interval, place));
}
