//! Who uses which volume, and what it becomes: a claim of one replica's own, or one that is shared.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use skiff_api::{Kind, NamedVolume, Object, ObjectKey, Volume};

use super::nfs::Nfs;
use super::{Form, Stack};
use crate::names::{Names, label};

/// How a volume is claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// By the replicas of one workload, each for itself: a template of a `StatefulSet`.
    Template(ObjectKey),
    /// By a claim that stands for itself.
    Shared {
        /// Whether pods on several nodes may write.
        many: bool,
    },
    /// By one that is there.
    External,
}

/// A volume and what becomes of it.
#[derive(Clone, Debug)]
pub(crate) struct Storage<'a> {
    pub(crate) volume: &'a Volume,
    /// The name of the claim, or of the template of claims.
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) claim: Claim,
    /// The file server that it is on, where it is.
    pub(crate) nfs: Option<Nfs>,
    /// Whether each replica has one of its own, in Docker too.
    pub(crate) per_replica: bool,
    /// Those that use it.
    pub(crate) users: BTreeSet<ObjectKey>,
    /// Those of them that write.
    pub(crate) writers: BTreeSet<ObjectKey>,
    /// Whether one of those that use it runs on each node.
    pub(crate) is_everywhere: bool,
    /// The folder of the claim that stands for all of it, once somebody has asked.
    pub(crate) folder: OnceCell<Option<&'static str>>,
}

impl Storage<'_> {
    /// The workload whose replicas claim it, each for itself.
    pub(crate) const fn owner(&self) -> Option<&ObjectKey> {
        match &self.claim {
            Claim::Template(owner) => Some(owner),
            Claim::Shared { .. } | Claim::External => None,
        }
    }

    /// The claims, with how many replicas there are.
    pub(crate) fn claims(&self, replicas: u32, owner: &str) -> Vec<String> {
        match &self.claim {
            Claim::Template(_) => {
                (0..replicas.max(1)).map(|ordinal| format!("{}-{owner}-{ordinal}", self.name)).collect()
            }
            Claim::Shared { .. } | Claim::External => vec![self.name.clone()],
        }
    }
}

/// What becomes of every volume.
pub(super) fn plan<'a>(stack: &Stack<'a>) -> BTreeMap<ObjectKey, Storage<'a>> {
    let mut users: BTreeMap<ObjectKey, Vec<(ObjectKey, &NamedVolume, bool)>> = BTreeMap::new();
    for workload in stack.workloads.values() {
        for source in &workload.template.volumes {
            let Some(named) = &source.volume else { continue };
            let namespace = named.namespace.as_deref().unwrap_or(&workload.key.namespace);
            let key = ObjectKey::new(Kind::Volume, namespace, named.name.as_str());
            let writes = !named.read_only && !workload.template.mounts_read_only(&source.name);
            users.entry(key).or_default().push((workload.key.clone(), named, writes));
        }
    }
    let (mut planned, mut names) = (BTreeMap::new(), Names::default());
    for (key, object) in stack.input.objects {
        let Object::Volume(volume) = object else { continue };
        let users = users.remove(key).unwrap_or_default();
        let nfs = Nfs::of(&volume.spec);
        // A folder of a file server is for everybody who mounts it.
        let claim = if nfs.is_some() { Claim::Shared { many: true } } else { claim(stack, volume, &users) };
        let fixed = volume.spec.volume_name.as_deref().filter(|_| volume.spec.external);
        let namespace = stack.namespace(&key.namespace);
        let name = label(fixed.unwrap_or(&key.name), 63);
        // What is there already is called as it is; two namespaces in one may have volumes of one name.
        let name = if fixed.is_some() { name } else { names.claim("PersistentVolumeClaim", &namespace, &name) };
        let per_replica = users.iter().any(|(_, named, _)| named.per_replica);
        let writers = users.iter().filter(|(_, _, writes)| *writes).map(|(user, _, _)| user.clone()).collect();
        let users: BTreeSet<ObjectKey> = users.into_iter().map(|(user, _, _)| user).collect();
        let mut workloads = users.iter().filter_map(|user| stack.workloads.get(user));
        let is_everywhere = workloads.any(|user| user.form == Form::DaemonSet);
        let folder = OnceCell::new();
        planned.insert(
            key.clone(),
            Storage { volume, name, namespace, claim, nfs, per_replica, users, writers, is_everywhere, folder },
        );
    }
    planned
}

fn claim(stack: &Stack<'_>, volume: &Volume, users: &[(ObjectKey, &NamedVolume, bool)]) -> Claim {
    if volume.spec.external {
        return Claim::External;
    }
    let workload = |key: &ObjectKey| stack.workloads.get(key);
    // A workload may mount one volume in several ways, and is one user nevertheless.
    let distinct: BTreeSet<&ObjectKey> = users.iter().map(|(user, _, _)| user).collect();
    if let (1, Some(user)) = (distinct.len(), distinct.first()) {
        let Some(user) = workload(user) else { return Claim::Shared { many: false } };
        let may_be_stateful = user.form == Form::StatefulSet
            || (user.form == Form::Deployment && !user.meta.annotations.contains_key(skiff_api::annotation::EXPORT_AS));
        let writes = users.iter().any(|(_, _, writes)| *writes);
        let is_own = users.iter().any(|(_, named, _)| named.per_replica) || user.most_replicas() <= 1;
        // What another workload's pod holds is claimed by that pod.
        if may_be_stateful && is_own && writes && user.host.is_none() {
            return Claim::Template(user.key.clone());
        }
        let several = user.most_replicas() > 1 || matches!(user.form, Form::DaemonSet | Form::CronJob);
        return Claim::Shared { many: several };
    }
    Claim::Shared { many: distinct.len() > 1 }
}
