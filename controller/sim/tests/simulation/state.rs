//! The state directory as a model: what each source declared last, and what is remembered of what has left it.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::{Object, ObjectKey, ReclaimPolicy};
use skiff_core::Departed;

use crate::manifests::{Manifests, is_protected};
use crate::order::Order;

/// What is known of one source.
#[derive(Default)]
struct Known {
    good: BTreeMap<ObjectKey, Departed>,
    departed: BTreeMap<ObjectKey, Departed>,
}

/// The state of an instance. It outlives the controller.
#[derive(Default)]
pub(crate) struct State {
    sources: BTreeMap<&'static str, Known>,
}

impl State {
    /// Keeps what the loaded sources declare.
    pub(crate) fn save(&mut self, manifests: &Manifests, order: &Order) {
        for source in order.sources.keys() {
            let known = self.sources.entry(source).or_default();
            let objects = manifests.objects.iter().filter(|(key, _)| manifests.source(key) == *source);
            let good: BTreeMap<_, _> = objects.map(|(key, object)| (key.clone(), remembered(key, object))).collect();
            let beside = known.good.keys().filter(|key| key.kind.is_workload() && good.contains_key(*key)).count();
            for (key, left) in std::mem::replace(&mut known.good, good) {
                known.departed.insert(key, Departed { beside: Some(beside), ..left });
            }
        }
        // What has moved to another source has its last word there.
        for source in order.sources.keys() {
            let known = self.sources.entry(source).or_default();
            known.departed.retain(|key, _| {
                !order.sources.contains_key(manifests.source(key)) || !manifests.objects.contains_key(key)
            });
        }
    }

    /// What is remembered of the objects of the loaded sources.
    pub(crate) fn departed(&self, order: &Order) -> BTreeMap<ObjectKey, Departed> {
        let known = order.sources.keys().filter_map(|source| self.sources.get(source));
        let all = known.flat_map(|known| known.departed.iter().chain(&known.good));
        all.map(|(key, departed)| (key.clone(), departed.clone())).collect()
    }

    /// The objects that other sources declare.
    pub(crate) fn claims(&self, order: &Order) -> BTreeSet<ObjectKey> {
        let others = self.sources.iter().filter(|(source, _)| !order.sources.contains_key(*source));
        others.flat_map(|(_, known)| known.good.keys().cloned()).collect()
    }

    /// Forgets the sources that were taken down.
    pub(crate) fn remove(&mut self, order: &Order) {
        self.sources.retain(|source, _| !order.sources.contains_key(source));
    }
}

fn remembered(key: &ObjectKey, object: &Object) -> Departed {
    let depends_on = match object {
        Object::Deployment(deployment) => deployment.spec.depends_on.as_slice(),
        Object::Job(job) => job.spec.depends_on.as_slice(),
        Object::Network(_) | Object::Volume(_) | Object::ConfigMap(_) | Object::Secret(_) | Object::CronJob(_) => &[],
    };
    let depends_on = depends_on.iter().map(|dependency| ObjectKey::new(key.kind, &key.namespace, &dependency.name));
    let deletes_data = matches!(object, Object::Volume(volume) if volume.spec.reclaim_policy == ReclaimPolicy::Delete);
    Departed { depends_on: depends_on.collect(), protected: is_protected(object), deletes_data, ..Departed::default() }
}
