//! Who reaches a published port, and whether HTTP is what is spoken there.

use skiff_api::{ContainerPort, HostPort, Protocol};

use crate::ledger::Scope;
use crate::report::Verdict;
use crate::stack::{Workload, http_probed};

/// Ports on which HTTP is what people speak, of containers and of hosts.
const HTTP_PORTS: [u16; 12] = [80, 3000, 4000, 4200, 5000, 5173, 8000, 8008, 8080, 8081, 8088, 8888];

/// Ports on which the program itself speaks TLS: an entrance that asks them in plain HTTP is refused.
const TLS_PORTS: [u16; 2] = [443, 8443];

/// The host's port where others than the host itself reach it.
pub(super) fn reach(port: &ContainerPort, scope: &mut Scope<'_, '_>) -> Option<HostPort> {
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
pub(super) fn is_http(
    workload: &Workload<'_>,
    port: &ContainerPort,
    host: HostPort,
    scope: &mut Scope<'_, '_>,
) -> bool {
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
