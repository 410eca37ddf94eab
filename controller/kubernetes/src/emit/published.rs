//! What the host publishes: HTTP by an Ingress or a Gateway, all else by a Service of its own on the published port; what only
//! the host itself reaches is reported and not exposed.

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule, IngressServiceBackend, IngressSpec,
    ServiceBackendPort,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::json;
use skiff_api::{ContainerPort, HostPort, Protocol};

use super::{Sink, meta, services};
use crate::ledger::Scope;
use crate::names::suffixed;
use crate::report::Verdict;
use crate::stack::{Port, Run, Stack, Workload, has_own, http_probed};
use crate::{Emitted, Part};

/// Ports on which HTTP is what people speak, of containers and of hosts.
const HTTP_PORTS: [u16; 12] = [80, 3000, 4000, 4200, 5000, 5173, 8000, 8008, 8080, 8081, 8088, 8888];

/// Ports on which the program itself speaks TLS: an entrance that asks them in plain HTTP is refused.
const TLS_PORTS: [u16; 2] = [443, 8443];

/// A port that is published and how.
struct Published<'p> {
    /// Where it stands in the list.
    index: usize,
    port: &'p Port,
    host_port: HostPort,
}

/// The ports of a workload that are published by HTTP, and those that are published otherwise.
#[derive(Default)]
struct Exposed<'p> {
    http: Vec<Published<'p>>,
    other: Vec<Published<'p>>,
}

/// Writes what publishes.
pub(super) fn published(stack: &Stack<'_>, sink: &mut Sink<'_>) {
    let exposed: Vec<(&Workload<'_>, Exposed<'_>)> =
        stack.workloads.values().map(|it| (it, exposed(it, sink))).collect();
    let count: usize = exposed.iter().map(|(_, exposed)| exposed.http.len()).sum();
    for (workload, exposed) in &exposed {
        for (position, http) in exposed.http.iter().enumerate() {
            by_http(stack, workload, http, (position, count), sink);
        }
        if !exposed.other.is_empty() {
            by_service(stack, workload, &exposed.other, sink);
        }
    }
}

/// The ports of a workload that anybody may reach from outside.
pub(super) fn open_ports<'w>(stack: &Stack<'_>, workload: &'w Workload<'_>) -> Vec<&'w Port> {
    let mut ledger = crate::ledger::Ledger::new(stack.input.places);
    let mut scope = ledger.scope(workload.key, "");
    let ports = workload.template.container.ports.iter();
    let public = ports.filter(|port| reach(port, &mut scope).is_some());
    let numbers: Vec<(u16, Protocol)> = public.map(|port| (port.container_port, port.protocol)).collect();
    workload.ports.iter().filter(|port| numbers.contains(&(port.number, port.protocol))).collect()
}

/// Sorts the published ports of a workload.
fn exposed<'w>(workload: &'w Workload<'_>, sink: &mut Sink<'_>) -> Exposed<'w> {
    let mut exposed = Exposed::default();
    let container = &workload.template.container;
    let pointer = workload.template_pointer();
    for (index, declared) in container.ports.iter().enumerate() {
        let mut scope = sink.ledger.scope(workload.key, "");
        let mut scope = scope.at(&format!("{pointer}/container/ports/{index}"), "");
        let Some(host_port) = reach(declared, &mut scope) else { continue };
        let same = |port: &&Port| port.number == declared.container_port && port.protocol == declared.protocol;
        let Some(port) = workload.ports.iter().find(same) else { continue };
        if !matches!(workload.run, Run::Forever(_)) || !has_own(workload) {
            let why = "what runs to its end is not published";
            scope.says(Verdict::Dropped, "hostPort", "", why, "reach it with `kubectl port-forward`");
            continue;
        }
        let published = Published { index, port, host_port };
        let all = exposed.http.iter().chain(&exposed.other);
        if all.into_iter().any(|known| known.port == port) {
            let why = "the same port is published once already";
            scope.says(Verdict::Approximated, "hostPort", "", why, "");
        } else if is_http(workload, declared, host_port, &mut scope) {
            exposed.http.push(published);
        } else {
            exposed.other.push(published);
        }
    }
    exposed
}

/// The host's port where others than the host itself reach it.
fn reach(port: &ContainerPort, scope: &mut Scope<'_, '_>) -> Option<HostPort> {
    let ContainerPort { host_port, host_ip, name: _, container_port: _, protocol: _, app_protocol: _ } = port;
    let host_port = (*host_port)?;
    let address = host_ip.as_deref().and_then(|text| text.trim_matches(['[', ']']).parse::<std::net::IpAddr>().ok());
    let why = "only the host itself reaches it: it is not exposed";
    let remedy = "reach it with `kubectl port-forward`, or publish it to all addresses";
    match address {
        Some(address) if address.is_loopback() => {
            scope.says(Verdict::Approximated, "hostIP", "", why, remedy);
            scope.says(Verdict::Approximated, "hostPort", "", why, remedy);
            return None;
        }
        Some(address) if !address.is_unspecified() => {
            let why = "the addresses of a cluster are others: it is reached by all of them";
            scope.says(Verdict::Approximated, "hostIP", "", why, "limit who reaches it where it is published");
        }
        Some(_) => scope.exact(&true, "hostIP", ""),
        None => {}
    }
    Some(host_port)
}

/// Whether HTTP is spoken on a port: it is said, a check asks so, or it is one of the usual ports.
fn is_http(workload: &Workload<'_>, port: &ContainerPort, host: HostPort, scope: &mut Scope<'_, '_>) -> bool {
    if port.protocol != Protocol::Tcp {
        return false;
    }
    let said = port.app_protocol.as_deref();
    if let Some(word) = said {
        return ["http", "https", "h2c", "grpc", "ws", "wss", "kubernetes.io/h2c", "kubernetes.io/ws"].contains(&word);
    }
    let name = port.name.as_deref().unwrap_or_default();
    let named = ["http", "web"].contains(&name) || name.starts_with("http-");
    if named || http_probed(&workload.template.container, port.container_port) {
        return true;
    }
    let speaks_tls = name.starts_with("https") || TLS_PORTS.contains(&port.container_port);
    if speaks_tls || host == HostPort::Fixed(443) {
        let why =
            "TLS is what is usually spoken on this port: it is passed through, and the program keeps its certificate";
        let remedy = "write `appProtocol: https` to have it behind the cluster's entrance, or `appProtocol: http` for plain HTTP";
        scope.says(Verdict::Defaulted, "", "", why, remedy);
        return false;
    }
    let is_usual = HTTP_PORTS.contains(&port.container_port) || matches!(host, HostPort::Fixed(80 | 8080));
    if is_usual {
        let why = "HTTP is what is usually spoken on this port";
        scope.says(Verdict::Defaulted, "", "", why, "write `appProtocol: http`, or `appProtocol: tcp`");
    }
    is_usual
}

/// The host that a request must ask for; any where only one thing is published.
fn host(stack: &Stack<'_>, workload: &Workload<'_>, port: &Port, (position, count): (usize, usize)) -> Option<String> {
    let name = if position == 0 { workload.key.name.clone() } else { format!("{}-{}", workload.key.name, port.number) };
    match &stack.options.domain {
        Some(domain) => Some(format!("{name}.{}", domain.trim_start_matches('.'))),
        None if count > 1 => Some(format!("{name}.{}.example", workload.namespace)),
        None => None,
    }
}

fn by_http(stack: &Stack<'_>, workload: &Workload<'_>, it: &Published<'_>, place: (usize, usize), sink: &mut Sink<'_>) {
    let host = host(stack, workload, it.port, place);
    let wanted = if place.0 == 0 {
        workload.key.name.clone()
    } else {
        suffixed(&workload.key.name, &it.port.number.to_string())
    };
    let kind = if stack.options.gateway.is_some() { "HTTPRoute" } else { "Ingress" };
    let name = sink.names.claim(kind, &workload.namespace, &wanted);
    let pointer = workload.template_pointer();
    let mut scope = sink.ledger.scope(workload.key, format!("{kind}/{name}"));
    let mut scope = scope.at(&format!("{pointer}/container/ports/{}", it.index), "spec");
    let why = "HTTP is published on the ports of the cluster's own entrance, 80 and 443";
    scope.says(Verdict::Approximated, "hostPort", "rules", why, "");
    if stack.options.domain.is_none() && host.is_some() {
        let why = "several things are published, so that each needs a name, and none is known";
        scope.says(Verdict::NeedsInput, "hostPort", "rules[0].host", why, "give `--domain`");
    }
    if matches!(it.port.app_protocol.as_deref(), Some("https" | "wss")) {
        let why = "how the entrance speaks TLS to a pod is a matter of its controller";
        scope.says(Verdict::NeedsInput, "appProtocol", "rules[0]", why, "annotate it as the controller wants");
    }
    let object = if let Some(gateway) = &stack.options.gateway {
        let (namespace, gateway) = gateway.split_once('/').unwrap_or((&workload.namespace, gateway));
        let ledger = scope.ledger();
        ledger.requires("CustomResourceDefinition", "httproutes.gateway.networking.k8s.io", "", "the Gateway API");
        ledger.requires("Gateway", gateway, namespace, "HTTP that is published");
        route(stack, workload, it, &name, host.as_deref(), (namespace, gateway))
    } else {
        let class = stack.options.ingress_class.as_deref().unwrap_or_default();
        let which = if class.is_empty() { "the default one, for " } else { "" };
        scope.ledger().requires("IngressClass", class, "", format!("{which}HTTP that is published"));
        ingress(stack, workload, it, &name, host)
    };
    sink.out.push(object);
}

fn ingress(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    it: &Published<'_>,
    name: &str,
    host: Option<String>,
) -> Emitted {
    let number = Some(i32::from(it.port.number));
    let backend = IngressBackend {
        service: Some(IngressServiceBackend {
            name: workload.service.clone(),
            port: Some(ServiceBackendPort { name: None, number }),
        }),
        resource: None,
    };
    let path = HTTPIngressPath { backend, path: Some("/".to_owned()), path_type: "Prefix".to_owned() };
    let object = Ingress {
        metadata: meta::of_workload(workload, name),
        spec: Some(IngressSpec {
            ingress_class_name: stack.options.ingress_class.clone(),
            rules: Some(vec![IngressRule { host, http: Some(HTTPIngressRuleValue { paths: vec![path] }) }]),
            ..IngressSpec::default()
        }),
        status: None,
    };
    Emitted::new(&workload.file(stack), Part::Ingress, &object)
}

fn route(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    it: &Published<'_>,
    name: &str,
    host: Option<&str>,
    (namespace, gateway): (&str, &str),
) -> Emitted {
    let hosts: Vec<&str> = host.into_iter().collect();
    let object = json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": { "name": name, "namespace": workload.namespace, "labels": meta::labels(workload) },
        "spec": {
            "hostnames": (!hosts.is_empty()).then_some(hosts),
            "parentRefs": [{ "name": gateway, "namespace": namespace }],
            "rules": [{ "backendRefs": [{ "name": workload.service, "port": it.port.number }] }],
        },
    });
    Emitted::new(&workload.file(stack), Part::Gateway, &object)
}

/// The ports of nodes that a Service may take.
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30000..=32767;

fn by_service(stack: &Stack<'_>, workload: &Workload<'_>, ports: &[Published<'_>], sink: &mut Sink<'_>) {
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
