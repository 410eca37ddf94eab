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
        if !is_named(client, name, id).await? {
            continue;
        }
        let reply = client.delete(&format!("/images/{}", path::reference(name)?)).await?;
        match reply.status {
            // Gone meanwhile, or in use meanwhile.
            404 | 409 => {}
            _ => match reply.done(&format!("remove image {name}")) {
                Ok(()) => outcome = Outcome::Done,
                // Some engines call it an error of theirs when somebody else has just removed it.
                Err(error) if is_named(client, name, id).await? => return Err(error),
                Err(_) => {}
            },
        }
    }
    Ok(outcome)
}

/// Whether an image of this id has a name.
async fn is_named(client: &Client, name: &str, id: &str) -> Result<bool, EngineError> {
    Ok(find(client, name).await?.is_some_and(|found| found.id == id))
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
    use std::path::Path;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixListener;

    use super::*;
    use crate::mandate::Mandate;

    /// An engine that has one image, which `goes` or not as somebody removes it, and fails of that either way.
    async fn failing_engine(folder: &Path, goes: bool) -> Client {
        let path = folder.join("engine.sock");
        let listener = UnixListener::bind(&path).expect("a socket");
        tokio::spawn(async move {
            let mut is_there = true;
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 4096];
                let read = stream.read(&mut request).await.unwrap_or(0);
                request.truncate(read);
                let request = String::from_utf8_lossy(&request).into_owned();
                let (status, body) = match request.split_whitespace().next() {
                    Some("DELETE") => {
                        is_there = !goes;
                        (500, r#"{"message":"unrecognized image ID sha256:1e"}"#)
                    }
                    _ if request.contains("_ping") => (200, "OK"),
                    _ if is_there => (200, r#"{"Id":"sha256:1e"}"#),
                    _ => (404, r#"{"message":"no such image"}"#),
                };
                let length = body.len();
                let head = "Api-Version: 1.41\r\nContent-Type: application/json\r\nConnection: close";
                let reply = format!("HTTP/1.1 {status} -\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}");
                stream.write_all(reply.as_bytes()).await.ok();
            }
        });
        Client::connect(Some(&format!("unix://{}", path.display())), Mandate::for_good()).await.expect("it answers")
    }

    #[tokio::test]
    async fn an_image_that_is_gone_is_removed_whatever_the_engine_says_of_it() {
        let removed = RemoveImage { id: "sha256:1e".to_owned(), names: vec!["app:1".to_owned()] };
        let folder = tempfile::tempdir().expect("a folder");
        let engine = failing_engine(folder.path(), true).await;
        assert_eq!(remove(&engine, &removed).await, Ok(Outcome::Already));
        let folder = tempfile::tempdir().expect("a folder");
        let engine = failing_engine(folder.path(), false).await;
        assert!(remove(&engine, &removed).await.is_err(), "it is there");
    }

    #[test]
    fn an_image_of_another_platform_is_not_the_image() {
        let found = Found { id: String::new(), os: "linux".to_owned(), architecture: "amd64".to_owned(), config: None };
        assert!(found.is_of(None) && found.is_of(Some("linux/amd64")) && !found.is_of(Some("linux/arm64/v8")));
    }
}
