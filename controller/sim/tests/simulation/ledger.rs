//! What the controller has been told, and what must become of each object by that: the rules of pruning, worked out anew.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::{Deployment, Kind, Object, ObjectKey, label};
use skiff_core::Intent;
use skiff_sim::{SimContainer, SimEngine};

use crate::manifests::{Manifests, is_protected};
use crate::order::Order;

/// What must become of an object's containers, networks and volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// They must be as declared.
    Declared,
    /// They must go.
    Gone,
    /// They are left alone, and it is said why.
    Held,
    /// They are left alone: nobody asked for anything.
    Left,
    /// They go, or are left alone: what moved from one source to another is labelled with both, and goes whole with either.
    Open,
}

/// Everything that was said to the controller.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) order: Order,
    /// What is declared and loaded now.
    pub(crate) scope: Manifests,
    /// What each source declared when it was last loaded whole.
    known: BTreeMap<&'static str, BTreeMap<ObjectKey, Object>>,
    /// What each source declared last of objects that have left it.
    departed: BTreeMap<&'static str, BTreeMap<ObjectKey, Object>>,
    /// The objects whose revision has failed, as the controller says.
    pub(crate) failed: BTreeSet<ObjectKey>,
    /// Objects with a container that answers no probe since that was changed, for which it is not restarted, as was told.
    pub(crate) doubted: BTreeSet<ObjectKey>,
}

impl Ledger {
    /// The controller is told something new.
    pub(crate) fn tell(&mut self, manifests: &Manifests, order: &Order) {
        (self.order, self.scope) = (order.clone(), order.scope(manifests));
        self.failed.clear();
        if order.is_down() || order.only.is_some() {
            return;
        }
        for source in order.sources.keys() {
            let objects = manifests.objects.iter().filter(|(key, _)| manifests.source(key) == *source);
            let objects: BTreeMap<ObjectKey, Object> =
                objects.map(|(key, object)| (key.clone(), object.clone())).collect();
            let departed = self.departed.entry(source).or_default();
            departed.extend(self.known.insert(source, objects).unwrap_or_default());
        }
        for source in order.sources.keys() {
            let departed = self.departed.entry(source).or_default();
            departed.retain(|key, _| {
                !order.sources.contains_key(manifests.source(key)) || !manifests.objects.contains_key(key)
            });
        }
    }

    /// What was asked for has been done: a source that was taken down is known no more.
    pub(crate) fn done(&mut self) {
        if self.order.is_down() {
            for source in self.order.sources.keys() {
                self.known.remove(source);
                self.departed.remove(source);
            }
        }
    }

    /// The last declaration of an object by a source that is loaded now, where it has left.
    pub(crate) fn last(&self, key: &ObjectKey) -> Option<&Object> {
        self.order.sources.keys().find_map(|source| self.departed.get(source)?.get(key))
    }

    /// Whether a source that is not loaded declares an object.
    fn is_claimed(&self, key: &ObjectKey) -> bool {
        let others = self.known.iter().filter(|(source, _)| !self.order.sources.contains_key(*source));
        others.into_iter().any(|(_, objects)| objects.contains_key(key))
    }

    /// Whether a source that is loaded now, and no other, had an object last.
    fn moved_here(&self, key: &ObjectKey) -> bool {
        let loaded = self.order.sources.keys();
        let mut known = loaded.flat_map(|source| self.known.get(source).into_iter().chain(self.departed.get(source)));
        known.any(|objects| objects.contains_key(key)) && !self.is_claimed(key)
    }

    /// Whether an object is declared and loaded, or the default network of something that is.
    fn declares(&self, key: &ObjectKey) -> bool {
        let is_used = |(user, deployment): (&ObjectKey, &Deployment)| {
            let mut named = deployment.spec.template.networks.iter().flatten();
            let uses = deployment.spec.template.networks.is_none() || named.any(|network| network.name == "default");
            uses && user.namespace == key.namespace
        };
        let is_default = key.kind == Kind::Network && key.name == "default";
        self.scope.objects.contains_key(key) || (is_default && self.scope.deployments().any(is_used))
    }

    /// What must become of something by the labels that it carries, whatever else would go.
    pub(crate) fn fate(&self, labels: &BTreeMap<String, String>, key: &ObjectKey) -> Fate {
        let source = labels.get(label::SOURCE).map(String::as_str).unwrap_or_default();
        let state = self.order.sources.get(source);
        match (self.order.intent, state) {
            (Intent::Run, _) if self.declares(key) => Fate::Declared,
            (Intent::Down { .. }, _) if key.kind.is_workload() && self.declares(key) => Fate::Gone,
            (Intent::Down { .. }, None) if self.moved_here(key) => Fate::Open,
            (_, None) => Fate::Left,
            (Intent::Down { .. }, Some(_)) if self.declares(key) => Fate::Gone,
            _ if self.is_claimed(key) || self.order.only.is_some() => Fate::Left,
            (Intent::Run, Some(state)) if state.problems > 0 || self.last(key).is_some_and(is_protected) => Fate::Held,
            (Intent::Run | Intent::Down { .. }, Some(_)) => Fate::Gone,
        }
    }

    /// What must become of a container, where it is an object's. What a source that is not loaded made a part of stays whole.
    pub(crate) fn fate_of(&self, engine: &SimEngine, container: &SimContainer) -> Option<(ObjectKey, Fate)> {
        let key = object_of(&container.labels)?;
        let is_left = |other: &SimContainer| {
            object_of(&other.labels).as_ref() == Some(&key) && self.fate(&other.labels, &key) == Fate::Left
        };
        let fate = match self.fate(&container.labels, &key) {
            Fate::Gone | Fate::Held if engine.containers().any(is_left) => Fate::Left,
            fate @ (Fate::Declared | Fate::Gone | Fate::Held | Fate::Left | Fate::Open) => fate,
        };
        Some((key, fate))
    }

    /// The objects of which containers would go, though so many of their source must not go before it is confirmed.
    pub(crate) fn guarded(&self, engine: &SimEngine) -> BTreeSet<ObjectKey> {
        let mut guarded = BTreeSet::new();
        for (source, state) in &self.order.sources {
            let of_source = |fate: Fate| -> BTreeSet<ObjectKey> {
                let ours = engine.containers().filter_map(|container| {
                    let (key, found) = self.fate_of(engine, container)?;
                    let is_it = container.labels.get(label::SOURCE).is_some_and(|label| label == source);
                    (is_it && found == fate).then_some(key)
                });
                ours.collect()
            };
            let (going, held) = (of_source(Fate::Gone), of_source(Fate::Held));
            let declared: BTreeSet<&ObjectKey> =
                self.scope.deployments().map(|(key, _)| key).filter(|key| self.scope.source(key) == *source).collect();
            let there = declared
                .iter()
                .filter(|key| engine.containers().any(|found| object_of(&found.labels).as_ref() == Some(**key)));
            let total = going.len() + held.len() + there.count();
            let most = going.len() >= 3 && going.len() * 2 > total;
            if !self.order.is_down() && !state.confirm_prune && (declared.is_empty() || most) {
                guarded.extend(going);
            }
        }
        guarded
    }
}

/// The object that labels name, where they are of our instance.
pub(crate) fn object_of(labels: &BTreeMap<String, String>) -> Option<ObjectKey> {
    let of = |key: &str| labels.get(key).cloned();
    (of(label::INSTANCE)? == "default").then_some(())?;
    Some(ObjectKey::new(of(label::KIND)?.parse().ok()?, of(label::NAMESPACE)?, of(label::NAME)?))
}
