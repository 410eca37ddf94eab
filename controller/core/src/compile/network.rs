//! Networks and volumes: names, canonical forms, the default network of each namespace.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use skiff_api::{Kind, Network, NetworkSpec, Object, ObjectKey, Volume, naming};

use super::{CompileInput, DeclaredObject, departed};
use crate::desired::{Desired, DesiredNetwork, DesiredVolume, MountSource};
use crate::template;

/// Docker's name of a network; one named `default` is the namespace's default network, declared.
pub(super) fn docker_name(input: &CompileInput<'_>, object: &Network) -> String {
    naming::network_name(input.instance, object)
}

pub(super) fn network(input: &CompileInput<'_>, declared: &DeclaredObject, object: &Network) -> DesiredNetwork {
    let (canonical, hash) = canonical(&object.spec, &object.metadata.labels);
    DesiredNetwork {
        source: declared.source.clone(),
        source_revision: declared.source_revision.clone(),
        name: docker_name(input, object),
        spec: object.spec.clone(),
        labels: object.metadata.labels.clone(),
        hash,
        canonical,
        departed: departed(declared, Vec::new()),
    }
}

pub(super) fn volume(input: &CompileInput<'_>, declared: &DeclaredObject, object: &Volume) -> DesiredVolume {
    let (canonical, hash) = canonical(&object.spec, &object.metadata.labels);
    DesiredVolume {
        source: declared.source.clone(),
        source_revision: declared.source_revision.clone(),
        name: naming::volume_name(input.instance, object, None),
        per_replica: false,
        spec: object.spec.clone(),
        labels: object.metadata.labels.clone(),
        hash,
        canonical,
        departed: departed(declared, Vec::new()),
    }
}

/// The canonical form of a network or volume, whose Docker name is its identity and not in it.
fn canonical(spec: &impl Serialize, labels: &BTreeMap<String, String>) -> (String, String) {
    // Specs are plain data with text keys: they always serialise.
    let mut form = json!({ "spec": serde_json::to_value(spec).unwrap_or_default(), "labels": labels });
    template::settle(&mut form);
    let text = form.to_string();
    let hash = template::hash(&text);
    (text, hash)
}

/// Adds the default network of each namespace in which something is on it and nobody declares it.
pub(super) fn add_default_networks(input: &CompileInput<'_>, desired: &mut Desired) {
    let attachments = desired.with_containers().flat_map(|workload| {
        workload.networks.iter().map(|attachment| (workload.source.clone(), attachment.network.clone()))
    });
    for (source, name) in attachments.collect::<Vec<_>>() {
        let is_declared = desired.networks.values().any(|network| network.name == name);
        let is_declared_beside = || {
            let networks = input.beside.values().filter_map(|beside| match &beside.object {
                Object::Network(network) => Some(network),
                Object::Volume(_)
                | Object::ConfigMap(_)
                | Object::Secret(_)
                | Object::Deployment(_)
                | Object::Job(_)
                | Object::CronJob(_) => None,
            });
            networks.into_iter().any(|network| docker_name(input, network) == name)
        };
        if is_declared || is_declared_beside() {
            continue;
        }
        let mut namespaces = input.objects.keys().map(|key| key.namespace.as_str());
        let namespace = namespaces.find(|namespace| naming::default_network_name(input.instance, namespace) == name);
        let Some(namespace) = namespace else { continue };
        let (canonical, hash) = canonical(&NetworkSpec::default(), &BTreeMap::new());
        let network = DesiredNetwork {
            source,
            source_revision: None,
            name,
            spec: NetworkSpec::default(),
            labels: BTreeMap::new(),
            hash,
            canonical,
            departed: crate::Departed::default(),
        };
        desired.networks.insert(ObjectKey::new(Kind::Network, namespace, "default"), network);
    }
}

/// Marks volumes that each ordinal of a workload has for itself.
pub(super) fn mark_volumes_per_replica(desired: &mut Desired) {
    let mounts = desired.with_containers().flat_map(|workload| &workload.template.mounts);
    let own: Vec<ObjectKey> = mounts
        .filter_map(|mount| {
            let MountSource::Volume { object, per_replica: true, .. } = &mount.source else { return None };
            Some(object.clone())
        })
        .collect();
    for key in own {
        if let Some(volume) = desired.volumes.get_mut(&key) {
            volume.per_replica = true;
        }
    }
}
