//! What one container of a workload is: of the current template or not, and in which condition.

mod condition;
mod in_place;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::Value;
use skiff_api::{ImageName, OwnerLabels, RestartPolicy};

use super::besides::{told, with_besides};
use super::checks::{Checks, Complaint};
use super::draft::Draft;
use super::joined::stranded;
use super::nameless::{Nameless, nameless};
use crate::adopt::ADOPTED;
use crate::compile::content_label;
use crate::content::is_incomparable;
use crate::crash::{SETTLED_AFTER, needs_pacing};
use crate::desired::{EngineRestart, Workload};
use crate::history::History;
use crate::made_from::{made_from, ran_whole};
use crate::observed::{ContainerDetail, ContainerState, ObservedContainer};
use crate::reason::{Change, Reason};
use crate::tag;
use crate::template;
pub(super) use condition::Condition;
use condition::condition;
use in_place::in_place_changes;

/// A container of a workload, judged.
#[derive(Clone, Debug)]
pub(super) struct Replica<'a> {
    pub(super) container: &'a ObservedContainer,
    pub(super) labels: &'a OwnerLabels,
    /// Why it must be replaced, where it must.
    pub(super) outdated: Option<Reason>,
    /// What can be put right where it stands.
    pub(super) adjust: Vec<Change>,
    /// What becomes of its volumes without a name, where another one takes its place.
    pub(super) nameless: Nameless,
    /// Objects whose content cannot be compared, as their digests were made with another key.
    pub(super) unknown_content: Vec<String>,
    pub(super) condition: Condition,
    /// Whether it ended again and again, and has not run for long enough since to be believed.
    pub(super) settles: bool,
    /// Whether it does not serve and is worth mending: all of its revision ran once, and it has not ended again and again.
    pub(super) is_mendable: bool,
    /// What its checks say, where it runs and is not Ready.
    pub(super) complaint: Option<Complaint>,
}

impl Replica<'_> {
    /// Whether it has a process, or gets one again by itself.
    pub(super) const fn has_process(&self) -> bool {
        matches!(self.container.state, ContainerState::Running | ContainerState::Paused | ContainerState::Restarting)
    }

    /// Whether it counts in a rollout. How long a replica must have been Ready is asked of new ones only: an old one that is
    /// Ready serves, whatever the new manifest says of `minReadySeconds`.
    pub(super) const fn serves(&self) -> bool {
        self.condition.is_available() || (self.outdated.is_some() && self.condition.is_ready())
    }

    /// Whether it hands data on to the one that takes its place, so that it must be there until then and must not run any more.
    pub(super) fn hands_on(&self) -> bool {
        self.outdated.is_some() && !self.nameless.carried.is_empty()
    }

    /// Whether it goes before anything comes for it. One that could not be removed whole and hands on data stays until that is done.
    pub(super) fn is_leaving(&self) -> bool {
        self.condition == Condition::Removing || (self.condition == Condition::Dead && !self.hands_on())
    }

    /// Whether it serves for all that is known: nobody may have judged it yet.
    pub(super) fn may_serve(&self) -> bool {
        self.serves() || self.condition.is_unknown()
    }
}

pub(super) fn classify<'a>(draft: &Draft<'a>, workload: &Workload, container: &'a ObservedContainer) -> Replica<'a> {
    // Only containers with readable labels are listed under an object.
    static NOBODY: std::sync::OnceLock<OwnerLabels> = std::sync::OnceLock::new();
    let labels = container.owner.labels().unwrap_or_else(|| NOBODY.get_or_init(nobody));
    let is_loop = draft.is_crash_loop(&container.id);
    let (adjust, removed) = in_place_changes(workload, container, is_loop);
    let refused = draft
        .observed
        .failures
        .of_object(&workload.key)
        .is_some_and(|failure| failure.update_refused && failure.template_hash == workload.template.hash);
    let (changed_content, mut unknown_content) = content_changes(draft.history, workload, labels);
    let must_replace = !removed.is_empty() || (refused && !adjust.is_empty());
    let restarted = workload.restart_before.filter(|before| {
        let since = container.detail.as_ref().and_then(ContainerDetail::since);
        since.is_some_and(|since| since < *before)
    });
    let nameless = nameless(draft, workload, container);
    let besides = |changes: Vec<Change>| {
        with_besides(changes, workload, container, &nameless, removed.iter().chain(&adjust).cloned(), is_loop)
    };
    let adopted = || Reason::Adopted { changes: told(&nameless).collect() };
    let outdated = if labels.template_hash == ADOPTED {
        Some(adopted())
    } else if labels.template_hash != workload.template.hash {
        Some(outdated(workload, besides(template_changes(workload, labels))))
    } else if !changed_content.is_empty() {
        Some(content_changed(changed_content, besides))
    } else if must_replace {
        let changes = removed.iter().chain(&adjust).cloned().collect();
        Some(Reason::Outdated { changes: besides(changes) })
    } else if let Some(change) = stranded(draft, workload, container) {
        Some(Reason::Outdated { changes: besides(vec![change]) })
    } else {
        restarted.map(|_| Reason::RestartAsked)
    };
    let policy =
        if outdated.is_some() { old_policy(draft, workload, container, labels) } else { workload.restart_policy };
    let checks = Checks::of(draft, workload, container, labels);
    let settling = if is_shaky(draft, workload, container) { SETTLED_AFTER } else { SignedDuration::ZERO };
    let condition = condition(workload, policy, container, &checks, settling, draft.now);
    let settles = !settling.is_zero() && condition.ready_until().is_some();
    let outdated = outdated.or_else(|| is_used_up(container, condition).then(adopted));
    let outdated = outdated.or_else(|| unstartable(container, condition, &mut unknown_content));
    // One that could not be removed whole still has its volumes.
    let is_dead = condition == Condition::Dead && !nameless.carried.is_empty();
    let outdated = outdated.or(is_dead.then_some(Reason::Dead));
    let is_mendable = is_mendable(condition, outdated.as_ref()) && !is_loop && ran_whole(draft.history, labels);
    let complaint = checks.complaint.filter(|_| matches!(condition, Condition::Unready | Condition::Unhealthy));
    Replica {
        container,
        labels,
        outdated,
        adjust,
        nameless,
        unknown_content,
        condition,
        settles,
        is_mendable,
        complaint,
    }
}

/// Whether a container that does not serve can be put right where it stands.
const fn is_mendable(condition: Condition, outdated: Option<&Reason>) -> bool {
    let is_spent = matches!(outdated, Some(Reason::Adopted { .. } | Reason::Unstartable { .. } | Reason::Dead));
    let may_come_back = matches!(
        condition,
        Condition::Exited | Condition::Paused | Condition::Restarting | Condition::Unhealthy | Condition::Unready
    );
    may_come_back && !is_spent
}

/// Whether a container that somebody else made has come to its end: ours takes its place instead of starting it again.
const fn is_used_up(container: &ObservedContainer, condition: Condition) -> bool {
    container.adopted.is_some() && matches!(condition, Condition::Exited | Condition::Created)
}

/// Why a container that has ended is not started but made anew: what it mounts is gone, or was written by a key that is, and its files may
/// be gone with it. What does not run is not restarted by that, so that nothing is to be held either.
fn unstartable(container: &ObservedContainer, condition: Condition, unknown: &mut Vec<String>) -> Option<Reason> {
    if !matches!(condition, Condition::Exited | Condition::Created) {
        return None;
    }
    let keys = std::mem::take(unknown).into_iter().map(|object| format!("the key that {object} was digested with"));
    let lacks: Vec<String> = container.lost.iter().cloned().chain(keys).collect();
    (!lacks.is_empty()).then_some(Reason::Unstartable { lacks })
}

/// That the image has moved is a reason of its own, and one of several where there is more.
fn outdated(workload: &Workload, changes: Vec<Change>) -> Reason {
    let is_image = |change: &Change| change.field == "container.image";
    match (&workload.pinned_from, changes.as_slice()) {
        (Some(reference), [change]) if is_image(change) && is_of(change, reference) => {
            let to = tag::told(&workload.template.pod.container.image);
            Reason::ImageMoved { reference: reference.clone(), to }
        }
        (_, _) => Reason::Outdated { changes },
    }
}

/// Whether what an image was is a reference, or what that has moved to before.
fn is_of(change: &Change, reference: &str) -> bool {
    let repository = |image: &str| ImageName::of(image).repository();
    change.from.as_ref().is_some_and(|from| repository(from) == repository(reference))
}

/// Content that changed is a reason of its own, and one of several where there is more.
fn content_changed(objects: Vec<String>, besides: impl FnOnce(Vec<Change>) -> Vec<Change>) -> Reason {
    let content: Vec<Change> =
        objects.iter().map(|object| Change::new(format!("content of {object}"), None, None)).collect();
    let count = content.len();
    let changes = besides(content);
    if changes.len() > count {
        Reason::Outdated { changes }
    } else {
        Reason::ContentChanged { objects, in_place: false }
    }
}

/// Whether a container is known for ending again and again, or was: then Skiff has taken its restarts from Docker.
fn is_shaky(draft: &Draft<'_>, workload: &Workload, container: &ObservedContainer) -> bool {
    let Some(detail) = &container.detail else { return false };
    let is_taken =
        detail.in_place.restart_policy == Some(EngineRestart::Never) && workload.restart_policy != RestartPolicy::Never;
    // What Skiff paces never was Docker's to restart.
    let has_ended = detail.finished_at.is_some() || !needs_pacing(&workload.template.pod);
    (is_taken && has_ended) || draft.is_crash_loop(&container.id)
}

/// What the manifest said of the restarts of a replica that is of an earlier template. Where that is not remembered Docker knows, but for
/// `no`: that may be Skiff's own doing, as it takes the policy from what it restarts itself, or somebody's. What ended under it is not
/// taken for done, or the ones that serve would go for it.
fn old_policy(
    draft: &Draft<'_>,
    workload: &Workload,
    container: &ObservedContainer,
    labels: &OwnerLabels,
) -> RestartPolicy {
    let remembered = made_from(Some(workload), draft.history, labels);
    let own = container.detail.as_ref().and_then(|detail| detail.in_place.restart_policy);
    let own = own.map(EngineRestart::policy);
    let own = own.filter(|own| *own != RestartPolicy::Never);
    remembered.map(|pod| pod.restart_policy.unwrap_or_default()).or(own).unwrap_or(workload.restart_policy)
}

fn nobody() -> OwnerLabels {
    OwnerLabels {
        instance: skiff_api::Instance::default(),
        source: String::new(),
        object: skiff_api::ObjectKey::new(skiff_api::Kind::Deployment, "", ""),
        ordinal: 0,
        component: skiff_api::Component::Main,
        run: None,
        revision: 0,
        source_revision: None,
        template_hash: String::new(),
        template: None,
        content: None,
        image_id: None,
    }
}

/// What differs between the recorded template and the declared one; empty where none was recorded.
fn template_changes(workload: &Workload, labels: &OwnerLabels) -> Vec<Change> {
    let recorded = labels.template.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    let declared = serde_json::from_str::<Value>(&workload.template.canonical).ok();
    match (recorded, declared) {
        (Some(recorded), Some(declared)) => template::changes(&recorded, &declared),
        _ => Vec::new(),
    }
}

/// The objects whose content changed, and those of which it cannot be told: their digests are of a key that was lost. What its revision has
/// by today's key tells at least that it has changed since then.
fn content_changes(history: &History, workload: &Workload, labels: &OwnerLabels) -> (Vec<String>, Vec<String>) {
    let recorded: BTreeMap<String, String> =
        labels.content.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let (mut changed, mut unknown) = (Vec::new(), Vec::new());
    // What runs with what nobody has kept is what is gone back to.
    let is_of_then = |object: &String, known: &String| {
        workload.lost.iter().any(|(lost, digest)| digest == known && content_label(lost) == *object)
    };
    let revision = history.objects.get(&workload.key).and_then(|known| known.revision(labels.revision));
    let has_changed_since = |object: &String, digest: &String| {
        let since = revision.and_then(|revision| revision.content.get(object));
        since.is_some_and(|since| since != digest && !is_incomparable(since, digest))
    };
    for (object, digest) in &workload.template.content {
        match recorded.get(object) {
            Some(known) if known == digest || is_of_then(object, known) => {}
            Some(known) if is_incomparable(known, digest) && !has_changed_since(object, digest) => {
                unknown.push(object.clone());
            }
            _ => changed.push(object.clone()),
        }
    }
    let is_gone = |object: &String| !workload.template.content.contains_key(object);
    let gone = recorded.iter().filter(|(object, known)| is_gone(object) && !is_of_then(object, known));
    changed.extend(gone.map(|(object, _)| object.clone()));
    (changed, unknown)
}
