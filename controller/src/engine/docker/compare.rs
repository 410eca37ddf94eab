//! Asks what is needed to compare a container that somebody else made with what we would make. The verdict is the core's.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;
use skiff_core::{Compared, Comparison, ContainerSpec, ContentStore, EngineError, MountSource, differences};

use super::container::{self, Surroundings};
use super::observe::timestamp;
use super::{Docker, create, path};

/// What a file may hold to be compared: more is no content of a manifest.
const LONGEST: u64 = 1 << 20;

/// How a container compares with what would be made from this.
pub(super) async fn compare(
    docker: &Docker,
    id: &str,
    spec: &ContainerSpec,
    content: &ContentStore,
) -> Result<Comparison, EngineError> {
    let client = &docker.client;
    let reply = client.get(&format!("/containers/{}/json", path::name(id)?)).await?;
    if reply.status == 404 {
        return Err(EngineError::Stale(format!("the container {id} is gone")));
    }
    let container: Value = reply.read(&format!("inspect container {id}"))?;
    let image_id = container.get("Image").and_then(Value::as_str).unwrap_or_default().to_owned();
    // An image may be gone by force: then it is not known what of the container was its own.
    let image = client.get(&format!("/images/{}/json", path::reference(&image_id)?)).await?;
    let image: Value = if image.status == 404 { Value::Null } else { image.read("inspect an image")? };
    let (log_driver, profiles) = (docker.log_driver().await?, create::profiles(spec).await?);
    let around = Surroundings {
        api: client.api(),
        image_id: &image_id,
        image_volumes: &BTreeSet::new(),
        log_driver,
        profiles: &profiles,
        files: &docker.files,
        volumes_from: &spec.volumes_from,
        content,
    };
    let wanted = container::body(spec, &around)?;
    let is_here = client.endpoint().socket().is_some();
    let same_files = if is_here { same_files(spec, content, &container).await? } else { BTreeSet::new() };
    let compared =
        Compared { wanted: &wanted, container: &container, image: &image, same_files: &same_files, log_driver };
    let started_at = container.pointer("/State/StartedAt").and_then(Value::as_str).and_then(timestamp);
    Ok(Comparison { changes: differences(&compared), image_id, started_at })
}

/// The paths at which the container has a file of the host that holds what ours would.
async fn same_files(
    spec: &ContainerSpec,
    content: &ContentStore,
    container: &Value,
) -> Result<BTreeSet<String>, EngineError> {
    let files: Vec<(String, PathBuf, Vec<u8>)> = spec
        .mounts
        .iter()
        .filter_map(|mount| {
            let MountSource::Files(set) = &mount.source else { return None };
            let entry = set.files.iter().find(|entry| Some(&entry.path) == mount.sub_path.as_ref())?;
            let bytes = content.get(&set.object, &entry.key)?.to_vec();
            Some((mount.target.clone(), bound_at(container, &mount.target)?, bytes))
        })
        .collect();
    let holds = |(target, path, bytes): (String, PathBuf, Vec<u8>)| holds(&path, &bytes).then_some(target);
    tokio::task::spawn_blocking(move || files.into_iter().filter_map(holds).collect())
        .await
        .map_err(|error| EngineError::Failed(format!("a task failed: {error}")))
}

/// The path of the host that is bound, read-only or not, at a path of the container.
fn bound_at(container: &Value, target: &str) -> Option<PathBuf> {
    let text = |mount: &Value, field: &str| mount.get(field).and_then(Value::as_str).map(str::to_owned);
    let mounts = container.get("Mounts").and_then(Value::as_array)?;
    let is_it = |mount: &&Value| {
        text(mount, "Destination").as_deref() == Some(target) && text(mount, "Type").as_deref() == Some("bind")
    };
    text(mounts.iter().find(is_it)?, "Source").map(PathBuf::from)
}

fn holds(path: &Path, bytes: &[u8]) -> bool {
    let Ok(file) = std::fs::File::open(path) else { return false };
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return false;
    }
    let mut held = Vec::with_capacity(bytes.len());
    file.take(LONGEST + 1).read_to_end(&mut held).is_ok() && held == bytes
}
