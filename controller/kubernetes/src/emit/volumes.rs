//! What a template declares to mount, as volumes of a pod.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, EmptyDirVolumeSource, ImageVolumeSource, KeyToPath, PersistentVolumeClaim,
    PersistentVolumeClaimVolumeSource, SecretVolumeSource, Volume,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use skiff_api::{Bytes, EmptyDirVolume, ImageVolume, Kind, NamedVolume, TmpfsVolume, UpdatePolicy, VolumeSource};

use super::building::Building;
use super::storage::Sharing;
use super::{host, image, meta, storage};
use crate::ledger::Scope;
use crate::report::Verdict;
use crate::stack::{Claim, Stack, Workload};
use crate::version::Feature;

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
    let VolumeSource { name, volume, host_path, tmpfs, empty_dir, config_map, secret, image, named_pipe } = source;
    scope.exact(name, "name", "name");
    let mut made = Volume { name: pod_name.to_owned(), ..Volume::default() };
    let mut planned = Planned::of(source, pod_name);
    if let Some(named) = volume {
        return claimed(stack, workload, source, named, made, &mut scope.at("volume", ""), building);
    } else if let Some(host) = host_path {
        return host::path(stack, workload, source, host, made, &mut scope.at("hostPath", ""), building);
    } else if let Some(memory) = tmpfs {
        made.empty_dir = Some(self::tmpfs(memory, &mut scope.at("tmpfs", "emptyDir")));
    } else if let Some(space) = empty_dir {
        made.empty_dir = Some(self::empty_dir(space, &mut scope.at("emptyDir", "emptyDir")));
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

/// What the files of a `ConfigMap` and of a `Secret` have in common.
struct Files<'f> {
    items: &'f [skiff_api::KeyToPath],
    default_mode: Option<u32>,
    optional: bool,
    policy: UpdatePolicy,
}

type Common = (Option<Vec<KeyToPath>>, Option<i32>, Option<bool>);

impl Files<'_> {
    fn common(
        &self,
        owner: (Option<u32>, Option<u32>),
        scope: &mut Scope<'_, '_>,
        building: &mut Building<'_>,
    ) -> Common {
        let Self { items, default_mode, optional, policy } = self;
        let mode = |mode: u32| i32::try_from(mode).unwrap_or(0o644);
        let mut written = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let skiff_api::KeyToPath { key, path, mode: own } = item;
            let mut scope = scope.at(&format!("items/{index}"), &format!("items[{key}]"));
            scope.exact(key, "key", "key");
            scope.exact(path, "path", "path");
            scope.exact(own, "mode", "mode");
            written.push(KeyToPath { key: key.clone(), path: path.clone(), mode: own.map(mode) });
        }
        scope.exact(default_mode, "defaultMode", "defaultMode");
        scope.exact(optional, "optional", "optional");
        let in_place = *policy == UpdatePolicy::InPlace;
        scope.exact(&in_place, "updatePolicy", "");
        let (uid, gid) = owner;
        let why = "the files are root's; the pod's group may read them";
        scope.near(&uid, "uid", "spec.securityContext.fsGroup", why, "");
        scope.near(&gid, "gid", "spec.securityContext.fsGroup", why, "");
        building.wants_group(gid.or(uid));
        (meta::listed(written), default_mode.map(mode), optional.then_some(true))
    }
}

fn claimed(
    stack: &Stack<'_>,
    workload: &Workload<'_>,
    source: &VolumeSource,
    named: &NamedVolume,
    mut made: Volume,
    scope: &mut Scope<'_, '_>,
    building: &mut Building<'_>,
) -> Planned {
    let NamedVolume { name, namespace, per_replica, read_only, no_copy } = named;
    let Some(storage) = stack.storage_of(workload, source) else { return Planned::left_out(source) };
    if storage.namespace != workload.namespace {
        let why = "a pod mounts claims of its own namespace only";
        scope.lost("name", why, "put both into one namespace with `--namespace`, or copy the data");
        scope.dropped(namespace, "namespace", why, "");
        scope.dropped(per_replica, "perReplica", why, "");
        scope.dropped(read_only, "readOnly", why, "");
        scope.dropped(no_copy, "noCopy", why, "");
        return Planned::left_out(source);
    }
    let inner_path = storage::inner_folder(stack, storage).map(str::to_owned);
    let planned = Planned { is_claim: true, read_only: *read_only, inner_path, ..Planned::of(source, &made.name) };
    let is_template = matches!(storage.claim, Claim::Template(_));
    scope.exact(
        name,
        "name",
        if is_template { "volumeClaimTemplates[].metadata.name" } else { "persistentVolumeClaim" },
    );
    scope.exact(namespace, "namespace", "");
    scope.exact(read_only, "readOnly", "readOnly");
    if !no_copy {
        let why =
            "Kubernetes never fills an empty volume from the image, nor gives it the owner that the folder has there";
        let remedy = "let the program make what it needs, or copy it in an init container; where the image runs as a user of its own, give `user: UID:GID`, which becomes `fsGroup`";
        scope.says(Verdict::Approximated, "", "", why, remedy);
    }
    scope.exact(no_copy, "noCopy", "");
    building.has_claims = true;
    if is_template {
        scope.exact(per_replica, "perReplica", "volumeClaimTemplates");
        let metadata = ObjectMeta { name: Some(storage.name.clone()), ..ObjectMeta::default() };
        let spec = Some(storage::claim_spec(stack, Sharing::Alone));
        let claim = PersistentVolumeClaim { metadata, spec, status: None };
        if !building.claims.contains(&claim) {
            building.claims.push(claim);
        }
        return planned;
    }
    let why = "the replicas of such a workload share their claims";
    scope.near(
        per_replica,
        "perReplica",
        "persistentVolumeClaim",
        why,
        "annotate it with `skiff.dev/export-as: StatefulSet`",
    );
    if storage::sharing_of(stack, storage) == Sharing::OneNode {
        building.stays_with(&storage.name);
    }
    // A kubelet mounts a claim once in a pod: what is said of it twice is one volume, which may be written to if anybody may.
    let claims = building.volumes.iter_mut().filter_map(|it| Some((&it.name, it.persistent_volume_claim.as_mut()?)));
    if let Some((pod_name, known)) = claims.into_iter().find(|(_, known)| known.claim_name == storage.name) {
        known.read_only = known.read_only.filter(|_| *read_only);
        return Planned { pod_name: Some(pod_name.clone()), ..planned };
    }
    let claim =
        PersistentVolumeClaimVolumeSource { claim_name: storage.name.clone(), read_only: read_only.then_some(true) };
    made.persistent_volume_claim = Some(claim);
    building.volumes.push(made);
    planned
}

fn quantity(size: Option<Bytes>) -> Option<Quantity> {
    size.map(|size| Quantity(size.to_string()))
}

/// Space in memory.
pub(super) fn in_memory(size: Option<Bytes>) -> EmptyDirVolumeSource {
    EmptyDirVolumeSource { medium: Some("Memory".to_owned()), size_limit: quantity(size) }
}

fn tmpfs(memory: &TmpfsVolume, scope: &mut Scope<'_, '_>) -> EmptyDirVolumeSource {
    let TmpfsVolume { size, mode, uid, gid, exec, options } = memory;
    scope.says(
        Verdict::Approximated,
        "",
        "",
        "it counts against the memory limit, as in Docker, and programs in it may be run",
        "",
    );
    scope.exact(size, "size", "sizeLimit");
    let why = "everybody may write into it";
    scope.dropped(mode, "mode", why, "let an init container set it where it must be stricter");
    scope.dropped(uid, "uid", why, "");
    scope.dropped(gid, "gid", why, "");
    scope.exact(exec, "exec", "");
    scope.dropped(options, "options", "Kubernetes takes no options of a mount here", "");
    in_memory(*size)
}

fn empty_dir(space: &EmptyDirVolume, scope: &mut Scope<'_, '_>) -> EmptyDirVolumeSource {
    let EmptyDirVolume { medium, size_limit, labels } = space;
    scope.exact(medium, "medium", "medium");
    scope.exact(size_limit, "sizeLimit", "sizeLimit");
    scope.dropped(labels, "labels", "there is no volume to carry them", "");
    EmptyDirVolumeSource { medium: medium.clone().filter(|word| !word.is_empty()), size_limit: quantity(*size_limit) }
}

fn image_volume(
    stack: &Stack<'_>,
    files: &ImageVolume,
    scope: &mut Scope<'_, '_>,
    planned: &mut Planned,
) -> Option<ImageVolumeSource> {
    let ImageVolume { reference, sub_path } = files;
    let version = stack.options.version;
    if !version.has(Feature::ImageVolume) {
        let why = format!("Kubernetes {version} has no volumes of images");
        scope.lost("reference", &why, "export for 1.33 or later, or copy the files in an init container");
        scope.dropped(sub_path, "subPath", &why, "");
        return None;
    }
    let why = "it counts only where the feature gate ImageVolume is on, as it is from 1.35";
    scope.says(Verdict::Approximated, "reference", "reference", why, "");
    if version.has(Feature::ImageVolumeSubPath) {
        scope.exact(sub_path, "subPath", "volumeMounts[].subPath");
        planned.inner_path.clone_from(sub_path);
    } else {
        scope.dropped(
            sub_path,
            "subPath",
            &format!("Kubernetes {version} mounts whole images only"),
            "export for 1.33 or later",
        );
        planned.takes_sub_path = false;
    }
    let reference = image::pushed(stack.options, reference, scope.ledger());
    Some(ImageVolumeSource { reference: Some(reference), pull_policy: None })
}

/// The volume for what a container shares between its processes.
pub(super) fn shared_memory(name: &str, size: Bytes) -> Volume {
    Volume { name: name.to_owned(), empty_dir: Some(in_memory(Some(size))), ..Volume::default() }
}

/// Files of a generated object, each at its path.
pub(super) fn items(paths: &BTreeMap<String, String>) -> Vec<KeyToPath> {
    paths.iter().map(|(key, path)| KeyToPath { key: key.clone(), path: path.clone(), mode: None }).collect()
}
