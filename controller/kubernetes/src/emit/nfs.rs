//! Volumes on a file server: they stay there, and the cluster's pods mount them as those of the host did.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    NFSVolumeSource, ObjectReference, PersistentVolume, PersistentVolumeClaimSpec, PersistentVolumeSpec,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use skiff_api::Volume;

use super::meta::pointer;
use super::{Sink, meta, storage};
use crate::Part;
use crate::ledger::Scope;
use crate::report::Verdict;
use crate::stack::{Nfs, Stack, Storage};

/// The name in the whole cluster of what one claim is for. No namespace has a dot in its name.
fn name(storage: &Storage<'_>) -> String {
    format!("{}.{}", storage.namespace, storage.name)
}

/// Bound to the one volume that is made for it.
pub(super) fn bound(storage: &Storage<'_>, spec: PersistentVolumeClaimSpec) -> PersistentVolumeClaimSpec {
    // An empty class is not the default one: nothing else is to be made for it.
    PersistentVolumeClaimSpec { volume_name: Some(name(storage)), storage_class_name: Some(String::new()), ..spec }
}

/// Writes the volume that stands for a folder of a file server.
pub(super) fn volume(stack: &Stack<'_>, storage: &Storage<'_>, nfs: &Nfs, file: &str, sink: &mut Sink<'_>) {
    let Nfs { server, path, read_only, options } = nfs;
    let size = Quantity(stack.options.storage_size().to_owned());
    let labels = Some(meta::common(&storage.namespace));
    let object = PersistentVolume {
        metadata: ObjectMeta { name: Some(name(storage)), labels, ..ObjectMeta::default() },
        spec: Some(PersistentVolumeSpec {
            access_modes: Some(vec![storage::MANY.to_owned()]),
            capacity: Some(BTreeMap::from([("storage".to_owned(), size)])),
            claim_ref: Some(ObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("PersistentVolumeClaim".to_owned()),
                name: Some(storage.name.clone()),
                namespace: Some(storage.namespace.clone()),
                ..ObjectReference::default()
            }),
            mount_options: meta::listed(options.clone()),
            nfs: Some(NFSVolumeSource {
                path: path.clone(),
                read_only: read_only.then_some(true),
                server: server.clone(),
            }),
            persistent_volume_reclaim_policy: Some("Retain".to_owned()),
            storage_class_name: Some(String::new()),
            ..PersistentVolumeSpec::default()
        }),
        status: None,
    };
    sink.put(file, Part::Base, &object);
}

/// What became of what Docker was told.
pub(super) fn rows(storage: &Storage<'_>, nfs: &Nfs, volume: &Volume, scope: &mut Scope<'_, '_>) {
    let mut scope = scope.towards(format!("PersistentVolume/{}", name(storage)), "spec");
    scope.exact(&volume.spec.driver, "spec/driver", "nfs");
    for option in volume.spec.driver_opts.keys() {
        let field = match option.as_str() {
            "o" => "mountOptions",
            _ => "nfs",
        };
        scope.says(Verdict::Exact, &format!("spec/driverOpts/{}", pointer(option)), field, "", "");
    }
    let why = "a file server gives no size to a folder: one must be written, and nobody holds it against it";
    scope.says(Verdict::Defaulted, "", "capacity", why, "");
    let for_what = "pods of every node mount from it";
    scope.ledger().requires("NFS server", &nfs.server, "", for_what);
}
