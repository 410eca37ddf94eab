//! The networks that a template's containers are on, or the mode that stands instead of them.

use std::collections::BTreeSet;

use super::address;
use super::words::{dns_label, is_dns_label};
use crate::complaint::At;
use crate::{Complaint, NetworkAttachment, PodTemplate};

pub(super) fn check(template: &PodTemplate, replicas: u32, at: &At<'_>, out: &mut Vec<Complaint>) {
    if let Some(mode) = &template.network_mode {
        network_mode(mode, template, at, out);
    }
    let Some(networks) = &template.networks else { return };
    let at = at.key("networks");
    if networks.is_empty() && template.network_mode.is_none() {
        let help = "leave it out for the namespace's default network, or write `networkMode: none`";
        out.push(at.says("`networks` is empty").help(help));
    }
    let any_network = at.any();
    let mut names = BTreeSet::new();
    for (index, network) in networks.iter().enumerate() {
        let at = at.index(index);
        if !names.insert((&network.namespace, &network.name)) {
            let complaint = at.key("name").says(format!("network `{}` is named twice", network.name));
            out.push(complaint.for_want_of(&any_network.key("namespace")));
        }
        attachment(network, replicas, &at, out);
    }
}

fn attachment(network: &NetworkAttachment, replicas: u32, at: &At<'_>, out: &mut Vec<Complaint>) {
    dns_label(&network.name, &at.key("name"), out);
    if let Some(namespace) = &network.namespace {
        dns_label(namespace, &at.key("namespace"), out);
    }
    let fixed = [("ipv4Address", &network.ipv4_address, 4), ("ipv6Address", &network.ipv6_address, 6)];
    for (name, address, family) in fixed {
        let at = at.key(name);
        address::ip(address.as_ref(), Some(family), &at, out);
        if let Some(address) = address.as_ref().filter(|_| replicas > 1) {
            let message = format!("`{name}` {address} can be held by one replica, and there are {replicas}");
            out.push(at.says(message).help("leave it out, or run one replica"));
        }
    }
    let at_link_local = at.key("linkLocalIPs");
    for (index, address) in network.link_local_ips.iter().enumerate() {
        address::ip(Some(address), None, &at_link_local.index(index), out);
    }
    address::mac(network.mac_address.as_ref(), &at.key("macAddress"), out);
    if replicas > 1 && network.mac_address.is_some() {
        out.push(
            at.key("macAddress").says(format!("`macAddress` can be held by one replica, and there are {replicas}")),
        );
    }
    let at_aliases = at.key("aliases");
    for (index, alias) in network.aliases.iter().enumerate().filter(|(_, alias)| !is_host_name(alias)) {
        let at = at_aliases.index(index);
        let complaint = at.says(format!("`{}` cannot be `{alias}`", at.field()));
        out.push(complaint.help("use letters, digits, `-`, `_` and `.`"));
    }
}

/// What Docker's own DNS answers to; it allows underscores.
fn is_host_name(text: &str) -> bool {
    let part = |part: &str| is_dns_label(&part.to_ascii_lowercase().replace('_', "x"));
    text.len() <= 253 && text.split('.').all(part)
}

fn network_mode(mode: &str, template: &PodTemplate, at: &At<'_>, out: &mut Vec<Complaint>) {
    let at_mode = at.key("networkMode");
    let joined = ["deployment:", "container:"].iter().find_map(|prefix| mode.strip_prefix(prefix));
    if !["none", "host", "bridge"].contains(&mode) && joined.is_none_or(str::is_empty) {
        let complaint = at_mode.says(format!("`networkMode` cannot be `{mode}`"));
        out.push(match mode.split_once(':') {
            Some(("service", name)) => complaint.help(format!("write `deployment:{name}`")),
            _ if mode == "default" => complaint.help("leave it out for the namespace's default network"),
            _ => complaint
                .help("it is none, host, bridge, deployment:NAME or container:NAME; networks go into `networks`"),
        });
    }
    if template.networks.is_some() {
        out.push(at_mode.says("`networkMode` and `networks` exclude each other").help("leave one of them out"));
    }
    let at_container = at.key("container");
    let container = &template.container;
    let at_ports = at_container.key("ports");
    for (index, port) in
        container.ports.iter().enumerate().filter(|(_, port)| port.host_port.is_some() && mode != "bridge")
    {
        let shown = port.host_port.map(|port| port.to_string()).unwrap_or_default();
        let complaint =
            at_ports.index(index).key("hostPort").says(format!("`hostPort` {shown} with networkMode {mode}"));
        out.push(complaint.help("leave it out: Docker publishes ports only on networks of its own"));
    }
    if joined.is_some() {
        let refused = [
            ("hostname", container.hostname.is_some()),
            ("extraHosts", !container.extra_hosts.is_empty()),
            ("dns", container.dns != crate::Dns::default()),
        ];
        for (name, _) in refused.iter().filter(|(_, given)| *given) {
            let complaint = at_container.key(name).says(format!("`{name}` with networkMode {mode}")).on_key();
            out.push(complaint.help("leave it out: it is the other container's"));
        }
    }
}
