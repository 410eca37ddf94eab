//! The `Network` kind.

use super::address::{self, Cidr};
use super::words::docker_name;
use crate::complaint::At;
use crate::{Complaint, Ipam, IpamConfig, NetworkSpec};

pub(super) fn check(spec: &NetworkSpec, out: &mut Vec<Complaint>) {
    let at = At::ROOT.key("spec");
    docker_name(spec.network_name.as_ref(), &at.key("networkName"), out);
    if spec.external {
        external(spec, &at, out);
    }
    if let Some(driver) = spec.driver.as_ref().filter(|driver| ["host", "none"].contains(&driver.as_str())) {
        let complaint =
            at.key("driver").says(format!("`driver` cannot be `{driver}`: the engine has one such network"));
        out.push(complaint.help(format!("write `networkMode: {driver}` in the template")));
    }
    let at = at.key("ipam");
    let at = at.key("config");
    let mut subnets: Vec<Cidr> = Vec::new();
    for (index, pool) in spec.ipam.config.iter().enumerate() {
        let at = at.index(index);
        let Some(subnet) = check_pool(pool, &at, out) else { continue };
        if subnets.iter().any(|other| other.overlaps(&subnet)) {
            let text = pool.subnet.as_deref().unwrap_or_default();
            out.push(at.key("subnet").says(format!("`subnet` {text} overlaps another one of this network")));
        }
        subnets.push(subnet);
    }
}

fn external(spec: &NetworkSpec, at: &At<'_>, out: &mut Vec<Complaint>) {
    let given = [
        ("driver", spec.driver.is_some()),
        ("driverOpts", !spec.driver_opts.is_empty()),
        ("internal", spec.internal),
        ("attachable", spec.attachable),
        ("enableIPv4", spec.enable_ipv4.is_some()),
        ("enableIPv6", spec.enable_ipv6.is_some()),
        ("ipam", spec.ipam != Ipam::default()),
    ];
    for (name, _) in given.iter().filter(|(_, given)| *given) {
        let complaint = at.key(name).says(format!("`{name}` with `external: true`")).on_key();
        out.push(complaint.help("leave it out: an external network is as it is"));
    }
}

fn check_pool(pool: &IpamConfig, at: &At<'_>, out: &mut Vec<Complaint>) -> Option<Cidr> {
    let subnet = address::cidr(pool.subnet.as_ref(), &at.key("subnet"), out);
    let range = address::cidr(pool.ip_range.as_ref(), &at.key("ipRange"), out);
    let gateway = address::ip(pool.gateway.as_ref(), None, &at.key("gateway"), out);
    if pool.subnet.is_none() && (pool.ip_range.is_some() || pool.gateway.is_some()) {
        let complaint = at.says("`ipRange` and `gateway` need a `subnet`").for_want_of(&at.key("subnet"));
        out.push(complaint.help("add `subnet`"));
    }
    let subnet = subnet?;
    let text = pool.subnet.as_deref().unwrap_or_default();
    let outside = |name: &str, value: Option<&String>| {
        let value = value.map(String::as_str).unwrap_or_default();
        at.key(name).says(format!("`{name}` {value} does not lie in the subnet {text}"))
    };
    if range.is_some_and(|range| !subnet.covers(&range)) {
        out.push(outside("ipRange", pool.ip_range.as_ref()));
    }
    if gateway.is_some_and(|gateway| !subnet.contains(gateway)) {
        out.push(outside("gateway", pool.gateway.as_ref()));
    }
    let at_taken = at.key("auxAddresses");
    for (name, address) in &pool.aux_addresses {
        let at = at_taken.key(name);
        if address::ip(Some(address), None, &at, out).is_some_and(|address| !subnet.contains(address)) {
            out.push(at.says(format!("`{name}` {address} does not lie in the subnet {text}")));
        }
    }
    Some(subnet)
}
