//! What a template declares to mount, as volumes of a pod.

mod claimed;
mod files;
mod image;
mod space;

use k8s_openapi::api::core::v1::{ConfigMapVolumeSource, SecretVolumeSource, Volume};
use skiff_api::{Kind, VolumeSource};

use super::building::Building;
use super::host;
use crate::ledger::Scope;
use crate::stack::{Stack, Workload};
use claimed::claimed;
use files::Files;
pub(super) use files::items;
use image::image_volume;
pub(super) use space::shared_memory;

/// A volume of a template, and what became of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Planned {
    /// What `volumeMounts` call it.
    pub(super) source_name: String,
    /// What the pod calls it; `None` where it is left out.
    pub(super) pod_name: Option<String>,
    /// What of it is meant, where that is not all of it.
    pub(super) inner_path: Option<String>,
    /// Whether a mount may take a part of it.
    pub(super) takes_sub_path: bool,
    /// Whether it is a disk.
    pub(super) is_claim: bool,
    /// Whether all mounts only read.
    pub(super) read_only: bool,
    /// How mounts below it spread.
    pub(super) propagation: Option<String>,
}

impl Planned {
    /// A volume that may be mounted whole or in part.
    pub(super) fn of(source: &VolumeSource, pod_name: &str) -> Self {
        let (source_name, pod_name) = (source.name.clone(), Some(pod_name.to_owned()));
        Self { source_name, pod_name, takes_sub_path: true, ..Self::default() }
    }

    /// A volume that is left out.
    pub(super) fn left_out(source: &VolumeSource) -> Self {
        Self { source_name: source.name.clone(), ..Self::default() }
    }
}

/// The volumes of a workload. What they become goes to the pod that is being built.
pub(super) fn volumes(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) -> Vec<Planned> {
    let mut planned = Vec::new();
    for (index, source) in workload.template.volumes.iter().enumerate() {
        let pod_name = match templated(stack, workload, source) {
            Some(template) => template,
            None => building.volume_name(workload, &source.name),
        };
        let mut scope = scope.at(&format!("volumes/{index}"), &format!("volumes[{pod_name}]"));
        planned.push(one(stack, workload, source, &pod_name, &mut scope, building));
    }
    planned
}

/// The name of the template of claims that a volume is of.
fn templated(stack: &Stack<'_>, workload: &Workload<'_>, source: &VolumeSource) -> Option<String> {
    let storage = stack.storage_of(workload, source)?;
    (storage.owner() == Some(workload.key)).then(|| storage.name.clone())
}

fn one(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    source: &VolumeSource,
    pod_name: &str,
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) -> Planned {
    let VolumeSource { name, volume, host_path, tmpfs, empty_dir, anonymous, config_map, secret, image, named_pipe } =
        source;
    scope.exact(name, "name", "name");
    let mut made = Volume { name: pod_name.to_owned(), ..Volume::default() };
    let mut planned = Planned::of(source, pod_name);
    if let Some(named) = volume {
        return claimed(stack, workload, source, named, made, &mut scope.at("volume", ""), building);
    } else if let Some(host) = host_path {
        return host::path(stack, workload, source, host, made, &mut scope.at("hostPath", ""), building);
    } else if let Some(memory) = tmpfs {
        made.empty_dir = Some(space::tmpfs(memory, &mut scope.at("tmpfs", "emptyDir")));
    } else if let Some(space) = empty_dir {
        made.empty_dir = Some(space::empty_dir(space, &mut scope.at("emptyDir", "emptyDir")));
    } else if let Some(unnamed) = anonymous {
        made.empty_dir = Some(space::anonymous(unnamed, &mut scope.at("anonymous", "emptyDir")));
    } else if let Some(files) = config_map {
        let skiff_api::ConfigMapVolume { name, items, default_mode, optional, update_policy, uid, gid } = files;
        let mut scope = scope.at("configMap", "configMap");
        scope.exact(name, "name", "name");
        let files = Files { items, default_mode: *default_mode, optional: *optional, policy: *update_policy };
        let owner = (*uid, *gid);
        let common = files.common(owner, &mut scope, building);
        let name = building.refer(workload, Kind::ConfigMap, name, *optional, &mut scope);
        let (items, default_mode, optional) = common;
        made.config_map = Some(ConfigMapVolumeSource { name, items, default_mode, optional });
    } else if let Some(files) = secret {
        let skiff_api::SecretVolume { secret_name, items, default_mode, optional, update_policy, uid, gid } = files;
        let mut scope = scope.at("secret", "secret");
        scope.exact(secret_name, "secretName", "secretName");
        let files = Files { items, default_mode: *default_mode, optional: *optional, policy: *update_policy };
        let (items, default_mode, optional) = files.common((*uid, *gid), &mut scope, building);
        let name = building.refer(workload, Kind::Secret, secret_name, optional == Some(true), &mut scope);
        made.secret = Some(SecretVolumeSource { secret_name: Some(name), items, default_mode, optional });
    } else if let Some(files) = image {
        match image_volume(stack, files, &mut scope.at("image", "image"), &mut planned) {
            Some(files) => made.image = Some(files),
            None => return Planned::left_out(source),
        }
    } else {
        scope.dropped(named_pipe, "namedPipe", "there is no counterpart of a pipe of a Windows host", "");
        return Planned::left_out(source);
    }
    building.volumes.push(made);
    planned
}
