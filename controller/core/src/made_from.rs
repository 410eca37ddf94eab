//! What an existing container was made from, as far as that is known: its probes and hooks are those of its own template.

use skiff_api::{OwnerLabels, PodTemplate};

use crate::desired::Workload;
use crate::history::{History, Revision, Standing};

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
    revisions(history, labels).next_back().map(|revision| &revision.pod)
}

/// Whether what a container was made from has run, all of it: then it does not hang at its start.
pub(crate) fn ran_whole(history: &History, labels: &OwnerLabels) -> bool {
    revisions(history, labels).any(|revision| {
        revision.ran_well()
            || matches!(revision.standing, Standing::Watched { .. } | Standing::Superseded { complete: true })
    })
}

/// The revisions of a container's template, the newest last: they differ in content and image.
fn revisions<'a>(history: &'a History, labels: &OwnerLabels) -> impl DoubleEndedIterator<Item = &'a Revision> {
    let known = history.objects.get(&labels.object).map_or(&[][..], |known| known.revisions.as_slice());
    known.iter().filter(|revision| revision.template_hash() == labels.template_hash)
}
