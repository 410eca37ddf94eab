//! A revision that nobody remembers, from the labels of what runs of it: there is one to go back to although the history is lost.

use jiff::Timestamp;

use super::WATCH;
use crate::desired::Workload;
use crate::history::{Revision, Standing};
use crate::observed::{ContainerState, Health, Observed, ObservedContainer};
use crate::template::{identity, recorded::template_of};

/// The newest revision before the declared one of which a container has run for a while, where its labels say what it was.
pub(super) fn running_before(workload: &Workload, observed: &Observed, now: Timestamp) -> Option<Revision> {
    let runs_well = |container: &&ObservedContainer| {
        let started_at = container.detail.as_ref().and_then(|detail| detail.started_at);
        container.state == ContainerState::Running
            && container.health.is_none_or(|health| health == Health::Healthy)
            && started_at.is_some_and(|at| now.duration_since(at) >= WATCH)
            && observed.crashes.get(&container.id).is_none_or(|crash| !crash.is_loop)
    };
    let well = observed.containers.iter().filter(runs_well);
    let mut earlier: Vec<_> = well
        .filter_map(|container| container.owner.labels())
        .filter(|labels| labels.object == workload.key && labels.template_hash != workload.template.hash)
        .filter(|labels| labels.component == skiff_api::Component::Main && labels.revision > 0)
        .collect();
    earlier.sort_by_key(|labels| labels.revision);
    let labels = earlier.pop()?;
    let recorded = labels.template.as_deref()?;
    let pod = template_of(recorded, &workload.template.pod, workload.networks.first())?;
    // What is no map of texts was not written by this.
    let content = labels
        .content
        .as_deref()
        .map_or(Some(std::collections::BTreeMap::new()), |text| serde_json::from_str(text).ok())?;
    Some(Revision {
        number: labels.revision,
        identity: identity(recorded, &content),
        pod,
        base: workload.base.clone(),
        content,
        source_revision: labels.source_revision.clone(),
        image: None,
        since: now,
        standing: Standing::Stable,
        proven: true,
        ailing: None,
    })
}
