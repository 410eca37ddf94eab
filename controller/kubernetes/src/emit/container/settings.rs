//! Settings of a container that Kubernetes has on the pod.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{HostAlias, PodDNSConfig, PodDNSConfigOption, VolumeMount};
use skiff_api::{Bytes, Dns, HostEntry};

use crate::emit::building::Building;
use crate::emit::meta::listed;
use crate::emit::volumes::shared_memory;
use crate::ledger::Scope;
use crate::names::label;
use crate::report::Verdict;
use crate::stack::Workload;

/// The host name and its domain.
pub(super) fn host_names(
    host: Option<&str>,
    domain: Option<&str>,
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) {
    if let Some(host) = host {
        let first = host.split('.').next().unwrap_or(host);
        let name = label(first, 63);
        if name == host {
            scope.exact(&true, "hostname", "spec.hostname");
        } else {
            scope.near(&true, "hostname", "spec.hostname", "a pod's host name is one DNS label", "");
        }
        building.spec.hostname.get_or_insert(name);
    }
    match domain {
        Some(domain) if skiff_api::validate::is_dns_label(domain) => {
            let why = "the pod's own name becomes one below a Service of that name";
            scope.near(&true, "domainname", "spec.subdomain", why, "");
            building.spec.subdomain.get_or_insert(domain.to_owned());
        }
        Some(_) => {
            scope.lost("domainname", "a pod's domain is the cluster's", "set the name in the program's settings");
        }
        None => {}
    }
}

/// Further groups: numbers are taken, names are the image's own.
pub(super) fn groups(groups: &[String], scope: &mut Scope<'_, '_>, building: &mut Building<'_>) {
    for (index, group) in groups.iter().enumerate() {
        let at = format!("groupAdd/{index}");
        if let Ok(number) = group.parse::<i64>() {
            scope.exact(&true, &at, "spec.securityContext.supplementalGroups");
            building.security.supplemental_groups.get_or_insert_default().push(number);
        } else {
            let why = "Kubernetes knows groups by number only";
            scope.says(Verdict::NeedsInput, &at, "", why, "write the number that the image has for it");
        }
    }
}

/// The nodes that an image runs on.
pub(super) fn platform(platform: Option<&str>, scope: &mut Scope<'_, '_>, building: &mut Building<'_>) {
    let Some(platform) = platform else { return };
    let mut parts = platform.split('/');
    let selector = building.spec.node_selector.get_or_insert_with(BTreeMap::new);
    selector.extend(parts.next().map(|system| ("kubernetes.io/os".to_owned(), system.to_owned())));
    selector.extend(parts.next().map(|arch| ("kubernetes.io/arch".to_owned(), arch.to_owned())));
    match parts.next() {
        None => scope.exact(&true, "platform", "spec.nodeSelector"),
        Some(_) => scope.near(&true, "platform", "spec.nodeSelector", "nodes are not labelled with variants", ""),
    }
}

/// The runtime, as a class of the cluster.
pub(super) fn runtime(runtime: Option<&str>, scope: &mut Scope<'_, '_>, building: &mut Building<'_>) {
    match runtime {
        None => {}
        Some(name @ ("runc" | "io.containerd.runc.v2")) => {
            scope.near(&name, "runtime", "", "it is what nodes use anyway", "");
        }
        Some(name) => {
            let class = label(name, 63);
            let why = "the cluster must have a class for it";
            scope.says(Verdict::NeedsInput, "runtime", "spec.runtimeClassName", why, "make a RuntimeClass");
            scope.ledger().requires("RuntimeClass", &class, "", "a runtime that is not the nodes' own");
            building.spec.runtime_class_name.get_or_insert(class);
        }
    }
}

/// Memory that the processes of a container share.
pub(super) fn shared(
    size: Option<Bytes>,
    is_mounted: bool,
    workload: &Workload<'_>,
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) -> Option<VolumeMount> {
    let size = size?;
    if is_mounted {
        let why = "something else is mounted at /dev/shm, which counts in Docker as well";
        scope.lost("shmSize", why, "");
        return None;
    }
    scope.exact(&true, "shmSize", "volumeMounts[/dev/shm]");
    let name = building.volume_name(workload, "shared-memory");
    building.volumes.push(shared_memory(&name, size));
    Some(VolumeMount { name, mount_path: "/dev/shm".to_owned(), ..VolumeMount::default() })
}

/// Namespaces of the kernel.
pub(super) fn namespaces(
    users: Option<&str>,
    pids: Option<&str>,
    ipc: Option<&str>,
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) {
    scope.near(
        &users.unwrap_or_default(),
        "usernsMode",
        "spec.hostUsers",
        "it is so unless a cluster says otherwise",
        "",
    );
    match pids {
        None => {}
        Some("host") => {
            scope.exact(&true, "pidMode", "spec.hostPID");
            building.spec.host_pid = Some(true);
        }
        Some(_) => {
            let why = "a pod shares processes among its own containers only";
            scope.lost(
                "pidMode",
                why,
                "put both into one pod with `networkMode: deployment:NAME` and `shareProcessNamespace`",
            );
        }
    }
    match ipc {
        None => {}
        Some("host") => {
            scope.exact(&true, "ipcMode", "spec.hostIPC");
            building.spec.host_ipc = Some(true);
        }
        Some("private" | "shareable" | "none") => {
            scope.near(&true, "ipcMode", "", "the containers of a pod share it, and no others", "");
        }
        Some(_) => {
            let why = "a pod shares memory among its own containers only";
            scope.lost("ipcMode", why, "put both into one pod with `networkMode: deployment:NAME`");
        }
    }
}

/// Lines of /etc/hosts.
pub(super) fn hosts(entries: &[HostEntry], scope: &mut Scope<'_, '_>, building: &mut Building<'_>) {
    for (index, entry) in entries.iter().enumerate() {
        let HostEntry { ip, hostnames } = entry;
        let mut scope = scope.at(&format!("extraHosts/{index}"), "spec.hostAliases");
        if ip == "host-gateway" {
            let why = "there is no one host";
            scope.says(
                Verdict::NeedsInput,
                "ip",
                "",
                why,
                "run what listens there in the cluster, or write its address",
            );
            scope.dropped(hostnames, "hostnames", why, "");
            continue;
        }
        scope.exact(ip, "ip", "");
        scope.exact(hostnames, "hostnames", "");
        let alias = HostAlias { ip: ip.clone(), hostnames: listed(hostnames.clone()) };
        let list = building.spec.host_aliases.get_or_insert_default();
        if !list.contains(&alias) {
            list.push(alias);
        }
    }
}

/// How names are resolved: the cluster's way, and then what is said.
pub(super) fn resolver(dns: &Dns, scope: &mut Scope<'_, '_>, building: &mut Building<'_>) {
    let Dns { servers, searches, options } = dns;
    if *dns == Dns::default() {
        return;
    }
    let mut scope = scope.at("dns", "spec.dnsConfig");
    let why = "the cluster's server is asked first, so that Services are found";
    scope.near(servers, "servers", "nameservers", why, "have the cluster's DNS forward such names");
    scope.exact(searches, "searches", "searches");
    scope.exact(options, "options", "options");
    let option = |text: &String| match text.split_once(':') {
        Some((name, value)) => PodDNSConfigOption { name: Some(name.to_owned()), value: Some(value.to_owned()) },
        None => PodDNSConfigOption { name: Some(text.clone()), value: None },
    };
    building.spec.dns_config = Some(PodDNSConfig {
        // A resolver asks three at most, and the cluster's is one of them.
        nameservers: listed(servers.iter().take(2).cloned().collect()),
        searches: listed(searches.clone()),
        options: listed(options.iter().map(option).collect()),
    });
}
