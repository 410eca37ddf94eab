//! Names that are heard in other namespaces, where pods of several are on one network.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Service, ServiceSpec};

use crate::Part;
use crate::emit::{Sink, meta};
use crate::names::is_service_name;
use crate::report::Verdict;
use crate::stack::{Stack, Workload, has_own};

/// On a network with pods of several namespaces a name is heard in each of them.
pub(super) fn elsewhere(stack: &Stack<'_>, sink: &mut Sink<'_>) {
    let mut heard: Vec<(&Workload<'_>, String, String)> = Vec::new();
    for workload in stack.workloads.values() {
        let own = has_own(workload).then(|| ("metadata/name".to_owned(), workload.service.clone()));
        heard.extend(own.map(|(at, name)| (workload, at, name)));
    }
    // Names of objects come before aliases, here as well.
    for workload in stack.workloads.values() {
        let pointer = workload.template_pointer();
        for (index, attachment) in workload.template.networks.iter().flatten().enumerate() {
            let aliases = attachment.aliases.iter().enumerate();
            let aliases = aliases.filter(|(_, alias)| is_service_name(alias) && **alias != workload.key.name);
            let at = |position| format!("{pointer}/networks/{index}/aliases/{position}");
            heard.extend(aliases.map(|(position, alias)| (workload, at(position), alias.clone())));
        }
    }
    let mut written = BTreeSet::new();
    for (workload, at, name) in heard {
        let labels = &stack.membership(workload).labels;
        let reaches = labels.iter().filter_map(|label| stack.reaches().get(label));
        let namespaces: BTreeSet<&String> = reaches.flat_map(|reach| &reach.namespaces).collect();
        for namespace in namespaces.into_iter().filter(|it| **it != workload.namespace) {
            if written.insert((workload.key, namespace.clone(), name.clone())) {
                heard_in(stack, workload, namespace, &at, &name, sink);
            }
        }
    }
}

/// Makes a name of a workload heard in another namespace.
fn heard_in(stack: &Stack<'_>, workload: &Workload<'_>, namespace: &str, at: &str, name: &str, sink: &mut Sink<'_>) {
    if sink.names.has("Service", namespace, name) {
        let mut scope = sink.ledger.scope(workload.key, format!("Service/{name}"));
        let why = format!("`{namespace}` has a Service of this name, which is the one that is heard there");
        let remedy = format!("use `{}.{}` there", workload.service, workload.namespace);
        scope.says(Verdict::Approximated, at, "", &why, &remedy);
        return;
    }
    sink.names.claim("Service", namespace, name);
    let object = Service {
        metadata: meta::named(name, namespace, meta::labels(workload)),
        spec: Some(ServiceSpec {
            type_: Some("ExternalName".to_owned()),
            external_name: Some(format!("{}.{}.svc.cluster.local", workload.service, workload.namespace)),
            ..ServiceSpec::default()
        }),
        status: None,
    };
    let file = stack.file(namespace, "elsewhere", false);
    sink.put(&file, Part::Base, &object);
}
