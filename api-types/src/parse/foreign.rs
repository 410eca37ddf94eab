//! Objects of Kubernetes that were pasted: what to write instead, made from their own values.
//!
//! Only what a person needs to begin is shown: image, command, ports. Everything else keeps its form below `template.container`.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::complaint::At;
use crate::{API_VERSION, Complaint};

/// A complaint about an object that is Kubernetes' own; `None` for what may be ours.
pub(super) fn complaint(version: &str, kind: &str, document: &Map<String, Value>) -> Option<Complaint> {
    if version.starts_with("skiff.dev/") || version.is_empty() {
        return None;
    }
    let known = version == "v1" || version.contains(".k8s.io/") || GROUPS.contains(&group(version));
    if !known || (version == "v1" && ["ConfigMap", "Secret"].contains(&kind)) {
        return None;
    }
    let message = format!("{version} {kind} is an object of Kubernetes; skiff reads {API_VERSION}");
    Some(At::ROOT.key("apiVersion").says(message).help(instead(kind, document)))
}

const GROUPS: [&str; 6] = ["apps", "batch", "autoscaling", "policy", "extensions", "traefik.io"];

fn group(version: &str) -> &str {
    version.split('/').next().unwrap_or_default()
}

fn instead(kind: &str, document: &Map<String, Value>) -> String {
    let document = Value::Object(document.clone());
    let name = document.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("NAME");
    match kind {
        "Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController" | "DaemonSet" => {
            workload("Deployment", name, &document, "/spec/template/spec")
        }
        "Pod" => workload("Deployment", name, &document, "/spec"),
        "Job" => workload("Job", name, &document, "/spec/template/spec"),
        "CronJob" => workload("CronJob", name, &document, "/spec/jobTemplate/spec/template/spec"),
        "Service" => service(&document),
        "Ingress" => "publish the port on the host: `ports: [ { containerPort: 80, hostPort: 80 } ]` in the Deployment's container".to_owned(),
        "PersistentVolumeClaim" | "PersistentVolume" => {
            format!("write\n  apiVersion: {API_VERSION}\n  kind: Volume\n  metadata: {{ name: {name} }}")
        }
        "NetworkPolicy" => format!(
            "put what may talk to each other on a network of its own:\n  apiVersion: {API_VERSION}\n  kind: Network\n  metadata: {{ name: {name} }}"
        ),
        "Namespace" => "leave it out: a namespace exists as soon as an object names it in `metadata.namespace`".to_owned(),
        _ => "leave it out: it has no counterpart on a Docker host".to_owned(),
    }
}

/// The same container as one of ours, in the form `template.container`.
fn workload(kind: &str, name: &str, document: &Value, pod: &str) -> String {
    let pod = document.pointer(pod).unwrap_or(&Value::Null);
    let container = pod.pointer("/containers/0").unwrap_or(&Value::Null);
    let mut text =
        format!("write\n  apiVersion: {API_VERSION}\n  kind: {kind}\n  metadata: {{ name: {name} }}\n  spec:");
    let mut line = |indent: usize, content: &str| {
        // Writing to a text cannot fail.
        let _written = write!(text, "\n{:indent$}{content}", "", indent = indent);
    };
    let mut indent = 4;
    if let Some(replicas) = document.pointer("/spec/replicas") {
        line(indent, &format!("replicas: {replicas}"));
    }
    if kind == "CronJob" {
        let schedule = document.pointer("/spec/schedule").and_then(Value::as_str).unwrap_or("0 * * * *");
        line(indent, &format!("schedule: \"{schedule}\""));
        line(indent, "jobTemplate:");
        line(indent + 2, "spec:");
        indent += 4;
    }
    line(indent, "template:");
    line(indent + 2, "container:");
    line(indent + 4, &format!("image: {}", container.get("image").and_then(Value::as_str).unwrap_or("IMAGE")));
    for field in ["command", "args"] {
        if let Some(words) = container.get(field) {
            line(indent + 4, &format!("{field}: {words}"));
        }
    }
    let ports: Vec<String> = container.get("ports").and_then(Value::as_array).into_iter().flatten().map(port).collect();
    if !ports.is_empty() {
        line(indent + 4, &format!("ports: [ {} ]", ports.join(", ")));
    }
    let rest = match pod.get("containers").and_then(Value::as_array).map_or(0, Vec::len) {
        0 | 1 => "\nenv, resources, probes and volumeMounts keep their form below `container`; there is no selector",
        _ => {
            "\nenv, resources, probes and volumeMounts keep their form below `container`; each further container is a Deployment of its own"
        }
    };
    text.push_str(rest);
    text
}

fn port(port: &Value) -> String {
    let number = port.get("containerPort").unwrap_or(&Value::Null);
    match port.get("name").and_then(Value::as_str) {
        Some(name) => format!("{{ name: {name}, containerPort: {number} }}"),
        None => format!("{{ containerPort: {number} }}"),
    }
}

fn service(document: &Value) -> String {
    let port = document.pointer("/spec/ports/0/port").map_or_else(|| "80".to_owned(), Value::to_string);
    let target = document.pointer("/spec/ports/0/targetPort").and_then(Value::as_u64);
    let target = target.map_or_else(|| port.clone(), |target| target.to_string());
    format!(
        "leave it out: a Deployment answers to its own name on its networks; to publish it on the host, write \
         `ports: [ {{ containerPort: {target}, hostPort: {port} }} ]` in its container"
    )
}
