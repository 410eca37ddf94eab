//! What documents mean, once their form is right: within one object, and among all of them. Every complaint, never the first only.

use std::collections::BTreeMap;

use crate::{Complaint, Instance, Object, ObjectKey, SetComplaint};

/// Everything that is wrong with an object by itself.
pub fn validate_object(_object: &Object) -> Vec<Complaint> {
    Vec::new()
}

/// Everything that is wrong among objects: references, cycles, names and ports that collide.
pub fn validate_set(_objects: &BTreeMap<ObjectKey, Object>, _instance: &Instance) -> Vec<SetComplaint> {
    Vec::new()
}
