//! Which services there are: those without profiles, those of an active one, and those that were asked for.

use std::collections::{BTreeMap, BTreeSet};

use skiff_yaml::{Node, Value};

use super::{Loader, entries};
use crate::environment::Environment;
use crate::{Request, names};

impl Loader<'_, '_> {
    /// Takes out the services that nobody wants, and gives them back with their profiles.
    pub(super) fn select(
        &mut self,
        request: &Request,
        model: &mut Node,
        environment: &Environment,
    ) -> BTreeMap<String, Vec<String>> {
        let listed = environment.given("COMPOSE_PROFILES").unwrap_or_default();
        let listed = listed.split(',').map(str::trim).filter(|name| !name.is_empty());
        let mut active: BTreeSet<String> = listed.map(str::to_owned).chain(request.profiles.iter().cloned()).collect();
        let needed = needed(request, model, &mut active);
        let Value::Mapping(entries) = &mut model.value else { return BTreeMap::new() };
        let Some((_, services)) = entries.iter_mut().find(|(key, _)| key.name == "services") else {
            return BTreeMap::new();
        };
        let Value::Mapping(services) = &mut services.value else { return BTreeMap::new() };
        let gone: BTreeMap<String, Vec<String>> = services
            .iter()
            .filter(|(key, service)| !needed.contains(&key.name) && !is_active(service, &active))
            .map(|(key, service)| (key.name.clone(), profiles(service)))
            .collect();
        services.retain(|(key, _)| !gone.contains_key(&key.name));
        for (key, service) in services.iter_mut() {
            self.leave(&key.name, service, &gone);
        }
        gone
    }

    /// Takes out dependencies on services that are not there by their profile.
    fn leave(&mut self, name: &str, service: &mut Node, gone: &BTreeMap<String, Vec<String>>) {
        let Value::Mapping(attributes) = &mut service.value else { return };
        let Some((_, needs)) = attributes.iter_mut().find(|(key, _)| key.name == "depends_on") else { return };
        let Value::Mapping(needs) = &mut needs.value else { return };
        needs.retain(|(key, need)| {
            if !gone.contains_key(&key.name) {
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

/// The services that were asked for by name and all that they need; the profiles of the former become active. The names of a command line
/// are of other objects too, so that one that no service has is nothing wrong.
fn needed(request: &Request, model: &Node, active: &mut BTreeSet<String>) -> BTreeSet<String> {
    let services = entries(model, "services");
    let is_meant = |name: &str| request.services.iter().any(|asked| asked == name || *asked == names::object(name));
    let mut needed = BTreeSet::new();
    let mut open: Vec<&str> = services.iter().map(|(key, _)| key.name.as_str()).filter(|name| is_meant(name)).collect();
    for (_, service) in services.iter().filter(|(key, _)| open.contains(&key.name.as_str())) {
        active.extend(profiles(service));
    }
    while let Some(name) = open.pop() {
        let Some((_, service)) = services.iter().find(|(key, _)| key.name == name) else { continue };
        if needed.insert(name.to_owned()) {
            open.extend(entries(service, "depends_on").iter().map(|(key, _)| key.name.as_str()));
        }
    }
    needed
}

fn profiles(service: &Node) -> Vec<String> {
    let list = service.get("profiles").and_then(Node::as_sequence).unwrap_or_default();
    list.iter().filter_map(Node::text).collect()
}

fn is_active(service: &Node, active: &BTreeSet<String>) -> bool {
    let profiles = profiles(service);
    profiles.is_empty() || active.contains("*") || profiles.iter().any(|profile| active.contains(profile))
}
