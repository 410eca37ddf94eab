//! What becomes of the settings of a network: who reaches whom is written by policies, all else is the cluster's.

use skiff_api::{Ipam, IpamConfig, Network, NetworkSpec, ObjectKey};

use super::{Sink, meta};
use crate::ledger::Scope;
use crate::report::Verdict;
use crate::stack::Stack;

const CLUSTERS: &str = "addresses are the cluster's";

/// Writes the rows of a network.
pub(super) fn network(stack: &Stack<'_>, key: &ObjectKey, network: &Network, sink: &mut Sink<'_>) {
    let Network { metadata, spec } = network;
    let mut scope = sink.ledger.scope(key, format!("NetworkPolicy/{}", super::policies::name(key)));
    let (_, notes) = meta::taken_over(metadata, stack, &mut scope);
    if !notes.is_empty() {
        scope.lost("metadata/annotations", "policies carry no notes of networks", "");
    }
    let NetworkSpec {
        network_name,
        external,
        driver,
        driver_opts,
        internal,
        attachable,
        enable_ipv4,
        enable_ipv6,
        ipam,
    } = spec;
    let mut scope = scope.at("spec", "spec");
    scope.near(network_name, "networkName", "metadata.name", "a policy is named after the network itself", "");
    if stack.is_made_here(network) {
        scope.exact(external, "external", "metadata.labels");
    } else if *external {
        let why = "what else is on it runs outside of the cluster, and is not reached by this";
        scope.says(Verdict::NeedsInput, "external", "", why, "export its other users too, or reach them by an address");
    }
    scope.dropped(driver, "driver", "every pod is on the cluster's one network", "");
    scope.dropped(driver_opts, "driverOpts", "every pod is on the cluster's one network", "");
    scope.exact(internal, "internal", "egress");
    scope.dropped(attachable, "attachable", "any pod with the network's label is on it", "");
    scope.dropped(enable_ipv4, "enableIPv4", CLUSTERS, "");
    scope.dropped(enable_ipv6, "enableIPv6", CLUSTERS, "use a cluster with two families where both are needed");
    addresses(ipam, &mut scope.at("ipam", ""));
}

fn addresses(ipam: &Ipam, scope: &mut Scope<'_, '_>) {
    let Ipam { driver, options, config } = ipam;
    scope.dropped(driver, "driver", CLUSTERS, "");
    scope.dropped(options, "options", CLUSTERS, "");
    for (index, pool) in config.iter().enumerate() {
        let IpamConfig { subnet, ip_range, gateway, aux_addresses } = pool;
        let mut scope = scope.at(&format!("config/{index}"), "");
        scope.dropped(subnet, "subnet", CLUSTERS, "reach pods by the names of Services");
        scope.dropped(ip_range, "ipRange", CLUSTERS, "");
        scope.dropped(gateway, "gateway", CLUSTERS, "");
        scope.dropped(aux_addresses, "auxAddresses", CLUSTERS, "");
    }
}
