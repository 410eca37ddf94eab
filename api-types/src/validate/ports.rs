//! Ports of a container, and what of the host they take.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::address;
use super::words::dns_label;
use crate::complaint::At;
use crate::{Complaint, ContainerPort, HostPort, Protocol};

/// Ports of the host that something takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Published {
    protocol: Protocol,
    address: Option<IpAddr>,
    first: u16,
    last: u16,
}

impl Published {
    /// What a port takes of the host; nothing where it is not published, or wherever there is room.
    pub(super) fn of(port: &ContainerPort) -> Option<Self> {
        let (first, last) = match port.host_port? {
            HostPort::Any => return None,
            HostPort::Fixed(port) => (port, port),
            HostPort::Range(first, last) => (first, last),
        };
        let address = port.host_ip.as_ref().and_then(|text| text.parse::<IpAddr>().ok());
        Some(Self { protocol: port.protocol, address, first, last })
    }

    /// Whether both take the same port of the same address.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.protocol == other.protocol
            && self.first <= other.last
            && other.first <= self.last
            && share_address(self.address, other.address)
    }

    /// The first port.
    pub(super) const fn first(&self) -> u16 {
        self.first
    }

    /// The last port.
    pub(super) const fn last(&self) -> u16 {
        self.last
    }
}

/// No address is all of them; the unspecified one is all of its family.
fn share_address(left: Option<IpAddr>, right: Option<IpAddr>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => {
            let all = left.is_unspecified() || right.is_unspecified();
            left == right || (all && left.is_ipv4() == right.is_ipv4())
        }
        (None, _) | (_, None) => true,
    }
}

/// Complains about ports. `replicas` is how many containers would publish them at the same time.
pub(super) fn check(ports: &[ContainerPort], replicas: u32, at: &At<'_>, out: &mut Vec<Complaint>) {
    let mut names = BTreeSet::new();
    let mut taken: Vec<(usize, Published)> = Vec::new();
    let any_port = at.any();
    for (index, port) in ports.iter().enumerate() {
        let at = at.index(index);
        if port.container_port == 0 {
            out.push(at.key("containerPort").says("`containerPort` is 0: ports go from 1 to 65535"));
        }
        if let Some(name) = &port.name {
            dns_label(name, &at.key("name"), out);
            if !names.insert(name) {
                out.push(at.key("name").says(format!("another port is named `{name}` too")));
            }
        }
        address::ip(port.host_ip.as_ref(), None, &at.key("hostIP"), out);
        if port.host_ip.is_some() && port.host_port.is_none() {
            let complaint = at.key("hostIP").says("`hostIP` without `hostPort` publishes nothing").on_key();
            out.push(complaint.for_want_of(&at.key("hostPort")).help("add `hostPort`, 0 for any that is free"));
        }
        let Some(published) = Published::of(port) else { continue };
        enough_for(replicas, port, &at.key("hostPort"), out);
        if let Some((other, _)) = taken.iter().find(|(_, other)| other.overlaps(&published)) {
            let shown = port.host_port.map(|port| port.to_string()).unwrap_or_default();
            let complaint = at.key("hostPort").says(format!("`hostPort` {shown} is published by ports[{other}] too"));
            out.push(complaint.for_want_of(&any_port));
        }
        taken.push((index, published));
    }
}

fn enough_for(replicas: u32, port: &ContainerPort, at: &At<'_>, out: &mut Vec<Complaint>) {
    let (first, room) = match port.host_port {
        Some(HostPort::Fixed(port)) => (port, 1),
        Some(HostPort::Range(first, last)) => (first, u32::from(last - first) + 1),
        Some(HostPort::Any) | None => return,
    };
    if replicas <= room {
        return;
    }
    let shown = port.host_port.map(|port| port.to_string()).unwrap_or_default();
    let complaint = at.says(format!("`hostPort` {shown} has room for {room} of {replicas} replicas"));
    let last = u32::from(first) + replicas - 1;
    out.push(complaint.help(format!("write a range such as `{first}-{last}`, or 0 for any that is free")));
}
