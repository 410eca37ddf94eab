//! What no schema knows and what breaks a migration: names, selectors, ports, claims, content, policies.
//!
//! It reads only the objects that came out, and what the report says must be there before. It shares nothing with what wrote them.

mod content;
mod policies;
mod refused;
mod services;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use skiff_kubernetes::{Export, Prerequisite};

/// Labels, or a selector of equal ones.
pub(crate) type Words = BTreeMap<String, String>;

/// A pod that some object makes.
pub(crate) struct PodOf<'e> {
    pub(crate) owner: String,
    pub(crate) namespace: String,
    pub(crate) labels: Words,
    pub(crate) spec: &'e Value,
    pub(crate) object: &'e Value,
}

/// All objects, ready to be asked.
pub(crate) struct Cluster<'e> {
    pub(crate) objects: Vec<&'e Value>,
    pub(crate) pods: Vec<PodOf<'e>>,
    pub(crate) prerequisites: &'e BTreeSet<Prerequisite>,
}

/// Everything that is wrong among the objects of an export.
pub(crate) fn complaints(export: &Export) -> Vec<String> {
    let objects: Vec<&Value> = export.objects.iter().map(|object| &object.value).collect();
    let pods = objects.iter().filter_map(|object| pod_of(object)).collect();
    let cluster = Cluster { objects, pods, prerequisites: &export.report.prerequisites };
    let mut wrong = Vec::new();
    names(&cluster, &mut wrong);
    selectors(&cluster, &mut wrong);
    content::check(&cluster, &mut wrong);
    services::check(&cluster, &mut wrong);
    policies::check(&cluster, &mut wrong);
    refused::check(&cluster, &mut wrong);
    scalers(&cluster, &mut wrong);
    wrong
}

/// A text of an object, empty where there is none.
pub(crate) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A list of an object, empty where there is none.
pub(crate) fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Words of an object.
pub(crate) fn words(value: &Value, pointer: &str) -> Words {
    let fields = value.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    fields.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

/// Whether labels have all that a selector asks for.
pub(crate) fn selects(selector: &Words, labels: &Words) -> bool {
    selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// `Kind/name`.
pub(crate) fn shown(object: &Value) -> String {
    format!("{}/{}", text(object, "/kind"), text(object, "/metadata/name"))
}

impl<'e> Cluster<'e> {
    /// The objects of a kind.
    pub(crate) fn of_kind<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'e Value> + 's {
        self.objects.iter().copied().filter(move |object| text(object, "/kind") == kind)
    }

    /// An object by kind, namespace and name.
    pub(crate) fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<&'e Value> {
        self.of_kind(kind)
            .find(|object| text(object, "/metadata/namespace") == namespace && text(object, "/metadata/name") == name)
    }

    /// Whether something is said to be there before.
    pub(crate) fn is_required(&self, kind: &str, namespace: &str, name: &str) -> bool {
        self.prerequisites.iter().any(|it| it.kind == kind && it.namespace == namespace && it.name == name)
    }
}

fn pod_of(object: &Value) -> Option<PodOf<'_>> {
    let pointer = match text(object, "/kind") {
        "Deployment" | "StatefulSet" | "DaemonSet" | "Job" => "/spec/template",
        "CronJob" => "/spec/jobTemplate/spec/template",
        _ => return None,
    };
    let template = object.pointer(pointer).unwrap_or_else(|| panic!("{} has no template", shown(object)));
    Some(PodOf {
        owner: shown(object),
        namespace: text(object, "/metadata/namespace").to_owned(),
        labels: words(template, "/metadata/labels"),
        spec: template.get("spec").unwrap_or_else(|| panic!("{} has no pod", shown(object))),
        object,
    })
}

fn is_label(name: &str, longest: usize) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty()
        && name.len() <= longest
        && name.chars().all(fits)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

fn is_label_value(value: &str) -> bool {
    let ends = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    value.len() <= 63 && value.chars().all(fits) && ends(value.chars().next()) && ends(value.chars().next_back())
}

fn names(cluster: &Cluster<'_>, wrong: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for object in &cluster.objects {
        let (kind, name, namespace) =
            (text(object, "/kind"), text(object, "/metadata/name"), text(object, "/metadata/namespace"));
        // What they start carries a label of their name with eleven characters more.
        let longest = if ["CronJob", "StatefulSet"].contains(&kind) { 52 } else { 63 };
        let begins = kind != "Service" || name.starts_with(|c: char| c.is_ascii_lowercase());
        // What no namespace holds may have dots in its name.
        let is_of_all = ["Namespace", "PersistentVolume"].contains(&kind);
        let parts = if kind == "PersistentVolume" { name.split('.').collect() } else { vec![name] };
        if !parts.into_iter().all(|part| is_label(part, longest)) || !begins {
            wrong.push(format!("{kind} cannot be called `{name}`"));
        }
        if is_of_all != namespace.is_empty() {
            wrong.push(format!("{} has the namespace `{namespace}`", shown(object)));
        }
        if !seen.insert((kind, namespace, name)) {
            wrong.push(format!("{} is there twice in `{namespace}`", shown(object)));
        }
        for (key, value) in words(object, "/metadata/labels") {
            if !is_label_value(&value)
                || key.rsplit('/').next().is_none_or(|name| name.is_empty() || !is_label_value(name))
            {
                wrong.push(format!("{} has the label `{key}: {value}`", shown(object)));
            }
        }
        if object.pointer("/status").is_some() {
            wrong.push(format!("{} has a status", shown(object)));
        }
        let namespaces: Vec<&str> = cluster.of_kind("Namespace").map(|it| text(it, "/metadata/name")).collect();
        if !namespace.is_empty() && namespace != "default" && !namespaces.contains(&namespace) {
            wrong.push(format!("there is no namespace `{namespace}` for {}", shown(object)));
        }
    }
}

fn selectors(cluster: &Cluster<'_>, wrong: &mut Vec<String>) {
    for pod in &cluster.pods {
        for (key, value) in &pod.labels {
            if !is_label_value(value) {
                wrong.push(format!("the pods of {} have the label `{key}: {value}`", pod.owner));
            }
        }
        let selector = words(pod.object, "/spec/selector/matchLabels");
        let is_job = ["Job", "CronJob"].contains(&text(pod.object, "/kind"));
        if is_job != selector.is_empty() {
            wrong.push(format!("{} has the selector {selector:?}", pod.owner));
        }
        for other in cluster.pods.iter().filter(|it| it.namespace == pod.namespace && !is_job) {
            if (other.owner == pod.owner) != selects(&selector, &other.labels) {
                wrong.push(format!("the selector of {} and the pods of {} disagree", pod.owner, other.owner));
            }
        }
        let policy = text(pod.spec, "/restartPolicy");
        if is_job == (policy == "Always") {
            wrong.push(format!("the pods of {} restart {policy}", pod.owner));
        }
    }
    for budget in cluster.of_kind("PodDisruptionBudget") {
        let (selector, namespace) = (words(budget, "/spec/selector/matchLabels"), text(budget, "/metadata/namespace"));
        if !cluster.pods.iter().any(|pod| pod.namespace == namespace && selects(&selector, &pod.labels)) {
            wrong.push(format!("{} selects nothing", shown(budget)));
        }
    }
}

/// What scales by use needs to know what was asked for.
fn scalers(cluster: &Cluster<'_>, wrong: &mut Vec<String>) {
    for scaler in cluster.of_kind("HorizontalPodAutoscaler") {
        let owner =
            format!("{}/{}", text(scaler, "/spec/scaleTargetRef/kind"), text(scaler, "/spec/scaleTargetRef/name"));
        let Some(pod) = cluster.pods.iter().find(|pod| pod.owner == owner) else {
            wrong.push(format!("{} scales {owner}, which is not there", shown(scaler)));
            continue;
        };
        for metric in list(scaler, "/spec/metrics") {
            let resource = text(metric, "/resource/name");
            let says =
                |container: &Value, list: &str| container.pointer(&format!("/resources/{list}/{resource}")).is_some();
            let asks = |container: &Value| says(container, "requests") || says(container, "limits");
            if !list(pod.spec, "/containers").iter().all(asks) {
                wrong.push(format!("{} scales {owner} by {resource}, which it does not request", shown(scaler)));
            }
        }
        if pod.object.pointer("/spec/replicas").is_some() {
            wrong.push(format!("{} and {owner} both say how many replicas there are", shown(scaler)));
        }
    }
}
