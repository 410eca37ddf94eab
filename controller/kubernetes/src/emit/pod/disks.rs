//! Disks that pods share: which node they run on for their sake, and which pod must be gone before its successor comes.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Affinity, PodAffinity, PodAffinityTerm, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::emit::meta::{Words, listed};
use crate::emit::storage::{self, Sharing};
use crate::names::label;
use crate::stack::{Stack, Storage, Workload};

/// The label of pods that use a claim.
pub(super) fn disk_label(claim: &str) -> String {
    format!("volume.skiff.dev/{}", label(claim, 63))
}

/// Pods that share disks of one node are on that node.
pub(super) fn together(disks: &BTreeSet<String>) -> Option<Affinity> {
    let term = |disk: &String| PodAffinityTerm {
        label_selector: Some(LabelSelector {
            match_labels: Some(Words::from([(disk_label(disk), "true".to_owned())])),
            match_expressions: None,
        }),
        topology_key: "kubernetes.io/hostname".to_owned(),
        ..PodAffinityTerm::default()
    };
    let terms: Vec<PodAffinityTerm> = disks.iter().map(term).collect();
    let required_during_scheduling_ignored_during_execution = listed(terms);
    required_during_scheduling_ignored_during_execution.as_ref()?;
    let affinity = PodAffinity { required_during_scheduling_ignored_during_execution, ..PodAffinity::default() };
    Some(Affinity { pod_affinity: Some(affinity), ..Affinity::default() })
}

/// Whether a pod must go before its successor comes: one of its disks takes one pod, or is one that it writes to, where old and new
/// would write at once: on one node always, on any where there is one replica. Those that only read it may overlap.
pub(super) fn takes_disk(volumes: &[Volume], stack: &Stack<'_>, workload: &Workload<'_>) -> bool {
    let claims: BTreeSet<&String> =
        volumes.iter().filter_map(|it| it.persistent_volume_claim.as_ref()).map(|it| &it.claim_name).collect();
    let members = stack.members(workload.key);
    let overlaps = |name: &String| {
        let all = members.iter().flat_map(|member| stack.storages(member));
        let mut storages = all.filter(|it| it.name == *name && it.namespace == workload.namespace);
        let writes = |it: &Storage<'_>| members.iter().any(|member| it.writers.contains(member.key));
        storages.any(|it| match storage::sharing_of(stack, it) {
            Sharing::Alone => false,
            Sharing::OneNode => !writes(it),
            // Several of its replicas write at once anyway; one that is alone takes itself for the only one.
            Sharing::AnyNode => !writes(it) || workload.most_replicas() > 1,
        })
    };
    claims.into_iter().any(|name| !overlaps(name))
}
