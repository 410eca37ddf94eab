//! Names, labels and annotations.

use super::words::dns_label;
use crate::complaint::At;
use crate::{Complaint, ExportAutoscale, ObjectMeta, annotation, label};

/// The prefix of Skiff's own labels.
const OWN: &str = "skiff.dev/";

/// What a deployment may become in Kubernetes.
const EXPORTED: [&str; 4] = ["Deployment", "StatefulSet", "DaemonSet", "Job"];

pub(super) fn check(meta: &ObjectMeta, out: &mut Vec<Complaint>) {
    let at = At::ROOT.key("metadata");
    dns_label(&meta.name, &at.key("name"), out);
    if let Some(namespace) = &meta.namespace {
        dns_label(namespace, &at.key("namespace"), out);
    }
    let own = meta.labels.iter().filter(|(key, _)| *key != label::ROLLOUT_GROUP);
    labels(own.map(|(key, _)| key), &at.key("labels"), out);
    let protects = |value: &&String| !["true", "false"].contains(&value.as_str());
    if let Some(value) = meta.annotations.get(annotation::PRUNE).filter(protects) {
        let annotations = at.key("annotations");
        let complaint = annotations.key(annotation::PRUNE).says(format!("`{}` cannot be `{value}`", annotation::PRUNE));
        out.push(complaint.help("write \"false\" to protect the object from pruning, else \"true\""));
    }
    let annotations = at.key("annotations");
    if let Some(way) =
        meta.annotations.get(annotation::PATHS_RELATIVE_TO).filter(|way| way.is_empty() || way.starts_with('/'))
    {
        let name = annotation::PATHS_RELATIVE_TO;
        let complaint = annotations.key(name).says(format!("`{name}` cannot be `{way}`"));
        out.push(complaint.help("write the way from the folder of this file, such as `../shop`"));
    }
    let (kind, place) = (meta.annotations.get(annotation::EXPORT_AS), annotations.key(annotation::EXPORT_AS));
    if let Some(kind) = kind.filter(|kind| !EXPORTED.contains(&kind.as_str())) {
        let complaint = place.says(format!("`{}` cannot be `{kind}`", annotation::EXPORT_AS));
        out.push(complaint.help(format!("it is {}", EXPORTED.join(", "))));
    }
    let scale = meta.annotations.get(annotation::EXPORT_AUTOSCALE).map(|text| text.parse::<ExportAutoscale>());
    if let Some(Err((what, form))) = scale {
        let place = annotations.key(annotation::EXPORT_AUTOSCALE);
        out.push(place.says(format!("`{}`: {what}", annotation::EXPORT_AUTOSCALE)).help(form));
    }
}

/// Complains about labels that are Skiff's own, and about empty keys.
pub(super) fn labels<'k>(keys: impl Iterator<Item = &'k String>, at: &At<'_>, out: &mut Vec<Complaint>) {
    for key in keys {
        if key.starts_with(OWN) {
            let complaint = at.key(key).says(format!("label `{key}` is Skiff's own")).on_key();
            out.push(complaint.help("use another prefix, or none"));
        } else if key.is_empty() {
            out.push(at.key(key).says("a label has an empty key").on_key());
        }
    }
}
