//! The way back from the canonical form that a container has in a label to a template.
//!
//! What the form leaves out, as it needs no new container (probes, hooks, limits, networks but the first), is as it is declared now. A
//! template that does not have the recorded form again, once it is compiled, is none: what it was made from is not known then.

use serde_json::{Map, Value, json};
use skiff_api::{Deployment, Object, ObjectKey, PodTemplate, naming};

use super::CompileInput;
use super::workload::{Origin, deployment};
use crate::desired::Workload;
use crate::template::{NOT_OF_THE_CONTAINER, NOT_OF_THE_TEMPLATE};
use crate::trace::Trace;

/// The deployment as it was when a container was made, with what else the manifest says now, where that can be told.
pub(super) fn traced(origin: &Origin<'_>, object: &Deployment, trace: &Trace) -> Option<Workload> {
    let mut then = object.clone();
    then.spec.template = template_of(&trace.template, origin.input, origin.key, &object.spec.template)?;
    let compiled = deployment(origin, &then);
    (compiled.template.hash == trace.template_hash).then_some(compiled)
}

/// The template of which this may be the recorded form. `declared` is the one of today.
fn template_of(
    recorded: &str,
    input: &CompileInput<'_>,
    key: &ObjectKey,
    declared: &PodTemplate,
) -> Option<PodTemplate> {
    let Value::Object(mut form) = serde_json::from_str(recorded).ok()? else { return None };
    // Plain data with text keys always serialises.
    let declared = serde_json::to_value(declared).ok()?;
    form.remove("network");
    unkey(&mut form, "volumes", "name");
    unkey(&mut form, "initContainers", "name");
    refer_to_volumes(&mut form, input, key)?;
    keep(&mut form, &declared, &NOT_OF_THE_TEMPLATE);
    if let Some(container) = form.get_mut("container").and_then(Value::as_object_mut) {
        unkey(container, "env", "name");
        unkey(container, "volumeMounts", "mountPath");
        name_ports(container, declared.get("container")?);
        keep(container, declared.get("container")?, &NOT_OF_THE_CONTAINER);
        // The form has the tag alone, which is the image's.
        if container.remove("build").is_some() {
            keep(container, declared.get("container")?, &["build"]);
        }
    }
    add_empty(&mut form, &declared);
    serde_json::from_value(Value::Object(form)).ok()
}

/// Writes volumes as references to objects instead of by Docker's names; `None` where one is no object's.
fn refer_to_volumes(form: &mut Map<String, Value>, input: &CompileInput<'_>, key: &ObjectKey) -> Option<()> {
    let volumes = form.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten();
    for volume in volumes.filter_map(|item| item.get_mut("volume")?.as_object_mut()) {
        let object = volume_called(input, volume.get("name")?.as_str()?)?;
        volume.insert("name".to_owned(), json!(object.name));
        if object.namespace != key.namespace {
            volume.insert("namespace".to_owned(), json!(object.namespace));
        }
    }
    Some(())
}

/// The volume to which Docker knows this name.
fn volume_called<'i>(input: &'i CompileInput<'_>, docker_name: &str) -> Option<&'i ObjectKey> {
    let is_called_so = |object: &Object| {
        let Object::Volume(volume) = object else { return false };
        naming::volume_name(input.instance, volume, None) == docker_name
    };
    let mut all = input.objects.iter().chain(input.beside);
    all.find(|(_, declared)| is_called_so(&declared.object)).map(|(key, _)| key)
}

/// Adds the volumes of which the form says nothing, as they are empty at first, and tells from what is declared which of those stay when
/// their container goes: that is in no form.
fn add_empty(form: &mut Map<String, Value>, declared: &Value) {
    let mounted = mounted(form);
    let volumes = form.entry("volumes").or_insert_with(|| json!([]));
    let Some(volumes) = volumes.as_array_mut() else { return };
    for name in mounted {
        if !volumes.iter().any(|volume| volume.get("name") == Some(&name)) {
            volumes.push(json!({ "name": name, "emptyDir": {} }));
        }
    }
    let stays = |name: Option<&Value>| {
        let mut all = declared.get("volumes").and_then(Value::as_array).into_iter().flatten();
        all.any(|volume| volume.get("name") == name && volume.get("anonymous").is_some())
    };
    for volume in volumes.iter_mut().filter(|volume| stays(volume.get("name"))).filter_map(Value::as_object_mut) {
        if let Some(empty) = volume.remove("emptyDir") {
            volume.insert("anonymous".to_owned(), empty);
        }
    }
}

/// The names of all volumes that are mounted, also by what runs before.
fn mounted(form: &Map<String, Value>) -> Vec<Value> {
    let inits = form.get("initContainers").and_then(Value::as_array).into_iter().flatten();
    let mounts = form.get("container").into_iter().chain(inits).filter_map(|of| of.get("volumeMounts")?.as_array());
    mounts.flatten().filter_map(|mount| mount.get("name").cloned()).collect()
}

/// Gives ports the names that they are declared with: probes call them so.
fn name_ports(container: &mut Map<String, Value>, declared: &Value) {
    let declared = declared.get("ports").and_then(Value::as_array);
    let Some(ports) = container.get_mut("ports").and_then(Value::as_array_mut) else { return };
    for port in ports {
        let is_same =
            |one: &&Value| ["containerPort", "protocol"].iter().all(|field| one.get(*field) == port.get(*field));
        let same = declared.and_then(|all| all.iter().find(is_same)).cloned();
        if let (Some(port), Some(same)) = (port.as_object_mut(), same) {
            keep(port, &same, &["name", "appProtocol"]);
        }
    }
}

/// Turns a map by name into a list of named items.
fn unkey(map: &mut Map<String, Value>, field: &str, by: &str) {
    let Some(Value::Object(keyed)) = map.remove(field) else { return };
    let items = keyed.into_iter().map(|(name, item)| {
        let mut named = Map::from_iter([(by.to_owned(), Value::String(name))]);
        // One that says nothing but its name is `true`.
        if let Value::Object(item) = item {
            named.extend(item);
        }
        Value::Object(named)
    });
    map.insert(field.to_owned(), Value::Array(items.collect()));
}

/// Takes fields over as they are declared.
fn keep(map: &mut Map<String, Value>, declared: &Value, fields: &[&str]) {
    for field in fields {
        if let Some(value) = declared.get(field) {
            map.insert((*field).to_owned(), value.clone());
        }
    }
}
