//! A base, components for what not every cluster has, and an overlay for each environment.
//!
//! An overlay says in JSON patches what differs, adds what the base does not have and deletes what the environment has not:
//! what comes out of it is exactly what a plain export of that environment is.

mod patch;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Environments, Files, commands};
use crate::{Emitted, Export, Part, yaml};

const API: &str = "kustomize.config.k8s.io";

/// The overlay of what is exported without an environment.
pub(super) const DEFAULT: &str = "default";

pub(super) fn files(base: &Export, environments: &Environments) -> Files {
    let mut files = Files::new();
    let mut components = Vec::new();
    for (part, folder, name) in parts() {
        let objects: Vec<&Emitted> = base.objects.iter().filter(|object| object.part == part).collect();
        if objects.is_empty() && part != Part::Base {
            continue;
        }
        let resources = write(&mut files, folder, &objects);
        let (version, kind) = if part == Part::Base { ("v1beta1", "Kustomization") } else { ("v1alpha1", "Component") };
        let kustomization = json!({ "apiVersion": format!("{API}/{version}"), "kind": kind, "resources": resources });
        files.insert(format!("{folder}/kustomization.yaml"), yaml::document(&kustomization));
        components.extend((part != Part::Base).then(|| format!("../../components/{name}")));
    }
    overlay(&mut files, DEFAULT, base, base, &components);
    for (name, export) in environments {
        overlay(&mut files, name, base, export, &components);
        files.insert(format!("overlays/{name}/REPORT.md"), export.report.markdown(&[commands::kustomize(".", name)]));
    }
    files
}

/// Each part, the folder that it is in, and its name there.
fn parts() -> [(Part, &'static str, &'static str); 4] {
    [
        (Part::Base, "base", "base"),
        (Part::Ingress, "components/ingress", "ingress"),
        (Part::Gateway, "components/gateway", "gateway"),
        (Part::NetworkPolicy, "components/networkpolicy", "networkpolicy"),
    ]
}

/// Writes the files of objects into a folder, and says which.
fn write(files: &mut Files, folder: &str, objects: &[&Emitted]) -> Vec<String> {
    let mut by_file: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for object in objects {
        by_file.entry(format!("{}.yaml", object.file)).or_default().push(&object.value);
    }
    for (file, values) in &by_file {
        files.insert(format!("{folder}/{file}"), yaml::documents(values.iter().copied()));
    }
    by_file.into_keys().collect()
}

fn overlay(files: &mut Files, name: &str, base: &Export, export: &Export, components: &[String]) {
    let folder = format!("overlays/{name}");
    let (before, after) = (by_identity(base), by_identity(export));
    let added: Vec<&Emitted> = after.iter().filter(|(key, _)| !before.contains_key(*key)).map(|(_, it)| *it).collect();
    let mut resources = vec!["../../base".to_owned()];
    resources.extend(write(files, &folder, &added));
    let mut patches = Vec::new();
    for (key, old) in &before {
        match after.get(key) {
            None => patches.push(json!({ "patch": yaml::document(&deletion(&old.value)) })),
            Some(new) if new.value != old.value => {
                let operations = Value::Array(patch::between(&old.value, &new.value));
                patches.push(json!({ "target": target(&old.value), "patch": yaml::document(&operations) }));
            }
            Some(_) => {}
        }
    }
    let mut kustomization = json!({
        "apiVersion": format!("{API}/v1beta1"), "kind": "Kustomization", "resources": resources,
    });
    for (key, list) in [("components", json!(components)), ("patches", Value::Array(patches))] {
        if let (Some(fields), false) = (kustomization.as_object_mut(), list == json!([])) {
            fields.insert(key.to_owned(), list);
        }
    }
    files.insert(format!("{folder}/kustomization.yaml"), yaml::document(&kustomization));
}

/// Objects by kind, namespace and name.
fn by_identity(export: &Export) -> BTreeMap<[&str; 3], &Emitted> {
    let identity = |it| ["/kind", "/metadata/namespace", "/metadata/name"].map(|pointer| Emitted::text(it, pointer));
    export.objects.iter().map(|it| (identity(it), it)).collect()
}

fn target(object: &Value) -> Value {
    let text = |pointer: &str| object.pointer(pointer).cloned().unwrap_or_default();
    let version = text("/apiVersion");
    let version = version.as_str().unwrap_or_default();
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let mut target = json!({
        "version": version, "kind": text("/kind"), "name": text("/metadata/name"), "namespace": text("/metadata/namespace"),
    });
    if let Some(fields) = target.as_object_mut() {
        if !group.is_empty() {
            fields.insert("group".to_owned(), group.into());
        }
        fields.retain(|_, value| !value.is_null());
    }
    target
}

/// A patch that takes an object away.
fn deletion(object: &Value) -> Value {
    let mut metadata = json!({});
    for key in ["name", "namespace"] {
        if let (Some(fields), Some(value)) = (metadata.as_object_mut(), object.pointer(&format!("/metadata/{key}"))) {
            fields.insert(key.to_owned(), value.clone());
        }
    }
    let text = |key: &str| object.get(key).cloned().unwrap_or_default();
    json!({ "$patch": "delete", "apiVersion": text("apiVersion"), "kind": text("kind"), "metadata": metadata })
}
