//! Data in volumes without a name: the container that takes the place of another has what that had, at the same path.

use std::collections::BTreeMap;

use skiff_api::{Kind, ObjectKey, label};
use skiff_core::Outcome;
use skiff_sim::{Asked, SimContainer, SimEngine};

use crate::controller::{Performed, described};
use crate::inits::is_init;
use crate::ledger::object_of;

/// A replica's place, and a path in it.
type At = (ObjectKey, String, String);

/// Which data is where; what is empty by its meaning is not in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Data(BTreeMap<At, u64>);

impl Data {
    pub(crate) fn of(engine: &SimEngine) -> Self {
        let all = engine.containers().flat_map(|container| at(engine, container));
        Self(all.collect())
    }

    /// Whether there is any.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// # Errors
    /// Where a container that a step made has other data than the one in its place had when that was planned.
    pub(crate) fn check(&self, performed: &Performed, engine: &SimEngine) -> Result<(), String> {
        let skiff_core::Action::CreateContainer(create) = &performed.step.action else { return Ok(()) };
        let made = engine.container(&create.name).filter(|_| performed.result == Ok(Outcome::Done));
        for (at, data) in made.into_iter().flat_map(|container| at(engine, container)) {
            if self.0.get(&at).is_some_and(|before| *before != data) {
                return Err(format!("{} has lost what was at {}", described(&performed.step), at.2));
            }
        }
        Ok(())
    }
}

fn at(engine: &SimEngine, container: &SimContainer) -> Vec<(At, u64)> {
    let object = object_of(&container.labels).filter(|key| key.kind == Kind::Deployment && !is_init(container));
    let Some(object) = object else { return Vec::new() };
    let ordinal = container.labels.get(label::REPLICA).cloned().unwrap_or_default();
    let held = container.nameless.iter().filter_map(|(path, nameless)| {
        let volume = engine.volumes().find(|volume| volume.name == nameless.volume)?;
        let at = (object.clone(), ordinal.clone(), path.clone());
        (volume.nameless != Some(Asked::Empty)).then_some((at, volume.data))
    });
    held.collect()
}
