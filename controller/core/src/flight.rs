//! What is under way of an object, and whether it may be given up.
//!
//! A plan leaves an object in flight alone. One thing may take so long that its manifest is corrected meanwhile: getting an image.
//! While nothing else of the object has begun and not ended, giving it up leaves nothing half done.

use std::collections::BTreeSet;

use skiff_api::ObjectKey;

use crate::desired::Desired;
use crate::plan::{Step, StepId};

/// The steps of one object that are under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flight {
    /// What was declared when they were planned; nothing where the object was to go.
    declared: Option<String>,
    /// The steps that have begun and not ended, hooks and those that get an image left out.
    acting: BTreeSet<StepId>,
}

impl Flight {
    /// A flight of which nothing has begun.
    pub fn new(object: &ObjectKey, desired: &Desired) -> Self {
        Self { declared: declared(object, desired), acting: BTreeSet::new() }
    }

    /// Notes that a step has begun.
    pub fn began(&mut self, step: &Step) {
        if !step.action.gets_image() && !step.action.is_hook() {
            self.acting.insert(step.id);
        }
    }

    /// Notes that a step has ended, however it did.
    pub fn ended(&mut self, step: &Step) {
        self.acting.remove(&step.id);
    }

    /// Whether it is to be given up: another template is declared by now, or none, and at most a pull has begun and not ended.
    pub fn is_overtaken(&self, object: &ObjectKey, desired: &Desired) -> bool {
        self.acting.is_empty() && self.declared != declared(object, desired)
    }
}

/// What makes the revision of a workload that is declared: its template, and the content that it uses.
fn declared(object: &ObjectKey, desired: &Desired) -> Option<String> {
    desired.workloads.get(object).map(|workload| workload.template.identity.clone())
}
