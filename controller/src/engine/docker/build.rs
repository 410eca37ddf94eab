//! Builds an image with the engine's classic builder, which every engine has: the context is sent as an archive, and what is said of
//! each step is told on.
//!
//! What is sent is digested on its way. Where it is no longer what the image is named by, the archive is not ended, so that nothing
//! is built under a name that means something else.

use std::collections::HashMap;
use std::io::{self, Write};

use bollard::auth::DockerCredentials;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt;
use hyper::Method;
use skiff_api::{ImageName, naming};
use skiff_core::{BuildImage, EngineError, Outcome};
use tokio::sync::mpsc;

use super::client::Client;
use super::credentials::Credentials;
use super::error::{Reply, unreachable};
use super::{deadline, image, path};
use crate::context::{self, Archive, Context, ContextError, ContextLimits};
use crate::engine::Progress;

mod answer;
mod request;
mod said;
#[cfg(test)]
mod tests;

use answer::Answer;
use said::Said;

/// How much of an archive is sent at once, and how many such pieces wait for the engine.
const PIECE: usize = 64 << 10;
const PIECES: usize = 8;

/// Builds an image, unless the engine has it; then it gets the names that it lacks.
pub(super) async fn build(
    client: &Client,
    credentials: &Credentials,
    build: &BuildImage,
    progress: &mpsc::UnboundedSender<Progress>,
) -> Result<Outcome, EngineError> {
    if image::exists(client, &build.image).await? {
        return tag(client, build).await;
    }
    let failed = |message: String| EngineError::Build { image: build.image.clone(), message };
    let logins = logins(credentials, build).await;
    let (pieces, mut arriving) = mpsc::channel(PIECES);
    let wanted = build.clone();
    let sending = tokio::task::spawn_blocking(move || send(&wanted, pieces));
    let archive = stream::poll_fn(move |context| arriving.poll_recv(context));
    let request = request::request(client, build, &logins, archive)?;
    let mut said = Said::default();
    let ended = match client.open_within(request, deadline::BUILD_SILENCE).await {
        Ok(response) => follow(client, build, response, &mut said, progress).await,
        Err(error) => Err(error),
    };
    // The archive may have been broken off, which is then the reason of all else.
    if let (Err(_), Ok(Err(ContextError { message, help }))) = (&ended, sending.await) {
        return Err(failed(format!("{message}; {help}")));
    }
    if let Some(error) = ended? {
        return Err(failed(said.failure(&error)));
    }
    let is_there = image::exists(client, &build.image).await?;
    if is_there { Ok(Outcome::Done) } else { Err(failed("the engine has ended the build without an image".to_owned())) }
}

/// Tells what the engine says to its end; how the build failed, if it did.
async fn follow(
    client: &Client,
    build: &BuildImage,
    response: hyper::Response<hyper::body::Incoming>,
    said: &mut Said,
    progress: &mpsc::UnboundedSender<Progress>,
) -> Result<Option<String>, EngineError> {
    let status = response.status();
    let lost = |error: hyper::Error| unreachable(client.endpoint(), &error);
    if !status.is_success() {
        let bytes = response.into_body().collect().await.map_err(lost)?.to_bytes();
        return Ok(Some(Reply { status: status.as_u16(), bytes }.message()));
    }
    let mut answer = Answer::new(response.into_body());
    loop {
        let Ok(next) = tokio::time::timeout(deadline::BUILD_SILENCE, answer.next()).await else {
            let minutes = deadline::BUILD_SILENCE.as_secs() / 60;
            return Ok(Some(format!("the build has said nothing for {minutes} min")));
        };
        match next.transpose().map_err(lost)?.map(answer::Piece::said) {
            None => return Ok(None),
            Some(Err(error)) => return Ok(Some(error)),
            Some(Ok(text)) => {
                if let Some(line) = text.and_then(|text| said.take(&text).map(str::to_owned)) {
                    // Nobody may be watching.
                    progress.send(Progress { what: format!("{}: {line}", build.image), bytes: None }).ok();
                }
            }
        }
    }
}

/// The credentials of the registries that the bases come from.
async fn logins(credentials: &Credentials, build: &BuildImage) -> HashMap<String, DockerCredentials> {
    let text = if let Some(text) = &build.build.dockerfile_inline {
        text.clone()
    } else {
        let file = context::folder(build).join(build.build.dockerfile());
        tokio::fs::read_to_string(file).await.unwrap_or_default()
    };
    let mut logins = HashMap::new();
    for base in bases(&text) {
        // Those of a base that is here need not be right: the engine says which one it lacks.
        if let Ok(Some(login)) = credentials.of(&base).await {
            logins.insert(login.serveraddress.clone().unwrap_or_default(), login);
        }
    }
    logins
}

/// Gives an image that is there the further names that it is to have.
async fn tag(client: &Client, build: &BuildImage) -> Result<Outcome, EngineError> {
    let wanted = image::id(client, &build.image).await?;
    for name in &build.build.tags {
        if image::find_id(client, name).await?.as_ref() == Some(&wanted) {
            continue;
        }
        let named = ImageName::of(name);
        let (repository, label) = (named.repository(), named.tag.as_deref().unwrap_or("latest"));
        let query = path::query(&[("repo", &repository), ("tag", label)]);
        let path = format!("/images/{}/tag{query}", path::reference(&build.image)?);
        client.call(Method::POST, &path, None, deadline::WRITE).await?.done(&format!("tag {name}"))?;
    }
    Ok(Outcome::Already)
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
