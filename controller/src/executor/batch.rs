//! The steps of a plan on their way: which may begin, and which never will.

use std::collections::{BTreeMap, BTreeSet};

use skiff_api::ObjectKey;
use skiff_core::{Step, StepId};

/// The steps of a plan on their way.
#[derive(Debug)]
pub(super) struct Batch {
    waiting: BTreeMap<StepId, Step>,
    succeeded: BTreeSet<StepId>,
    /// How many steps of each object have not ended.
    open: BTreeMap<ObjectKey, usize>,
    objects: BTreeMap<StepId, ObjectKey>,
}

impl Batch {
    pub(super) fn new(steps: Vec<Step>) -> Self {
        let mut open: BTreeMap<ObjectKey, usize> = BTreeMap::new();
        let mut objects = BTreeMap::new();
        // A hook may take long, and its object is free meanwhile.
        for step in steps.iter().filter(|step| !step.action.is_hook()) {
            *open.entry(step.object.clone()).or_default() += 1;
            objects.insert(step.id, step.object.clone());
        }
        let waiting = steps.into_iter().map(|step| (step.id, step)).collect();
        Self { waiting, succeeded: BTreeSet::new(), open, objects }
    }

    /// The steps that may begin now, in the order of their numbers.
    pub(super) fn take_ready(&mut self) -> Vec<Step> {
        let ready: Vec<StepId> = self
            .waiting
            .values()
            .filter(|step| step.after.iter().all(|before| self.succeeded.contains(before)))
            .map(|step| step.id)
            .collect();
        ready.into_iter().filter_map(|id| self.waiting.remove(&id)).collect()
    }

    /// Notes that a step has ended, skips what followed it in vain, and returns the objects that are free now.
    pub(super) fn end(&mut self, id: StepId, succeeded: bool) -> Vec<ObjectKey> {
        let mut free: Vec<ObjectKey> = self.close(id).into_iter().collect();
        if succeeded {
            self.succeeded.insert(id);
            return free;
        }
        free.extend(self.skip(|step, failed| step.after.iter().any(|before| *before == id || failed.contains(before))));
        free
    }

    /// Skips the steps of an object that have not begun, and what follows them; returns the objects that are free now.
    pub(super) fn give_up(&mut self, object: &ObjectKey) -> Vec<ObjectKey> {
        self.skip(|step, failed| step.object == *object || step.after.iter().any(|before| failed.contains(before)))
    }

    /// Skips every step of which this is true, given those that were skipped.
    fn skip(&mut self, is_vain: impl Fn(&Step, &BTreeSet<StepId>) -> bool) -> Vec<ObjectKey> {
        let (mut skipped, mut free) = (BTreeSet::new(), Vec::new());
        loop {
            let next = self.waiting.values().find(|step| is_vain(step, &skipped));
            let Some(vain) = next.map(|step| step.id) else { return free };
            self.waiting.remove(&vain);
            skipped.insert(vain);
            free.extend(self.close(vain));
        }
    }

    /// Notes that a step of an object is over; returns the object when it was the last one.
    fn close(&mut self, id: StepId) -> Option<ObjectKey> {
        let object = self.objects.remove(&id)?;
        let count = self.open.get_mut(&object)?;
        *count = count.saturating_sub(1);
        if *count > 0 {
            return None;
        }
        self.open.remove(&object);
        Some(object)
    }

    /// The objects that are not free yet, where a step ended without saying so.
    pub(super) fn rest(self) -> Vec<ObjectKey> {
        self.open.into_keys().collect()
    }
}

#[cfg(test)]
mod tests;
