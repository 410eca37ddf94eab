//! A server on loopback that speaks the health protocol of gRPC and nothing else: no image of busybox has one.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result};

use crate::frames::{DATA, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, SETTINGS, flags, frame, kind};

/// The server. It ends with the process of the test.
#[derive(Debug)]
pub struct Health {
    /// Its port.
    pub port: u16,
    serving: Arc<AtomicBool>,
}

/// `:status: 200` and `content-type: application/grpc`, by the static table of <https://www.rfc-editor.org/rfc/rfc7541>.
const ANSWER: &[u8] = b"\x88\x0f\x10\x10application/grpc";
/// `grpc-status: 0`.
const TRAILERS: &[u8] = b"\x00\x0bgrpc-status\x010";
/// A message of gRPC that says `SERVING`; with 2 in the end, `NOT_SERVING`.
const SERVING: [u8; 7] = [0, 0, 0, 0, 2, 8, 1];

impl Health {
    /// One that does not serve yet.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let (port, serving) = (listener.local_addr()?.port(), Arc::new(AtomicBool::new(false)));
        let shared = Arc::clone(&serving);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let serving = Arc::clone(&shared);
                // A client that hangs up is nobody's concern.
                thread::spawn(move || answer_all(client, &serving).ok());
            }
        });
        Ok(Self { port, serving })
    }

    /// Whether it says that it serves.
    pub fn serve(&self, serving: bool) {
        self.serving.store(serving, Ordering::SeqCst);
    }
}

fn answer_all(mut client: TcpStream, serving: &AtomicBool) -> Result<()> {
    client.read_exact(&mut [0; PREFACE])?;
    client.write_all(&framed(SETTINGS, 0, &[0; 4], &[]))?;
    loop {
        let asked = frame(&mut client)?;
        let (is_marked, stream) = (flags(&asked) & END_STREAM != 0, asked.get(5..9).context("a stream")?);
        match kind(&asked) {
            SETTINGS if !is_marked => client.write_all(&framed(SETTINGS, END_STREAM, &[0; 4], &[]))?,
            PING if !is_marked => {
                client.write_all(&framed(PING, END_STREAM, &[0; 4], asked.get(9..).context("its bytes")?))?;
            }
            DATA if is_marked => {
                let [message @ .., _] = SERVING;
                let said = if serving.load(Ordering::SeqCst) { 1 } else { 2 };
                let message = [message.as_slice(), &[said]].concat();
                client.write_all(&framed(HEADERS, END_HEADERS, stream, ANSWER))?;
                client.write_all(&framed(DATA, 0, stream, &message))?;
                client.write_all(&framed(HEADERS, END_HEADERS | END_STREAM, stream, TRAILERS))?;
            }
            _ => {}
        }
    }
}

/// A short frame.
fn framed(kind: u8, flags: u8, stream: &[u8], body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len()).unwrap_or(u8::MAX);
    [&[0, 0, length, kind, flags], stream, body].concat()
}
