//! A socket between a controller and the engine that hears what is asked, and when: who acted can be told from that alone.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::SystemTime;

use anyhow::Result;

/// A request that may change something: when it was heard, and its first line.
type Heard = (SystemTime, String);

/// The socket. It ends with the process of the test.
#[derive(Debug)]
pub struct Ear {
    path: PathBuf,
    receiver: Receiver<Heard>,
    heard: Vec<Heard>,
}

impl Ear {
    /// Listens at a path, before the engine's socket.
    pub fn open(path: &Path, engine: &Path) -> Result<Self> {
        let listener = UnixListener::bind(path)?;
        let (sender, receiver) = channel();
        let engine = engine.to_owned();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // An engine that is away hangs up.
                let Ok(server) = UnixStream::connect(&engine) else { continue };
                let (Ok(from_client), Ok(from_server)) = (client.try_clone(), server.try_clone()) else { continue };
                let sender = sender.clone();
                thread::spawn(move || pass_on(from_client, server, Some(&sender)));
                thread::spawn(move || pass_on(from_server, client, None));
            }
        });
        Ok(Self { path: path.to_owned(), receiver, heard: Vec::new() })
    }

    /// Its address, as `DOCKER_HOST` writes it.
    pub fn host(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// All requests so far that may change something.
    pub fn writes(&mut self) -> &[Heard] {
        self.heard.extend(self.receiver.try_iter());
        &self.heard
    }
}

/// A request comes in a piece of its own, as a client waits for an answer before it asks again.
fn pass_on(mut from: UnixStream, mut to: UnixStream, heard: Option<&Sender<Heard>>) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        let piece = bytes.get(..count).unwrap_or_default();
        let writes = ["POST ", "PUT ", "DELETE "].iter().any(|method| piece.starts_with(method.as_bytes()));
        if let Some(heard) = heard.filter(|_| writes) {
            let line = String::from_utf8_lossy(piece).lines().next().unwrap_or_default().to_owned();
            // The test may have ended.
            heard.send((SystemTime::now(), line)).ok();
        }
        if to.write_all(piece).is_err() {
            break;
        }
    }
    to.shutdown(Shutdown::Write).ok();
}
