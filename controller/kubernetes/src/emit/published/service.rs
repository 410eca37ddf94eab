//! What is no HTTP: a Service of its own on the published ports, by a load balancer or on the nodes.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use skiff_api::HostPort;

use super::Published;
use crate::Part;
use crate::emit::{Sink, meta, services};
use crate::names::suffixed;
use crate::report::Verdict;
use crate::stack::{Stack, Workload};

/// The ports of nodes that a Service may take.
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30000..=32767;

pub(super) fn by_service(stack: &Stack<'_>, workload: &Workload<'_>, ports: &[Published<'_>], sink: &mut Sink<'_>) {
    let wanted = suffixed(&workload.service, "published");
    let name = sink.names.claim("Service", &workload.namespace, &wanted);
    let pointer = workload.template_pointer();
    let kind = if stack.options.node_ports { "NodePort" } else { "LoadBalancer" };
    let mut written: Vec<ServicePort> = Vec::new();
    for it in ports {
        let mut scope = sink.ledger.scope(workload.key, format!("Service/{name}"));
        let mut scope =
            scope.at(&format!("{pointer}/container/ports/{}", it.index), &format!("spec.ports[{}]", it.port.name));
        let (number, first_of_range) = match it.host_port {
            HostPort::Fixed(port) => (port, false),
            HostPort::Range(first, _) => (first, true),
            HostPort::Any => (it.port.number, false),
        };
        let node_port = Some(number).filter(|port| stack.options.node_ports && NODE_PORTS.contains(port));
        match it.host_port {
            _ if stack.options.node_ports && node_port.is_none() => {
                let why = "nodes publish on ports from 30000 to 32767; one of them is given";
                scope.says(Verdict::Approximated, "hostPort", "nodePort", why, "look it up with `kubectl get service`");
            }
            HostPort::Any => {
                let why = "no port is named: it is the container's";
                scope.says(Verdict::Approximated, "hostPort", "port", why, "");
            }
            HostPort::Range(_, _) if first_of_range => {
                let why = "replicas share one port here: it is the first of the range";
                scope.says(Verdict::Approximated, "hostPort", "port", why, "");
            }
            HostPort::Fixed(_) | HostPort::Range(_, _) => scope.exact(&true, "hostPort", "port"),
        }
        let mut port = services::service_port(it.port);
        port.port = i32::from(number);
        port.node_port = node_port.map(i32::from);
        port.target_port = Some(IntOrString::String(it.port.name.clone()));
        let is_taken = |known: &ServicePort| known.port == port.port && known.protocol == port.protocol;
        if written.iter().any(is_taken) {
            scope.says(Verdict::NeedsInput, "hostPort", "port", "the port is published twice", "choose another one");
            continue;
        }
        written.push(port);
    }
    if kind == "LoadBalancer" {
        sink.ledger.requires("Load balancer", "", "", "Services that are published and are no HTTP");
    }
    let object = Service {
        metadata: meta::of_workload(workload, &name),
        spec: Some(ServiceSpec {
            type_: Some(kind.to_owned()),
            ports: Some(written),
            selector: Some(stack.pod_of(workload).selector()),
            ..ServiceSpec::default()
        }),
        status: None,
    };
    sink.put(&workload.file(stack), Part::Base, &object);
}
