//! HTTP/1.1 over a Unix socket, just enough for the Engine API: one connection, kept alive, one request at a time.
//!
//! It is the ruler that `make bench` measures with, so it does nothing besides: no pool, no threads, no retries.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// A kept-alive connection to an engine.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<UnixStream>,
}

/// What an engine answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON, `null` where there is none.
    pub fn json(&self) -> Result<Value> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body).context("the engine's answer is not JSON")
    }

    /// The answer itself where it is a success, or was already so (304).
    pub fn good(self) -> Result<Self> {
        let well = (200..300).contains(&self.status) || self.status == 304;
        ensure!(well, "the engine answered {}: {}", self.status, String::from_utf8_lossy(&self.body).trim());
        Ok(self)
    }
}

impl Connection {
    /// Connects to the socket.
    pub fn open(socket: &Path) -> Result<Self> {
        let stream = UnixStream::connect(socket).with_context(|| format!("no engine at {}", socket.display()))?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Sends a request without a body.
    pub fn send(&mut self, method: &str, path: &str) -> Result<Answer> {
        self.exchange(method, path, &[])
    }

    /// Sends a request with a JSON body.
    pub fn send_json(&mut self, method: &str, path: &str, body: &Value) -> Result<Answer> {
        self.exchange(method, path, &serde_json::to_vec(body)?)
    }

    fn exchange(&mut self, method: &str, path: &str, body: &[u8]) -> Result<Answer> {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        let mut message = head.into_bytes();
        message.extend_from_slice(body);
        self.stream.get_mut().write_all(&message)?;
        self.receive().with_context(|| format!("{method} {path}"))
    }

    fn receive(&mut self) -> Result<Answer> {
        let status_line = self.line()?;
        let status =
            status_line.split(' ').nth(1).and_then(|code| code.parse().ok()).context("no status in the answer")?;
        let mut framing = Framing::None;
        loop {
            let header = self.line()?.to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(length) = header.strip_prefix("content-length: ") {
                framing = Framing::Length(length.trim().parse()?);
            } else if header.starts_with("transfer-encoding: chunked") {
                framing = Framing::Chunked;
            }
        }
        Ok(Answer { status, body: self.body(framing)? })
    }

    fn body(&mut self, framing: Framing) -> Result<Vec<u8>> {
        match framing {
            Framing::None => Ok(Vec::new()),
            Framing::Length(length) => self.exactly(length),
            Framing::Chunked => {
                let mut body = Vec::new();
                loop {
                    let size = usize::from_str_radix(self.line()?.trim(), 16).context("a chunk without size")?;
                    body.extend(self.exactly(size)?);
                    self.line()?;
                    if size == 0 {
                        return Ok(body);
                    }
                }
            }
        }
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            bail!("the engine closed the connection");
        }
        Ok(line.trim_end().to_owned())
    }
}

enum Framing {
    None,
    Length(usize),
    Chunked,
}

/// Encodes a text for the query of a URL.
pub(crate) fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
