//! Pulls an image through the engine, with the credentials of Docker's configuration, and tells how far it is.
//!
//! A pull has no deadline as a whole, because a large image on a slow line takes its time, but one on silence. The engine fetches
//! only a few layers at a time: a pull whose layers wait for those of another may be silent for as long as the other is not.

use std::collections::BTreeMap;

use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;
use skiff_core::{EngineError, PullImage};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::client::Client;
use super::credentials::Credentials;
use super::error::from_bollard;
use super::{deadline, path};
use crate::engine::Progress;

/// What all pulls of an engine share: the credentials, and when any of them was last heard of.
#[derive(Debug)]
pub(super) struct Puller {
    credentials: Credentials,
    heard: watch::Sender<Instant>,
}

impl Puller {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self { credentials, heard: watch::Sender::new(Instant::now()) }
    }

    pub(super) const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Pulls an image, whether the engine has it or not.
    pub(super) async fn pull(
        &self,
        client: &Client,
        PullImage { image, platform, policy: _ }: &PullImage,
        progress: &mpsc::UnboundedSender<Progress>,
    ) -> Result<(), EngineError> {
        let failed = |message: String| EngineError::Image { image: image.clone(), message };
        let (name, tag) = split(path::reference(image)?);
        let credentials = self.credentials.of(image).await.map_err(&failed)?;
        let options = CreateImageOptionsBuilder::new().from_image(name).tag(tag);
        let options = platform.iter().fold(options, |options, platform| options.platform(platform)).build();
        let mut events = client.bollard().create_image(Some(options), None, credentials);
        let mut layers = Layers::default();
        loop {
            match tokio::time::timeout(deadline::PULL_SILENCE, events.next()).await {
                Ok(None) => return Ok(()),
                Ok(Some(Ok(event))) => {
                    self.heard.send_replace(Instant::now());
                    // Nobody may be watching.
                    progress.send(layers.take(image, event)).ok();
                }
                Ok(Some(Err(error))) => return Err(pull_error(client, image, error)),
                Err(_) if layers.wait_for_others() && self.heard.borrow().elapsed() < deadline::PULL_SILENCE => {}
                Err(_) => {
                    let seconds = deadline::PULL_SILENCE.as_secs();
                    return Err(failed(format!("the pull has said nothing for {seconds} s")));
                }
            }
        }
    }
}

fn pull_error(client: &Client, image: &str, error: bollard::errors::Error) -> EngineError {
    let message = match from_bollard(client.endpoint(), "pull", error) {
        error @ (EngineError::Unreachable(_) | EngineError::NotLeading) => return error,
        EngineError::Failed(text)
        | EngineError::Stale(text)
        | EngineError::Invalid(text)
        | EngineError::UpdateRefused(text) => text,
        error @ (EngineError::NameTaken { .. }
        | EngineError::Image { .. }
        | EngineError::Build { .. }
        | EngineError::Hook(_)) => error.to_string(),
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
struct Layers(BTreeMap<String, Layer>);

#[derive(Debug, Default)]
struct Layer {
    stage: Stage,
    bytes: (u64, u64),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// The engine has not begun with it.
    #[default]
    Waiting,
    /// It is on its way, or is being unpacked.
    Working,
    /// It is here, or waits for those below it.
    Done,
}

impl Stage {
    fn of(status: &str) -> Self {
        match status {
            "Pulling fs layer" | "Waiting" => Self::Waiting,
            "Download complete" | "Pull complete" | "Already exists" => Self::Done,
            _ => Self::Working,
        }
    }
}

impl Layers {
    /// Takes one event in and says how far all of it is.
    fn take(&mut self, image: &str, event: CreateImageInfo) -> Progress {
        let status = event.status.unwrap_or_default();
        let is_tag = status.starts_with("Pulling from");
        if let Some(id) = event.id.filter(|_| !is_tag) {
            let layer = self.0.entry(id).or_default();
            layer.stage = Stage::of(&status);
            let count = |number: Option<i64>| u64::try_from(number.unwrap_or_default()).unwrap_or_default();
            if let Some(detail) = event.progress_detail.filter(|_| status == "Downloading") {
                layer.bytes = (count(detail.current), count(detail.total));
            } else if layer.stage == Stage::Done {
                layer.bytes.0 = layer.bytes.1;
            }
        }
        let sum = self.0.values().map(|layer| layer.bytes).fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
        Progress { what: format!("{image}: {}", status.to_lowercase()), bytes: (sum.1 > 0).then_some(sum) }
    }

    /// Whether the engine works on none of the layers, because it is busy with those of others.
    fn wait_for_others(&self) -> bool {
        let is_at = |stage| self.0.values().any(|layer| layer.stage == stage);
        is_at(Stage::Waiting) && !is_at(Stage::Working)
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
    fn a_pull_waits_for_others_while_the_engine_works_on_none_of_its_layers() {
        let event = |layer: &str, status: &str| CreateImageInfo {
            id: Some(layer.to_owned()),
            status: Some(status.to_owned()),
            ..CreateImageInfo::default()
        };
        let mut layers = Layers::default();
        assert!(!layers.wait_for_others(), "a registry that has not answered is no other pull");
        layers.take("a", event("1.2", "Pulling from shop/a"));
        assert!(!layers.wait_for_others(), "nor one that has named no layer");
        layers.take("a", event("1", "Pulling fs layer"));
        layers.take("a", event("2", "Waiting"));
        assert!(layers.wait_for_others());
        layers.take("a", event("1", "Downloading"));
        assert!(!layers.wait_for_others());
        layers.take("a", event("1", "Download complete"));
        assert!(layers.wait_for_others(), "the second one waits still");
        layers.take("a", event("2", "Extracting"));
        assert!(!layers.wait_for_others());
    }
}
