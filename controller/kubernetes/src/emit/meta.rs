//! Labels, annotations and names of objects.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use skiff_api::{ImageName, Kind, annotation, label};

use crate::ledger::Scope;
use crate::names::{is_label_value, is_qualified_name};
use crate::report::Verdict;
use crate::stack::{Form, Stack, Workload};

/// Labels or annotations.
pub(super) type Words = BTreeMap<String, String>;

/// How the labels begin by which Compose finds its containers.
pub(super) const OF_COMPOSE: &str = "com.docker.compose.";
/// Who made it, as labels say it.
const MANAGER: &str = "skiff";

/// The labels of everything that belongs to a namespace.
pub(super) fn common(namespace: &str) -> Words {
    let pair = |key: &str, value: &str| (format!("app.kubernetes.io/{key}"), value.to_owned());
    [pair("part-of", namespace), pair("managed-by", MANAGER)].into()
}

/// The labels of what belongs to a workload.
pub(super) fn labels(workload: &Workload<'_>) -> Words {
    let mut labels = common(&workload.key.namespace);
    labels.extend(workload.selector());
    let component = match workload.form {
        Form::Deployment | Form::StatefulSet => "service",
        Form::DaemonSet => "agent",
        Form::Job | Form::CronJob => "job",
    };
    labels.insert("app.kubernetes.io/component".to_owned(), component.to_owned());
    let version = ImageName::of(&workload.template.container.image).tag;
    if let Some(version) = version.filter(|version| is_label_value(version)) {
        labels.insert("app.kubernetes.io/version".to_owned(), version);
    }
    labels
}

/// What selects the pods of a workload.
pub(super) fn selector(workload: &Workload<'_>) -> LabelSelector {
    LabelSelector { match_labels: Some(workload.selector()), match_expressions: None }
}

/// The metadata of an object that is made for a workload.
pub(super) fn of_workload(workload: &Workload<'_>, name: &str) -> ObjectMeta {
    named(name, &workload.namespace, labels(workload))
}

/// Metadata with a name, a namespace and labels.
pub(super) fn named(name: &str, namespace: &str, labels: Words) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(namespace.to_owned()),
        labels: Some(labels),
        ..ObjectMeta::default()
    }
}

/// `None` for what is empty, so that it is not written.
pub(super) fn filled(words: Words) -> Option<Words> {
    (!words.is_empty()).then_some(words)
}

/// The list, or `None` where it is empty.
pub(super) fn listed<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

/// Takes the metadata of an object over: its labels, and annotations with what cannot be a label.
pub(super) fn taken_over(meta: &skiff_api::ObjectMeta, stack: &Stack<'_>, scope: &mut Scope<'_, '_>) -> (Words, Words) {
    let skiff_api::ObjectMeta { name, namespace, labels, annotations } = meta;
    let mut scope = scope.at("metadata", "metadata");
    scope.exact(name, "name", "name");
    if let Some(namespace) = namespace {
        let other = stack.namespace(namespace);
        if other == *namespace {
            scope.exact(&true, "namespace", "namespace");
        } else {
            scope.near(&true, "namespace", "namespace", &format!("everything goes to `{other}`"), "");
        }
    }
    let (mut taken, mut notes) = words(labels, "labels", &mut scope);
    for (key, value) in annotations {
        let at = format!("annotations/{}", pointer(key));
        match key.as_str() {
            // Told of where the autoscaler is written.
            annotation::EXPORT_AUTOSCALE if scope.object().kind == Kind::Deployment => {}
            annotation::EXPORT_AUTOSCALE => scope.lost(&at, "only a Deployment has replicas to scale", ""),
            // Both were heard: one where files are read, the other where it is said what becomes of the object.
            annotation::PATHS_RELATIVE_TO | annotation::EXPORT_AS => scope.says(Verdict::Exact, &at, "", "", ""),
            annotation::PRUNE => {
                let why = "`kubectl apply` removes nothing by itself";
                scope.lost(&at, why, "tell whatever applies it, such as Argo CD's `Prune=false`");
            }
            annotation::RESTARTED_AT => scope.lost(&at, "it was a request to Skiff", ""),
            _ if is_qualified_name(key) => {
                scope.exact(&true, &at, "annotations");
                notes.insert(key.clone(), value.clone());
            }
            _ => scope.lost(&at, "Kubernetes does not take the key", "write a key such as `example.com/note`"),
        }
    }
    taken.remove(label::ROLLOUT_GROUP);
    (taken, notes)
}

/// The labels that Kubernetes takes as they are, without a word.
pub(super) fn fitting(labels: &Words) -> Words {
    let fits = |(key, value): &(&String, &String)| {
        is_qualified_name(key) && is_label_value(value) && !key.starts_with("app.kubernetes.io/")
    };
    labels.iter().filter(fits).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Labels that Kubernetes takes, and those whose values only an annotation holds.
pub(super) fn words(labels: &Words, field: &str, scope: &mut Scope<'_, '_>) -> (Words, Words) {
    let (mut taken, mut notes) = (Words::new(), Words::new());
    for (key, value) in labels {
        let at = format!("{field}/{}", pointer(key));
        if key == label::ROLLOUT_GROUP {
            scope.lost(&at, "Kubernetes rolls each object out for itself", "");
        } else if key.starts_with("app.kubernetes.io/") {
            scope.near(&true, &at, "labels", "the export sets these labels itself", "");
        } else if key.starts_with(OF_COMPOSE) {
            // Compose finds its containers by it, whoever looks for pods those of Kubernetes' own.
            scope.exact(&true, &at, "");
        } else if is_qualified_name(key) && is_label_value(value) {
            scope.exact(&true, &at, "labels");
            taken.insert(key.clone(), value.clone());
        } else if is_qualified_name(key) {
            scope.near(&true, &at, "annotations", "no label has such a value, so that it is an annotation", "");
            notes.insert(key.clone(), value.clone());
        } else {
            scope.lost(&at, "Kubernetes does not take the key", "write a key such as `example.com/tier`");
        }
    }
    (taken, notes)
}

/// A key as a part of a JSON pointer.
pub(super) fn pointer(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
