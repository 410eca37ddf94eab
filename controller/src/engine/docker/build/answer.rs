//! What the engine says while it builds: one piece of JSON after the other.

use bytes::BytesMut;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::Deserialize;

/// A piece of it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Piece {
    stream: Option<String>,
    status: Option<String>,
    error: Option<String>,
}

impl Piece {
    /// What it says, or how the build failed.
    pub(super) fn said(self) -> Result<Option<String>, String> {
        self.error.map_or_else(|| Ok(self.stream.or(self.status)), Err)
    }
}

/// The answer as it comes in.
#[derive(Debug)]
pub(super) struct Answer {
    body: Incoming,
    text: BytesMut,
}

impl Answer {
    pub(super) fn new(body: Incoming) -> Self {
        Self { body, text: BytesMut::new() }
    }

    /// The next piece; nothing at the end. What cannot be read says nothing.
    pub(super) async fn next(&mut self) -> Option<Result<Piece, hyper::Error>> {
        loop {
            if let Some(end) = self.text.iter().position(|byte| *byte == b'\n') {
                let line = self.text.split_to(end + 1);
                return Some(Ok(serde_json::from_slice(&line).unwrap_or_default()));
            }
            match self.body.frame().await? {
                Ok(frame) => self.text.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
