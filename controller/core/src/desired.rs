//! What is declared, compiled once when a source is loaded so that planning only compares.

mod job;
mod template;
mod workload;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use skiff_api::{Instance, NetworkSpec, Object, ObjectKey, ReclaimPolicy, VolumeSpec, annotation};

pub use job::{Cron, Job};
pub use template::{
    Attachment, EngineRestart, EnvEntry, EnvValue, InPlace, Mount, MountSource, Nameless, Template, Use,
};
pub use workload::{DependsOn, Init, Rollout, StopFirst, Workload};

/// Everything that the loaded sources declare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    /// Whose labels count.
    pub instance: Instance,
    /// What the objects are for.
    pub intent: Intent,
    /// The sources that are loaded; only their objects are ever pruned.
    pub sources: BTreeMap<String, SourceState>,
    /// Deployments.
    pub workloads: BTreeMap<ObjectKey, Arc<Workload>>,
    /// Jobs.
    pub jobs: BTreeMap<ObjectKey, Arc<Job>>,
    /// Schedules.
    pub crons: BTreeMap<ObjectKey, Arc<Cron>>,
    /// Networks, the default ones of the namespaces included.
    pub networks: BTreeMap<ObjectKey, DesiredNetwork>,
    /// Volumes; those per replica carry the name without the ordinal.
    pub volumes: BTreeMap<ObjectKey, DesiredVolume>,
    /// What is remembered of objects that are declared no more: for the order and the guards of their removal.
    pub departed: BTreeMap<ObjectKey, Departed>,
    /// Objects that sources which are not loaded now declare: they are left alone.
    pub claimed: BTreeSet<ObjectKey>,
    /// What these sources declare, where it is known: objects of ours may name it. It is looked up; nothing is done about it.
    pub beside: Option<Arc<Self>>,
    /// Objects of the loaded sources that objects beside them need: they are not removed.
    pub needed: BTreeMap<ObjectKey, Needed>,
}

impl Desired {
    /// Whether an object is declared.
    pub fn declares(&self, object: &ObjectKey) -> bool {
        self.containers_of(object).is_some() || self.networks.contains_key(object) || self.volumes.contains_key(object)
    }

    /// Whether an object shall be gone: it is declared no more, or everything shall go.
    pub fn lets_go(&self, object: &ObjectKey) -> bool {
        // Where only some objects were named on the command line no source is loaded, and nobody says that the others have gone.
        if self.sources.is_empty() || self.claimed.contains(object) {
            return false;
        }
        match self.intent {
            Intent::Run => self.departed.contains_key(object) && !self.declares(object),
            Intent::Down { .. } => self.departed.contains_key(object) || self.declares(object),
        }
    }

    /// What the containers of an object are made from: a deployment's, a job's, a schedule's.
    pub fn containers_of(&self, object: &ObjectKey) -> Option<&Workload> {
        let job = || self.jobs.get(object).map(|job| &job.workload);
        let cron = || self.crons.get(object).map(|cron| &cron.job.workload);
        self.workloads.get(object).map(Arc::as_ref).or_else(job).or_else(cron)
    }

    /// A deployment of the loaded sources, or of those beside them.
    pub(crate) fn workload_anywhere(&self, object: &ObjectKey) -> Option<&Workload> {
        let beside = || self.beside.as_ref().and_then(|beside| beside.workloads.get(object));
        self.workloads.get(object).or_else(beside).map(Arc::as_ref)
    }

    /// A job of the loaded sources, or of those beside them.
    pub(crate) fn job_anywhere(&self, object: &ObjectKey) -> Option<&Job> {
        let beside = || self.beside.as_ref().and_then(|beside| beside.jobs.get(object));
        self.jobs.get(object).or_else(beside).map(Arc::as_ref)
    }

    /// A volume of the loaded sources, or of those beside them.
    pub(crate) fn volume_anywhere(&self, object: &ObjectKey) -> Option<&DesiredVolume> {
        self.volumes.get(object).or_else(|| self.beside.as_ref()?.volumes.get(object))
    }

    /// The object that a network of this name is, of the loaded sources or of those beside them.
    pub(crate) fn network_named(&self, name: &str) -> Option<&ObjectKey> {
        let networks = self.networks.iter().chain(self.beside.iter().flat_map(|beside| &beside.networks));
        networks.filter(|(_, network)| network.name == name).map(|(key, _)| key).next()
    }

    /// What the containers of all objects are made from.
    pub fn with_containers(&self) -> impl Iterator<Item = &Workload> {
        let jobs = self.jobs.values().map(|job| &job.workload);
        let crons = self.crons.values().map(|cron| &cron.job.workload);
        self.workloads.values().map(Arc::as_ref).chain(jobs).chain(crons)
    }
}

/// Whether the declared objects shall run or go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Intent {
    /// They shall run.
    #[default]
    Run,
    /// They shall go (`skiff down`), with their volumes where it is asked for.
    Down {
        /// Whether volumes go as well.
        volumes: bool,
    },
}

/// Who needs an object that another source declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// The object that names it.
    pub by: ObjectKey,
    /// The source of that one.
    pub source: String,
}

/// What a plan must know of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceState {
    /// The revision that is loaded, a commit for git.
    pub revision: Option<String>,
    /// How many mistakes it has now: while there is one, nothing of it is pruned.
    pub problems: usize,
    /// Whether a prune of most of it has been confirmed.
    pub confirm_prune: bool,
    /// The files and folders that were read, from the root, `-` for the standard input. None where the person named the source: then
    /// it is that source wherever it is read from.
    pub roots: Vec<PathBuf>,
}

/// Whether what was read from these roots is somewhere else than what was read from those: another folder of the same name, or the
/// standard input, which may be anything each time. Where roots are not known it is the same.
pub fn is_elsewhere(ours: &[PathBuf], theirs: &[PathBuf]) -> bool {
    let is_same = |a: &Path, b: &Path| a != Path::new("-") && (a.starts_with(b) || b.starts_with(a));
    let known = !ours.is_empty() && !theirs.is_empty();
    known && !ours.iter().any(|a| theirs.iter().any(|b| is_same(a, b)))
}

/// What is remembered of an object that is declared no more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departed {
    /// What it depended on.
    pub depends_on: Vec<ObjectKey>,
    /// Whether `skiff.dev/prune: "false"` protects it.
    pub protected: bool,
    /// Of a volume: whether its data goes with it (`reclaimPolicy: Delete`).
    #[serde(default)]
    pub deletes_data: bool,
    /// The roots of its source when it was declared last, as in [`SourceState::roots`]; none where that is not known.
    #[serde(default)]
    pub roots: Vec<PathBuf>,
    /// How many objects with containers its source went on to declare when it left: what is declared since then does not make it a
    /// smaller part of what there was. `None` while it has not left, or where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<usize>,
    /// The loaded source that had it last, where that is known: what Docker holds of it may have been made by another one.
    #[serde(skip)]
    pub source: Option<String>,
}

impl Departed {
    /// What is remembered of an object that depends on these.
    pub fn of(object: &Object, depends_on: Vec<ObjectKey>) -> Self {
        let protected = object.metadata().annotations.get(annotation::PRUNE).is_some_and(|value| value == "false");
        let deletes_data =
            matches!(object, Object::Volume(volume) if volume.spec.reclaim_policy == ReclaimPolicy::Delete);
        Self { depends_on, protected, deletes_data, roots: Vec::new(), beside: None, source: None }
    }
}

/// A network, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredNetwork {
    /// The source that declares it, or whose object uses the default network first.
    pub source: String,
    /// The revision of the source.
    pub source_revision: Option<String>,
    /// Docker's name.
    pub name: String,
    /// What is wanted.
    pub spec: NetworkSpec,
    /// The user's labels.
    pub labels: BTreeMap<String, String>,
    /// The hash of the canonical form.
    pub hash: String,
    /// The canonical form.
    pub canonical: String,
    /// What is remembered of it.
    pub departed: Departed,
}

/// A volume, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredVolume {
    /// The source that declares it.
    pub source: String,
    /// The revision of the source.
    pub source_revision: Option<String>,
    /// Docker's name; the ordinal is added where it is per replica.
    pub name: String,
    /// Whether a workload has one for each ordinal; it is then made with the replica.
    pub per_replica: bool,
    /// What is wanted.
    pub spec: VolumeSpec,
    /// The user's labels.
    pub labels: BTreeMap<String, String>,
    /// The hash of the canonical form.
    pub hash: String,
    /// The canonical form.
    pub canonical: String,
    /// What is remembered of it.
    pub departed: Departed,
}
