//! What commands that look at Docker begin with: the connection, and what there is by object.

use std::collections::BTreeMap;

use skiff_api::{Object, ObjectKey};
use skiff_core::{
    Condition, Counts, Desired, EngineError, History, JobReport, Observed, Timestamp, deployment_conditions, effective,
    hook_complaints, job_conditions, job_reports, notice_crashes, settling_complaints, told_checks,
};
use skiff_remote::git::Commit;

use super::{CliError, Settings};
use crate::controller::Target;
use crate::engine::docker::{Docker, FactsFile};
use crate::engine::{Engine, Look};
use crate::files::FileStore;
use crate::lock::Lock;
use crate::mandate::Mandate;
use crate::session::{Access, Onlooker, remembered};
use crate::state::{Faults, Folders, Leader, State, Surroundings, Troubles, adopted};
use crate::view::{Body, Declared, View, blame, views};

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
    connect_under(Access::Read, settings, Mandate::for_good()).await
}

/// Connects to the engine that the flags name, to act while there is leave to. Whoever acts leaves behind what the engine says of itself, for the next one to know.
///
/// # Errors
/// When nothing answers there.
pub async fn connect_under(access: Access, settings: &Settings, mandate: Mandate) -> Result<Docker, EngineError> {
    let folders = folders(settings);
    let facts = FactsFile { path: folders.run.join("engine.json"), writable: access == Access::Act };
    let docker = Docker::connect_under(settings.host.as_deref(), files(settings), Some(facts), mandate).await?;
    docker.adopt(adopted(&folders));
    Ok(docker)
}

/// What the last good manifests declare, and what its jobs have come to.
fn declared(state: &State, mut jobs: BTreeMap<ObjectKey, JobReport>) -> BTreeMap<ObjectKey, Declared> {
    let mut declared = BTreeMap::new();
    for source in state.sources() {
        for (key, good) in state.good(source).objects {
            let deployment = match &good.object {
                Object::Deployment(deployment) => Some(deployment),
                Object::Network(_)
                | Object::Volume(_)
                | Object::ConfigMap(_)
                | Object::Secret(_)
                | Object::Job(_)
                | Object::CronJob(_) => None,
            };
            let replicas = deployment.map(|deployment| deployment.spec.replicas());
            let restart_policy =
                deployment.map(|deployment| deployment.spec.template.restart_policy.unwrap_or_default());
            let at = Some(format!("{}:{}", good.file.display(), good.line));
            let job = jobs.remove(&key);
            declared.insert(key, Declared { source: source.to_owned(), replicas, restart_policy, job, at });
        }
    }
    declared
}

/// The conditions of a deployment that was worked on, or of a job.
fn conditions(view: &View, desired: &Desired, history: &History) -> Vec<Condition> {
    let Body::Workload(workload) = &view.body else { return Vec::new() };
    if let Some(job) = &workload.job {
        return job_conditions(job);
    }
    let (known, declared) = (history.objects.get(&view.object), desired.workloads.get(&view.object));
    let ready = u32::try_from(workload.ready()).unwrap_or(u32::MAX);
    let max_unavailable = declared.map_or(0, |declared| declared.rollout.max_unavailable);
    let counts = Counts { ready, wanted: workload.wanted, max_unavailable };
    deployment_conditions(known, declared.is_some_and(|declared| declared.rollout.paused), counts)
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
    objects_seen_by(&mut Onlooker::once(), engine, settings).await
}

/// As [`objects`], for one that looks again and again.
///
/// # Errors
/// When the engine does not answer.
pub async fn objects_seen_by(
    onlooker: &mut Onlooker,
    engine: &Docker,
    settings: &Settings,
) -> Result<Vec<View>, EngineError> {
    Ok(seen(onlooker, engine, settings).await?.0)
}

/// As [`objects_seen_by`], with what is wrong with the manifests.
async fn seen(
    onlooker: &mut Onlooker,
    engine: &Docker,
    settings: &Settings,
) -> Result<(Vec<View>, Faults), EngineError> {
    let mut observed = look(engine, settings, Look::Full).await?;
    let Ok(state) = State::read_only(folders(settings)) else {
        return Ok((views(&observed, &BTreeMap::new()), Faults::new()));
    };
    observed.history = state.history();
    let target = remembered(&state, &observed.history, &settings.instance);
    let now = Timestamp::now();
    observed.hear_health(&target.content);
    let mut crashes = observed.history.crashes.clone();
    notice_crashes(&mut crashes, &effective(&target.desired, &observed.history), &observed, now);
    observed.crashes = crashes;
    observed.probes = onlooker.verdicts(engine, &state, (&target, &settings.instance), &observed, now).await;
    let Target { desired, content: _ } = target;
    let jobs = job_reports(&desired, &observed, now);
    let mut views = views(&observed, &declared(&state, jobs));
    let complaints = [hook_complaints(&desired, &observed), settling_complaints(&observed, now)];
    let troubles = troubles(&state, settings, &observed.engine.id);
    for view in &mut views {
        for complaints in &complaints {
            view.complain(complaints);
        }
        view.trouble = troubles.get(&view.object).cloned();
        let declared = desired.workloads.get(&view.object);
        view.checks = declared.map_or_else(Vec::new, |declared| told_checks(&declared.template.pod.container));
        view.conditions = conditions(view, &desired, &observed.history);
    }
    let faults = faults(&state, settings, &observed.engine.id);
    Ok((views, faults))
}

/// Who leads, where controllers of this host are elected; nothing where none is.
pub fn leader(settings: &Settings, engine_id: &str) -> Option<Leader> {
    let folders = folders(settings);
    let is_elected = Lock::has_candidates(&folders.run, engine_id);
    is_elected.then(|| State::read_only(folders).ok()?.chronicle().leader()).flatten()
}

/// Connects, and asks who leads.
pub fn leader_now(settings: &Settings) -> Option<Leader> {
    let found = super::Context::block_on(async {
        let docker = connect(settings).await?;
        Ok(leader(settings, docker.id().await?))
    });
    found.ok().flatten()
}

/// The commit that is in force of each repository, by source.
pub fn commits(settings: &Settings) -> Vec<(String, Commit)> {
    let Ok(state) = State::read_only(folders(settings)) else { return Vec::new() };
    let meant = state.sources().filter(|source| settings.source.as_ref().is_none_or(|meant| meant == source));
    meant.filter_map(|source| Some((source.to_owned(), state.good(source).commit?))).collect()
}

/// The revision that is in force of each source in etcd.
pub fn revisions(settings: &Settings) -> Vec<(String, String)> {
    let Ok(state) = State::read_only(folders(settings)) else { return Vec::new() };
    let meant = state.sources().filter(|source| settings.source.as_ref().is_none_or(|meant| meant == source));
    meant.filter_map(|source| Some((source.to_owned(), state.good(source).revision?))).collect()
}

/// Connects, looks and leaves again.
///
/// # Errors
/// When the engine does not answer.
pub fn objects_now(settings: &Settings) -> Result<Vec<View>, CliError> {
    super::Context::block_on(async { Ok(objects(&connect(settings).await?, settings).await?) })
}

/// As [`objects_now`], and what is wrong with the manifests: of each object, and all of it by source; and who leads.
///
/// # Errors
/// When the engine does not answer.
pub fn blamed_now(settings: &Settings) -> Result<(Vec<View>, Faults, Option<Leader>), CliError> {
    super::Context::block_on(async {
        let docker = connect(settings).await?;
        let (mut views, faults) = seen(&mut Onlooker::once(), &docker, settings).await?;
        blame(&mut views, &faults);
        let leader = leader(settings, docker.id().await?);
        Ok((views, faults, leader))
    })
}
