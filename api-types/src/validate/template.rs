//! The template of a workload.

use super::words::docker_name;
use super::{attachments, container, meta, mounts};
use crate::complaint::At;
use crate::{Complaint, PodTemplate, RestartPolicy};

/// Complains about a template. `replicas` is how many containers of it run at the same time.
pub(super) fn check(template: &PodTemplate, replicas: u32, at: &At<'_>, out: &mut Vec<Complaint>) {
    let at_meta = at.key("metadata");
    meta::labels(template.metadata.labels.keys(), &at_meta.key("labels"), out);
    meta::labels(template.metadata.annotations.keys(), &at_meta.key("annotations"), out);
    let at_ordinals = at_meta.key("ordinalLabels");
    for (index, key) in template.metadata.ordinal_labels.iter().enumerate() {
        if template.metadata.labels.contains_key(key) {
            out.push(at_ordinals.index(index).says(format!("label `{key}` stands in `labels` too")));
        }
        meta::labels(std::iter::once(key), &at_ordinals.index(index), out);
    }
    let at_volumes = at.key("volumes");
    let volumes = (template.volumes.as_slice(), &at_volumes);
    container::check_init(&template.init_containers, volumes, &at.key("initContainers"), out);
    container::check(&template.container, volumes, replicas, &at.key("container"), out);
    let at_name = at.key("containerName");
    docker_name(template.container_name.as_ref(), &at_name, out);
    let at_prefix = at.key("containerNamePrefix");
    docker_name(template.container_name_prefix.as_ref(), &at_prefix, out);
    if template.container_name_prefix.is_some() && template.container_name.is_some() {
        let complaint = at_prefix.says("`containerNamePrefix` and `containerName` exclude each other").on_key();
        out.push(complaint.help("leave one of them out"));
    }
    if let Some(name) = template.container_name.as_ref().filter(|_| replicas > 1) {
        let message = format!("`containerName` {name} can be held by one replica, and there are {replicas}");
        out.push(at_name.says(message).help("leave it out, or run one replica"));
    }
    if template.restart_policy == Some(RestartPolicy::Never) && template.restart.is_some() {
        let complaint = at.key("restart").says("`restart` with `restartPolicy: Never`").on_key();
        out.push(complaint.help("leave it out, or write `restartPolicy: OnFailure`"));
    }
    attachments::check(template, replicas, at, out);
    mounts::volumes(&template.volumes, &at_volumes, out);
}
