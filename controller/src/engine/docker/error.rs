//! What the engine's answers mean: status codes and messages become errors sorted by what to do next, with the remedy where
//! it is known.

use std::error::Error;
use std::io;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use skiff_core::EngineError;

use super::client::Endpoint;

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) bytes: Bytes,
}

impl Reply {
    /// Whether it was done.
    pub(crate) const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// The body as a value.
    pub(crate) fn json<T: DeserializeOwned>(&self, what: &str) -> Result<T, EngineError> {
        serde_json::from_slice(&self.bytes)
            .map_err(|error| EngineError::Failed(format!("{what}: the engine's answer cannot be read: {error}")))
    }

    /// The body of a success as a value, or the error.
    pub(crate) fn read<T: DeserializeOwned>(&self, what: &str) -> Result<T, EngineError> {
        if self.is_success() { self.json(what) } else { Err(self.refusal(what)) }
    }

    /// Nothing, or the error.
    pub(crate) fn done(&self, what: &str) -> Result<(), EngineError> {
        if self.is_success() { Ok(()) } else { Err(self.refusal(what)) }
    }

    /// What the engine said.
    pub(crate) fn message(&self) -> String {
        #[derive(serde::Deserialize)]
        struct Said {
            message: String,
        }
        match serde_json::from_slice::<Said>(&self.bytes) {
            Ok(Said { message }) => message.trim().to_owned(),
            Err(_) => String::from_utf8_lossy(&self.bytes).trim().chars().take(500).collect(),
        }
    }

    /// The error that a status means where nothing more is known. `what` is what was tried, on which object.
    pub(crate) fn refusal(&self, what: &str) -> EngineError {
        let text = with_remedy(what, &self.message());
        match self.status {
            400 => EngineError::Invalid(text),
            404 => EngineError::Stale(text),
            _ => EngineError::Failed(text),
        }
    }
}

/// What was tried, what the engine said, and what to do about it.
pub(crate) fn with_remedy(what: &str, said: &str) -> String {
    match remedy(said) {
        Some(remedy) => format!("{what}: {said}; {remedy}"),
        None => format!("{what}: {said}"),
    }
}

/// Remedies by what the engine says.
const REMEDIES: [(&str, &str); 8] = [
    (
        "port is already allocated",
        "another container publishes this port: `docker ps` shows which, stop it or choose another hostPort",
    ),
    (
        "address already in use",
        "another program of the host has this port: `ss -ltnp` shows which, stop it or choose another hostPort",
    ),
    (
        "no space left on device",
        "the disk is full: `docker system df` shows what takes space, `docker image prune` frees some",
    ),
    ("bind source path does not exist", "make the path on the host, or set `create: true` on the hostPath"),
    (
        "could not select device driver",
        "the engine has no driver for these devices: install its runtime (for GPUs the NVIDIA container toolkit)",
    ),
    ("is ambiguous", "two networks have this name: remove one by its id (`docker network ls`, `docker network rm ID`)"),
    (
        "Pool overlaps with other one",
        "another network has these addresses: choose another subnet, or remove the other network",
    ),
    (
        "could not find an available",
        "all of Docker's address pools are in use: remove unused networks (`docker network prune`) or give a subnet",
    ),
];

fn remedy(said: &str) -> Option<&'static str> {
    REMEDIES.into_iter().find(|(sign, _)| said.contains(sign)).map(|(_, remedy)| remedy)
}

/// Why nothing came back, and what to do about it. What was stopped at our own door never left.
pub(crate) fn unreachable(endpoint: &Endpoint, error: &(dyn Error + 'static)) -> EngineError {
    if causes(error).any(is_our_own) {
        return EngineError::NotLeading;
    }
    let kind = io_error(error).map(io::Error::kind);
    let text = match kind {
        Some(io::ErrorKind::NotFound) => format!(
            "there is no socket at {endpoint}: is Docker running? `systemctl start docker` starts it, DOCKER_HOST names another socket"
        ),
        Some(io::ErrorKind::PermissionDenied) => format!(
            "permission denied on {endpoint}: add yourself to the group docker (`sudo usermod -aG docker $USER`, then log in again) or use sudo"
        ),
        Some(io::ErrorKind::ConnectionRefused) => {
            format!("nothing listens at {endpoint}: is Docker running? `systemctl start docker` starts it")
        }
        Some(_) | None => format!("{endpoint}: {}", chain(error)),
    };
    EngineError::Unreachable(text)
}

/// Whether a request was stopped before it left, and is no matter of the engine's.
fn is_our_own(error: &(dyn Error + 'static)) -> bool {
    let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    inner.and_then(|inner| inner.downcast_ref::<EngineError>()).is_some()
}

fn io_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// An error and what caused it, one after the other.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let parts: Vec<String> = causes(error).map(ToString::to_string).collect();
    parts.join(": ")
}

/// What bollard reports.
pub(crate) fn from_bollard(endpoint: &Endpoint, what: &str, error: bollard::errors::Error) -> EngineError {
    use bollard::errors::Error as Bollard;
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "bollard's list of errors grows with its features; the rest is transport"
    )]
    match error {
        Bollard::DockerResponseServerError { status_code, message } => {
            let said = serde_json::json!({ "message": message }).to_string();
            Reply { status: status_code, bytes: said.into() }.refusal(what)
        }
        Bollard::DockerStreamError { error } => EngineError::Failed(with_remedy(what, &error)),
        // bollard hides this one among what caused it.
        Bollard::IOError { err } => unreachable(endpoint, &err),
        Bollard::RequestTimeoutError => EngineError::Unreachable(format!("{what}: no answer in time")),
        other => unreachable(endpoint, &other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_to_do_next() {
        let reply = |status| Reply { status, bytes: Bytes::from_static(br#"{"message":"no"}"#) }.refusal("start web");
        assert_eq!(reply(400), EngineError::Invalid("start web: no".to_owned()));
        assert_eq!(reply(404), EngineError::Stale("start web: no".to_owned()));
        assert_eq!(reply(500), EngineError::Failed("start web: no".to_owned()));
    }

    #[test]
    fn what_was_stopped_at_our_own_door_says_so_through_bollard_too() {
        let stopped = bollard::errors::Error::IOError { err: io::Error::other(EngineError::NotLeading) };
        let endpoint = Endpoint::Unix("/x.sock".into());
        assert_eq!(from_bollard(&endpoint, "pull", stopped), EngineError::NotLeading);
    }

    #[test]
    fn a_missing_socket_and_a_closed_one_name_their_remedies() {
        let told = |kind| unreachable(&Endpoint::Unix("/x.sock".into()), &io::Error::from(kind)).to_string();
        assert!(told(io::ErrorKind::NotFound).contains("systemctl start docker"));
        assert!(told(io::ErrorKind::PermissionDenied).contains("group docker"));
    }

    #[test]
    fn a_busy_port_names_its_remedy() {
        assert!(
            with_remedy("start web", "Bind for 0.0.0.0:80 failed: port is already allocated")
                .contains("choose another hostPort")
        );
    }
}
