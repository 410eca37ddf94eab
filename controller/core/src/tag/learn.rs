//! Takes the answers of registries into the history: what has moved, and whether a registry does not answer.

use std::sync::Arc;

use jiff::Timestamp;
use skiff_api::{Component, ImageName, ImageUpdatePolicy};

use super::pinned::{at_image, is_same_but_image};
use super::{Newest, TagAnswer, TagRecord, at_tag, told, version};
use crate::desired::{Desired, Workload};
use crate::event::Event;
use crate::history::{History, ObjectHistory};
use crate::image::ObservedImage;
use crate::observed::{Observed, ObservedContainer};

/// Brings what is remembered of followed tags up to date. `desired` is as manifests declare it.
pub(crate) fn learn(
    history: &mut Arc<History>,
    desired: &Desired,
    observed: &Observed,
    now: Timestamp,
    events: &mut Vec<Event>,
) {
    for workload in desired.workloads.values() {
        let known = history.objects.get(&workload.key);
        let remembered = known.and_then(|known| known.tag.as_ref());
        let (tag, event) = judge(workload, known, observed, now);
        if tag.as_ref() != remembered {
            Arc::make_mut(history).objects.entry(workload.key.clone()).or_default().tag = tag;
        }
        events.extend(event);
    }
}

/// What is to be remembered from now on, and what is worth telling.
fn judge(
    workload: &Workload,
    known: Option<&ObjectHistory>,
    observed: &Observed,
    now: Timestamp,
) -> (Option<TagRecord>, Option<Event>) {
    let reference = &workload.template.pod.container.image;
    let remembered = known.and_then(|known| known.tag.as_ref()).filter(|tag| tag.reference == *reference);
    let Some(update) = &workload.image_update else {
        // Whoever follows no more stays where it is: what the engine has under the tag may be older.
        return (remembered.filter(|tag| tag.image != tag.reference).cloned(), None);
    };
    let mut tag = remembered.cloned().unwrap_or_else(|| recovered(workload, update.policy, observed));
    let Some(answer) = observed.tags.get(&workload.key).filter(|answer| answer.reference == *reference) else {
        return (Some(tag), None);
    };
    let event = match &answer.found {
        Err(why) => (!tag.is_unknown).then(|| {
            let message = format!("the registry does not say what is new of {reference}: {why}; what runs is left");
            Event::warning(now, &workload.key, "ImageCheckFailed", message)
        }),
        Ok(newest) => match moved(workload, known, &tag, newest, answer) {
            Some(image) => {
                let event = Event::normal(now, &workload.key, "ImageMoved", words(reference, &image));
                tag.image = image;
                Some(event)
            }
            None => tag.is_unknown.then(|| {
                Event::normal(now, &workload.key, "ImageChecked", format!("the registry of {reference} answers again"))
            }),
        },
    };
    tag.is_unknown = answer.found.is_err();
    (Some(tag), event)
}

/// `shop/api:1.2 is sha256:0d17b5c0ffee now`.
fn words(reference: &str, image: &str) -> String {
    if image == reference {
        return format!("{reference} is again what runs");
    }
    format!("{reference} is {} now", told(image))
}

/// The image that takes the place of what is declared, where it is another one than is remembered.
fn moved(
    workload: &Workload,
    known: Option<&ObjectHistory>,
    tag: &TagRecord,
    newest: &Newest,
    answer: &TagAnswer,
) -> Option<String> {
    match newest {
        Newest::Tag(newest) => {
            let image = at_tag(&tag.reference, newest.as_ref()?);
            // Never back: a tag that is withdrawn was not one that failed here, and lists of tags are not always whole.
            version(&image)?.follows(&version(&tag.image)?).then_some(image)
        }
        Newest::Digest(digest) => {
            let known = known?;
            if ImageName::of(&tag.image).digest.as_ref() == Some(digest) {
                return None;
            }
            let name = ImageName::of(&tag.reference).at_digest(digest);
            if tag.image == tag.reference {
                let declared = known.declared().filter(|declared| declared.identity == workload.template.identity)?;
                // Until there is a replica, it is whatever the tag means when it is made; and what was asked before that is old.
                let runs = declared.image.as_ref().filter(|runs| runs.since <= answer.asked_at)?;
                if runs.digest.as_ref() == Some(&name) {
                    return None;
                }
            }
            // What runs by this digest already, by whatever name, goes on.
            let running = known.wanted().filter(|wanted| {
                let runs = wanted.image.as_ref().and_then(|runs| runs.digest.as_ref());
                runs == Some(&name) && is_same_but_image(workload, wanted)
            });
            let image = running
                .map_or_else(|| format!("{}@{digest}", tag.reference), |running| running.pod.container.image.clone());
            (image != tag.image).then_some(image)
        }
    }
}

/// What the containers say that an image has moved to, for want of a memory: one of them was made from the template that is declared
/// with the image that it runs. Else nothing has moved.
fn recovered(workload: &Workload, policy: ImageUpdatePolicy, observed: &Observed) -> TagRecord {
    let reference = workload.template.pod.container.image.clone();
    let labels = |container: &ObservedContainer| {
        let labels = container.owner.labels().filter(|labels| labels.component == Component::Main)?;
        let is_other = labels.object == workload.key && labels.template_hash != workload.template.hash;
        is_other.then(|| (labels.revision, labels.template_hash.clone()))
    };
    let others = observed.containers.iter().filter_map(|container| Some((container, labels(container)?)));
    let found = others.filter_map(|(container, (revision, hash))| {
        let candidates = candidates(&reference, policy, observed.images.get(&container.image_id)?);
        let made_from = candidates.into_iter().find(|image| at_image(workload, image).template.hash == hash)?;
        Some((revision, made_from))
    });
    let image = found.max().map_or_else(|| reference.clone(), |(_, image)| image);
    TagRecord { reference, image, is_unknown: false }
}

/// The names by which an image could have taken the place of a reference.
fn candidates(reference: &str, policy: ImageUpdatePolicy, image: &ObservedImage) -> Vec<String> {
    let name = ImageName::of(reference);
    match policy {
        ImageUpdatePolicy::Digest => {
            let digests = image.digests.iter().filter_map(|digest| digest.strip_prefix(&name.at_digest("")));
            digests.map(|digest| format!("{reference}@{digest}")).collect()
        }
        ImageUpdatePolicy::Semver => {
            let tags = image.tags.iter().filter_map(|tag| tag.strip_prefix(&name.repository())?.strip_prefix(':'));
            tags.map(|tag| at_tag(reference, tag)).collect()
        }
    }
}
