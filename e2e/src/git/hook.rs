//! A webhook as GitHub calls it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// A call that is signed and not sent yet.
#[derive(Clone, Debug)]
pub struct Webhook {
    body: String,
    signature: String,
}

impl Webhook {
    /// Signs a body with a secret.
    pub fn signed(secret: &str, body: &str) -> Result<Self> {
        let mut signing = Command::new("openssl");
        signing.args(["dgst", "-sha256", "-hex", "-r", "-hmac", secret]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut signing = signing.spawn().context("openssl")?;
        signing.stdin.take().context("a pipe")?.write_all(body.as_bytes())?;
        let output = String::from_utf8(signing.wait_with_output()?.stdout)?;
        let signature = output.split_whitespace().next().context("a signature")?.to_owned();
        Ok(Self { body: body.to_owned(), signature })
    }

    /// Calls; returns the status line of the answer.
    pub fn call(&self, port: u16) -> Result<String> {
        let Self { body, signature } = self;
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        let length = body.len();
        let head = format!(
            "POST /hooks HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: sha256={signature}\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.lines().next().unwrap_or_default().to_owned())
    }
}
