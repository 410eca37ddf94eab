//! Services: exactly the names that peers use, on the ports of the containers.

mod elsewhere;
mod names;
mod ports;

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};

use super::{Sink, meta};
use crate::Part;
use crate::names::is_service_name;
use crate::report::Verdict;
use crate::stack::{Form, Run, Stack, Workload, has_own};
use elsewhere::elsewhere;
use names::aliases;
pub(super) use names::attachments;
use ports::ports_rows;
pub(super) use ports::service_port;

/// What a Service has no address of its own says.
const HEADLESS: &str = "None";

/// Writes the Services of all workloads, and the rows of their ports.
pub(super) fn services(stack: &Stack<'_>, sink: &mut Sink<'_>) {
    // Names of objects come before aliases.
    for workload in stack.workloads.values() {
        own(stack, workload, sink);
    }
    for workload in stack.workloads.values() {
        aliases(stack, workload, sink);
    }
    for workload in stack.workloads.values().filter(|it| it.form == Form::StatefulSet) {
        governing(stack, workload, sink);
    }
    elsewhere(stack, sink);
}

fn own(stack: &Stack<'_>, workload: &Workload<'_>, sink: &mut Sink<'_>) {
    let name = workload.service.clone();
    let target = format!("Service/{name}");
    let mut scope = sink.ledger.scope(workload.key, target);
    ports_rows(workload, &mut scope);
    if !has_own(workload) {
        if matches!(workload.run, Run::Forever(_)) {
            let why = "no port of it is known and nobody could speak to it: it gets no Service";
            scope.says(Verdict::Defaulted, "metadata/name", "", why, "declare its ports in `ports` if it has any");
        }
        return;
    }
    if name != workload.key.name {
        let why = if is_service_name(&workload.key.name) {
            "another one has the name in this namespace"
        } else {
            "a Service's name begins with a letter"
        };
        scope.says(
            Verdict::NeedsInput,
            "metadata/name",
            "metadata.name",
            why,
            "rename it, or tell its peers the new name",
        );
    }
    if workload.ports.is_empty() && !workload.is_spoken_to {
        let why =
            "no port of it is known and nothing is seen to speak to it: the Service gives the addresses of its pods";
        let remedy = "declare its ports in `ports` if it has any";
        scope.says(Verdict::Defaulted, "metadata/name", "spec.clusterIP", why, remedy);
    } else if workload.ports.is_empty() {
        let why = "no port of it is known: the Service is headless, and gives the addresses of pods";
        let remedy = "declare its ports in `ports`: some clusters answer for no Service without ports";
        scope.says(Verdict::NeedsInput, "metadata/name", "spec.clusterIP", why, remedy);
    }
    sink.names.claim("Service", &workload.namespace, &name);
    let object = service(stack, workload, &name);
    sink.put(&workload.file(stack), Part::Base, &object);
}

/// A Service before the pods of a workload.
fn service(stack: &Stack<'_>, workload: &Workload<'_>, name: &str) -> Service {
    let pod = stack.pod_of(workload);
    let ports: Vec<ServicePort> = workload.ports.iter().map(service_port).collect();
    let headless = ports.is_empty().then(|| HEADLESS.to_owned());
    Service {
        metadata: meta::of_workload(workload, name),
        spec: Some(ServiceSpec {
            cluster_ip: headless,
            ports: meta::listed(ports),
            selector: Some(pod.selector()),
            ..ServiceSpec::default()
        }),
        status: None,
    }
}

/// A `StatefulSet` is governed by a Service that gives each pod a name.
fn governing(stack: &Stack<'_>, workload: &Workload<'_>, sink: &mut Sink<'_>) {
    let name = workload.governing.clone();
    sink.names.claim("Service", &workload.namespace, &name);
    let mut object = service(stack, workload, &name);
    if let Some(spec) = &mut object.spec {
        spec.cluster_ip = Some(HEADLESS.to_owned());
        // Members of a group find each other before they are ready.
        spec.publish_not_ready_addresses = Some(true);
    }
    sink.put(&workload.file(stack), Part::Base, &object);
}
