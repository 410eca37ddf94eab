//! `x-skiff` of a service: what Compose has no word for, in the words of Skiff's own manifests.
//!
//! A field of the kind goes into its spec, one of a container into the container. Whatever is wrong in there is told as in a
//! manifest, at its line.

use skiff_api::suggest::nearest;
use skiff_yaml::Node;

use super::Converter;
use super::service::Service;

/// Fields of a workload's spec.
const SPEC: [&str; 12] = [
    "activeDeadlineSeconds",
    "backoffLimit",
    "completions",
    "imageUpdate",
    "minReadySeconds",
    "parallelism",
    "paused",
    "progressDeadlineSeconds",
    "revisionHistoryLimit",
    "strategy",
    "suspend",
    "ttlSecondsAfterFinished",
];

/// Fields of the container.
const CONTAINER: [&str; 4] = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"];

/// Fields of a schedule, which make the service a job that runs on it.
const SCHEDULE: [&str; 6] = [
    "concurrencyPolicy",
    "failedJobsHistoryLimit",
    "schedule",
    "startingDeadlineSeconds",
    "successfulJobsHistoryLimit",
    "timeZone",
];

/// Fields of the template.
const TEMPLATE: [&str; 1] = ["restart"];

/// Fields of the object's metadata. A service's own `annotations` are its containers'.
const METADATA: [&str; 1] = ["annotations"];

impl Converter<'_, '_, '_> {
    pub(super) fn extension(&mut self, service: &mut Service<'_>) {
        let Some(extension) = service.attribute("x-skiff") else { return };
        let Some(entries) = extension.as_mapping() else {
            self.problems.wrong(
                extension.place(),
                format!("`x-skiff` must be a mapping, and this is {}", extension.value.kind()),
            );
            return;
        };
        for (key, value) in entries {
            match key.name.as_str() {
                name if SPEC.contains(&name) => graft(service, name, value),
                name if CONTAINER.contains(&name) => graft(service, &format!("template/container/{name}"), value),
                name if TEMPLATE.contains(&name) => graft(service, &format!("template/{name}"), value),
                name if METADATA.contains(&name) => notes(service, name, value),
                name if SCHEDULE.contains(&name) => service.manifest.put(&format!("spec/{name}"), value.clone()),
                name => {
                    let known = [&SPEC[..], &CONTAINER, &TEMPLATE, &METADATA, &SCHEDULE].into_iter().flatten().copied();
                    let complaint = self.problems.wrong(key.span, format!("`{name}` is no field of `x-skiff`"));
                    match nearest(name, known.clone()) {
                        Some(meant) => complaint.help(format!("did you mean `{meant}`?")),
                        None => complaint.help(format!("they are {}", known.collect::<Vec<_>>().join(", "))),
                    }
                }
            }
        }
    }
}

/// Writes metadata beside what attributes say there.
fn notes(service: &mut Service<'_>, field: &str, value: &Node) {
    let path = format!("metadata/{field}");
    match value.as_mapping() {
        Some(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                service.manifest.entry(&path, &key.name, value.clone());
            }
        }
        _ => service.manifest.put(&path, value.clone()),
    }
}

/// Writes a value, field by field where it is a mapping, so that what attributes say besides stays.
fn graft(service: &mut Service<'_>, path: &str, value: &Node) {
    match value.as_mapping() {
        Some(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                graft(service, &format!("{path}/{}", key.name), value);
            }
        }
        _ => service.put(path, value.clone()),
    }
}
