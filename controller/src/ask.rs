//! Asks a container over the network: HTTP, TCP and the gRPC health protocol, from the host, without a program of the image.
//!
//! Each question opens a connection of its own and closes it. Whoever asks sets the time limit. An error is a few words for people.

mod grpc;
mod http;
#[cfg(test)]
mod tests;
pub(crate) mod tls;

use std::sync::Arc;

use skiff_core::HttpCheck;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// What asking needs besides the question. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Asker {
    tls: Option<Arc<rustls::ClientConfig>>,
}

impl Default for Asker {
    fn default() -> Self {
        Self { tls: tls::unchecked() }
    }
}

/// A connection, with TLS or without.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Asker {
    /// A GET, which passes with a status from 200 to 399.
    ///
    /// # Errors
    /// Why it did not pass.
    pub async fn http(&self, check: &HttpCheck) -> Result<(), String> {
        let stream = connect(&check.host, check.port).await?;
        let stream: Box<dyn Stream> = if check.tls {
            Box::new(tls::handshake(self.tls.clone(), &check.host, stream).await?)
        } else {
            Box::new(stream)
        };
        http::get(stream, check).await
    }

    /// A connection, which passes when it opens.
    ///
    /// # Errors
    /// Why it did not open.
    pub async fn tcp(&self, host: &str, port: u16) -> Result<(), String> {
        connect(host, port).await.map(drop)
    }

    /// The gRPC health protocol, which passes on SERVING.
    ///
    /// # Errors
    /// Why it did not pass.
    pub async fn grpc(&self, host: &str, port: u16, service: &str) -> Result<(), String> {
        grpc::check(connect(host, port).await?, &authority(host, port), service).await
    }
}

pub(crate) async fn connect(host: &str, port: u16) -> Result<TcpStream, String> {
    TcpStream::connect((host, port)).await.map_err(|error| words(&error))
}

/// `10.0.0.9:80`, `[fd00::1]:80`.
fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// An error in its innermost words, without the number that the system gives it.
pub(crate) fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let innermost = std::iter::successors(Some(error), |error| error.source()).last().unwrap_or(error);
    let text = innermost.to_string();
    let plain = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = plain.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
