//! Who is where, found once: a stack of a thousand workloads is not gone through for each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use skiff_api::{DependencyCondition, Kind, NamedVolume, ObjectKey, VolumeSource};

use super::{Stack, Storage, Workload};

/// What is asked for again and again.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Those that run in another one's pods, by the one whose they are.
    joined: BTreeMap<ObjectKey, Vec<ObjectKey>>,
    /// What others wait for, by namespace and name, and how.
    awaited: BTreeMap<(String, String), BTreeSet<DependencyCondition>>,
    /// Those that mount a path of the host.
    by_path: BTreeMap<String, Vec<ObjectKey>>,
    /// The innermost folder that holds all sources.
    folder: PathBuf,
}

impl Index {
    /// Finds out.
    pub(super) fn of(stack: &Stack<'_>) -> Self {
        let mut index = Self { folder: common_folder(stack), ..Self::default() };
        for (key, object) in stack.input.objects {
            for dependency in object.depends_on() {
                let namespace = dependency.namespace.as_ref().unwrap_or(&key.namespace).clone();
                index.awaited.entry((namespace, dependency.name.clone())).or_default().insert(dependency.condition);
            }
        }
        for workload in stack.workloads.values() {
            if workload.host.is_some() {
                index.joined.entry(stack.pod_of(workload).key.clone()).or_default().push(workload.key.clone());
            }
            let paths = workload.template.volumes.iter().filter_map(|volume| volume.host_path.as_ref());
            let paths: BTreeSet<&String> = paths.map(|host| &host.path).collect();
            for path in paths {
                index.by_path.entry(path.clone()).or_default().push(workload.key.clone());
            }
        }
        index
    }

    /// Whether another one waits for a workload, in a way that counts.
    pub(super) fn is_awaited(&self, workload: &ObjectKey, counts: impl Fn(DependencyCondition) -> bool) -> bool {
        let conditions = self.awaited.get(&(workload.namespace.clone(), workload.name.clone()));
        conditions.is_some_and(|conditions| conditions.iter().any(|condition| counts(*condition)))
    }
}

fn common_folder(stack: &Stack<'_>) -> PathBuf {
    let mut folders = stack.input.bases.values().map(|base| Path::new(base.as_str()));
    let first = folders.next().unwrap_or(Path::new(""));
    let common = folders.fold(first, |common, folder| {
        common.ancestors().find(|above| folder.starts_with(above)).unwrap_or(Path::new(""))
    });
    common.to_owned()
}

impl<'a> Stack<'a> {
    /// The workloads that run in the pods of one, itself first.
    pub(crate) fn members(&self, pod: &ObjectKey) -> Vec<&Workload<'a>> {
        let others = self.index.joined.get(pod).into_iter().flatten();
        [pod].into_iter().chain(others).filter_map(|key| self.workloads.get(key)).collect()
    }

    /// Whether another one waits for the end of a job.
    pub(crate) fn is_awaited(&self, job: &Workload<'_>) -> bool {
        self.index.is_awaited(job.key, |_| true)
    }

    /// A folder of the sources, from the innermost one that holds all of them.
    pub(crate) fn below_sources<'p>(&self, folder: &'p str) -> &'p str {
        Path::new(folder).strip_prefix(&self.index.folder).ok().and_then(Path::to_str).unwrap_or(folder)
    }

    /// Those that use a path of the host.
    pub(crate) fn host_users(&self, base: &str, path: &str) -> impl Iterator<Item = &Workload<'a>> {
        let users = self.index.by_path.get(path).into_iter().flatten();
        users.filter_map(|key| self.workloads.get(key)).filter(move |workload| {
            let own = self.input.bases.get(workload.key).map_or("", String::as_str);
            own == base || path.starts_with('/')
        })
    }

    /// What the volumes of a workload are of.
    pub(crate) fn storages(&self, workload: &Workload<'_>) -> impl Iterator<Item = &Storage<'a>> {
        workload.template.volumes.iter().filter_map(|source| self.storage_of(workload, source))
    }

    /// What a volume of a workload is of.
    pub(crate) fn storage_of(&self, workload: &Workload<'_>, source: &VolumeSource) -> Option<&Storage<'a>> {
        let NamedVolume { name, namespace, .. } = source.volume.as_ref()?;
        let namespace = namespace.as_deref().unwrap_or(&workload.key.namespace);
        self.storage.get(&ObjectKey::new(Kind::Volume, namespace, name.as_str()))
    }
}
