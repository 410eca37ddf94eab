//! Probes as they are: the kubelet runs them as Skiff does.

use k8s_openapi::api::core::v1::{ExecAction, GRPCAction, HTTPGetAction, HTTPHeader, Probe, TCPSocketAction};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use skiff_api::{Container, GrpcAction, HttpGetAction, PortRef, TcpSocketAction};

use super::resources::count;
use crate::dollar::escape_all;
use crate::ledger::Scope;
use crate::report::Verdict;
use crate::stack::resolve;

/// A probe of one of the three kinds.
pub(super) fn probe(
    probe: &skiff_api::Probe,
    field: &str,
    container: &Container,
    scope: &mut Scope<'_, '_>,
) -> Option<Probe> {
    let skiff_api::Probe {
        exec,
        http_get,
        tcp_socket,
        grpc,
        initial_delay_seconds,
        period_seconds,
        timeout_seconds,
        success_threshold,
        failure_threshold,
    } = probe;
    let mut scope = scope.at(field, field);
    scope.exact(exec, "exec", "exec");
    let http = http_get.as_ref().map(|action| http(action, container, &mut scope.at("httpGet", "httpGet")));
    let tcp = tcp_socket.as_ref().map(|action| tcp(action, container, &mut scope.at("tcpSocket", "tcpSocket")));
    let called = grpc.as_ref().map(|action| self::grpc(action, container, &mut scope.at("grpc", "grpc")));
    for (value, key) in [
        (initial_delay_seconds, "initialDelaySeconds"),
        (period_seconds, "periodSeconds"),
        (timeout_seconds, "timeoutSeconds"),
        (failure_threshold, "failureThreshold"),
    ] {
        scope.exact(value, key, key);
    }
    let only_once = field != "readinessProbe";
    match success_threshold {
        Some(times) if *times > 1 && only_once => {
            let why = "here one pass is enough to Kubernetes";
            scope.says(Verdict::Approximated, "successThreshold", "successThreshold", why, "");
        }
        Some(_) | None => scope.exact(success_threshold, "successThreshold", "successThreshold"),
    }
    let number = |value: Option<u32>| value.map(count);
    let exec = exec.as_ref().map(|action| ExecAction { command: Some(escape_all(&action.command)) });
    let has_action = exec.is_some() || http.is_some() || tcp.is_some() || called.is_some();
    has_action.then(|| Probe {
        exec,
        http_get: http,
        tcp_socket: tcp,
        grpc: called.flatten(),
        initial_delay_seconds: number(*initial_delay_seconds),
        period_seconds: number(*period_seconds),
        timeout_seconds: number(*timeout_seconds),
        success_threshold: number(*success_threshold).filter(|_| !only_once),
        failure_threshold: number(*failure_threshold),
        termination_grace_period_seconds: None,
    })
}

/// A port by its number: names of ports may be cut for Kubernetes.
fn port(container: &Container, port: &PortRef) -> IntOrString {
    match (resolve(container, port), port) {
        (Some(number), _) => IntOrString::Int(i32::from(number)),
        (None, other) => IntOrString::String(other.to_string()),
    }
}

/// An HTTP GET, of a probe or of a hook.
pub(super) fn http(action: &HttpGetAction, container: &Container, scope: &mut Scope<'_, '_>) -> HTTPGetAction {
    let HttpGetAction { path, port: to, scheme, host, http_headers } = action;
    scope.exact(path, "path", "path");
    scope.exact(&true, "port", "port");
    scope.exact(scheme, "scheme", "scheme");
    let why = "the kubelet asks from the node: a name or address of the host means another machine";
    scope.near(host, "host", "host", why, "leave `host` out, or set a Host header");
    scope.exact(http_headers, "httpHeaders", "httpHeaders");
    let headers: Vec<HTTPHeader> =
        http_headers.iter().map(|it| HTTPHeader { name: it.name.clone(), value: it.value.clone() }).collect();
    HTTPGetAction {
        path: path.clone(),
        port: port(container, to),
        scheme: scheme.clone(),
        host: host.clone(),
        http_headers: super::meta::listed(headers),
    }
}

fn tcp(action: &TcpSocketAction, container: &Container, scope: &mut Scope<'_, '_>) -> TCPSocketAction {
    let TcpSocketAction { port: to, host } = action;
    scope.exact(&true, "port", "port");
    let why = "the kubelet connects from the node: a name or address of the host means another machine";
    scope.near(host, "host", "host", why, "leave `host` out");
    TCPSocketAction { host: host.clone(), port: port(container, to) }
}

fn grpc(action: &GrpcAction, container: &Container, scope: &mut Scope<'_, '_>) -> Option<GRPCAction> {
    let GrpcAction { port: to, service } = action;
    scope.exact(&true, "port", "port");
    scope.exact(service, "service", "service");
    let port = resolve(container, to)?;
    Some(GRPCAction { port: i32::from(port), service: service.clone() })
}
