//! The last good state of a source: what a mistake falls back to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use skiff_api::{Dependency, Kind, Object, ObjectKey};
use skiff_core::{Departed, HostFiles};
use skiff_remote::git::Commit;

/// The objects of a source as they were when they were last valid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Good {
    /// The files and folders that they were read from, `-` for the standard input.
    pub roots: Vec<PathBuf>,
    /// The commit that they are of, for a repository.
    pub commit: Option<Commit>,
    /// The revision that they are of, for a source that has no commits.
    pub revision: Option<String>,
    /// The objects.
    pub objects: BTreeMap<ObjectKey, GoodObject>,
    /// What small host files held.
    pub host_files: HostFiles,
    /// Secrets whose content went with a reboot; they come back with the source.
    pub lost: BTreeSet<ObjectKey>,
}

/// An object as it was when it was last valid, and where it stood then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoodObject {
    /// The object, its namespace filled in.
    pub object: Object,
    /// The folder of its manifest.
    pub base: PathBuf,
    /// The file that it stood in.
    pub file: PathBuf,
    /// Which of the file's documents it was, from 0.
    pub document: usize,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl Good {
    /// What must be remembered of each object once it has left.
    pub(crate) fn departed(&self) -> BTreeMap<ObjectKey, Departed> {
        self.objects.iter().map(|(key, good)| (key.clone(), self.remembered(key, &good.object))).collect()
    }

    fn remembered(&self, key: &ObjectKey, object: &Object) -> Departed {
        let depends_on = object.depends_on().iter().map(|dependency| self.resolve(key, dependency)).collect();
        Departed { roots: self.roots.clone(), ..Departed::of(object, depends_on) }
    }

    /// A dependency names a deployment or, where there is none of that name, a job.
    fn resolve(&self, key: &ObjectKey, dependency: &Dependency) -> ObjectKey {
        let namespace = dependency.namespace.as_deref().unwrap_or(&key.namespace);
        let job = ObjectKey::new(Kind::Job, namespace, dependency.name.as_str());
        if self.objects.contains_key(&job) {
            let deployment = ObjectKey::new(Kind::Deployment, namespace, dependency.name.as_str());
            if self.objects.contains_key(&deployment) { deployment } else { job }
        } else {
            ObjectKey { kind: Kind::Deployment, ..job }
        }
    }
}
