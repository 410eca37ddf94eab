//! Builds an image with the engine's classic builder, which every engine has: the context is sent as an archive, and what is said of
//! each step is told on.
//!
//! What is sent is digested on its way. Where it is no longer what the image is named by, the archive is not ended, so that nothing
//! is built under a name that means something else.

use std::collections::HashMap;
use std::io::{self, Write};

use bollard::models::BuildInfo;
use bollard::query_parameters::{BuildImageOptions, BuildImageOptionsBuilder};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use skiff_api::{ImageName, naming};
use skiff_core::{BuildImage, EngineError, Outcome};
use tokio::sync::mpsc;

use super::client::Client;
use super::credentials::Credentials;
use super::deadline;
use super::error::from_bollard;
use super::image;
use crate::context::{self, Archive, Context, ContextError, ContextLimits};
use crate::engine::Progress;

mod said;
#[cfg(test)]
mod tests;

use said::Said;

/// How much of an archive is sent at once, and how many such pieces wait for the engine.
const PIECE: usize = 64 << 10;
const PIECES: usize = 8;

/// Builds an image, unless the engine has it.
pub(super) async fn build(
    client: &Client,
    credentials: &Credentials,
    build: &BuildImage,
    progress: &mpsc::UnboundedSender<Progress>,
) -> Result<Outcome, EngineError> {
    if image::exists(client, &build.image).await? {
        return Ok(Outcome::Already);
    }
    let failed = |message: String| EngineError::Build { image: build.image.clone(), message };
    let dockerfile = context::folder(build).join(build.build.dockerfile());
    let bases = bases(&tokio::fs::read_to_string(dockerfile).await.unwrap_or_default());
    let mut logins = HashMap::new();
    for base in bases {
        // Those of a base that is here need not be right: the engine says which one it lacks.
        if let Ok(Some(login)) = credentials.of(&base).await {
            logins.insert(login.serveraddress.clone().unwrap_or_default(), login);
        }
    }
    let (pieces, mut arriving) = mpsc::channel(PIECES);
    let wanted = build.clone();
    let sending = tokio::task::spawn_blocking(move || send(&wanted, pieces));
    let body = bollard::body_try_stream(stream::poll_fn(move |context| arriving.poll_recv(context)));
    let mut events = client.bollard().build_image(options(build), Some(logins), Some(body));
    let mut said = Said::default();
    loop {
        match tokio::time::timeout(deadline::BUILD_SILENCE, events.next()).await {
            Ok(None) => break,
            Ok(Some(Ok(BuildInfo { stream, status, error_detail: _, .. }))) => {
                if let Some(line) = stream.or(status).and_then(|text| said.take(&text)) {
                    // Nobody may be watching.
                    progress.send(Progress { what: format!("{}: {line}", build.image), bytes: None }).ok();
                }
            }
            Ok(Some(Err(error))) => {
                // The archive may have been broken off here.
                drop(events);
                if let Ok(Err(ContextError { message, help })) = sending.await {
                    return Err(failed(format!("{message}; {help}")));
                }
                if let bollard::errors::Error::DockerStreamError { error } = error {
                    return Err(failed(said.failure(&error)));
                }
                let error = from_bollard(client.endpoint(), "build", error);
                let is_unreachable = matches!(error, EngineError::Unreachable(_));
                return Err(if is_unreachable { error } else { failed(said.failure(&error.to_string())) });
            }
            Err(_) => {
                let minutes = deadline::BUILD_SILENCE.as_secs() / 60;
                return Err(failed(format!("the build has said nothing for {minutes} min")));
            }
        }
    }
    let is_there = image::exists(client, &build.image).await?;
    if is_there { Ok(Outcome::Done) } else { Err(failed("the engine has ended the build without an image".to_owned())) }
}

fn options(build: &BuildImage) -> BuildImageOptions {
    let BuildImage { image, base: _, build, platform } = build;
    let args: HashMap<String, String> = build.args.clone().into_iter().collect();
    let options = BuildImageOptionsBuilder::new().t(image).dockerfile(build.dockerfile()).buildargs(&args);
    let options = build.target.iter().fold(options, |options, target| options.target(target));
    let options = platform.iter().fold(options, |options, platform| options.platform(platform));
    options.rm(true).forcerm(true).build()
}

/// The images that a Dockerfile begins with, as far as they are written out.
fn bases(dockerfile: &str) -> Vec<String> {
    let from = |line: &str| {
        let mut words = line.split_whitespace();
        words.next().filter(|word| word.eq_ignore_ascii_case("FROM"))?;
        words.find(|word| !word.starts_with("--")).filter(|image| !image.contains('$')).map(str::to_owned)
    };
    dockerfile.lines().filter_map(from).collect()
}

/// Sends the archive of a context, and ends it if it is what the image is named by.
fn send(build: &BuildImage, pieces: mpsc::Sender<io::Result<Bytes>>) -> Result<(), ContextError> {
    let sent = try_send(build, &pieces);
    if pieces.is_closed() {
        // The engine has read enough, and says why.
        return Ok(());
    }
    if sent.is_err() {
        // It may have just stopped reading.
        pieces.blocking_send(Err(io::Error::other("the build context cannot be sent"))).ok();
    }
    sent
}

fn try_send(build: &BuildImage, pieces: &mpsc::Sender<io::Result<Bytes>>) -> Result<(), ContextError> {
    let context = Context::read(build, &ContextLimits::default())?;
    let mut archive = Archive::write(&context, build, Pieces { to: Some(pieces), piece: Vec::new() })?;
    let tag = naming::build_tag(&archive.digest());
    if ImageName::of(&build.image).tag.as_ref() != Some(&tag) {
        archive.writer().to = None;
        return Err(changed(&build.build.context));
    }
    // Whoever reads no more has said why.
    archive.end().and_then(|mut pieces| pieces.flush()).ok();
    Ok(())
}

fn changed(context: &str) -> ContextError {
    ContextError {
        message: format!("the context {context} is no longer what the image is named by, and the image is not here"),
        help: "what the manifests mean now is built once they have been read again".to_owned(),
    }
}

/// Writes into a channel, piece by piece; after it was closed, nowhere.
struct Pieces<'a> {
    to: Option<&'a mpsc::Sender<io::Result<Bytes>>>,
    piece: Vec<u8>,
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        let piece = Bytes::from(std::mem::take(&mut self.piece));
        self.to.ok_or_else(gone)?.blocking_send(Ok(piece)).map_err(|_| gone())
    }
}
