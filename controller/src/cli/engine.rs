//! What commands that look at Docker begin with: the connection, and what there is by object.

use std::collections::BTreeMap;

use skiff_api::{Object, ObjectKey};
use skiff_core::{EngineError, Observed};

use super::{CliError, Settings};
use crate::engine::docker::Docker;
use crate::engine::{Engine, Look};
use crate::files::FileStore;
use crate::state::{Folders, State, Surroundings};
use crate::view::{Declared, View, views};

/// The folders of the instance.
pub fn folders(settings: &Settings) -> Folders {
    Folders::of(&settings.instance, settings.state_dir.as_deref(), None, &Surroundings::of_process())
}

/// Where the files of configs and secrets are that containers mount.
pub fn files(settings: &Settings) -> FileStore {
    let Folders { state, run } = folders(settings);
    FileStore { config_root: state.join("files"), secret_root: run.join("secrets") }
}

/// Connects to the engine that the flags name.
///
/// # Errors
/// When nothing answers there.
pub async fn connect(settings: &Settings) -> Result<Docker, EngineError> {
    Docker::connect(settings.host.as_deref(), files(settings)).await
}

/// What the last good manifests declare. Without a state directory nothing is known, which is no error here.
pub fn declared(settings: &Settings) -> BTreeMap<ObjectKey, Declared> {
    let Ok(state) = State::read_only(folders(settings)) else { return BTreeMap::new() };
    let mut declared = BTreeMap::new();
    for source in state.sources() {
        for (key, good) in state.good(source).objects {
            let replicas = match &good.object {
                Object::Deployment(deployment) => Some(deployment.spec.replicas()),
                Object::Network(_)
                | Object::Volume(_)
                | Object::ConfigMap(_)
                | Object::Secret(_)
                | Object::Job(_)
                | Object::CronJob(_) => None,
            };
            let at = Some(format!("{}:{}", good.file.display(), good.line));
            declared.insert(key, Declared { source: source.to_owned(), replicas, at });
        }
    }
    declared
}

/// Looks at everything once.
///
/// # Errors
/// When the engine does not answer.
pub async fn look(engine: &Docker, settings: &Settings, look: Look) -> Result<Observed, EngineError> {
    engine.observe(&settings.instance, look).await
}

/// What there is, by object.
///
/// # Errors
/// When the engine does not answer.
pub async fn objects(engine: &Docker, settings: &Settings) -> Result<Vec<View>, EngineError> {
    Ok(views(&look(engine, settings, Look::Full).await?, &declared(settings)))
}

/// Connects, looks and leaves again.
///
/// # Errors
/// When the engine does not answer.
pub fn objects_now(settings: &Settings) -> Result<Vec<View>, CliError> {
    super::Context::block_on(async { Ok(objects(&connect(settings).await?, settings).await?) })
}
