//! What documents mean, once their form is right: within one object, and among all of them. Every complaint, never the first only.
//!
//! Whatever Docker, DNS or the planner would refuse later is refused here, where a line can be shown. What depends on the
//! engine at hand (its API version, its images, its free ports) is not looked at.

mod address;
mod attachments;
mod build;
mod config;
mod container;
mod env;
mod image;
mod image_update;
mod limits;
mod meta;
mod modes;
mod mounts;
mod named_volume;
mod network;
mod odd;
mod ports;
mod probes;
mod schedule;
mod set;
mod template;
mod words;
mod workload;

use std::collections::BTreeMap;

use crate::{Complaint, Instance, Mended, Object, ObjectKey, SetComplaint};
pub use mounts::is_tmpfs_option;
pub use words::is_dns_label;

/// Everything that is wrong with an object by itself.
pub fn validate_object(object: &Object) -> Vec<Complaint> {
    let mut out = Vec::new();
    meta::check(object.metadata(), &mut out);
    match object {
        Object::Network(network) => network::check(&network.spec, &mut out),
        Object::Volume(volume) => named_volume::check(&volume.spec, &mut out),
        Object::ConfigMap(config) => config::check_config(config, &mut out),
        Object::Secret(secret) => config::check_secret(secret, &mut out),
        Object::Deployment(deployment) => workload::deployment(&deployment.spec, &mut out),
        Object::Job(job) => workload::job(&job.spec, &mut out),
        Object::CronJob(cron) => workload::cron_job(&cron.spec, &mut out),
    }
    out
}

/// What is odd about an object that is valid: it can be used, and does not do what it says.
pub fn odd_in_object(object: &Object) -> Vec<Complaint> {
    odd::check(object)
}

/// Everything that is wrong among objects: references, cycles, names and ports that collide.
pub fn validate_set(objects: &BTreeMap<ObjectKey, Object>, instance: &Instance) -> Vec<SetComplaint> {
    set::check(objects, instance)
}

/// What objects with mistakes name wrongly besides: what is not among the objects, nor among those with mistakes.
pub fn validate_mended(
    objects: &BTreeMap<ObjectKey, Object>,
    mended: &BTreeMap<ObjectKey, &Mended>,
) -> Vec<SetComplaint> {
    let mut all = objects.clone();
    all.extend(mended.iter().map(|(key, mended)| (key.clone(), Object::clone(&mended.object))));
    let mut out = set::references(&all);
    out.retain(|complaint| mended.get(&complaint.object).is_some_and(|mended| !mended.explains(complaint)));
    out
}

#[cfg(test)]
mod tests;
