//! Images: which there are, and whether one has to be had.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use skiff_api::PullPolicy;
use skiff_core::{EngineError, FromImage, Images, ObservedImage, Outcome, PullImage, RemoveImage};
use tokio::sync::mpsc;

use super::client::Client;
use super::path;
use super::pull::Puller;
use crate::engine::Progress;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Found {
    id: String,
    os: String,
    architecture: String,
    config: Option<Config>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Config {
    volumes: Option<BTreeMap<String, Value>>,
}

/// An image that a container is made from.
#[derive(Debug)]
pub(super) struct ToRun {
    /// Its id.
    pub(super) id: String,
    /// The paths at which it asks for volumes.
    pub(super) volumes: BTreeSet<String>,
}

async fn find(client: &Client, image: &str) -> Result<Option<Found>, EngineError> {
    let reply = client.get(&format!("/images/{}/json", path::reference(image)?)).await?;
    if reply.status == 404 { Ok(None) } else { reply.read(&format!("inspect image {image}")).map(Some) }
}

/// Whether the engine has an image.
pub(super) async fn exists(client: &Client, image: &str) -> Result<bool, EngineError> {
    find(client, image).await.map(|found| found.is_some())
}

/// The id of an image, where the engine has it.
pub(super) async fn find_id(client: &Client, image: &str) -> Result<Option<String>, EngineError> {
    find(client, image).await.map(|found| found.map(|found| found.id))
}

/// An image that has been pulled.
async fn pulled(client: &Client, image: &str) -> Result<Found, EngineError> {
    let missing = || EngineError::Image {
        image: image.to_owned(),
        message: format!(
            "the engine does not have it; `docker pull {image}` gets it, or leave imagePullPolicy at IfNotPresent"
        ),
    };
    find(client, image).await?.ok_or_else(missing)
}

/// The id of an image that has been pulled.
pub(super) async fn id(client: &Client, image: &str) -> Result<String, EngineError> {
    pulled(client, image).await.map(|found| found.id)
}

/// The image that a container is to be made from.
pub(super) async fn to_run(client: &Client, from: &FromImage) -> Result<ToRun, EngineError> {
    let Found { id: found, config, .. } = pulled(client, &from.reference).await?;
    match &from.id {
        Some(id) if *id != found => {
            Err(EngineError::Stale(format!("{} is another image by now than {id}", from.reference)))
        }
        Some(_) | None => {
            let volumes = config.and_then(|config| config.volumes).unwrap_or_default();
            Ok(ToRun { id: found, volumes: volumes.into_keys().collect() })
        }
    }
}

/// Every image that has a name: layers in between have none.
pub(super) async fn list(client: &Client) -> Result<Images, EngineError> {
    let rows: Vec<Row> = client.get("/images/json").await?.read("list images")?;
    Ok(Images::new(rows.into_iter().map(Row::observed)))
}

/// An image in the list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Row {
    id: String,
    repo_tags: Option<Vec<String>>,
    repo_digests: Option<Vec<String>>,
}

impl Row {
    fn observed(self) -> ObservedImage {
        // Older engines write what an image lacks as `<none>`.
        let named = |names: Option<Vec<String>>| names.into_iter().flatten().filter(|name| !name.contains("<none>"));
        ObservedImage {
            id: self.id,
            tags: named(self.repo_tags).collect(),
            digests: named(self.repo_digests).collect(),
        }
    }
}

/// Takes the names from an image; with the last one it goes. Never by force: what a container uses, the engine keeps.
pub(super) async fn remove(client: &Client, removed: &RemoveImage) -> Result<Outcome, EngineError> {
    let RemoveImage { id, names } = removed;
    let mut outcome = Outcome::Already;
    let unnamed = names.is_empty().then_some(id);
    for name in names.iter().chain(unnamed) {
        if find(client, name).await?.is_none_or(|found| found.id != *id) {
            continue;
        }
        let reply = client.delete(&format!("/images/{}", path::reference(name)?)).await?;
        match reply.status {
            // Gone meanwhile, or in use meanwhile.
            404 | 409 => {}
            _ => {
                reply.done(&format!("remove image {name}"))?;
                outcome = Outcome::Done;
            }
        }
    }
    Ok(outcome)
}

/// Gets an image where the policy asks for it, and knows that it is there.
pub(super) async fn ensure(
    client: &Client,
    puller: &Puller,
    pull: &PullImage,
    progress: &mpsc::UnboundedSender<Progress>,
) -> Result<Outcome, EngineError> {
    let PullImage { image, platform, policy } = pull;
    if *policy == PullPolicy::Never {
        return id(client, image).await.map(|_| Outcome::Already);
    }
    let before = find(client, image).await?.filter(|found| found.is_of(platform.as_deref()));
    if before.is_some() && *policy == PullPolicy::IfNotPresent {
        return Ok(Outcome::Already);
    }
    puller.pull(client, pull, progress).await?;
    let after = id(client, image).await?;
    Ok(if before.is_some_and(|before| before.id == after) { Outcome::Already } else { Outcome::Done })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_of_another_platform_is_not_the_image() {
        let found = Found { id: String::new(), os: "linux".to_owned(), architecture: "amd64".to_owned(), config: None };
        assert!(found.is_of(None) && found.is_of(Some("linux/amd64")) && !found.is_of(Some("linux/arm64/v8")));
    }
}
