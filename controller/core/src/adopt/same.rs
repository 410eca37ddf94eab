//! Whether a network or a volume that somebody else made is what is declared: all that is said must be so, and what the engine chose by
//! itself is as good as any.

use std::collections::BTreeMap;

use skiff_api::IpamConfig;

use super::record::{StackNetwork, StackVolume};
use crate::desired::{DesiredNetwork, DesiredVolume};

type Words = BTreeMap<String, String>;

/// An option that the engine, or Compose, writes of what has a field of its own.
const OF_A_FIELD: &str = "com.docker.network.enable_ipv";

pub(super) fn network(found: &StackNetwork, declared: &DesiredNetwork) -> bool {
    let (has, wants) = (&found.spec, &declared.spec);
    let options = |options: &Words| -> Words {
        let own = options.iter().filter(|(name, _)| !name.starts_with(OF_A_FIELD));
        own.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let said = |wanted: Option<&String>, has: Option<&String>, default: &str| {
        has.map_or(default, String::as_str) == wanted.map_or(default, String::as_str)
    };
    said(wants.driver.as_ref(), has.driver.as_ref(), "bridge")
        && said(wants.ipam.driver.as_ref(), has.ipam.driver.as_ref(), "default")
        && has.internal == wants.internal
        // Docker Compose 1 makes all of them so, and it means nothing to containers.
        && (has.attachable || !wants.attachable)
        && has.enable_ipv4.unwrap_or(true) == wants.enable_ipv4.unwrap_or(true)
        && has.enable_ipv6.unwrap_or(false) == wants.enable_ipv6.unwrap_or(false)
        && options(&has.driver_opts) == options(&wants.driver_opts)
        && has.ipam.options == wants.ipam.options
        && wants.ipam.config.iter().all(|wanted| has.ipam.config.iter().any(|pool| is_pool(pool, wanted)))
        && are_labeled(&found.labels, &declared.labels)
}

/// Whether an address pool is what is said of it.
fn is_pool(has: &IpamConfig, wants: &IpamConfig) -> bool {
    let said = |wanted: &Option<String>, has: &Option<String>| wanted.is_none() || wanted == has;
    said(&wants.subnet, &has.subnet)
        && said(&wants.ip_range, &has.ip_range)
        && said(&wants.gateway, &has.gateway)
        && has_all(&has.aux_addresses, &wants.aux_addresses)
}

pub(super) fn volume(found: &StackVolume, declared: &DesiredVolume) -> bool {
    found.driver == declared.spec.driver.as_deref().unwrap_or("local")
        && found.driver_opts == declared.spec.driver_opts
        && are_labeled(&found.labels, &declared.labels)
}

/// Compose's own labels name a project, and who takes it over under another name means that.
fn are_labeled(has: &Words, wants: &Words) -> bool {
    let mut own = wants.iter().filter(|(name, _)| !name.starts_with("com.docker.compose."));
    own.all(|(name, value)| has.get(name) == Some(value))
}

fn has_all(has: &Words, wants: &Words) -> bool {
    wants.iter().all(|(name, value)| has.get(name) == Some(value))
}
