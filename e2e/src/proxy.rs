//! A proxy before the registry that does what registries do on a bad day. One request a connection, so that what is set counts at once.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;

/// What it does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It passes it on.
    Works,
    /// It hangs up.
    IsDown,
    /// It answers with this status.
    Answers(u16),
    /// It says nothing until it is set to something else.
    Hangs,
    /// It passes it on, and hangs up in the middle of a layer.
    Cuts,
}

impl Manner {
    const fn code(self) -> u32 {
        match self {
            Self::Works => 0,
            Self::IsDown => 1,
            Self::Hangs => 2,
            Self::Cuts => 3,
            Self::Answers(status) => status as u32,
        }
    }

    fn of(code: u32) -> Self {
        match code {
            0 => Self::Works,
            1 => Self::IsDown,
            2 => Self::Hangs,
            3 => Self::Cuts,
            status => Self::Answers(u16::try_from(status).unwrap_or(500)),
        }
    }
}

/// A proxy under way; it ends with the value.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    manner: AtomicU32,
    requests: AtomicU32,
    ended: AtomicBool,
    upstream: u16,
}

impl Proxy {
    /// Begins before a port of loopback.
    pub(crate) fn before(upstream: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let shared =
            Shared { manner: AtomicU32::new(0), requests: AtomicU32::new(0), ended: AtomicBool::new(false), upstream };
        let shared = Arc::new(shared);
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if serving.ended.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&serving);
                // A client that hangs up is nobody's concern.
                thread::spawn(move || shared.serve(&client).ok());
            }
        });
        Ok(Self { port, shared })
    }

    /// Its port of loopback.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// From now on it does this.
    pub fn set(&self, manner: Manner) {
        self.shared.manner.store(manner.code(), Ordering::SeqCst);
    }

    /// How many requests it has had.
    pub fn requests(&self) -> u32 {
        self.shared.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // So that the one that listens looks.
        TcpStream::connect(("127.0.0.1", self.port)).ok();
    }
}

/// How much of a layer gets through before it is cut.
const CUT_AFTER: u64 = 100_000;
/// How often one that hangs looks whether it still should.
const LOOK: Duration = Duration::from_millis(20);

impl Shared {
    fn manner(&self) -> Manner {
        Manner::of(self.manner.load(Ordering::SeqCst))
    }

    fn serve(&self, client: &TcpStream) -> Result<()> {
        let head = head_of(client)?;
        if head.is_empty() {
            return Ok(());
        }
        self.requests.fetch_add(1, Ordering::SeqCst);
        let manner = self.manner();
        match manner {
            Manner::IsDown => Ok(()),
            Manner::Hangs => {
                while self.manner() == Manner::Hangs && !self.ended.load(Ordering::SeqCst) {
                    thread::sleep(LOOK);
                }
                Ok(())
            }
            Manner::Answers(status) => answer(client, status),
            Manner::Works | Manner::Cuts => {
                let is_layer = head.first().is_some_and(|line| line.starts_with("GET ") && line.contains("/blobs/"));
                let limit = if manner == Manner::Cuts && is_layer { CUT_AFTER } else { u64::MAX };
                self.pass_on(client, &head, limit)
            }
        }
    }

    fn pass_on(&self, mut client: &TcpStream, head: &[String], limit: u64) -> Result<()> {
        let mut upstream = TcpStream::connect(("127.0.0.1", self.upstream))?;
        for line in head.iter().filter(|line| !line.to_ascii_lowercase().starts_with("connection:")) {
            write!(upstream, "{line}\r\n")?;
        }
        write!(upstream, "Connection: close\r\n\r\n")?;
        std::io::copy(&mut upstream.take(limit), &mut client)?;
        Ok(client.shutdown(Shutdown::Both)?)
    }
}

/// The lines of a request's head.
fn head_of(client: &TcpStream) -> Result<Vec<String>> {
    let mut head = Vec::new();
    for line in BufReader::new(client).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    Ok(head)
}

fn answer(mut client: &TcpStream, status: u16) -> Result<()> {
    let code = match status {
        401 => "UNAUTHORIZED",
        429 => "TOOMANYREQUESTS",
        _ => "UNKNOWN",
    };
    let body = format!(r#"{{"errors":[{{"code":"{code}","message":"a bad day of {status}"}}]}}"#);
    let length = body.len();
    write!(client, "HTTP/1.1 {status} No\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n")?;
    Ok(write!(client, "Connection: close\r\n\r\n{body}")?)
}
