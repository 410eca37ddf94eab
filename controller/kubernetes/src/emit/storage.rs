//! Volumes as claims, and how their data comes over.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use skiff_api::{ObjectKey, ReclaimPolicy, Volume, VolumeSource, VolumeSpec};

use super::{Sink, meta, mounts, moves, nfs};
use crate::Part;
use crate::ledger::Scope;
use crate::report::Verdict;
use crate::stack::{Claim, Stack, Storage, Workload};

/// One pod at a time, or all on one node.
const ONE: &str = "ReadWriteOnce";
/// Pods on any node.
pub(super) const MANY: &str = "ReadWriteMany";

/// Why a name of Docker's is not that of a claim.
const NAMED: &str = "a claim is named after the volume itself";

/// How several pods come to write to one claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    /// There is one pod.
    Alone,
    /// They are kept on the node that has the disk, which any class can do.
    OneNode,
    /// They are on any node, which not every class can do.
    AnyNode,
}

/// How those that use a claim share it.
pub(super) fn sharing(stack: &Stack<'_>, several: bool, runs_everywhere: bool) -> Sharing {
    match several {
        false => Sharing::Alone,
        true if runs_everywhere || stack.options.read_write_many => Sharing::AnyNode,
        true => Sharing::OneNode,
    }
}

/// How those that use a volume share it.
pub(super) fn sharing_of(stack: &Stack<'_>, storage: &Storage<'_>) -> Sharing {
    if storage.nfs.is_some() {
        return Sharing::AnyNode;
    }
    let several = storage.claim == (Claim::Shared { many: true });
    sharing(stack, several, storage.is_everywhere)
}

/// Says how a claim is shared.
pub(super) fn shared_row(sharing: Sharing, key: &str, scope: &mut Scope<'_, '_>) {
    match sharing {
        Sharing::Alone => {}
        Sharing::OneNode => {
            let why = "several pods use it: they are kept on the node that has the disk";
            let remedy = "give `--read-write-many` where the storage class can do that, such as NFS";
            scope.says(Verdict::Approximated, key, "spec.accessModes", why, remedy);
        }
        Sharing::AnyNode => {
            let why = "several pods use it, maybe on several nodes";
            let remedy = "use a storage class that can ReadWriteMany, such as NFS";
            scope.says(Verdict::NeedsInput, key, "spec.accessModes", why, remedy);
        }
    }
}

/// The specification of a claim.
pub(super) fn claim_spec(stack: &Stack<'_>, sharing: Sharing) -> PersistentVolumeClaimSpec {
    let size = Quantity(stack.options.storage_size().to_owned());
    PersistentVolumeClaimSpec {
        access_modes: Some(vec![if sharing == Sharing::AnyNode { MANY } else { ONE }.to_owned()]),
        resources: Some(VolumeResourceRequirements {
            requests: Some(BTreeMap::from([("storage".to_owned(), size)])),
            ..VolumeResourceRequirements::default()
        }),
        storage_class_name: stack.options.storage_class.clone(),
        ..PersistentVolumeClaimSpec::default()
    }
}

/// Says what no volume of Docker says: how large a claim is, and of which class.
pub(super) fn defaults(stack: &Stack<'_>, scope: &mut Scope<'_, '_>, field: &str) {
    if stack.options.storage_size.is_none() {
        let why = format!("volumes of Docker have no size, so that it is {}", stack.options.storage_size());
        scope.says(Verdict::Defaulted, "", &format!("{field}.resources"), &why, "give `--storage-size`, or edit it");
    }
    let class = stack.options.storage_class.as_deref().unwrap_or_default();
    scope.ledger().requires(
        "StorageClass",
        class,
        "",
        if class.is_empty() { "the default one, for claims" } else { "for claims" },
    );
}

/// Writes a claim, where it is no template of a workload's.
pub(super) fn volume(stack: &Stack<'_>, key: &ObjectKey, volume: &Volume, sink: &mut Sink<'_>) {
    let Some(storage) = stack.storage.get(key) else { return };
    let owner = match &storage.claim {
        Claim::Template(owner) => stack.workloads.get(owner),
        Claim::Shared { .. } | Claim::External => None,
    };
    let target = owner.map_or_else(|| format!("PersistentVolumeClaim/{}", storage.name), Workload::target);
    let mut scope = sink.ledger.scope(key, target);
    let (labels, notes) = meta::taken_over(&volume.metadata, stack, &mut scope);
    rows(stack, storage, volume, &mut scope);
    let file = stack.file(&storage.namespace, "volumes", false);
    match &storage.nfs {
        Some(server) => nfs::volume(stack, storage, server, &file, sink),
        None => moves::of_volume(stack, storage, sink),
    }
    let Claim::Shared { .. } = storage.claim else { return };
    let mut metadata = meta::named(&storage.name, &storage.namespace, meta::common(&key.namespace));
    metadata.labels.get_or_insert_default().extend(labels);
    metadata.annotations = meta::filled(notes);
    let spec = claim_spec(stack, sharing_of(stack, storage));
    let spec = if storage.nfs.is_some() { nfs::bound(storage, spec) } else { spec };
    sink.put(&file, Part::Base, &PersistentVolumeClaim { metadata, spec: Some(spec), status: None });
}

fn rows(stack: &Stack<'_>, storage: &Storage<'_>, volume: &Volume, scope: &mut Scope<'_, '_>) {
    let Volume { metadata: _, spec: VolumeSpec { volume_name, external, driver, driver_opts, reclaim_policy } } =
        volume;
    if storage.users.is_empty() {
        scope.says(Verdict::Approximated, "", "", "nothing uses it", "leave the claim out where it holds no data");
    }
    let why = "when the data goes is the storage class's `reclaimPolicy`, once the claim goes";
    let is_said = *reclaim_policy != ReclaimPolicy::default();
    scope.near(&is_said, "spec/reclaimPolicy", "", why, "delete the claim to delete the data");
    if let Some(server) = &storage.nfs {
        scope.near(volume_name, "spec/volumeName", "metadata.name", NAMED, "");
        nfs::rows(storage, server, volume, scope);
        return;
    }
    if *external {
        let why = "it is not made by this: the claim must be there";
        scope.says(Verdict::NeedsInput, "spec/external", "", why, "make the claim and move the data");
        let for_what = "an external volume";
        scope.ledger().requires("PersistentVolumeClaim", &storage.name, &storage.namespace, for_what);
        scope.exact(volume_name, "spec/volumeName", "metadata.name");
    } else {
        let field = if storage.owner().is_some() { "spec.volumeClaimTemplates[].spec" } else { "spec" };
        defaults(stack, scope, field);
        scope.near(volume_name, "spec/volumeName", "metadata.name", NAMED, "");
    }
    shared_row(sharing_of(stack, storage), "", scope);
    let class = "what stores the data is the storage class's matter";
    scope.dropped(driver, "spec/driver", class, "choose a class with `--storage-class`");
    for option in driver_opts.keys() {
        let remedy = match option.as_str() {
            "device" => "make a PersistentVolume for it, or copy the data into the claim",
            _ => "choose a class with `--storage-class`",
        };
        scope.lost(&format!("spec/driverOpts/{}", meta::pointer(option)), class, remedy);
    }
}

/// The folder of a claim that stands for all of the volume, where that is not the claim's root: one of its users would refuse that,
/// and then all of them must see the same. On a file server data stays where it is.
pub(super) fn inner_folder(stack: &Stack<'_>, storage: &Storage<'_>) -> Option<&'static str> {
    if storage.nfs.is_some() {
        return None;
    }
    *storage.folder.get_or_init(|| folder_of_users(stack, storage))
}

fn folder_of_users(stack: &Stack<'_>, storage: &Storage<'_>) -> Option<&'static str> {
    let metadata = &storage.volume.metadata;
    let users = storage.users.iter().filter_map(|user| stack.workloads.get(user));
    let mut mounts = users.flat_map(|user| {
        let is_it = |it: &&VolumeSource| {
            let named = it.volume.as_ref().filter(|named| named.name == metadata.name);
            let namespace = named.map(|it| it.namespace.as_ref().unwrap_or(&user.key.namespace));
            namespace.is_some_and(|it| it == metadata.namespace_or_default())
        };
        let names: Vec<&String> = user.template.volumes.iter().filter(is_it).map(|it| &it.name).collect();
        let inits = user.template.init_containers.iter().flat_map(|init| init.volume_mounts.iter().flatten());
        let mounts = user.template.container.volume_mounts.iter().chain(inits);
        let mounts = mounts.filter(move |mount| names.contains(&&mount.name));
        mounts.filter_map(|mount| mounts::inner_folder(&user.template.container, mount))
    });
    mounts.next()
}
