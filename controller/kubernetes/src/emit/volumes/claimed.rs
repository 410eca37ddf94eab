//! A disk: by a template of claims, or by a claim that several share.

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use skiff_api::{NamedVolume, VolumeSource};

use super::Planned;
use crate::emit::building::Building;
use crate::emit::storage::{self, Sharing};
use crate::ledger::Scope;
use crate::report::Verdict;
use crate::stack::{Claim, Stack, Workload};

pub(super) fn claimed(
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
