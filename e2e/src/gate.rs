//! A gate before etcd that lets so many calls of a connection through, and holds the next one until it is opened: what happens between
//! two calls can then happen there for certain. A client that hangs up meanwhile and connects again gets nothing either.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::check::poll;
use crate::frames::{HEAD, HEADERS, PING, PREFACE, frame, kind};

/// A gate. It ends with the process of the test.
#[derive(Debug)]
pub struct Gate {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// How many calls of each connection it lets through, until it holds the first.
    calls: usize,
    /// Whether it has held one.
    has_held: AtomicBool,
    is_open: AtomicBool,
    /// How many connections it holds now.
    held: AtomicUsize,
}

impl Gate {
    /// Lets so many calls of each connection through to a port of loopback.
    pub fn before(upstream: u16, calls: usize) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared { calls, ..Shared::default() });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", upstream)) else { continue };
                let (Ok(from_client), Ok(mut from_server)) = (client.try_clone(), server.try_clone()) else { continue };
                let (shared, mut to_client) = (Arc::clone(&serving), client);
                // A connection that breaks is nobody's concern.
                thread::spawn(move || shared.pass_on(from_client, server).ok());
                thread::spawn(move || std::io::copy(&mut from_server, &mut to_client).ok());
            }
        });
        Ok(Self { port, shared })
    }

    /// Its host and port.
    pub fn endpoint(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Waits until it holds a call.
    pub fn holds(&self) -> Result<()> {
        poll(Duration::from_secs(20), || {
            ensure!(self.shared.held.load(Ordering::SeqCst) > 0, "no call is held");
            Ok(())
        })
    }

    /// Lets everything through from now on.
    pub fn open(&self) {
        self.shared.is_open.store(true, Ordering::SeqCst);
    }
}

impl Shared {
    fn pass_on(&self, mut from: TcpStream, mut to: TcpStream) -> Result<()> {
        let mut preface = [0; PREFACE];
        from.read_exact(&mut preface)?;
        to.write_all(&preface)?;
        let mut calls = 0;
        while let Ok(frame) = frame(&mut from) {
            let begins = kind(&frame) == HEADERS;
            calls += usize::from(begins);
            let most = if self.has_held.load(Ordering::SeqCst) { 0 } else { self.calls };
            if begins && calls > most && !self.is_open.load(Ordering::SeqCst) {
                self.hold(frame, &mut from, &mut to)?;
            } else {
                to.write_all(&frame)?;
            }
        }
        Ok(to.shutdown(Shutdown::Both)?)
    }

    /// Holds a frame and what comes after it. A client that asks whether anybody is there is answered: it would hang up otherwise.
    fn hold(&self, first: Vec<u8>, from: &mut TcpStream, to: &mut TcpStream) -> Result<()> {
        self.has_held.store(true, Ordering::SeqCst);
        self.held.fetch_add(1, Ordering::SeqCst);
        let held = self.until_opened(first, from, to);
        self.held.fetch_sub(1, Ordering::SeqCst);
        Ok(to.write_all(&held?)?)
    }

    /// All that came until the gate was opened.
    fn until_opened(&self, first: Vec<u8>, from: &mut TcpStream, to: &mut TcpStream) -> Result<Vec<u8>> {
        let mut held = first;
        from.set_read_timeout(Some(Duration::from_millis(5)))?;
        while !self.is_open.load(Ordering::SeqCst) {
            let mut head = [0; HEAD];
            match from.peek(&mut head) {
                Ok(0) => anyhow::bail!("the client has hung up"),
                Ok(HEAD) => {}
                Ok(_) | Err(_) => continue,
            }
            from.set_read_timeout(None)?;
            let next = frame(from)?;
            from.set_read_timeout(Some(Duration::from_millis(5)))?;
            if kind(&next) == PING {
                to.write_all(&next)?;
            } else {
                held.extend(next);
            }
        }
        from.set_read_timeout(None)?;
        Ok(held)
    }
}
