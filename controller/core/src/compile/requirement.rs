//! What a template needs of the engine.
//!
//! Docker 20.10 drops settings that it does not know without a word; what it cannot do is refused by name instead.

use skiff_api::PodTemplate;

use crate::probe::{START_INTERVAL, is_askable};

/// A field and the first API version that honours it.
pub(super) type Requirement = (String, (u32, u32));

pub(super) fn requirements(pod: &PodTemplate) -> Vec<Requirement> {
    let mut found = Vec::new();
    let mut need = |wanted: bool, field: &str, version: (u32, u32)| {
        if wanted {
            found.push((field.to_owned(), version));
        }
    };
    let container = &pod.container;
    let check = container.health_check.as_ref();
    need(!pod.metadata.annotations.is_empty(), "template.metadata.annotations", (1, 43));
    // Of a command that is known Skiff asks early itself.
    let unknown = check.is_some_and(|check| check.start_interval.is_some() && !is_askable(check));
    need(unknown, "container.healthCheck.startInterval", START_INTERVAL);
    for (index, network) in pod.networks.iter().flatten().enumerate() {
        need(network.interface_name.is_some(), "networks.interfaceName", (1, 49));
        need(network.gateway_priority.is_some(), "networks.gatewayPriority", (1, 48));
        // The first network's address is a setting of the container on every version.
        need(network.mac_address.is_some() && index > 0, "networks.macAddress", (1, 44));
    }
    for mount in &container.volume_mounts {
        let volume = pod.volumes.iter().find(|volume| volume.name == mount.name);
        let named = volume.is_some_and(|volume| volume.volume.is_some());
        need(named && mount.sub_path.is_some(), "container.volumeMounts.subPath", (1, 45));
    }
    need(pod.volumes.iter().any(|volume| volume.image.is_some()), "volumes.image", (1, 48));
    let non_recursive =
        pod.volumes.iter().filter_map(|volume| volume.host_path.as_ref()).any(|path| path.non_recursive);
    need(non_recursive, "volumes.hostPath.nonRecursive", (1, 40));
    found
}
