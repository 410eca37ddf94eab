//! What commands that look at Docker begin with: the connection, and what there is by object.

use std::collections::BTreeMap;
use std::sync::Arc;

use skiff_api::{Object, ObjectKey};
use skiff_core::{EngineError, JobReport, Observed, Timestamp, hook_complaints, job_reports};

use super::{CliError, Settings};
use crate::engine::docker::{Docker, FactsFile};
use crate::engine::{Engine, Look};
use crate::files::FileStore;
use crate::lock::Lock;
use crate::probe::{DockerSampler, once};
use crate::session::{Access, remembered};
use crate::state::{Faults, Folders, State, Surroundings, Troubles};
use crate::view::{Declared, View, blame, views};

/// The folders of the instance.
pub fn folders(settings: &Settings) -> Folders {
    Folders::of(&settings.instance, settings.state_dir.as_deref(), None, &Surroundings::of_process())
}

/// Where the files of configs and secrets are that containers mount.
pub fn files(settings: &Settings) -> FileStore {
    let Folders { state, run } = folders(settings);
    FileStore { config_root: state.join("files"), secret_root: run.join("secrets") }
}

/// Connects to the engine that the flags name, to look at it.
///
/// # Errors
/// When nothing answers there.
pub async fn connect(settings: &Settings) -> Result<Docker, EngineError> {
    connect_for(Access::Read, settings).await
}

/// Connects to the engine that the flags name. Whoever acts leaves behind what the engine says of itself, for the next one to know.
///
/// # Errors
/// When nothing answers there.
pub async fn connect_for(access: Access, settings: &Settings) -> Result<Docker, EngineError> {
    let facts = FactsFile { path: folders(settings).run.join("engine.json"), writable: access == Access::Act };
    Docker::connect(settings.host.as_deref(), files(settings), Some(facts)).await
}

/// What the last good manifests declare, and what its jobs have come to.
fn declared(state: &State, mut jobs: BTreeMap<ObjectKey, JobReport>) -> BTreeMap<ObjectKey, Declared> {
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
            let job = jobs.remove(&key);
            declared.insert(key, Declared { source: source.to_owned(), replicas, job, at });
        }
    }
    declared
}

/// What the controller that runs finds wrong; nothing where none runs.
fn troubles(state: &State, settings: &Settings, engine_id: &str) -> Troubles {
    let holder = Lock::holder(&state.folders().run, engine_id, &settings.instance);
    holder.map(|_| state.chronicle().troubles()).unwrap_or_default()
}

/// What is wrong with the manifests that `skiff run` keeps; nothing where it does not run. The rest that acts refuses them.
fn faults(state: &State, settings: &Settings, engine_id: &str) -> Faults {
    let holder = Lock::holder(&state.folders().run, engine_id, &settings.instance);
    let keeps = holder.is_some_and(|holder| holder.command == "skiff run");
    if keeps { state.chronicle().faults() } else { Faults::new() }
}

/// Looks at everything once.
///
/// # Errors
/// When the engine does not answer.
pub async fn look(engine: &Docker, settings: &Settings, look: Look) -> Result<Observed, EngineError> {
    engine.observe(&settings.instance, look).await
}

/// What there is, by object, and what the probes of the last good manifests come to now. Without a state directory nothing is
/// declared, which is no error here.
///
/// # Errors
/// When the engine does not answer.
pub async fn objects(engine: &Docker, settings: &Settings) -> Result<Vec<View>, EngineError> {
    Ok(seen(engine, settings).await?.0)
}

/// As [`objects`], with what is wrong with the manifests.
async fn seen(engine: &Docker, settings: &Settings) -> Result<(Vec<View>, Faults), EngineError> {
    let mut observed = look(engine, settings, Look::Full).await?;
    let Ok(state) = State::read_only(folders(settings)) else {
        return Ok((views(&observed, &BTreeMap::new()), Faults::new()));
    };
    observed.history = Arc::new(state.history());
    let desired = remembered(&state, &observed.history, &settings.instance);
    let now = Timestamp::now();
    observed.probes = once(&DockerSampler::new(engine.commands()), &desired, &observed, now).await;
    let jobs = job_reports(&desired, &observed, now);
    let mut views = views(&observed, &declared(&state, jobs));
    let hooks = hook_complaints(&desired, &observed);
    let troubles = troubles(&state, settings, &observed.engine.id);
    for view in &mut views {
        view.complain(&hooks);
        view.trouble = troubles.get(&view.object).cloned();
    }
    let faults = faults(&state, settings, &observed.engine.id);
    Ok((views, faults))
}

/// Connects, looks and leaves again.
///
/// # Errors
/// When the engine does not answer.
pub fn objects_now(settings: &Settings) -> Result<Vec<View>, CliError> {
    super::Context::block_on(async { Ok(objects(&connect(settings).await?, settings).await?) })
}

/// As [`objects_now`], and what is wrong with the manifests: of each object, and all of it by source.
///
/// # Errors
/// When the engine does not answer.
pub fn blamed_now(settings: &Settings) -> Result<(Vec<View>, Faults), CliError> {
    super::Context::block_on(async {
        let (mut views, faults) = seen(&connect(settings).await?, settings).await?;
        blame(&mut views, &faults);
        Ok((views, faults))
    })
}
