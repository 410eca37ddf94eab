//! Claims, `ConfigMap`s, `Secret`s and their keys, accounts; and that what is mounted is a volume of the pod.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Cluster, PodOf, list, shown, text};

pub(super) fn check(cluster: &Cluster<'_>, wrong: &mut Vec<String>) {
    for pod in &cluster.pods {
        let volumes = volumes(pod, wrong);
        for container in containers(pod.spec) {
            mounts(pod, container, &volumes, wrong);
            variables(cluster, pod, container, wrong);
        }
        for volume in list(pod.spec, "/volumes") {
            sources(cluster, pod, volume, wrong);
        }
        let account = text(pod.spec, "/serviceAccountName");
        if cluster.get("ServiceAccount", &pod.namespace, account).is_none() {
            wrong.push(format!("{} runs as `{account}`, which is not there", pod.owner));
        }
        if cluster.pods.iter().any(|it| it.owner != pod.owner && account_of(it) == account_of(pod)) {
            wrong.push(format!("{} runs as `{account}`, as another one does", pod.owner));
        }
        for secret in list(pod.spec, "/imagePullSecrets") {
            needs(cluster, pod, "Secret", secret, &[], wrong);
        }
        names(pod, wrong);
        overlaps(cluster, pod, wrong);
    }
    roles(cluster, wrong);
}

fn account_of<'e>(pod: &'e PodOf<'_>) -> (&'e str, &'e str) {
    (&pod.namespace, text(pod.spec, "/serviceAccountName"))
}

/// Never does a second pod write to a disk that takes the pods of one node.
fn overlaps(cluster: &Cluster<'_>, pod: &PodOf<'_>, wrong: &mut Vec<String>) {
    if text(pod.object, "/spec/strategy/type") != "RollingUpdate" {
        return;
    }
    for volume in list(pod.spec, "/volumes") {
        let claim =
            cluster.get("PersistentVolumeClaim", &pod.namespace, text(volume, "/persistentVolumeClaim/claimName"));
        // Where several replicas write at once old and new may as well.
        let is_one = pod.object.pointer("/spec/replicas").and_then(Value::as_u64).is_some_and(|replicas| replicas < 2);
        let is_of_one = claim.is_some_and(|claim| is_one || text(claim, "/spec/accessModes/0") == "ReadWriteOnce");
        let is_read = volume.pointer("/persistentVolumeClaim/readOnly") == Some(&Value::Bool(true));
        let mut mounts = containers(pod.spec).flat_map(|it| list(it, "/volumeMounts"));
        let writes =
            |it: &Value| it.get("name") == volume.get("name") && it.get("readOnly") != Some(&Value::Bool(true));
        if is_of_one && !is_read && mounts.any(writes) {
            wrong.push(format!("{} rolls, and writes to `{}`", pod.owner, text(volume, "/name")));
        }
    }
}

/// All containers of a pod.
pub(super) fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    list(spec, "/containers").iter().chain(list(spec, "/initContainers"))
}

fn names(pod: &PodOf<'_>, wrong: &mut Vec<String>) {
    let (mut seen, mut ports) = (BTreeSet::new(), BTreeSet::new());
    for container in containers(pod.spec) {
        let name = text(container, "/name");
        if !seen.insert(name) || !super::is_label(name, 63) {
            wrong.push(format!("{} cannot have the container `{name}`", pod.owner));
        }
        // A Service that asks for a name meets the first container that has it.
        for port in list(container, "/ports") {
            let name = text(port, "/name");
            if !ports.insert(name) || !super::is_label(name, 15) || !name.contains(|c: char| c.is_ascii_lowercase()) {
                wrong.push(format!("{} cannot have the port `{name}`", pod.owner));
            }
        }
    }
}

fn volumes<'e>(pod: &PodOf<'e>, wrong: &mut Vec<String>) -> BTreeSet<&'e str> {
    let mut names = BTreeSet::new();
    let own = list(pod.spec, "/volumes").iter().map(|volume| text(volume, "/name"));
    let templates = list(pod.object, "/spec/volumeClaimTemplates").iter().map(|claim| text(claim, "/metadata/name"));
    for name in own.chain(templates) {
        if !names.insert(name) || !super::is_label(name, 63) {
            wrong.push(format!("{} cannot have the volume `{name}`", pod.owner));
        }
    }
    names
}

fn mounts(pod: &PodOf<'_>, container: &Value, volumes: &BTreeSet<&str>, wrong: &mut Vec<String>) {
    let mut paths = BTreeSet::new();
    for mount in list(container, "/volumeMounts") {
        let (name, path) = (text(mount, "/name"), text(mount, "/mountPath"));
        if !volumes.contains(name) {
            wrong.push(format!("{} mounts `{name}`, which is no volume of it", pod.owner));
        }
        if !paths.insert(path) {
            wrong.push(format!("{} mounts `{path}` twice", pod.owner));
        }
    }
}

fn keys(object: &Value) -> BTreeSet<String> {
    let of =
        |field: &str| object.get(field).and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key.clone());
    of("data").chain(of("binaryData")).chain(of("stringData")).collect()
}

/// That an object is there, or may be missing, or is said to be needed; and that it has a key.
fn needs(
    cluster: &Cluster<'_>,
    pod: &PodOf<'_>,
    kind: &str,
    reference: &Value,
    wanted: &[&str],
    wrong: &mut Vec<String>,
) {
    let name =
        if reference.get("secretName").is_some() { text(reference, "/secretName") } else { text(reference, "/name") };
    let optional = reference.pointer("/optional") == Some(&Value::Bool(true));
    let Some(object) = cluster.get(kind, &pod.namespace, name) else {
        if !optional && !cluster.is_required(kind, &pod.namespace, name) {
            wrong.push(format!("{} needs {kind}/{name}, which is not there", pod.owner));
        }
        return;
    };
    let keys = keys(object);
    for key in wanted.iter().filter(|key| !keys.contains(**key)) {
        if !optional {
            wrong.push(format!("{} needs the key `{key}` of {kind}/{name}, which has {keys:?}", pod.owner));
        }
    }
}

fn variables(cluster: &Cluster<'_>, pod: &PodOf<'_>, container: &Value, wrong: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for variable in list(container, "/env") {
        if !seen.insert(text(variable, "/name")) {
            wrong.push(format!("{} sets `{}` twice", pod.owner, text(variable, "/name")));
        }
        for (field, kind) in [("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")] {
            if let Some(reference) = variable.pointer(&format!("/valueFrom/{field}")) {
                needs(cluster, pod, kind, reference, &[text(reference, "/key")], wrong);
            }
        }
    }
    for source in list(container, "/envFrom") {
        for (field, kind) in [("configMapRef", "ConfigMap"), ("secretRef", "Secret")] {
            if let Some(reference) = source.get(field) {
                needs(cluster, pod, kind, reference, &[], wrong);
            }
        }
    }
}

fn sources(cluster: &Cluster<'_>, pod: &PodOf<'_>, volume: &Value, wrong: &mut Vec<String>) {
    for (field, kind) in [("configMap", "ConfigMap"), ("secret", "Secret")] {
        if let Some(reference) = volume.get(field) {
            let wanted: Vec<&str> = list(reference, "/items").iter().map(|item| text(item, "/key")).collect();
            needs(cluster, pod, kind, reference, &wanted, wrong);
        }
    }
    let sources = ["configMap", "secret", "emptyDir", "persistentVolumeClaim", "image", "projected"];
    if sources.iter().filter(|source| volume.get(**source).is_some()).count() != 1 {
        wrong.push(format!("the volume `{}` of {} has no source, or several", text(volume, "/name"), pod.owner));
    }
    let claim = text(volume, "/persistentVolumeClaim/claimName");
    let kind = "PersistentVolumeClaim";
    let is_there =
        cluster.get(kind, &pod.namespace, claim).is_some() || cluster.is_required(kind, &pod.namespace, claim);
    if !claim.is_empty() && !is_there {
        wrong.push(format!("{} needs the claim `{claim}`, which is not there", pod.owner));
    }
}

/// A binding leads from an account that is there to a role that is there, whose jobs are there.
fn roles(cluster: &Cluster<'_>, wrong: &mut Vec<String>) {
    for binding in cluster.of_kind("RoleBinding") {
        let namespace = text(binding, "/metadata/namespace");
        let role = cluster.get("Role", namespace, text(binding, "/roleRef/name"));
        let accounts = list(binding, "/subjects").iter().map(|subject| text(subject, "/name"));
        for account in accounts.filter(|account| cluster.get("ServiceAccount", namespace, account).is_none()) {
            wrong.push(format!("{} is for `{account}`, which is not there", shown(binding)));
        }
        let rules = role.map(|role| list(role, "/rules")).unwrap_or_default();
        if rules.is_empty() {
            wrong.push(format!("{} gives nothing", shown(binding)));
        }
        for name in rules.iter().flat_map(|rule| list(rule, "/resourceNames")).filter_map(Value::as_str) {
            if cluster.get("Job", namespace, name).is_none() {
                wrong.push(format!("{} is about `{name}`, which is not there", shown(binding)));
            }
        }
    }
}
