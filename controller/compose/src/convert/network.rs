//! The networks that a service is on, the names that it has there, and the ports that it publishes.

use std::collections::{BTreeMap, BTreeSet};

use skiff_yaml::{Node, Span, Value};

use super::Converter;
use super::security::words;
use super::service::{Service, integer, is_service};
use crate::canonical::form::port_range;
use crate::load::entries;
use crate::manifest::{list, mapping, text};
use crate::names;

/// The names that links give: by the service that has them, the name, the service that uses it, and where that says so.
pub(super) type Linked = BTreeMap<String, Vec<(String, String, Span)>>;

/// All names that links give.
pub(super) fn linked(model: &Node) -> Linked {
    let mut linked = Linked::new();
    for (key, service) in entries(model, "services") {
        for link in service.get("links").and_then(Node::as_sequence).unwrap_or_default() {
            let written = words(Some(link));
            let Some((name, alias)) = written.split_once(':').filter(|(name, alias)| name != alias) else { continue };
            linked.entry(name.to_owned()).or_default().push((alias.to_owned(), key.name.clone(), link.place()));
        }
    }
    linked
}

/// The networks of a service, the first one first; none where it has a mode instead.
pub(super) fn networks_of(service: &Node) -> Vec<(&str, Option<&Node>)> {
    if service.get("network_mode").is_some() {
        return Vec::new();
    }
    let named = entries(service, "networks");
    if named.is_empty() {
        return vec![("default", None)];
    }
    let mut networks: Vec<(&str, Option<&Node>)> =
        named.iter().map(|(key, node)| (key.name.as_str(), Some(node))).collect();
    networks.sort_by_key(|(_, node)| {
        std::cmp::Reverse(node.and_then(|node| node.get("priority")).and_then(integer).unwrap_or(0))
    });
    networks
}

/// What of an attachment goes into a field as it is.
const COPIED: [(&str, &str); 8] = [
    ("aliases", "aliases"),
    ("ipv4_address", "ipv4Address"),
    ("ipv6_address", "ipv6Address"),
    ("link_local_ips", "linkLocalIPs"),
    ("mac_address", "macAddress"),
    ("driver_opts", "driverOpts"),
    ("interface_name", "interfaceName"),
    ("gw_priority", "gatewayPriority"),
];

impl Converter<'_, '_, '_> {
    pub(super) fn networks(&mut self, service: &mut Service<'_>) {
        if let Some(mode) = service.attribute("network_mode") {
            if self.can_be_joined(service, "network_mode", mode) {
                network_mode(service, mode);
            }
        } else {
            self.attachments(service);
        }
        self.ports(service);
        for mode in service.items("ports").iter().filter_map(|port| port.get("mode")) {
            if mode.as_str() == Some("host") {
                service.honoured("ports.mode", mode.place());
            }
        }
        self.expose(service);
        self.links(service);
        for host in service.items("extra_hosts") {
            if let Some(entry) = host_entry(host) {
                service.push("template/container/extraHosts", entry);
            }
        }
    }

    fn attachments(&self, service: &mut Service<'_>) {
        let networks = networks_of(service.node);
        let mac = service.attribute("mac_address");
        let mut written = Vec::new();
        for (index, (name, node)) in networks.iter().enumerate() {
            let place = node.map_or(service.place, Node::place);
            let mut entries = vec![("name", text(names::object(name), place))];
            for (attribute, field) in COPIED {
                entries.extend(node.and_then(|node| node.get(attribute)).map(|node| (field, node.clone())));
            }
            let aliases = self.aliases(service, name);
            add_aliases(&mut entries, aliases, place);
            if let Some(mac) = mac.filter(|_| index == 0 && !entries.iter().any(|(name, _)| *name == "macAddress")) {
                entries.push(("macAddress", mac.clone()));
            }
            written.push((place, entries));
        }
        let is_default = matches!(networks.as_slice(), [("default", None)]);
        if is_default && written.iter().all(|(_, entries)| entries.len() == 1) {
            return;
        }
        for (place, entries) in written {
            let item = entries.into_iter().fold(mapping(place, []), |mut item, (name, node)| {
                if let Value::Mapping(entries) = &mut item.value {
                    entries.push((skiff_yaml::Key { name: name.to_owned(), span: node.place() }, node));
                }
                item
            });
            service.push("template/networks", item);
        }
    }

    /// The names that a service has on a network besides those that it gives itself.
    fn aliases(&self, service: &Service<'_>, network: &str) -> Vec<(String, Span)> {
        let own = (names::object(service.name) != service.name).then(|| (service.name.to_owned(), service.place));
        let shares = |name: &String| {
            let services = entries(&self.project.model, "services");
            let other = services.iter().find(|(key, _)| key.name == *name);
            other.is_some_and(|(_, other)| networks_of(other).iter().any(|(name, _)| *name == network))
        };
        let linked = self.linked.get(service.name).into_iter().flatten();
        let linked = linked.filter(|(_, by, _)| shares(by)).map(|(alias, _, place)| (alias.clone(), *place));
        own.into_iter().chain(linked).collect()
    }

    fn ports(&mut self, service: &mut Service<'_>) {
        for port in service.items("ports") {
            let place = port.place();
            let Some(target) = port.get("target") else {
                self.problems.wrong(place, "a port has no `target`").help("write the container's port");
                continue;
            };
            let protocol = words(port.get("protocol"));
            let published = port.get("published");
            let host = published.and_then(Node::text).filter(|text| !text.is_empty()).unwrap_or_else(|| "0".to_owned());
            let host = match host.parse::<i64>() {
                Ok(number) => Node::new(Value::Int(number), published.map_or(place, Node::place)),
                Err(_) => text(host, published.map_or(place, Node::place)),
            };
            let entries = [
                ("name", port.get("name").map(|name| text(names::object(&words(Some(name))), name.place()))),
                ("containerPort", Some(target.clone())),
                ("hostPort", Some(host)),
                ("hostIP", port.get("host_ip").cloned()),
                ("protocol", protocol_field(&protocol, place)),
                ("appProtocol", port.get("app_protocol").cloned()),
            ];
            service.push("template/container/ports", mapping(place, entries));
        }
    }

    fn expose(&mut self, service: &mut Service<'_>) {
        let mut known: BTreeSet<(String, String)> = service
            .items("ports")
            .iter()
            .map(|port| (words(port.get("target")), words(port.get("protocol"))))
            .collect();
        for port in service.items("expose") {
            let (written, place) = (words(Some(port)), port.place());
            let (ports, protocol) = written.split_once('/').unwrap_or((&written, "tcp"));
            let Some((first, last)) = port_range(ports) else {
                let complaint = self.problems.wrong(place, format!("`{written}` is no port"));
                complaint.help("write `80`, `8000-8010` or `53/udp`");
                continue;
            };
            for number in first..=last {
                if known.insert((number.to_string(), protocol.to_owned())) {
                    let number = Node::new(Value::Int(i64::from(number)), place);
                    let entries = [("containerPort", Some(number)), ("protocol", protocol_field(protocol, place))];
                    service.push("template/container/ports", mapping(place, entries));
                }
            }
        }
    }

    fn links(&mut self, service: &mut Service<'_>) {
        let has_alias = |link: &&Node| words(Some(link)).split_once(':').is_some_and(|(name, alias)| name != alias);
        for link in service.items("links") {
            let written = words(Some(link));
            let name = written.split(':').next().unwrap_or_default();
            if !is_service(self.project, name) && !self.problems.is_unread(&format!("services.{name}")) {
                self.problems.wrong(link.place(), format!("there is no service `{name}` to link to"));
            }
        }
        if let Some(links) = service.attribute("links")
            && !service.items("links").iter().any(|link| has_alias(&link))
        {
            // Without aliases a link is no more than an order.
            service.honoured("links", links.place());
        }
    }
}

/// What stands instead of networks.
fn network_mode(service: &mut Service<'_>, node: &Node) {
    let mode = words(Some(node));
    let meant = match mode.strip_prefix("service:") {
        Some(name) => format!("deployment:{}", names::object(name)),
        // Compose's own network, which is there without a word.
        None if mode == "default" => return,
        None => mode,
    };
    service.put("template/networkMode", text(meant, node.place()));
}

/// TCP is what a port is when it does not say.
fn protocol_field(protocol: &str, place: Span) -> Option<Node> {
    (!protocol.is_empty() && protocol != "tcp").then(|| text(protocol.to_uppercase(), place))
}

fn add_aliases(entries: &mut Vec<(&'static str, Node)>, aliases: Vec<(String, Span)>, place: Span) {
    if aliases.is_empty() {
        return;
    }
    let index = entries.iter().position(|(name, _)| *name == "aliases").unwrap_or_else(|| {
        entries.push(("aliases", list(Vec::new(), place)));
        entries.len() - 1
    });
    let Some((_, node)) = entries.get_mut(index) else { return };
    let Value::Sequence(items) = &mut node.value else { return };
    for (alias, place) in aliases {
        if !items.iter().any(|item| item.as_str() == Some(alias.as_str())) {
            items.push(text(alias, place));
        }
    }
}

/// A line of /etc/hosts, as Compose's long form has it.
pub(super) fn host_entry(host: &Node) -> Option<Node> {
    let (line, place) = (words(Some(host)), host.place());
    let (name, address) = line.split_once('=')?;
    let names = list(vec![text(name, place)], place);
    Some(mapping(place, [("ip", Some(text(address, place))), ("hostnames", Some(names))]))
}
