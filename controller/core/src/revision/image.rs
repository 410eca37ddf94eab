//! Learns which image the replicas of a revision run.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use skiff_api::{Component, ObjectKey, OwnerLabels, PullPolicy};

use crate::desired::{Desired, Workload};
use crate::history::{History, ObjectHistory, Revision};
use crate::image::{Images, RevisionImage};
use crate::observed::{ContainerDetail, Observed, ObservedContainer};

/// Notes the images of the revisions that are worked towards, where they are not known or may be others now.
pub(super) fn learn(history: &mut Arc<History>, desired: &Desired, observed: &Observed, now: Timestamp) {
    let open: BTreeMap<&ObjectKey, &Workload> = desired
        .workloads
        .iter()
        .filter(|(key, workload)| history.objects.get(*key).is_some_and(|known| is_open(known, workload, observed)))
        .map(|(key, workload)| (key, &**workload))
        .collect();
    if open.is_empty() {
        return;
    }
    for (key, containers) in replicas(observed, &open) {
        let Some(revision) = history.objects.get(key).and_then(ObjectHistory::wanted) else { continue };
        let number = revision.number;
        if let Some(image) = judge(revision, history_restart(history, key), &containers, &observed.images, now)
            && let Some(object) = Arc::make_mut(history).objects.get_mut(key)
            && let Some(revision) = object.revisions.iter_mut().find(|revision| revision.number == number)
        {
            revision.image = Some(image);
        }
    }
}

fn history_restart(history: &History, key: &ObjectKey) -> Option<Timestamp> {
    history.objects.get(key).and_then(|known| known.restart_before)
}

/// Whether the image of an object may be another than is known: only then its containers are looked at.
fn is_open(known: &ObjectHistory, workload: &Workload, observed: &Observed) -> bool {
    let Some(image) = known.wanted().map(|revision| &revision.image) else { return false };
    let Some(image) = image else { return true };
    let reference = &workload.template.pod.container.image;
    let found = observed.images.get(&image.id);
    known.restart_before.is_some_and(|before| image.since < before)
        || workload.template.pod.container.image_pull_policy == PullPolicy::Always
        || found.is_none_or(|found| image.digest.is_none() && found.digest_for(reference).is_some())
}

fn replicas<'d>(
    observed: &'d Observed,
    open: &BTreeMap<&'d ObjectKey, &Workload>,
) -> BTreeMap<&'d ObjectKey, Vec<(&'d ObservedContainer, &'d OwnerLabels)>> {
    let mut found: BTreeMap<&ObjectKey, Vec<_>> = BTreeMap::new();
    for container in &observed.containers {
        let Some(labels) = container.owner.labels() else { continue };
        if labels.component == Component::Main && open.contains_key(&labels.object) {
            found.entry(&labels.object).or_default().push((container, labels));
        }
    }
    found
}

/// The image that replicas of a revision run, where it is news.
pub(super) fn judge(
    revision: &Revision,
    restart_before: Option<Timestamp>,
    containers: &[(&ObservedContainer, &OwnerLabels)],
    images: &Images,
    now: Timestamp,
) -> Option<RevisionImage> {
    let started = |container: &ObservedContainer| container.detail.as_ref().and_then(|detail| detail.started_at);
    let since = |container: &ObservedContainer| container.detail.as_ref().and_then(ContainerDetail::since);
    let own: Vec<&ObservedContainer> = containers
        .iter()
        .filter(|(_, labels)| revision.is_of(labels))
        .map(|(container, _)| *container)
        .filter(|container| restart_before.is_none_or(|before| since(container).is_none_or(|at| at >= before)))
        .collect();
    let known = revision.image.as_ref();
    let keeps = known.filter(|known| own.iter().any(|container| container.image_id == known.id));
    let id = match keeps {
        Some(known) => &known.id,
        None => &own.iter().max_by_key(|container| (started(container), &container.id))?.image_id,
    };
    let digest = images.get(id).and_then(|image| image.digest_for(&revision.pod.container.image)).cloned();
    let since = keeps.filter(|known| restart_before.is_none_or(|before| known.since >= before));
    let image = RevisionImage {
        id: id.clone(),
        digest: digest.or_else(|| keeps.and_then(|known| known.digest.clone())),
        since: since.map_or(now, |known| known.since),
    };
    (Some(&image) != known && !id.is_empty()).then_some(image)
}
