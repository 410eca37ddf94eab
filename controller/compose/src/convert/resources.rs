//! Networks and volumes. Those that no service uses are left out, as Compose makes none of them.

use std::collections::BTreeSet;

use skiff_api::Kind;
use skiff_yaml::{Key, Node, Span, Value};

use super::Converter;
use super::network::networks_of;
use super::security::words;
use super::service::is_true;
use crate::load::entries;
use crate::manifest::{Manifest, list, mapping, text};
use crate::names;

const NETWORK: [(&str, &str); 8] = [
    ("driver", "spec/driver"),
    ("driver_opts", "spec/driverOpts"),
    ("internal", "spec/internal"),
    ("attachable", "spec/attachable"),
    ("enable_ipv4", "spec/enableIPv4"),
    ("enable_ipv6", "spec/enableIPv6"),
    ("external", "spec/external"),
    ("name", "spec/networkName"),
];

const VOLUME: [(&str, &str); 4] = [
    ("driver", "spec/driver"),
    ("driver_opts", "spec/driverOpts"),
    ("external", "spec/external"),
    ("name", "spec/volumeName"),
];

const POOL: [(&str, &str); 4] =
    [("subnet", "subnet"), ("ip_range", "ipRange"), ("gateway", "gateway"), ("aux_addresses", "auxAddresses")];

impl Converter<'_, '_, '_> {
    pub(super) fn resources(&mut self) {
        let project = self.project;
        let services = || entries(&project.model, "services").iter().map(|(_, service)| service);
        let networks: BTreeSet<&str> = services().flat_map(networks_of).map(|(name, _)| name).collect();
        for (key, node) in entries(&project.model, "networks") {
            if networks.contains(key.name.as_str()) {
                let manifest = self.network(key, node);
                self.declare(manifest, ("networks", &key.name));
            }
        }
        if networks.contains("default") && project.model.get("networks").and_then(|it| it.get("default")).is_none() {
            let place = project.model.span;
            let key = Key { name: "default".to_owned(), span: Span { end: place.start, ..place } };
            let manifest = self.network(&key, &Node::new(Value::Null, key.span));
            self.declare(manifest, ("networks", "default"));
        }
        let mounts = services().flat_map(|it| it.get("volumes").and_then(Node::as_sequence).unwrap_or_default());
        let volumes: BTreeSet<String> = mounts.map(|mount| words(mount.get("source"))).collect();
        for (key, node) in entries(&project.model, "volumes") {
            if volumes.contains(&key.name) {
                let mut manifest = self.resource(Kind::Volume, key, node, &VOLUME, ("spec/volumeName", "volume"));
                if let Some(policy) = node.get("x-skiff").and_then(|extension| extension.get("reclaimPolicy")) {
                    manifest.put("spec/reclaimPolicy", policy.clone());
                }
                self.declare(manifest, ("volumes", &key.name));
            }
        }
        self.content("configs", Kind::ConfigMap);
        self.content("secrets", Kind::Secret);
    }

    fn network(&self, key: &Key, node: &Node) -> Manifest {
        let mut manifest = self.resource(Kind::Network, key, node, &NETWORK, ("spec/networkName", "network"));
        let Some(ipam) = node.get("ipam") else { return manifest };
        for (attribute, field) in [("driver", "spec/ipam/driver"), ("options", "spec/ipam/options")] {
            if let Some(value) = ipam.get(attribute) {
                manifest.put(field, value.clone());
            }
        }
        if let Some(pools) = ipam.get("config") {
            let pools = pools.as_sequence().unwrap_or_default().iter().map(|pool| {
                mapping(pool.place(), POOL.map(|(attribute, field)| (field, pool.get(attribute).cloned())))
            });
            manifest.put("spec/ipam/config", list(pools.collect(), ipam.place()));
        }
        manifest
    }

    /// A network or volume: what goes into a field as it is, Compose's name, Compose's labels.
    fn resource(
        &self,
        kind: Kind,
        key: &Key,
        node: &Node,
        copied: &[(&str, &str)],
        (name_field, word): (&str, &str),
    ) -> Manifest {
        let project = self.project.name.as_str();
        let mut manifest = Manifest::new(kind, &self.namespace, &names::object(&key.name), key.span);
        let is_external = is_true(node.get("external"));
        let name = if is_external { key.name.clone() } else { names::of_project(project, &key.name) };
        // What exists already is called as its object is, unless that says otherwise.
        if name != manifest.name || !is_external {
            manifest.text(name_field, &name, key.span);
        }
        for (attribute, field) in copied {
            if let Some(value) = node.get(attribute) {
                manifest.put(field, value.clone());
            }
        }
        for (label, value) in entries(node, "labels") {
            manifest.entry("metadata/labels", &label.name, text(words(Some(value)), value.place()));
        }
        if !is_external {
            let own = [("project", project), (word, key.name.as_str())];
            for (label, value) in own {
                manifest.entry("metadata/labels", &format!("com.docker.compose.{label}"), text(value, key.span));
            }
        }
        manifest
    }
}
