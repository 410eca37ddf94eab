//! Opens connections: a Unix socket or TCP, behind one type.
//!
//! The mandate is looked at here, at the write itself: between a request's making and its leaving lie a pool, a connection that may
//! have to be opened first and a task of its own, and a process can be frozen in each of them.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, UnixStream};
use tokio_util::either::Either;
use tower_service::Service;

use super::Endpoint;
use crate::mandate::Mandate;

/// How a request begins that changes nothing.
const QUESTION: &[u8] = b"GET ";

/// Opens connections to one endpoint, whatever the URI says, and under one mandate.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    pub(super) endpoint: Endpoint,
    pub(super) mandate: Mandate,
}

impl Service<Uri> for Connector {
    type Response = Socket;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Socket>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Self { endpoint, mandate } = self.clone();
        Box::pin(async move {
            let stream = match endpoint {
                Endpoint::Unix(path) => Either::Left(UnixStream::connect(path).await?),
                Endpoint::Tcp(authority) => Either::Right(TcpStream::connect(authority).await?),
            };
            Ok(Socket { stream: TokioIo::new(stream), mandate, is_asking: false })
        })
    }
}

/// An open connection.
pub(super) struct Socket {
    stream: TokioIo<Either<UnixStream, TcpStream>>,
    mandate: Mandate,
    /// Whether a part of a question is still to be written.
    is_asking: bool,
}

impl Connection for Socket {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl Write for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        // A question is always asked; what may change something needs leave.
        let is_question = self.is_asking || buf.starts_with(QUESTION);
        if !is_question {
            self.mandate.check().map_err(io::Error::other)?;
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.is_asking = is_question && written < buf.len();
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use hyper_util::rt::TokioIo;
    use skiff_core::EngineError;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_has_set_out_with_leave_is_stopped_at_the_write_when_the_leave_is_gone() {
        let (ours, mut theirs) = UnixStream::pair().expect("a pair of sockets");
        let mandate = Mandate::none_yet("host:1");
        mandate.begin(crate::mandate::now() + std::time::Duration::from_secs(600));
        let stream = TokioIo::new(Either::Left(ours));
        let mut socket = TokioIo::new(Socket { stream, mandate: mandate.clone(), is_asking: false });
        socket.write_all(b"POST /start HTTP/1.1").await.expect("there is leave");
        mandate.end();
        let refused = socket.write_all(b"POST /start HTTP/1.1").await.expect_err("there is no leave");
        let why = refused.get_ref().and_then(|inner| inner.downcast_ref::<EngineError>());
        assert_eq!(why, Some(&EngineError::NotLeading));

        // A question that the socket takes in pieces is asked to its end.
        let question = [QUESTION, &vec![b'a'; 1 << 22]].concat();
        let reading = tokio::spawn(async move {
            let mut heard = Vec::new();
            theirs.read_to_end(&mut heard).await.map(|_| heard)
        });
        socket.write_all(&question).await.expect("a question is always asked");
        assert!(socket.write_all(b"DELETE /x HTTP/1.1").await.is_err());
        drop(socket);
        let heard = reading.await.expect("the reader ends").expect("it reads");
        assert_eq!(heard.len(), b"POST /start HTTP/1.1".len() + question.len());
    }
}
