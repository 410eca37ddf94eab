//! Which services there are: those without profiles, those of an active one, and those that were asked for.

use std::collections::BTreeSet;

use skiff_yaml::{Node, Value};

use super::{Loader, entries};
use crate::Request;
use crate::environment::Environment;

impl Loader<'_, '_> {
    /// Takes out the services that nobody wants.
    pub(super) fn select(&mut self, request: &Request, model: &mut Node, environment: &Environment) {
        let listed = environment.given("COMPOSE_PROFILES").unwrap_or_default();
        let listed = listed.split(',').map(str::trim).filter(|name| !name.is_empty());
        let mut active: BTreeSet<String> = listed.map(str::to_owned).chain(request.profiles.iter().cloned()).collect();
        let wanted = self.wanted(request, model, &mut active);
        let is_in = |name: &str, service: &Node| {
            let asked = wanted.as_ref().is_none_or(|wanted| wanted.contains(name));
            asked && (is_active(service, &active) || wanted.is_some())
        };
        let Value::Mapping(entries) = &mut model.value else { return };
        let Some((_, services)) = entries.iter_mut().find(|(key, _)| key.name == "services") else { return };
        let Value::Mapping(services) = &mut services.value else { return };
        let gone: BTreeSet<String> = services
            .iter()
            .filter(|(key, service)| !is_in(&key.name, service))
            .map(|(key, _)| key.name.clone())
            .collect();
        services.retain(|(key, _)| !gone.contains(&key.name));
        for (key, service) in services.iter_mut() {
            self.leave(&key.name, service, &gone);
        }
    }

    /// The services that were asked for and all that they need; their profiles become active. `None` is all.
    fn wanted(&mut self, request: &Request, model: &Node, active: &mut BTreeSet<String>) -> Option<BTreeSet<String>> {
        if request.services.is_empty() {
            return None;
        }
        let mut wanted = BTreeSet::new();
        let mut open: Vec<String> = request.services.clone();
        for name in &request.services {
            match entries(model, "services").iter().find(|(key, _)| key.name == *name) {
                Some((_, service)) => active.extend(profiles(service)),
                None => {
                    self.problems.problem(crate::Problem::new(format!("there is no service `{name}`")));
                }
            }
        }
        while let Some(name) = open.pop() {
            let Some((_, service)) = entries(model, "services").iter().find(|(key, _)| key.name == name) else {
                continue;
            };
            if wanted.insert(name) {
                open.extend(entries(service, "depends_on").iter().map(|(key, _)| key.name.clone()));
            }
        }
        Some(wanted)
    }

    /// Takes out dependencies on services that are not there by their profile.
    fn leave(&mut self, name: &str, service: &mut Node, gone: &BTreeSet<String>) {
        let Value::Mapping(attributes) = &mut service.value else { return };
        let Some((_, needs)) = attributes.iter_mut().find(|(key, _)| key.name == "depends_on") else { return };
        let Value::Mapping(needs) = &mut needs.value else { return };
        needs.retain(|(key, need)| {
            if !gone.contains(&key.name) {
                return true;
            }
            if need.get("required").map(|node| &node.value) != Some(&Value::Bool(false)) {
                let message = format!("`{name}` depends on `{}`, which no active profile has", key.name);
                let help = "activate its profile, or write `required: false`";
                self.problems.wrong(key.span, message).help(help);
            }
            false
        });
    }
}

fn profiles(service: &Node) -> Vec<String> {
    let list = service.get("profiles").and_then(Node::as_sequence).unwrap_or_default();
    list.iter().filter_map(Node::text).collect()
}

fn is_active(service: &Node, active: &BTreeSet<String>) -> bool {
    let profiles = profiles(service);
    profiles.is_empty() || active.contains("*") || profiles.iter().any(|profile| active.contains(profile))
}
