//! What no single attribute shows: references that lead nowhere, attributes that exclude each other or must agree, circles.
//!
//! Every complaint, never the first only. Source: the Compose Specification, and what Docker Compose checks besides.

mod graph;
mod twins;

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::suggest::nearest;
use skiff_yaml::{Key, Node, Span};

use crate::load::{Project, entries};
use crate::problems::Problems;

/// Checks a project.
pub(crate) fn check(project: &Project, problems: &mut Problems) {
    let names = |section| entries(&project.model, section).iter().map(|(key, _)| key.name.as_str()).collect();
    let known = SECTIONS.map(|section| (section, names(section))).into_iter().collect();
    let mut checker = Checker { model: &project.model, inactive: &project.inactive, known, problems };
    for (key, service) in entries(&project.model, "services") {
        checker.service(key, service);
    }
    for section in ["configs", "secrets"] {
        for (key, node) in entries(&project.model, section) {
            checker.content(section, key, node);
        }
    }
    for section in ["networks", "volumes"] {
        for (key, node) in entries(&project.model, section) {
            checker.external(key, node);
        }
    }
    checker.same_objects();
    graph::circles(&project.model, checker.problems);
}

/// What services name.
const SECTIONS: [&str; 5] = ["services", "networks", "volumes", "configs", "secrets"];

struct Checker<'a> {
    model: &'a Node,
    /// The services that no active profile has, with their profiles.
    inactive: &'a BTreeMap<String, Vec<String>>,
    /// The names in each section.
    known: BTreeMap<&'static str, BTreeSet<&'a str>>,
    problems: &'a mut Problems,
}

impl Checker<'_> {
    fn service(&mut self, key: &Key, service: &Node) {
        let sources = ["image", "build", "provider"];
        if sources.iter().all(|name| service.get(name).is_none()) && !self.problems.lacks(&key.name, &sources) {
            let message = format!("service `{}` has neither `image` nor `build`", key.name);
            self.problems.wrong(key.span, message).help("add `image`");
        }
        self.references(service);
        self.exclusions(service);
        self.mounts(service);
        self.health(&key.name, service);
        self.ports(service);
        self.devices(service);
        twins::check(service, self.problems);
    }

    /// Networks, volumes, configs, secrets and services that are named must be there.
    fn references(&mut self, service: &Node) {
        for (key, _) in entries(service, "networks").iter().filter(|(key, _)| key.name != "default") {
            self.needs("networks", "network", &key.name, key.span);
        }
        for mount in items(service, "volumes") {
            let is_volume = mount.get("type").and_then(Node::as_str) == Some("volume");
            if let (true, Some(source)) = (is_volume, mount.get("source")) {
                self.needs("volumes", "volume", &source.text().unwrap_or_default(), source.place());
            }
        }
        for (section, what) in [("configs", "config"), ("secrets", "secret")] {
            for source in items(service, section).iter().filter_map(|grant| grant.get("source")) {
                self.needs(section, what, &source.text().unwrap_or_default(), source.place());
            }
        }
        for (key, need) in entries(service, "depends_on") {
            let is_optional = need.get("required").map(|node| &node.value) == Some(&skiff_yaml::Value::Bool(false));
            if !is_optional {
                self.needs("services", "service", &key.name, key.span);
            }
        }
        self.joined(service);
    }

    /// Services whose containers others use.
    fn joined(&mut self, service: &Node) {
        for attribute in ["network_mode", "pid", "ipc"] {
            let Some(node) = service.get(attribute) else { continue };
            if let Some(name) = node.text().as_deref().and_then(|mode| mode.strip_prefix("service:")) {
                self.needs("services", "service", name, node.place());
            }
        }
        for from in items(service, "volumes_from") {
            let written = from.text().unwrap_or_default();
            let name = written.split(':').next().unwrap_or_default();
            if name != "container" {
                self.needs("services", "service", name, from.place());
            }
        }
    }

    fn needs(&mut self, section: &str, what: &str, name: &str, place: Span) {
        let known = self.known.get(section);
        if known.is_some_and(|known| known.contains(name)) || self.problems.is_unread(&format!("{section}.{name}")) {
            return;
        }
        if let Some(profiles) = self.inactive.get(name).filter(|_| section == "services") {
            let complaint = self.problems.wrong(place, format!("no active profile has the service `{name}`"));
            return complaint.help(format!("switch one on, `--profile {}`", profiles.join("` or `--profile ")));
        }
        let complaint = self.problems.wrong(place, format!("there is no {what} `{name}`"));
        match nearest(name, known.into_iter().flatten().copied()) {
            Some(meant) => complaint.help(format!("did you mean `{meant}`?")),
            None => complaint.help(format!("add it to `{section}` at the top of the file")),
        }
    }

    fn exclusions(&mut self, service: &Node) {
        if let (Some(mode), Some(networks)) = (service.get("network_mode"), service.get("networks")) {
            let complaint = self.problems.wrong(mode.place(), "`network_mode` and `networks` exclude each other");
            complaint.label(networks.place(), "the networks").help("leave one of them out");
        }
        let count = crate::convert::replicas(service);
        if let Some((node, count)) = count.filter(|(_, count)| *count < 0) {
            self.problems.wrong(node.place(), format!("the number of replicas is {count}")).help("the least is 0");
        }
        if let (Some(name), Some((_, count))) = (service.get("container_name"), count.filter(|(_, count)| *count > 1)) {
            let message = format!("`container_name` can be held by one replica, and there are {count}");
            self.problems.wrong(name.place(), message).help("leave it out, or run one replica");
        }
        let build = |name| service.get("build").and_then(|build| build.get(name));
        if let (Some(inline), Some(file)) = (build("dockerfile_inline"), build("dockerfile")) {
            let message = "`dockerfile_inline` and `dockerfile` exclude each other";
            let complaint = self.problems.wrong(inline.place(), message);
            complaint.label(file.place(), "the file").help("leave one of them out");
        }
    }

    fn mounts(&mut self, service: &Node) {
        let mut targets: BTreeSet<String> = BTreeSet::new();
        let volumes = items(service, "volumes").iter().filter_map(|mount| mount.get("target"));
        for target in volumes.chain(items(service, "tmpfs")) {
            let text = target.text().unwrap_or_default();
            let path = text.split(':').next().unwrap_or_default().trim_end_matches('/').to_owned();
            if !targets.insert(path.clone()) {
                self.problems
                    .wrong(target.place(), format!("something else is mounted at `{path}` too"))
                    .help("mount it elsewhere");
            }
        }
    }

    fn health(&mut self, name: &str, service: &Node) {
        let Some(check) = service.get("healthcheck").filter(|_| !self.problems.lacks(name, &["healthcheck"])) else {
            return;
        };
        if let (Some(interval), None) = (check.get("start_interval"), check.get("start_period")) {
            let complaint =
                self.problems.wrong(interval.place(), "`start_interval` without `start_period` means nothing");
            complaint.help("add `start_period`");
        }
    }

    fn ports(&mut self, service: &Node) {
        for address in items(service, "ports").iter().filter_map(|port| port.get("host_ip")) {
            let text = address.text().unwrap_or_default();
            if text.parse::<std::net::IpAddr>().is_err() {
                self.problems
                    .wrong(address.place(), format!("`{text}` is no address of the host"))
                    .help("write an IP address");
            }
        }
    }

    fn devices(&mut self, service: &Node) {
        let reserved = twins::find(service, "deploy.resources.reservations.devices").and_then(Node::as_sequence);
        for request in reserved.unwrap_or_default().iter().chain(items(service, "gpus")) {
            if request.get("count").is_some() && request.get("device_ids").is_some() {
                let complaint = self.problems.wrong(request.place(), "`count` and `device_ids` exclude each other");
                complaint.help("leave one of them out");
            }
        }
    }

    /// A config or secret has its content from one place.
    fn content(&mut self, section: &str, key: &Key, node: &Node) {
        if node.get("external").is_some() {
            return;
        }
        let sources: Vec<&str> =
            ["file", "environment", "content"].into_iter().filter(|name| node.get(name).is_some()).collect();
        let known = if section == "configs" { "`file`, `environment` or `content`" } else { "`file` or `environment`" };
        match sources.as_slice() {
            [] if self.problems.is_unread(&format!("{section}.{}", key.name)) => {}
            [] => self.problems.wrong(key.span, format!("`{}` has no content", key.name)).help(format!("add {known}")),
            [_] => {}
            several => {
                let message = format!("`{}` has {}", key.name, several.join(" and "));
                self.problems.wrong(key.span, message).help(format!("give one of {known}"));
            }
        }
    }

    /// What exists already is as it is.
    fn external(&mut self, key: &Key, node: &Node) {
        if node.get("external").map(|node| &node.value) != Some(&skiff_yaml::Value::Bool(true)) {
            return;
        }
        let others = node.as_mapping().unwrap_or_default();
        for (other, _) in others.iter().filter(|(other, _)| !["external", "name"].contains(&other.name.as_str())) {
            let message = format!("`{}` is external, and `{}` says how to make it", key.name, other.name);
            self.problems.wrong(other.span, message).help("leave one of them out");
        }
    }

    /// Names that nothing can have, and such that are different to Compose and the same to DNS.
    fn same_objects(&mut self) {
        for section in SECTIONS {
            let mut names: BTreeSet<String> = BTreeSet::new();
            for (key, _) in entries(self.model, section) {
                if key.name.is_empty() || !key.name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
                    let complaint =
                        self.problems.wrong(key.span, format!("nothing in `{section}` can be called `{}`", key.name));
                    complaint.help("use letters, digits, `.`, `_` and `-`");
                    continue;
                }
                let name = crate::names::object(&key.name);
                if !names.insert(name.clone()) {
                    let message = format!("`{}` would be called `{name}`, as another one in `{section}`", key.name);
                    self.problems.wrong(key.span, message).help("rename one of them");
                }
            }
        }
    }
}

/// The items of a list.
fn items<'n>(service: &'n Node, name: &str) -> &'n [Node] {
    service.get(name).and_then(Node::as_sequence).unwrap_or_default()
}
