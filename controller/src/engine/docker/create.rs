//! Makes a container. Its name is the key that makes this harmless to repeat: who holds the name already decides what it means.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use skiff_api::mounts_from;
use skiff_core::{ContainerSpec, ContentStore, CreateContainer, EngineError, MountSource, Outcome};

use super::Docker;
use super::client::Client;
use super::container::{self, Surroundings};
use super::image;
use super::network::short;
use super::observe::{Inspected, inspect, owner};
use super::{path, volume};

/// Makes a container without starting it.
pub(super) async fn create(
    docker: &Docker,
    create: &CreateContainer,
    content: &ContentStore,
) -> Result<Outcome, EngineError> {
    let CreateContainer { name, spec } = create;
    let client = &docker.client;
    let pod = &spec.template.pod.container;
    let (image, log_driver, profiles, volumes, volumes_from) = tokio::join!(
        image::to_run(client, &spec.image),
        docker.log_driver(),
        profiles(spec),
        volumes_that_must_be_there(client, spec),
        volumes_from(client, spec)
    );
    let (image, log_driver, profiles, (), volumes_from) = (image?, log_driver?, profiles?, volumes?, volumes_from?);
    let around = Surroundings {
        api: client.api(),
        image_id: &image.id,
        image_volumes: &image.volumes,
        log_driver,
        profiles: &profiles,
        files: &docker.files,
        volumes_from: &volumes_from,
        content,
    };
    let body = container::body(spec, &around)?;
    let mut query = vec![("name", path::name(name)?)];
    query.extend(pod.platform.as_deref().map(|platform| ("platform", platform)));
    let reply = client.post(&format!("/containers/create{}", path::query(&query)), Some(&body)).await?;
    match reply.status {
        409 => holder(client, create, &reply.message()).await,
        404 => Err(missing(&spec.image.reference, name, &reply.message())),
        _ => Ok(reply.read::<Made>(&format!("create container {name}"))?.outcome()),
    }
}

/// The engine makes every volume that a new container mounts and that is not there, an external one too.
async fn volumes_that_must_be_there(client: &Client, spec: &ContainerSpec) -> Result<(), EngineError> {
    for mount in &spec.mounts {
        if let MountSource::Volume { name, definition: None, .. } = &mount.source {
            volume::must_be_there(client, name).await?;
        }
    }
    Ok(())
}

/// Whose mounts it gets, by their ids: the engine keeps the word that it is told, and another container may have the name later.
async fn volumes_from(client: &Client, spec: &ContainerSpec) -> Result<Vec<String>, EngineError> {
    let mut found = Vec::new();
    for item in &spec.volumes_from {
        let (container, mode) = mounts_from(item);
        let Some(Inspected { id, .. }) = inspect(client, container).await? else {
            return Err(EngineError::Stale(format!("there is no container {container} whose mounts could be used")));
        };
        found.push(mode.map_or_else(|| id.clone(), |mode| format!("{id}:{mode}")));
    }
    Ok(found)
}

/// The engine answers 404 for a missing image, and for a container of `volumesFrom` or a namespace.
fn missing(image: &str, name: &str, said: &str) -> EngineError {
    if said.to_lowercase().contains("no such image") {
        return EngineError::Image {
            image: image.to_owned(),
            message: format!("{said}; it has been removed since it was pulled"),
        };
    }
    EngineError::Stale(format!("create container {name}: {said}"))
}

/// What it means that somebody has the name.
async fn holder(client: &Client, create: &CreateContainer, said: &str) -> Result<Outcome, EngineError> {
    let Some(holder) = inspect(client, &create.name).await? else {
        return Err(EngineError::Stale(format!("create container {}: {said}", create.name)));
    };
    judge(create, &holder)
}

fn judge(create: &CreateContainer, holder: &Inspected) -> Result<Outcome, EngineError> {
    let wanted = &create.spec.owner;
    match owner(holder.config.labels.as_ref(), &wanted.instance).labels() {
        Some(has) if has.object == wanted.object && has.component == wanted.component => {
            let same = has.ordinal == wanted.ordinal
                && has.run == wanted.run
                && has.template_hash == wanted.template_hash
                && has.content == wanted.content;
            if same {
                Ok(Outcome::Already)
            } else {
                Err(EngineError::Stale(format!("{} is another container by now", create.name)))
            }
        }
        Some(has) => {
            Err(EngineError::NameTaken { name: create.name.clone(), by: format!("a container of {}", has.object) })
        }
        None => Err(EngineError::NameTaken { name: create.name.clone(), by: describe(holder) }),
    }
}

/// A container that is not ours, so that a person finds it.
pub(super) fn describe(holder: &Inspected) -> String {
    let labels = holder.config.labels.as_ref();
    let of = match labels.and_then(super::observe::instance_of) {
        Some(instance) => format!("the instance `{instance}` of Skiff"),
        None => "somebody else".to_owned(),
    };
    format!("a container of {of} (id {}, image {})", short(&holder.id), holder.config.image)
}

/// The text of each seccomp profile that is a file of the host.
pub(super) async fn profiles(spec: &ContainerSpec) -> Result<BTreeMap<String, String>, EngineError> {
    let mut profiles = BTreeMap::new();
    for path in spec.template.pod.container.security_context.seccomp_files() {
        let file: PathBuf = Path::new(&spec.template.base).join(path).components().collect();
        let text = tokio::fs::read_to_string(&file).await.map_err(|error| {
            EngineError::Invalid(format!("the seccomp profile {} cannot be read: {error}", file.display()))
        })?;
        profiles.insert(path.to_owned(), text);
    }
    Ok(profiles)
}

/// The warnings of an answer that something was made.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Made {
    warnings: Option<Vec<String>>,
    warning: Option<String>,
}

impl Made {
    /// The outcome with its warnings.
    pub(super) fn outcome(&self) -> Outcome {
        let all = self.warnings.iter().flatten().chain(&self.warning).map(|warning| warning.trim().to_owned());
        let warnings: Vec<String> = all.filter(|warning| !warning.is_empty()).collect();
        if warnings.is_empty() { Outcome::Done } else { Outcome::Warned { warnings } }
    }
}
