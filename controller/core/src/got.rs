//! Images that Skiff itself pulled or built: only these it ever removes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use skiff_api::{ImageName, ObjectKey};

use crate::action::Action;
use crate::engine::Outcome;
use crate::history::History;
use crate::image::ObservedImage;
use crate::observed::Observed;
use crate::plan::Step;

/// The images that Skiff got.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GotImages {
    /// By the reference that was asked for, until it is seen what that is.
    pub(crate) asked: BTreeMap<String, BTreeSet<ObjectKey>>,
    /// By id.
    pub(crate) images: BTreeMap<String, GotImage>,
}

/// An image that Skiff got.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GotImage {
    /// The references that it was asked for by.
    pub(crate) references: BTreeSet<String>,
    /// The objects that it was got for.
    pub(crate) objects: BTreeSet<ObjectKey>,
}

impl GotImage {
    /// Whether all names that an image has are those that it was got by: nobody else has named it.
    pub(crate) fn names_all_of(&self, found: &ObservedImage) -> bool {
        let names: Vec<ImageName> = self.references.iter().map(|reference| ImageName::of(reference)).collect();
        let is_tag = |tag: &String| names.iter().any(|name| name.digest.is_none() && name.tagged() == *tag);
        let is_digest = |digest: &String| names.iter().any(|name| digest.starts_with(&name.at_digest("")));
        found.tags.iter().all(is_tag) && found.digests.iter().all(is_digest)
    }
}

/// Notes what a step that was done got, or removed.
pub fn note_image(history: &mut Arc<History>, step: &Step, outcome: &Outcome) {
    if let Action::RemoveImage(removed) = &step.action {
        // Also where somebody else had removed it, or has come to use it: it is Skiff's no more.
        Arc::make_mut(history).got.images.remove(&removed.id);
    } else if step.action.gets_image() && *outcome != Outcome::Already {
        let asked = &mut Arc::make_mut(history).got.asked;
        asked.entry(step.action.target()).or_default().insert(step.object.clone());
    }
}

/// Learns which images those are that were got, and forgets those that are gone.
pub(crate) fn learn(history: &mut Arc<History>, observed: &Observed) {
    // Nothing at all is hardly what the engine has.
    let Some(_) = observed.images.iter().next() else { return };
    let seen: Vec<(String, String)> = history
        .got
        .asked
        .keys()
        .filter_map(|asked| {
            let found = observed.images.iter().find(|image| image.is_named(asked))?;
            Some((asked.clone(), found.id.clone()))
        })
        .collect();
    let gone: Vec<String> = history.got.images.keys().filter(|id| observed.images.get(id).is_none()).cloned().collect();
    if seen.is_empty() && gone.is_empty() {
        return;
    }
    let got = &mut Arc::make_mut(history).got;
    for (reference, id) in seen {
        let objects = got.asked.remove(&reference).unwrap_or_default();
        let image = got.images.entry(id).or_default();
        image.references.insert(reference);
        image.objects.extend(objects);
    }
    got.images.retain(|id, _| !gone.contains(id));
}
