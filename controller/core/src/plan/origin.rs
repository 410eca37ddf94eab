//! Which image new replicas are made from: all replicas of a revision run the one that its first replica was made from.
//!
//! A tag that has moved since, or an image that was taken off the engine, changes nothing of it: the image is used by its id while the
//! engine has it, else pulled by its digest. `imagePullPolicy: Always` asks the registry once more when no replica of the revision
//! is left, and `skiff rollout restart` asks for whatever the reference means then. Only an image that has gone and that no registry
//! knows by a digest is replaced by what its reference means now, and the step says so. What is built is named by what it is built
//! from: it is built where the engine has no such image, and never pulled.

use skiff_api::PullPolicy;

use super::draft::Draft;
use crate::action::{Action, BuildImage, PullImage};
use crate::course::Course;
use crate::desired::Workload;
use crate::history::Revision;
use crate::image::{FromImage, ObservedImage, RevisionImage};
use crate::reason::Reason;

/// The image of new replicas, and how it is had.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) image: FromImage,
    pub(super) get: Action,
    pub(super) reason: Reason,
}

pub(super) fn origin(draft: &Draft<'_>, workload: &Workload) -> Origin {
    let container = &workload.template.pod.container;
    let Some(known) = recorded(draft, workload) else {
        return by_reference(draft, workload, Reason::Needed);
    };
    if let Some(found) = draft.observed.images.get(&known.id) {
        let reference = name_of(found, &container.image, known);
        let image = FromImage { reference: reference.clone(), id: Some(known.id.clone()) };
        return Origin { image, get: pull(workload, reference, PullPolicy::Never), reason: Reason::Needed };
    }
    match &known.digest {
        Some(digest) if container.image_pull_policy != PullPolicy::Never => Origin {
            image: FromImage::whatever(digest),
            get: pull(workload, digest.clone(), PullPolicy::IfNotPresent),
            reason: Reason::Needed,
        },
        Some(_) | None => by_reference(draft, workload, Reason::ImageLost { id: known.id.clone() }),
    }
}

fn by_reference(draft: &Draft<'_>, workload: &Workload, reason: Reason) -> Origin {
    let container = &workload.template.pod.container;
    let image = FromImage::whatever(&container.image);
    let Some(build) = &container.build else {
        let get = pull(workload, container.image.clone(), container.image_pull_policy);
        return Origin { image, get, reason };
    };
    if draft.observed.images.iter().any(|found| found.is_named(&container.image)) {
        return Origin {
            image,
            get: pull(workload, container.image.clone(), PullPolicy::Never),
            reason: Reason::Needed,
        };
    }
    let (base, platform) = (workload.base.clone(), container.platform.clone());
    let build = BuildImage { image: container.image.clone(), base, build: build.clone(), platform };
    Origin { image, get: Action::BuildImage(build), reason: Reason::Missing }
}

fn pull(workload: &Workload, image: String, policy: PullPolicy) -> Action {
    Action::PullImage(PullImage { image, platform: workload.template.pod.container.platform.clone(), policy })
}

/// The image that the workload's revision runs, where it is known and still counts.
fn recorded<'d>(draft: &Draft<'d>, workload: &Workload) -> Option<&'d RevisionImage> {
    let image = revision(draft, workload)?.image.as_ref()?;
    let is_asked_anew = workload.restart_before.is_some_and(|before| image.since < before);
    let always = workload.template.pod.container.image_pull_policy == PullPolicy::Always;
    let counts = match workload.course {
        // Whoever goes back wants what ran, whatever was asked for since.
        Course::Back { .. } => true,
        Course::Declared | Course::Stopped { .. } => !is_asked_anew && (!always || runs(draft, workload, &image.id)),
    };
    counts.then_some(image)
}

/// The revision that the workload is.
fn revision<'d>(draft: &Draft<'d>, workload: &Workload) -> Option<&'d Revision> {
    let known = draft.history.objects.get(&workload.key)?;
    match workload.course {
        Course::Back { to, .. } => known.revision(to),
        Course::Declared | Course::Stopped { .. } => {
            known.wanted().filter(|revision| revision.identity == workload.template.identity)
        }
    }
}

/// Whether there is a container of the template that was made from an image.
fn runs(draft: &Draft<'_>, workload: &Workload, image_id: &str) -> bool {
    draft.containers(&workload.key).iter().any(|container| {
        container.image_id == image_id
            && container.owner.labels().is_some_and(|labels| labels.template_hash == workload.template.hash)
    })
}

/// How the engine is asked for an image so that people know it in `docker ps`: by the manifest's reference while that still means
/// it, else by its digest, else by its id.
fn name_of(found: &ObservedImage, reference: &str, known: &RevisionImage) -> String {
    if found.is_named(reference) {
        return reference.to_owned();
    }
    let digest = known.digest.as_ref().filter(|digest| found.digests.contains(digest));
    digest.unwrap_or(&known.id).clone()
}
