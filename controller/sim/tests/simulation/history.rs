//! What may never happen, checked after every single step: data lost, somebody else's things touched.

use std::collections::BTreeMap;

use skiff_api::{Object, ReclaimPolicy};
use skiff_sim::{SimContainer, SimEngine, SimNetwork};

use crate::manifests::Manifests;
use crate::oracle::object_of;

/// What is not ours to touch, and the data that is nobody's to lose.
pub(crate) struct Before {
    containers: Vec<SimContainer>,
    networks: Vec<SimNetwork>,
    volumes: BTreeMap<String, u64>,
}

impl Before {
    pub(crate) fn of(engine: &SimEngine) -> Self {
        let foreign = engine.containers().filter(|container| object_of(&container.labels).is_none());
        let networks = engine.networks().filter(|network| object_of(&network.labels).is_none());
        Self {
            containers: foreign.cloned().collect(),
            networks: networks.cloned().collect(),
            volumes: engine.volumes().map(|volume| (volume.name.clone(), volume.data)).collect(),
        }
    }

    /// # Errors
    /// What a step did that none may do. `past` are all manifests that there were.
    pub(crate) fn check(&self, engine: &SimEngine, current: &Manifests, past: &[Manifests]) -> Result<(), String> {
        let after = Self::of(engine);
        if self.containers != after.containers {
            return Err("a container that is not ours was touched".to_owned());
        }
        if self.networks != after.networks {
            return Err("a network that is not ours was touched".to_owned());
        }
        for (name, data) in &self.volumes {
            if after.volumes.get(name) != Some(data) && !may_be_lost(name, current, past) {
                return Err(format!("the data of volume {name} was lost"));
            }
        }
        Ok(())
    }
}

/// Whether a volume was declared with `reclaimPolicy: Delete` once and is declared no more.
fn may_be_lost(name: &str, current: &Manifests, past: &[Manifests]) -> bool {
    let declares = |manifests: &Manifests| {
        manifests.objects.values().find_map(|object| match object {
            Object::Volume(volume) => {
                let docker_name = format!("{}-{}", object.key().namespace, volume.metadata.name);
                // A replica's own volume has the ordinal behind the name.
                let is_it = name == docker_name || name.starts_with(&format!("{docker_name}-"));
                is_it.then_some(volume.spec.reclaim_policy)
            }
            Object::Network(_)
            | Object::ConfigMap(_)
            | Object::Secret(_)
            | Object::Deployment(_)
            | Object::Job(_)
            | Object::CronJob(_) => None,
        })
    };
    declares(current).is_none() && past.iter().any(|manifests| declares(manifests) == Some(ReclaimPolicy::Delete))
}
