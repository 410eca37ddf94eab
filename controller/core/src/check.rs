//! What is asked of a running container, with its address and the numbers of its ports filled in: probes and hooks are made of it.
//!
//! Whoever asks decides nothing: a check says exactly what is called, and whether an answer is good follows from Kubernetes' rules.

mod told;

use skiff_api::{
    Container, ExecAction, GrpcAction, HookAction, HookCommand, HttpGetAction, PortRef, Probe, TcpSocketAction,
};

pub use told::told_checks;

/// One question to a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// A command in the container, which passes with exit code 0.
    Exec {
        /// The program and its arguments.
        command: Vec<String>,
    },
    /// Commands of a hook in the container, one after the other, until one does not end with exit code 0.
    Commands(Vec<HookCommand>),
    /// An HTTP GET, which passes with a status from 200 to 399. Redirects are not followed.
    Http(HttpCheck),
    /// A TCP connection, which passes when it opens.
    Tcp {
        /// An address or a name.
        host: String,
        /// The port.
        port: u16,
    },
    /// A call of the gRPC health protocol, which passes on SERVING.
    Grpc {
        /// An address.
        host: String,
        /// The port.
        port: u16,
        /// The service that is asked for; empty for the server as a whole.
        service: String,
    },
    /// Nothing but time, which always passes.
    Sleep(skiff_api::Duration),
    /// It cannot be asked at all, which fails.
    Unaskable {
        /// Why.
        why: String,
        /// Whether it can be asked soon, so that it is no answer: the container has no address yet.
        is_for_now: bool,
    },
}

/// An HTTP GET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpCheck {
    /// An address or a name.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The path with its query.
    pub path: String,
    /// Whether TLS is spoken; the certificate is not checked.
    pub tls: bool,
    /// Headers to send, in order.
    pub headers: Vec<(String, String)>,
}

/// The address of a container, or why it has none.
pub(crate) type Address<'a> = Result<&'a str, NoAddress>;

/// Why a container has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoAddress {
    /// It was just started, or is off its network for a moment.
    Yet,
    /// It will have none.
    Ever(&'static str),
}

impl Check {
    /// What a probe asks.
    pub(crate) fn of_probe(probe: &Probe, container: &Container, address: Address<'_>) -> Self {
        match (&probe.exec, &probe.http_get, &probe.tcp_socket, &probe.grpc) {
            (Some(exec), ..) => Self::exec(exec),
            (_, Some(http), ..) => Self::http(http, container, address),
            (_, _, Some(tcp), _) => Self::tcp(tcp, container, address),
            (.., Some(grpc)) => Self::grpc(grpc, container, address),
            (None, None, None, None) => unaskable("the probe says nothing"),
        }
    }

    /// What a hook asks.
    pub(crate) fn of_hook(hook: &HookAction, container: &Container, address: Address<'_>) -> Self {
        if !hook.commands.is_empty() {
            return Self::Commands(hook.commands.clone());
        }
        match (&hook.exec, &hook.http_get, hook.sleep) {
            (Some(exec), ..) => Self::exec(exec),
            (_, Some(http), _) => Self::http(http, container, address),
            (.., Some(time)) => Self::Sleep(time),
            (None, None, None) => unaskable("the hook says nothing"),
        }
    }

    /// Whether it is no question yet.
    pub(crate) const fn is_for_later(&self) -> bool {
        matches!(self, Self::Unaskable { is_for_now: true, .. })
    }

    fn exec(exec: &ExecAction) -> Self {
        Self::Exec { command: exec.command.clone() }
    }

    fn http(http: &HttpGetAction, container: &Container, address: Address<'_>) -> Self {
        at(http.host.as_deref(), &http.port, container, address, |host, port| {
            Self::Http(HttpCheck {
                host,
                port,
                path: http.path.clone().filter(|path| !path.is_empty()).unwrap_or_else(|| "/".to_owned()),
                tls: http.scheme.as_deref() == Some("HTTPS"),
                headers: http.http_headers.iter().map(|header| (header.name.clone(), header.value.clone())).collect(),
            })
        })
    }

    fn tcp(tcp: &TcpSocketAction, container: &Container, address: Address<'_>) -> Self {
        at(tcp.host.as_deref(), &tcp.port, container, address, |host, port| Self::Tcp { host, port })
    }

    fn grpc(grpc: &GrpcAction, container: &Container, address: Address<'_>) -> Self {
        let service = grpc.service.clone().unwrap_or_default();
        at(None, &grpc.port, container, address, |host, port| Self::Grpc { host, port, service })
    }
}

/// A check of a port: of the container, unless another host is named.
fn at(
    host: Option<&str>,
    port: &PortRef,
    container: &Container,
    address: Address<'_>,
    check: impl FnOnce(String, u16) -> Check,
) -> Check {
    let host = match host.map_or(address, Ok) {
        Ok(host) => host.to_owned(),
        Err(NoAddress::Ever(why)) => return unaskable(why),
        Err(NoAddress::Yet) => {
            return Check::Unaskable { why: "it has no address yet".to_owned(), is_for_now: true };
        }
    };
    let number = match port {
        PortRef::Number(number) => Some(*number),
        PortRef::Name(name) => {
            let named = container.ports.iter().find(|port| port.name.as_deref() == Some(name));
            named.map(|port| port.container_port)
        }
    };
    number.map_or_else(|| unaskable("its port has no number"), |number| check(host, number))
}

fn unaskable(why: &str) -> Check {
    Check::Unaskable { why: why.to_owned(), is_for_now: false }
}
