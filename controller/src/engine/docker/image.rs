//! Images: whether one is there, and how one is had.
//!
//! A pull has no deadline as a whole, because a large image on a slow line takes its time, but one on silence.

use std::collections::BTreeMap;

use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;
use serde::Deserialize;
use skiff_api::PullPolicy;
use skiff_core::{EngineError, Outcome, PullImage};
use tokio::sync::mpsc;

use super::client::Client;
use super::credentials::Credentials;
use super::error::from_bollard;
use super::{deadline, path};
use crate::engine::Progress;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Found {
    id: String,
    os: String,
    architecture: String,
}

async fn find(client: &Client, image: &str) -> Result<Option<Found>, EngineError> {
    let reply = client.get(&format!("/images/{}/json", path::reference(image)?)).await?;
    if reply.status == 404 { Ok(None) } else { reply.read(&format!("inspect image {image}")).map(Some) }
}

/// Whether the engine has an image.
pub(super) async fn exists(client: &Client, image: &str) -> Result<bool, EngineError> {
    find(client, image).await.map(|found| found.is_some())
}

/// The id of an image that has been pulled.
pub(super) async fn id(client: &Client, image: &str) -> Result<String, EngineError> {
    let missing = || EngineError::Image {
        image: image.to_owned(),
        message: format!(
            "the engine does not have it; `docker pull {image}` gets it, or leave imagePullPolicy at IfNotPresent"
        ),
    };
    find(client, image).await?.map(|found| found.id).ok_or_else(missing)
}

/// Gets an image where the policy asks for it, and knows that it is there.
pub(super) async fn ensure(
    client: &Client,
    credentials: &Credentials,
    pull: &PullImage,
    progress: &mpsc::UnboundedSender<Progress>,
) -> Result<Outcome, EngineError> {
    let PullImage { image, platform, policy } = pull;
    let present = match policy {
        PullPolicy::Always => false,
        PullPolicy::IfNotPresent => find(client, image).await?.is_some_and(|found| found.is_of(platform.as_deref())),
        PullPolicy::Never => id(client, image).await.map(|_| true)?,
    };
    if present {
        return Ok(Outcome::Already);
    }
    self::pull(client, credentials, pull, progress).await?;
    id(client, image).await.map(|_| Outcome::Done)
}

impl Found {
    /// Whether it is of a platform, as far as that is said (`linux/arm64/v8`; the variant is not compared).
    fn is_of(&self, platform: Option<&str>) -> bool {
        let Some(platform) = platform else { return true };
        let mut parts = platform.split('/');
        parts.next().is_none_or(|os| os == self.os)
            && parts.next().is_none_or(|architecture| architecture == self.architecture)
    }
}

async fn pull(
    client: &Client,
    credentials: &Credentials,
    PullImage { image, platform, policy: _ }: &PullImage,
    progress: &mpsc::UnboundedSender<Progress>,
) -> Result<(), EngineError> {
    let failed = |message: String| EngineError::Image { image: image.clone(), message };
    let (name, tag) = split(path::reference(image)?);
    let credentials = credentials.of(image).await.map_err(&failed)?;
    let options = CreateImageOptionsBuilder::new().from_image(name).tag(tag);
    let options = platform.iter().fold(options, |options, platform| options.platform(platform)).build();
    let mut events = client.bollard().create_image(Some(options), None, credentials);
    let mut layers = Layers::default();
    loop {
        let next = tokio::time::timeout(deadline::PULL_SILENCE, events.next());
        let silent = || failed(format!("the pull has said nothing for {} s", deadline::PULL_SILENCE.as_secs()));
        match next.await.map_err(|_| silent())? {
            None => return Ok(()),
            Some(Ok(event)) => {
                // Nobody may be watching.
                progress.send(layers.take(image, event)).ok();
            }
            Some(Err(error)) => return Err(pull_error(client, image, error)),
        }
    }
}

fn pull_error(client: &Client, image: &str, error: bollard::errors::Error) -> EngineError {
    let message = match from_bollard(client.endpoint(), "pull", error) {
        EngineError::Unreachable(text) => return EngineError::Unreachable(text),
        EngineError::Failed(text)
        | EngineError::Stale(text)
        | EngineError::Invalid(text)
        | EngineError::UpdateRefused(text) => text,
        error @ (EngineError::NameTaken { .. } | EngineError::Image { .. }) => error.to_string(),
    };
    let denied = ["denied", "unauthorized", "no basic auth"].iter().any(|sign| message.contains(sign));
    let remedy =
        if denied { "; `docker login` to its registry as the user that runs Skiff, and check the name" } else { "" };
    EngineError::Image { image: image.to_owned(), message: format!("{message}{remedy}") }
}

/// The name and the tag to pull. Without either tag or digest the engine would pull every tag there is.
fn split(image: &str) -> (&str, &str) {
    if image.contains('@') {
        return (image, "");
    }
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        Some(_) | None => (image, "latest"),
    }
}

/// How far each layer is.
#[derive(Debug, Default)]
struct Layers(BTreeMap<String, (u64, u64)>);

impl Layers {
    /// Takes one event in and says how far all of it is.
    fn take(&mut self, image: &str, event: CreateImageInfo) -> Progress {
        let status = event.status.unwrap_or_default();
        let downloading = status == "Downloading";
        if let Some(layer) = event.id {
            let count = |number: Option<i64>| u64::try_from(number.unwrap_or_default()).unwrap_or_default();
            let detail = event.progress_detail.filter(|_| downloading);
            if let Some(detail) = detail {
                self.0.insert(layer, (count(detail.current), count(detail.total)));
            } else if matches!(status.as_str(), "Download complete" | "Pull complete")
                && let Some((current, total)) = self.0.get_mut(&layer)
            {
                *current = *total;
            }
        }
        let sum = self.0.values().fold((0, 0), |(a, b), (current, total)| (a + current, b + total));
        Progress { what: format!("{image}: {}", status.to_lowercase()), bytes: (sum.1 > 0).then_some(sum) }
    }
}

#[cfg(test)]
mod tests {
    use bollard::models::ProgressDetail;

    use super::*;

    #[test]
    fn exactly_one_tag_is_pulled() {
        let images = ["nginx", "host:5000/a/b", "host:5000/a/b:1.2", "a@sha256:00"];
        assert_eq!(
            images.map(split),
            [("nginx", "latest"), ("host:5000/a/b", "latest"), ("host:5000/a/b", "1.2"), ("a@sha256:00", "")]
        );
    }

    #[test]
    fn progress_is_the_sum_over_the_layers() {
        let event = |layer: &str, status: &str, detail: Option<(i64, i64)>| CreateImageInfo {
            id: Some(layer.to_owned()),
            status: Some(status.to_owned()),
            progress_detail: detail
                .map(|(current, total)| ProgressDetail { current: Some(current), total: Some(total) }),
            ..CreateImageInfo::default()
        };
        let mut layers = Layers::default();
        assert_eq!(layers.take("a", event("1", "Pulling fs layer", None)).bytes, None);
        layers.take("a", event("1", "Downloading", Some((10, 100))));
        assert_eq!(layers.take("a", event("2", "Downloading", Some((5, 50)))).bytes, Some((15, 150)));
        let last = layers.take("a", event("1", "Download complete", None));
        assert_eq!(last, Progress { what: "a: download complete".to_owned(), bytes: Some((105, 150)) });
    }

    #[test]
    fn an_image_of_another_platform_is_not_the_image() {
        let found = Found { id: String::new(), os: "linux".to_owned(), architecture: "amd64".to_owned() };
        assert!(found.is_of(None) && found.is_of(Some("linux/amd64")) && !found.is_of(Some("linux/arm64/v8")));
    }
}
