//! The ports of Services, the same as the containers', and the rows of what is declared and of what was found.

use k8s_openapi::api::core::v1::ServicePort;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use skiff_api::{ContainerPort, Protocol};

use crate::ledger::Scope;
use crate::report::Verdict;
use crate::stack::{Origin, Port, Workload};

/// A port of a Service: the same as the container's.
pub(in crate::emit) fn service_port(port: &Port) -> ServicePort {
    ServicePort {
        name: Some(port.name.clone()),
        port: i32::from(port.number),
        protocol: Some(port.protocol.lower().to_uppercase()),
        target_port: Some(IntOrString::String(port.name.clone())),
        app_protocol: port.app_protocol.as_deref().map(app_protocol),
        node_port: None,
    }
}

/// Kubernetes' word for what is spoken.
fn app_protocol(word: &str) -> String {
    match word {
        "grpc" | "h2c" => "kubernetes.io/h2c".to_owned(),
        "ws" => "kubernetes.io/ws".to_owned(),
        "wss" => "kubernetes.io/wss".to_owned(),
        other => other.to_ascii_lowercase(),
    }
}

/// What becomes of the ports, but for what publishes them.
pub(super) fn ports_rows(workload: &Workload<'_>, scope: &mut Scope<'_, '_>) {
    let pointer = workload.template_pointer();
    for (index, port) in workload.template.container.ports.iter().enumerate() {
        let ContainerPort { name, container_port, host_port: _, host_ip: _, protocol, app_protocol } = port;
        let mut scope = scope.at(&format!("{pointer}/container/ports/{index}"), "spec.ports");
        let written = workload.ports.iter().find(|it| it.number == *container_port && it.protocol == *protocol);
        let renamed = name.is_some() && written.map(|it| &it.name) != name.as_ref();
        if renamed {
            scope.near(
                name,
                "name",
                "name",
                "a port's name has at most 15 characters, a letter, and is there once",
                "",
            );
        } else {
            scope.exact(name, "name", "name");
        }
        scope.exact(container_port, "containerPort", "port");
        scope.exact(&(*protocol != Protocol::Tcp), "protocol", "protocol");
        scope.exact(app_protocol, "appProtocol", "appProtocol");
    }
    for port in workload.ports.iter().filter(|port| port.origin != Origin::Declared) {
        let why = match port.origin {
            Origin::Declared => "",
            Origin::Check => "this port is not declared; its own check asks it",
            Origin::Peer => "this port is not declared; others speak to it",
            Origin::Command => "this port is not declared; its command names it",
            Origin::Image => "this port is not declared; images of this name listen on it",
        };
        let field = format!("spec.ports[{}]", port.name);
        scope.says(Verdict::Defaulted, &format!("{pointer}/container"), &field, why, "declare it in `ports`");
    }
}
