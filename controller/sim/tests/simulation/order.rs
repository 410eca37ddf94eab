//! What the controller is told to do: bring up or take down, which sources, how sound they are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use skiff_api::ObjectKey;
use skiff_core::{Intent, SourceState};

use crate::manifests::{Manifests, SOURCES};
use crate::random::Random;

/// One command.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    pub(crate) intent: Intent,
    /// The sources that are loaded.
    pub(crate) sources: BTreeMap<&'static str, SourceState>,
    /// Only these deployments, and what they depend on; nothing is pruned then.
    pub(crate) only: Option<BTreeSet<ObjectKey>>,
    /// Sources are taken down by their names, without their manifests.
    pub(crate) by_name: bool,
}

impl Order {
    /// All is loaded, sound and confirmed.
    pub(crate) fn everything() -> Self {
        let sound = SourceState { confirm_prune: true, ..SourceState::default() };
        Self { sources: SOURCES.map(|source| (source, sound.clone())).into(), ..Self::default() }
    }

    /// What somebody might ask for next.
    pub(crate) fn random(manifests: &Manifests, random: &mut Random) -> Self {
        let mut order = Self::everything();
        if random.chance(10) {
            order.intent = Intent::Down { volumes: random.chance(40) };
            order.by_name = random.chance(50);
            if random.chance(70) {
                order.leave_one_out(random);
            }
            return order;
        }
        for state in order.sources.values_mut() {
            state.problems = if random.chance(18) { 1 + random.below(2) } else { 0 };
            state.confirm_prune = random.chance(75);
        }
        match random.below(10) {
            0 | 1 => order.leave_one_out(random),
            2 => {
                order.leave_one_out(random);
                let keys: Vec<ObjectKey> = manifests.deployments().map(|(key, _)| key.clone()).collect();
                let loaded = keys.into_iter().filter(|key| order.sources.contains_key(manifests.source(key)));
                let loaded: Vec<ObjectKey> = loaded.collect();
                order.only = random.pick_any(&loaded).map(|key| BTreeSet::from([key]));
            }
            _ => {}
        }
        order
    }

    fn leave_one_out(&mut self, random: &mut Random) {
        self.sources.remove(random.pick(&SOURCES));
    }

    pub(crate) fn is_down(&self) -> bool {
        self.intent != Intent::Run
    }

    /// What the manifests declare as far as it is loaded.
    pub(crate) fn scope(&self, manifests: &Manifests) -> Manifests {
        let mut scope = manifests.clone();
        let needed = self.only.as_ref().map(|only| with_dependencies(manifests, only));
        scope.objects.retain(|key, _| {
            let wanted = needed.as_ref().is_none_or(|needed| !key.kind.is_workload() || needed.contains(key));
            !self.by_name && wanted && self.sources.contains_key(manifests.source(key))
        });
        scope
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}{}, {:?}", self.intent, if self.by_name { " by name" } else { "" }, self.sources)?;
        self.only.as_ref().map_or(Ok(()), |only| write!(f, ", only {only:?}"))
    }
}

fn with_dependencies(manifests: &Manifests, only: &BTreeSet<ObjectKey>) -> BTreeSet<ObjectKey> {
    let mut needed = only.clone();
    loop {
        let further: Vec<ObjectKey> = needed
            .iter()
            .filter_map(|key| Some((key, manifests.deployment(key)?)))
            .flat_map(|(key, deployment)| {
                let names = deployment.spec.depends_on.iter().map(|dependency| &dependency.name);
                names.map(|name| ObjectKey::new(key.kind, &key.namespace, name)).collect::<Vec<_>>()
            })
            .filter(|key| !needed.contains(key))
            .collect();
        if further.is_empty() {
            return needed;
        }
        needed.extend(further);
    }
}
