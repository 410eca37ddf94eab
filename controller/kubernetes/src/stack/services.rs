//! What the Services of workloads are called, each name once in a namespace.
//!
//! The names that peers use come first: those of workloads, then aliases. What only gives pods of a `StatefulSet` their names makes way.

use std::collections::BTreeMap;

use skiff_api::ObjectKey;

use super::{Run, Stack, Workload};
use crate::names::{Names, is_service_name, label, suffixed};

/// Names them.
pub(super) fn name(stack: &mut Stack<'_>) {
    let mut names = Names::default();
    let mut given: BTreeMap<ObjectKey, (String, String)> = BTreeMap::new();
    for workload in stack.workloads.values() {
        let wanted = own(&workload.key.name);
        let service = if has_own(workload) { names.claim("Service", &workload.namespace, &wanted) } else { wanted };
        given.insert(workload.key.clone(), (service, String::new()));
    }
    for workload in stack.workloads.values() {
        for alias in aliases(workload) {
            if !names.has("Service", &workload.namespace, alias) {
                names.claim("Service", &workload.namespace, alias);
            }
        }
    }
    for workload in stack.workloads.values() {
        let Some((service, governing)) = given.get_mut(workload.key) else { continue };
        *governing = names.claim("Service", &workload.namespace, &suffixed(service, "pods"));
    }
    for (key, (service, governing)) in given {
        if let Some(workload) = stack.workloads.get_mut(&key) {
            (workload.service, workload.governing) = (service, governing);
        }
    }
}

/// Whether a workload has a Service under its own name.
pub(crate) fn has_own(workload: &Workload<'_>) -> bool {
    matches!(workload.run, Run::Forever(_))
        && (!workload.ports.is_empty() || workload.is_spoken_to || workload.is_heard)
}

/// The further names that others may call a workload by: aliases, and the name of its container.
pub(super) fn aliases<'w>(workload: &'w Workload<'_>) -> impl Iterator<Item = &'w String> {
    let attachments = workload.template.networks.iter().flatten();
    attachments.flat_map(|attachment| &attachment.aliases).chain(&workload.template.container_name)
}

fn own(name: &str) -> String {
    if is_service_name(name) { name.to_owned() } else { label(&format!("svc-{name}"), 63) }
}
