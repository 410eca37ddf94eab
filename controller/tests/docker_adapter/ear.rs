//! A socket between a client and the engine that hears what is asked.

use std::path::{Path, PathBuf};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Where Docker listens unless told otherwise.
const SOCKET: &str = "/var/run/docker.sock";

/// The socket; nobody listens there any more once it is dropped.
pub(crate) struct Ear {
    /// Its address, as `DOCKER_HOST` writes it.
    pub(crate) host: String,
    heard: mpsc::UnboundedReceiver<String>,
    listening: JoinHandle<()>,
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Ear {
    /// Listens in a folder.
    pub(crate) fn open(folder: &Path) -> std::io::Result<Self> {
        let path = folder.join("docker.sock");
        let listener = UnixListener::bind(&path)?;
        let host = std::env::var("DOCKER_HOST").ok();
        let engine = host.as_deref().and_then(|host| host.strip_prefix("unix://")).unwrap_or(SOCKET).into();
        let (asked, heard) = mpsc::unbounded_channel();
        let listening = tokio::spawn(listen(listener, engine, asked));
        Ok(Self { host: format!("unix://{}", path.display()), heard, listening })
    }

    /// What was asked since the last time, without versions and queries, sorted; ids of containers become `ID`.
    pub(crate) fn asked(&mut self) -> Vec<String> {
        let mut asked: Vec<String> = std::iter::from_fn(|| self.heard.try_recv().ok()).collect();
        asked.sort();
        asked
    }
}

async fn listen(listener: UnixListener, engine: PathBuf, asked: mpsc::UnboundedSender<String>) {
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = UnixStream::connect(&engine).await else { continue };
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        tokio::spawn(pass_on(from_client, to_server, Some(asked.clone())));
        tokio::spawn(pass_on(from_server, to_client, None));
    }
}

/// Requests that have no body come in one piece each, as a client waits for an answer before it asks again.
async fn pass_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, asked: Option<mpsc::UnboundedSender<String>>) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let piece = bytes.get(..count).unwrap_or_default();
        if let Some(asked) = &asked {
            asked.send(shortened(&String::from_utf8_lossy(piece))).ok();
        }
        if to.write_all(piece).await.is_err() {
            return;
        }
    }
}

/// `GET /containers/ID/json` of `GET /v1.41/containers/e0bb…/json?size=0 HTTP/1.1`.
fn shortened(request: &str) -> String {
    let mut words = request.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = path.split('?').next().unwrap_or_default();
    let is_version = |part: &&str| part.starts_with("v1.");
    let parts = path.split('/').filter(|part| !is_version(part));
    let parts = parts.map(|part| if part.len() == 64 { "ID" } else { part });
    format!("{method} {}", parts.collect::<Vec<_>>().join("/"))
}
