//! Images that nothing needs any more: removed once all is done and stands, and only where Skiff got them itself.
//!
//! An image is needed by every container that was made from it, anybody's; by every kept revision of an object, to go back to; and by
//! whatever is declared. One that somebody else has named is theirs.

use skiff_api::{Kind, ObjectKey, PodTemplate};

use super::draft::Draft;
use crate::action::{Action, RemoveImage};
use crate::desired::Intent;
use crate::history::Standing;
use crate::image::ObservedImage;
use crate::reason::Reason;

pub(super) fn plan_superseded(draft: &mut Draft<'_>) {
    let got = &draft.history.got;
    if got.images.is_empty() || !is_quiet(draft) {
        return;
    }
    let mut superseded = Vec::new();
    for (id, got) in &got.images {
        let Some(found) = draft.observed.images.get(id) else { continue };
        let Some(object) = got.objects.first() else { continue };
        let is_settled = got.objects.iter().all(|object| is_settled(draft, object));
        if is_settled && got.names_all_of(found) && !is_needed(draft, found) {
            superseded.push((object.clone(), RemoveImage { id: id.clone(), names: found.tags.clone() }));
        }
    }
    for (object, removed) in superseded {
        draft.step(&object, "", Action::RemoveImage(removed), Reason::Superseded, []);
    }
}

/// Whether nothing is to be done or under way that might need an image, and all that may need one without a container is known: the
/// next run of a job that another source declares has none yet.
fn is_quiet(draft: &Draft<'_>) -> bool {
    let runs_later = |object: &ObjectKey| object.kind != Kind::Deployment;
    draft.desired.intent == Intent::Run
        && !draft.desired.sources.is_empty()
        && !draft.has_steps()
        && draft.observed.in_flight.is_empty()
        && !draft.desired.claimed.iter().any(runs_later)
}

/// Whether an object for which an image was got has become what it shall be, or is nobody's any more.
fn is_settled(draft: &Draft<'_>, object: &ObjectKey) -> bool {
    if draft.observed.failures.latest(object).is_some() {
        return false;
    }
    let Some(workload) = draft.desired.workloads.get(object) else {
        return draft.desired.containers_of(object).is_some() || !draft.desired.claimed.contains(object);
    };
    let known = draft.history.objects.get(object);
    // The declared one is the last: where it failed, what was gone back to is no success of it.
    let declared = known.and_then(|known| known.revisions.last());
    declared.is_some_and(|revision| {
        revision.standing == Standing::Stable && revision.identity == workload.template.identity
    })
}

fn is_needed(draft: &Draft<'_>, image: &ObservedImage) -> bool {
    let revisions = || draft.history.objects.values().flat_map(|known| &known.revisions);
    draft.observed.containers.iter().any(|container| container.image_id == image.id)
        || draft.desired.with_containers().any(|workload| names(&workload.template.pod, image))
        || revisions().any(|revision| {
            let ran = revision.image.as_ref();
            ran.is_some_and(|ran| {
                ran.id == image.id || ran.digest.as_ref().is_some_and(|it| image.digests.contains(it))
            }) || names(&revision.pod, image)
        })
}

/// Whether a template names an image, wherever it can.
fn names(pod: &PodTemplate, image: &ObservedImage) -> bool {
    let inits = pod.init_containers.iter().filter_map(|init| init.image.as_ref());
    let mounted = pod.volumes.iter().filter_map(|volume| volume.image.as_ref()).map(|mounted| &mounted.reference);
    let mut all = std::iter::once(&pod.container.image).chain(inits).chain(mounted);
    all.any(|reference| *reference == image.id || image.is_named(reference))
}
