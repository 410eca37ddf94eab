//! Where the controller can be called: an address, and the loop that answers there. Slow and many callers have each their bounds.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use skiff_remote::HookSecret;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::cli::CliError;
use crate::session::warn_if_open;

mod socket;

use socket::{PrivateSocket, Stream};

/// What is answered.
pub(crate) type Answer = Response<Full<Bytes>>;

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A port.
    Tcp(SocketAddr),
    /// A socket in the file system, for its owner alone.
    Unix(PathBuf),
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("unix:") {
            Some("") => Err("write the socket's path behind `unix:`".to_owned()),
            Some(path) => Ok(Self::Unix(PathBuf::from(path))),
            None => text.parse().map(Self::Tcp).map_err(|_| "write `127.0.0.1:PORT` or `unix:PATH`".to_owned()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Listens at an address, or will once it can.
#[derive(Debug)]
pub(crate) struct Listener {
    address: Address,
    socket: Option<Socket>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(PrivateSocket),
}

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many may be connected at the same time. Where one more comes, the one that has been there for longest goes: a call that is meant
/// takes no time, and whoever connects and says nothing keeps nobody out.
const AT_ONCE: usize = 64;
/// How often an address that somebody else has is tried again.
const AGAIN: Duration = Duration::from_secs(1);

impl Listener {
    /// Listens.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub(crate) async fn bind(address: Address) -> Result<Self, CliError> {
        let socket = open(&address).await.map_err(|error| {
            CliError::failed(format!("cannot listen at {address}"), error)
                .with_help("is something else there? choose another address")
        })?;
        Ok(Self { address, socket: Some(socket) })
    }

    /// Listens once the address can be had: another controller of this host may have it.
    pub(crate) const fn later(address: Address) -> Self {
        Self { address, socket: None }
    }

    /// Answers until cancelled. `what` says what is heard there.
    pub(crate) async fn serve<A, F>(self, what: &'static str, cancel: CancellationToken, answer: A)
    where
        A: Fn(Request<Incoming>, String) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let Self { address, socket } = self;
        let socket = match socket {
            Some(socket) => socket,
            None => match cancel.run_until_cancelled(had(&address, what)).await {
                Some(socket) => socket,
                None => return,
            },
        };
        // Those who are connected go with this.
        let mut callers = JoinSet::new();
        let mut oldest: VecDeque<AbortHandle> = VecDeque::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                Some(_) = callers.join_next() => {
                    oldest.retain(|caller| !caller.is_finished());
                    continue;
                }
                accepted = socket.accept() => accepted,
            };
            let Ok((stream, from)) = accepted else {
                // Out of file descriptors, most likely.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            if oldest.len() >= AT_ONCE
                && let Some(caller) = oldest.pop_front()
            {
                caller.abort();
            }
            // Who is too slow has had his chance.
            let conversation = tokio::time::timeout(PATIENCE, converse(stream, from, what, answer.clone()));
            oldest.push_back(callers.spawn(async { drop(conversation.await) }));
        }
    }
}

/// Tries until the address can be had, and says once that it cannot.
async fn had(address: &Address, what: &'static str) -> Socket {
    let mut said = false;
    loop {
        match open(address).await {
            Ok(socket) => {
                if said {
                    tracing::info!("{what} are heard at {address} now");
                }
                return socket;
            }
            Err(error) => {
                if !std::mem::replace(&mut said, true) {
                    let help = "where several controllers of a host take turns, each has an address of its own; it is tried again every second";
                    tracing::warn!(%error, help, "{what} are not heard: {address} cannot be had");
                }
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}

async fn open(address: &Address) -> std::io::Result<Socket> {
    match address {
        Address::Tcp(address) => TcpListener::bind(address).await.map(Socket::Tcp),
        Address::Unix(path) => PrivateSocket::bind(path).map(Socket::Unix),
    }
}

impl Socket {
    async fn accept(&self) -> std::io::Result<(Box<dyn Stream>, String)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, from) = listener.accept().await?;
                Ok((Box::new(stream), from.to_string()))
            }
            Self::Unix(socket) => Ok((Box::new(socket.accept().await?), "a local socket".to_owned())),
        }
    }
}

async fn converse<A, F>(stream: impl AsyncRead + AsyncWrite + Unpin, from: String, what: &str, answer: A)
where
    A: Fn(Request<Incoming>, String) -> F,
    F: Future<Output = Answer>,
{
    let answer = service_fn(|request| {
        let answer = answer(request, from.clone());
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut connection = hyper::server::conn::http1::Builder::new();
    connection
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(10))
        .keep_alive(false)
        .max_buf_size(64 << 10);
    if let Err(error) = connection.serve_connection(TokioIo::new(stream), answer).await {
        tracing::debug!(%from, %error, "{what}: a call broke off");
    }
}

/// An answer of a few words.
pub(crate) fn plain(status: StatusCode, words: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(Full::new(words.into()));
    *response.status_mut() = status;
    response
}

/// Reads the secret that callers have to know. `what` is whose it is, `next` what else is to be done with it.
///
/// # Errors
/// When it cannot be read, or is none.
pub(crate) fn read_secret(file: &Path, what: &str, next: &str) -> Result<HookSecret, CliError> {
    let help = format!("make one: `openssl rand -hex 32 > FILE`, and {next}");
    let text = std::fs::read(file).map_err(|error| {
        CliError::failed(format!("cannot read the {what} {}", file.display()), error).with_help(help.clone())
    })?;
    warn_if_open(file);
    HookSecret::new(&text).map_err(|why| CliError::refused(format!("{}: {why}", file.display()), help))
}

#[cfg(test)]
mod tests;
