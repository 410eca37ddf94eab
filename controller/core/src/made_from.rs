//! What an existing container was made from, as far as that is known: its probes and hooks are those of its own template.

use skiff_api::{OwnerLabels, PodTemplate};

use crate::desired::Workload;
use crate::history::History;

/// The template of a container; `None` where it is of an earlier one that nobody remembers. What changes without a new container
/// (probes, hooks) is as the manifest last said it for that template.
pub(crate) fn made_from<'a>(
    workload: Option<&'a Workload>,
    history: &'a History,
    labels: &OwnerLabels,
) -> Option<&'a PodTemplate> {
    let hash = labels.template_hash.as_str();
    if let Some(workload) = workload.filter(|workload| workload.template.hash == hash) {
        return Some(&workload.template.pod);
    }
    let revisions = history.objects.get(&labels.object).map_or(&[][..], |known| known.revisions.as_slice());
    revisions.iter().rev().find(|revision| revision.template_hash() == hash).map(|revision| &revision.pod)
}
