//! The way back from the canonical form that a container has in a label to a template, for what nobody remembers any more.
//!
//! What the form leaves out, as it needs no new container (probes, hooks, limits, networks but the first), is as it is declared now. A
//! template that does not have the recorded form again is none: what it was made from is not known then.

use serde_json::{Map, Value};
use skiff_api::PodTemplate;

use super::{NOT_OF_THE_CONTAINER, canonical, hash};
use crate::desired::Attachment;

/// What a template has beside its recorded form.
const NOT_OF_THE_TEMPLATE: [&str; 3] = ["networks", "restartPolicy", "restart"];

/// The template of which this is the recorded form, where that can be told. `declared` is the one of today.
pub(crate) fn template_of(
    recorded: &str,
    declared: &PodTemplate,
    first_network: Option<&Attachment>,
) -> Option<PodTemplate> {
    let Value::Object(mut form) = serde_json::from_str(recorded).ok()? else { return None };
    // Plain data with text keys always serialises.
    let declared = serde_json::to_value(declared).ok()?;
    form.remove("network");
    let names = volume_names(&form);
    unkey(&mut form, "volumes", "name");
    unkey(&mut form, "initContainers", "name");
    refer_to_volumes(&mut form, &declared);
    keep(&mut form, &declared, &NOT_OF_THE_TEMPLATE);
    if let Some(container) = form.get_mut("container").and_then(Value::as_object_mut) {
        unkey(container, "env", "name");
        unkey(container, "volumeMounts", "mountPath");
        name_ports(container, declared.get("container")?);
        keep(container, declared.get("container")?, &NOT_OF_THE_CONTAINER);
    }
    let pod: PodTemplate = serde_json::from_value(Value::Object(form)).ok()?;
    (hash(&canonical(&pod, first_network, &names).to_string()) == hash(recorded)).then_some(pod)
}

/// Docker's names of the volumes, as the form has them by their names in the template.
fn volume_names(form: &Map<String, Value>) -> Map<String, Value> {
    let volumes = form.get("volumes").and_then(Value::as_object).into_iter().flatten();
    let named = volumes
        .filter_map(|(name, item)| Some((name.clone(), item.get("volume").filter(|it| it.is_string())?.clone())));
    named.collect()
}

/// Writes volumes as references to objects, as those of the same name are declared.
fn refer_to_volumes(form: &mut Map<String, Value>, declared: &Value) {
    let declared = declared.get("volumes").and_then(Value::as_array);
    let Some(volumes) = form.get_mut("volumes").and_then(Value::as_array_mut) else { return };
    for volume in volumes.iter_mut().filter_map(Value::as_object_mut) {
        let same = |item: &&Value| item.get("name") == volume.get("name");
        let reference = declared.and_then(|all| all.iter().find(same)?.get("volume").cloned());
        if let (Some(name), Some(reference)) = (volume.get_mut("volume").filter(|name| name.is_string()), reference) {
            *name = reference;
        }
    }
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
