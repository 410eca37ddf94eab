//! Images that the engine has, and the one that a revision runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use skiff_api::ImageName;

/// An image that the engine has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedImage {
    /// Its id, the digest of its configuration.
    pub id: String,
    /// Its names with tags, as Docker shows them.
    pub tags: Vec<String>,
    /// Its names with the digests that registries know it by.
    pub digests: Vec<String>,
}

impl ObservedImage {
    /// Whether a reference means it now.
    pub fn is_named(&self, reference: &str) -> bool {
        let name = ImageName::of(reference);
        match &name.digest {
            Some(digest) => self.digests.contains(&name.at_digest(digest)),
            None => self.tags.contains(&name.tagged()),
        }
    }

    /// The name with the digest by which the registry of a reference knows it.
    pub fn digest_for(&self, reference: &str) -> Option<&String> {
        let prefix = ImageName::of(reference).at_digest("");
        self.digests.iter().find(|digest| digest.starts_with(&prefix))
    }
}

/// All images that the engine has, by id. A copy costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images(Arc<BTreeMap<String, ObservedImage>>);

impl Images {
    /// The images of a list.
    pub fn new(images: impl IntoIterator<Item = ObservedImage>) -> Self {
        Self(Arc::new(images.into_iter().map(|image| (image.id.clone(), image)).collect()))
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &ObservedImage> {
        self.0.values()
    }

    /// An image by its id.
    pub fn get(&self, id: &str) -> Option<&ObservedImage> {
        self.0.get(id)
    }
}

/// The image that the replicas of a revision run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RevisionImage {
    /// Its id.
    pub id: String,
    /// Its name with the digest by which its registry knows it; none for what came from no registry.
    #[serde(default)]
    pub digest: Option<String>,
    /// When it was first seen to run.
    pub since: Timestamp,
}

/// The image that a container is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FromImage {
    /// What the engine is asked for.
    pub reference: String,
    /// The id that it must have, where it is known: a tag may be moved meanwhile.
    pub id: Option<String>,
}

impl FromImage {
    /// Whatever a reference means when the container is made.
    pub fn whatever(reference: impl Into<String>) -> Self {
        Self { reference: reference.into(), id: None }
    }
}
