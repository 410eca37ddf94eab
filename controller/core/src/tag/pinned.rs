//! What is declared, with the images that have moved in the place of those that manifests name.
//!
//! Only the template differs, and its hash with it: everything that plans or reports sees one workload, and need not know of tags.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;
use skiff_api::PodTemplate;

use super::TagRecord;
use crate::desired::{Desired, Init, Template, Workload};
use crate::history::{History, ObjectHistory, Revision};
use crate::template;

/// What is declared, with the images that are remembered to have moved. Pinning what is pinned changes nothing.
pub(crate) fn pinned<'d>(desired: &'d Desired, history: &History) -> Cow<'d, Desired> {
    let followed = history.objects.iter().filter_map(|(key, known)| Some((key, known.tag.as_ref()?, known)));
    let changed: Vec<Workload> =
        followed.filter_map(|(key, tag, known)| pinned_workload(desired.workloads.get(key)?, tag, known)).collect();
    if changed.is_empty() {
        return Cow::Borrowed(desired);
    }
    let mut pinned = desired.clone();
    for workload in changed {
        pinned.workloads.insert(workload.key.clone(), Arc::new(workload));
    }
    Cow::Owned(pinned)
}

/// A workload with the image that its own has moved to, and with the revisions between the two to go back to; none where it stays as it is.
fn pinned_workload(declared: &Workload, tag: &TagRecord, known: &ObjectHistory) -> Option<Workload> {
    if declared.template.pod.container.image != tag.reference {
        return None;
    }
    let has_moved = tag.image != tag.reference;
    // Compiled with the manifests were only the revisions that there were then.
    let is_new = |revision: &&Revision| {
        revision.identity != declared.template.identity && !declared.earlier.contains_key(&revision.number)
    };
    if !has_moved && !known.revisions.iter().any(|revision| is_new(&revision)) {
        return None;
    }
    let mut workload = at_image(declared, &tag.image);
    workload.pinned_from = has_moved.then(|| tag.reference.clone());
    let others = known.revisions.iter().filter(|revision| revision.identity != workload.template.identity);
    for revision in others.filter(|revision| !declared.earlier.contains_key(&revision.number)) {
        if is_same_but_image(declared, revision) {
            let earlier = at_image(declared, &revision.pod.container.image);
            workload.earlier.insert(revision.number, Arc::new(earlier));
        }
    }
    Some(workload)
}

/// Whether a revision is what is declared now, but for its image.
pub(super) fn is_same_but_image(declared: &Workload, revision: &Revision) -> bool {
    let Template { pod, content, .. } = &*declared.template;
    revision.content == *content
        && revision.base == declared.base
        && pod_at(pod, &pod.container.image, &revision.pod.container.image) == revision.pod
}

/// A workload as it is with another image.
pub(super) fn at_image(workload: &Workload, image: &str) -> Workload {
    let from = &workload.template.pod.container.image;
    let main = template_at(&workload.template, from, image);
    let inits = workload.inits.iter().map(|init| init_at(init, &main, from, image)).collect();
    Workload { inits, template: Arc::new(main), ..workload.clone() }
}

/// An init container that has the main one's image has it still.
fn init_at(init: &Init, main: &Template, from: &str, image: &str) -> Init {
    let hash = main.hash.clone();
    let template = if init.template.pod.container.image == from {
        Template { hash, identity: main.identity.clone(), ..template_at(&init.template, from, image) }
    } else {
        Template { hash, ..Template::clone(&init.template) }
    };
    Init { name: init.name.clone(), template: Arc::new(template) }
}

fn template_at(template: &Template, from: &str, image: &str) -> Template {
    // What was made from a value is one.
    let mut form: Value = serde_json::from_str(&template.canonical).unwrap_or_default();
    if let Some(own) = form.pointer_mut("/container/image") {
        *own = Value::from(image);
    }
    let inits = form.get_mut("initContainers").and_then(Value::as_object_mut);
    for init in inits.into_iter().flat_map(|inits| inits.values_mut()) {
        if let Some(own) = init.get_mut("image").filter(|own| *own == from) {
            *own = Value::from(image);
        }
    }
    let canonical = form.to_string();
    Template {
        hash: template::hash(&canonical),
        identity: template::identity(&canonical, &template.content),
        canonical,
        pod: pod_at(&template.pod, from, image),
        ..template.clone()
    }
}

fn pod_at(pod: &PodTemplate, from: &str, image: &str) -> PodTemplate {
    let mut pod = pod.clone();
    image.clone_into(&mut pod.container.image);
    for own in pod.init_containers.iter_mut().filter_map(|init| init.image.as_mut()) {
        if own == from {
            image.clone_into(own);
        }
    }
    pod
}
