//! The further names of a workload on its networks, and what else is said of these.

use std::collections::BTreeSet;

use skiff_api::NetworkAttachment;

use super::service;
use crate::Part;
use crate::emit::Sink;
use crate::ledger::Scope;
use crate::names::is_service_name;
use crate::report::Verdict;
use crate::stack::{Stack, Workload, has_own};

/// The further names on networks, each a Service of its own.
pub(super) fn aliases(stack: &Stack<'_>, workload: &Workload<'_>, sink: &mut Sink<'_>) {
    let pointer = workload.template_pointer();
    // Docker answers for a container's name as well.
    if let Some(name) = workload.template.container_name.as_ref().filter(|_| has_own(workload)) {
        let is_free = is_service_name(name) && !sink.names.has("Service", &workload.namespace, name);
        if is_free {
            sink.names.claim("Service", &workload.namespace, name);
            sink.put(&workload.file(stack), Part::Base, &service(stack, workload, name));
        } else if *name != workload.key.name {
            let mut scope = sink.ledger.scope(workload.key, "");
            let why = "no Service can have the name, or another one has it";
            let remedy = format!("tell those that use it `{}`", workload.service);
            scope.says(Verdict::NeedsInput, &format!("{pointer}/containerName"), "", why, &remedy);
        }
    }
    let mut known = BTreeSet::from([workload.key.name.clone()]);
    known.extend(workload.template.container_name.clone().filter(|_| has_own(workload)));
    for (index, attachment) in workload.template.networks.iter().flatten().enumerate() {
        for (position, alias) in attachment.aliases.iter().enumerate() {
            let at = format!("{pointer}/networks/{index}/aliases/{position}");
            let mut scope = sink.ledger.scope(workload.key, format!("Service/{alias}"));
            if !known.insert(alias.clone()) {
                scope.exact(&true, &at, "metadata.name");
            } else if !is_service_name(alias) {
                let why = "no Service can have the name";
                scope.says(Verdict::NeedsInput, &at, "", why, &format!("tell its peers `{}`", workload.service));
            } else if sink.names.has("Service", &workload.namespace, alias) {
                let why = "another one has the name: in Docker both answer, in Kubernetes one";
                scope.says(Verdict::NeedsInput, &at, "", why, "give them different names");
            } else {
                scope.exact(&true, &at, "metadata.name");
                sink.names.claim("Service", &workload.namespace, alias);
                let object = service(stack, workload, alias);
                sink.put(&workload.file(stack), Part::Base, &object);
            }
        }
    }
}

/// The rows of what else is said of networks that a workload is on.
pub(in crate::emit) fn attachments(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    attachments: &[NetworkAttachment],
    scope: &mut Scope<'_, '_>,
) {
    let labels = &stack.membership(workload).labels;
    for (index, attachment) in attachments.iter().enumerate() {
        // Aliases have their rows where they become Services.
        let NetworkAttachment {
            name,
            namespace,
            aliases: _,
            ipv4_address,
            ipv6_address,
            link_local_ips,
            mac_address,
            driver_opts,
            interface_name,
            gateway_priority,
        } = attachment;
        let mut scope = scope.at(&format!("networks/{index}"), "metadata.labels");
        debug_assert!(!labels.is_empty(), "an attachment is a label");
        scope.exact(name, "name", "");
        scope.exact(namespace, "namespace", "");
        let why = "addresses are the cluster's";
        let remedy = "reach it by the name of its Service";
        scope.dropped(ipv4_address, "ipv4Address", why, remedy);
        scope.dropped(ipv6_address, "ipv6Address", why, remedy);
        scope.dropped(link_local_ips, "linkLocalIPs", why, "");
        scope.dropped(mac_address, "macAddress", why, "");
        let why = "every pod is on the cluster's one network";
        scope.dropped(driver_opts, "driverOpts", why, "");
        scope.dropped(interface_name, "interfaceName", why, "");
        scope.dropped(gateway_priority, "gatewayPriority", why, "");
    }
}
