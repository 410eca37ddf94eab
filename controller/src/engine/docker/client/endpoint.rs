//! Where the engine listens: `DOCKER_HOST`'s forms that are supported, and a remedy for those that are not.

use std::fmt;
use std::path::{Path, PathBuf};

use skiff_core::EngineError;

/// Where Docker listens unless told otherwise.
const DEFAULT_SOCKET: &str = "/var/run/docker.sock";
/// The port of an engine that listens on TCP without TLS.
const DEFAULT_PORT: u16 = 2375;

/// An engine's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// A Unix socket.
    Unix(PathBuf),
    /// `host:port`, without TLS.
    Tcp(String),
}

impl Endpoint {
    /// Reads an address as `DOCKER_HOST` writes it; nothing is Docker's own socket.
    pub(crate) fn parse(host: Option<&str>) -> Result<Self, EngineError> {
        let host = host.map(str::trim).filter(|host| !host.is_empty());
        let Some(host) = host else { return Ok(Self::Unix(DEFAULT_SOCKET.into())) };
        match host.split_once("://") {
            Some(("unix", path)) if !path.is_empty() => Ok(Self::Unix(path.into())),
            Some(("tcp" | "http", address)) => tcp(host, address),
            Some(("https" | "ssh", _)) => Err(EngineError::Invalid(format!(
                "the engine's address {host} needs {}, which Skiff does not speak: run Skiff on the engine's own host, or forward the \
                 socket (`ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock HOST`) and set DOCKER_HOST=unix:///tmp/docker.sock",
                if host.starts_with("ssh") { "ssh" } else { "TLS" }
            ))),
            None if host.starts_with('/') => Ok(Self::Unix(host.into())),
            Some(_) | None => Err(unusable(host)),
        }
    }

    /// The socket's file, where it is one.
    pub(crate) fn socket(&self) -> Option<&Path> {
        match self {
            Self::Unix(path) => Some(path),
            Self::Tcp(_) => None,
        }
    }

    /// The URI of a path; the authority of a Unix socket is only a word.
    pub(crate) fn uri(&self, path: &str) -> String {
        match self {
            Self::Unix(_) => format!("http://docker{path}"),
            Self::Tcp(authority) => format!("http://{authority}{path}"),
        }
    }
}

fn tcp(host: &str, address: &str) -> Result<Endpoint, EngineError> {
    let authority: hyper::http::uri::Authority = address.trim_end_matches('/').parse().map_err(|_| unusable(host))?;
    let port = authority.port_u16().unwrap_or(DEFAULT_PORT);
    Ok(Endpoint::Tcp(format!("{}:{port}", authority.host())))
}

fn unusable(host: &str) -> EngineError {
    EngineError::Invalid(format!(
        "`{host}` is not an engine's address: write unix:///var/run/docker.sock or tcp://127.0.0.1:2375"
    ))
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Tcp(authority) => f.write_str(authority),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_docker_host_are_read() {
        let read = |host| Endpoint::parse(host).map(|endpoint| endpoint.to_string()).ok();
        let hosts = [None, Some(""), Some("unix:///run/x.sock"), Some("tcp://10.0.0.1"), Some("http://[::1]:99/")];
        let expected = ["/var/run/docker.sock", "/var/run/docker.sock", "/run/x.sock", "10.0.0.1:2375", "[::1]:99"];
        assert_eq!(hosts.map(read), expected.map(|text| Some(text.to_owned())));
    }

    #[test]
    fn what_is_not_spoken_names_the_remedy() {
        let told = |host| Endpoint::parse(Some(host)).expect_err("it should be refused").to_string();
        assert!(told("https://10.0.0.1:2376").contains("forward the"));
        assert!(told("ssh://me@host").contains("needs ssh"));
        assert!(told("npipe:////./pipe/docker").contains("is not an engine's address"));
    }
}
