//! A revision that nobody remembers, from what runs of it: there is one to go back to although the history is lost.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use skiff_api::{Component, OwnerLabels};

use super::{WATCH, image};
use crate::desired::Workload;
use crate::history::{Revision, Standing};
use crate::observed::{ContainerState, Health, Observed, ObservedContainer};
use crate::template::identity;

type Replica<'o> = (&'o ObservedContainer, &'o OwnerLabels);

/// The newest revision before the declared one of which a replica has run for a while, where its labels told what it was.
pub(super) fn running_before(workload: &Workload, observed: &Observed, now: Timestamp) -> Option<Revision> {
    let earlier = earlier_replicas(workload, observed);
    let well = earlier.iter().filter(|(container, _)| has_run_well(container, observed, now));
    let (_, labels) = well.max_by_key(|(_, labels)| labels.revision)?;
    let template = &workload.earlier.get(&labels.revision)?.template;
    // What is no map of texts was not written by this.
    let content = labels.content.as_deref().map_or(Some(BTreeMap::new()), |text| serde_json::from_str(text).ok())?;
    let mut revision = Revision {
        number: labels.revision,
        identity: identity(&template.canonical, &content),
        pod: template.pod.clone(),
        base: workload.base.clone(),
        content,
        source_revision: labels.source_revision.clone(),
        image: None,
        since: now,
        standing: Standing::Stable,
        proven: true,
        ailing: None,
        lost: BTreeSet::new(),
    };
    revision.image = image::judge(&revision, None, &earlier, &observed.images, now);
    Some(revision)
}

/// The replicas that are of an earlier revision, as they tell.
fn earlier_replicas<'o>(workload: &Workload, observed: &'o Observed) -> Vec<Replica<'o>> {
    let with_labels = observed.containers.iter().filter_map(|container| Some((container, container.owner.labels()?)));
    let own = with_labels.filter(|(_, labels)| labels.object == workload.key && labels.component == Component::Main);
    let is_known = |labels: &OwnerLabels| {
        workload.earlier.get(&labels.revision).is_some_and(|earlier| earlier.template.hash == labels.template_hash)
    };
    own.filter(|(_, labels)| is_known(labels)).collect()
}

/// Whether it runs, and has for as long as a revision is watched.
fn has_run_well(container: &ObservedContainer, observed: &Observed, now: Timestamp) -> bool {
    let started_at = container.detail.as_ref().and_then(|detail| detail.started_at);
    container.state == ContainerState::Running
        && container.health.is_none_or(|health| health == Health::Healthy)
        && started_at.is_some_and(|at| now.duration_since(at) >= WATCH)
        && observed.crashes.get(&container.id).is_none_or(|crash| !crash.is_loop)
}
