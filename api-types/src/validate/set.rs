//! All objects together: what refers to what, what waits for what, and what would collide in Docker.

mod cycles;
mod names;
mod ports;
mod references;

use std::collections::BTreeMap;

use crate::complaint::At;
use crate::{Complaint, Dependency, Instance, Object, ObjectKey, PodTemplate, Related, SetComplaint};

pub(super) type Objects = BTreeMap<ObjectKey, Object>;

static SPEC: At<'static> = At::ROOT.key("spec");
static JOB_TEMPLATE: At<'static> = SPEC.key("jobTemplate");
static JOB_SPEC: At<'static> = JOB_TEMPLATE.key("spec");

/// What objects name and is not there, in the order of the objects.
pub(super) fn references(objects: &Objects) -> Vec<SetComplaint> {
    let mut out = Vec::new();
    references::check(objects, &workloads(objects), &mut out);
    out.sort();
    out
}

fn workloads(objects: &Objects) -> Vec<Workload<'_>> {
    objects.iter().filter_map(|(key, object)| Workload::of(key, object)).collect()
}

/// Everything that is wrong among objects, in the order of the objects.
pub(super) fn check(objects: &Objects, instance: &Instance) -> Vec<SetComplaint> {
    let workloads = workloads(objects);
    let mut out = Vec::new();
    references::check(objects, &workloads, &mut out);
    cycles::check(&workloads, &mut out);
    names::check(objects, &workloads, instance, &mut out);
    ports::check(&workloads, &mut out);
    out.sort();
    out
}

/// What runs containers, whatever its kind.
#[derive(Clone, Copy)]
struct Workload<'a> {
    key: &'a ObjectKey,
    template: &'a PodTemplate,
    depends_on: &'a [Dependency],
    /// The place of the spec that has the template.
    at: &'static At<'static>,
    /// How many containers run at the same time.
    replicas: u32,
}

impl<'a> Workload<'a> {
    fn of(key: &'a ObjectKey, object: &'a Object) -> Option<Self> {
        let (template, depends_on, at, replicas) = match object {
            Object::Deployment(it) => (&it.spec.template, &it.spec.depends_on, &SPEC, it.spec.replicas()),
            Object::Job(it) => (&it.spec.template, &it.spec.depends_on, &SPEC, 1),
            Object::CronJob(it) => {
                (&it.spec.job_template.spec.template, &it.spec.job_template.spec.depends_on, &JOB_SPEC, 1)
            }
            Object::Network(_) | Object::Volume(_) | Object::ConfigMap(_) | Object::Secret(_) => return None,
        };
        Some(Self { key, template, depends_on, at, replicas })
    }

    /// The namespace of something that it names.
    fn namespace(&self, named: Option<&'a String>) -> &'a str {
        named.map_or(self.key.namespace.as_str(), String::as_str)
    }
}

/// A complaint about an object, with the other places that belong to it.
fn complain(object: &ObjectKey, complaint: Complaint, related: Vec<Related>) -> SetComplaint {
    SetComplaint { object: object.clone(), complaint, related }
}

#[cfg(test)]
mod tests;
