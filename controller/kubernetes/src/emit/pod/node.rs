//! What a pod has of its node: the network, and parameters of the kernel.

use k8s_openapi::api::core::v1::Sysctl;

use crate::emit::building::Building;
use crate::emit::meta::{self, Words};
use crate::ledger::Scope;
use crate::report::Verdict;
use crate::stack::Workload;

/// What stands instead of networks.
pub(super) fn network(
    member: &Workload<'_>,
    workload: &Workload<'_>,
    mode: Option<&str>,
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) {
    let key = "networkMode";
    match mode {
        None => {}
        Some(_) if member.key != workload.key => {
            let why = "it is a container of that one's pod, and is scaled and replaced with it";
            scope.says(Verdict::Approximated, key, "spec.containers", why, "");
        }
        Some("host") => {
            building.spec.host_network = Some(true);
            building.spec.dns_policy = Some("ClusterFirstWithHostNet".to_owned());
            let why = "two of them do not fit on one node, and policies do not reach it";
            scope.says(Verdict::Approximated, key, "spec.hostNetwork", why, "do without where it can");
        }
        Some("none") => {
            let why = "a policy shuts it off";
            scope.says(Verdict::Approximated, key, "NetworkPolicy", why, "the cluster's network must keep policies");
        }
        Some("bridge") => {
            let why = "it is on the cluster's network, and shares no network with the others";
            scope.says(Verdict::Approximated, key, "", why, "name a network");
        }
        Some(_) => {
            let why = "a pod cannot join a container that is not exported";
            scope.says(Verdict::NeedsInput, key, "", why, "export both, and write `deployment:NAME`");
        }
    }
}

/// Parameters of the kernel that every kubelet allows.
const SAFE_SYSCTLS: [&str; 9] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_keepalive_intvl",
];

/// Parameters of the kernel, of the whole pod.
pub(in crate::emit) fn sysctls(sysctls: &Words, scope: &mut Scope<'_, '_>, building: &mut Building<'_>) {
    for (name, value) in sysctls {
        let at = format!("sysctls/{}", meta::pointer(name));
        let field = format!("spec.securityContext.sysctls[{name}]");
        if SAFE_SYSCTLS.contains(&name.as_str()) {
            scope.exact(&true, &at, &field);
        } else {
            let why = "a kubelet starts no pod with it unless it is told that it may";
            scope.says(Verdict::NeedsInput, &at, &field, why, "add it to the kubelet's `allowedUnsafeSysctls`");
            scope.ledger().requires("Kubelet setting", name, "", "allowedUnsafeSysctls");
        }
        let list = building.security.sysctls.get_or_insert_default();
        list.retain(|known| known.name != *name);
        list.push(Sysctl { name: name.clone(), value: value.clone() });
    }
}
