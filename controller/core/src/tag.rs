//! Tags that are followed: when their registries are asked, and what becomes of the answers.
//!
//! A tag that has moved pins the image of its object: in the template `shop/api:1.2` becomes `shop/api:1.2@sha256:…`, or for versions
//! `shop/api:1.2.3` becomes `shop/api:1.2.4`. So it is another revision, and everything that holds of a rollout holds of it. Until it
//! has moved nothing is pinned: that a tag is followed makes no new container.
//!
//! - What is pinned is remembered; where the memory is lost, the containers tell it.
//! - A registry that does not answer changes nothing, and is asked less and less often.
//! - A revision that failed is not tried again: its tag must move first.

mod learn;
mod pinned;
mod schedule;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use skiff_api::{ImageName, ImageUpdatePolicy, ObjectKey, VersionTag};

pub(crate) use learn::learn;
pub(crate) use pinned::pinned;
pub use schedule::{TagAsk, TagSchedule};

/// What is remembered of a followed tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TagRecord {
    /// The image as the manifest names it. When it names another one, the rest is forgotten.
    pub reference: String,
    /// The image that takes its place; itself until it has moved.
    pub image: String,
    /// Whether its registry did not answer when it was last asked.
    #[serde(default)]
    pub is_unknown: bool,
}

/// What a registry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagFound {
    /// The digest that a tag means.
    Digest(String),
    /// The tags that there are.
    Tags(Vec<String>),
}

/// The last answer of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagAnswer {
    /// The image as the manifest names it.
    pub reference: String,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// What it was, or why there was none.
    pub found: Result<Newest, String>,
}

/// What is newest of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Newest {
    /// The digest that its tag means.
    Digest(String),
    /// The newest tag that may take the place of its own; none where there is no newer one.
    Tag(Option<String>),
}

/// The last answers, by object.
pub type TagAnswers = BTreeMap<ObjectKey, TagAnswer>;

impl Newest {
    /// What an answer says of an image; tags that are no versions, or no successors, say nothing.
    pub fn of(reference: &str, found: TagFound) -> Self {
        let tags = match found {
            TagFound::Digest(digest) => return Self::Digest(digest),
            TagFound::Tags(tags) => tags,
        };
        let own = version(reference);
        let successors = tags.into_iter().filter_map(|tag| Some((VersionTag::of(&tag)?, tag)));
        let newer = successors.filter(|(tag, _)| own.as_ref().is_some_and(|own| tag.follows(own)));
        Self::Tag(newer.max_by(|(one, _), (other, _)| one.compare(other)).map(|(_, tag)| tag))
    }
}

/// The version that the tag of an image is.
fn version(reference: &str) -> Option<VersionTag> {
    VersionTag::of(&ImageName::of(reference).tag?)
}

/// An image under another tag, its name as it was written.
fn at_tag(reference: &str, tag: &str) -> String {
    let name = reference.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(reference, |(name, _)| name);
    format!("{name}:{tag}")
}

/// What an image was followed to, for people: `sha256:0d17b5c0ffee`, or the tag.
pub(crate) fn told(image: &str) -> String {
    let ImageName { tag, digest, .. } = ImageName::of(image);
    match digest {
        // As many digits as Docker shows of an id.
        Some(digest) => digest.chars().take("sha256:".len() + 12).collect(),
        None => tag.unwrap_or_default(),
    }
}

/// What is asked for, by policy.
const fn asks_for_digest(policy: ImageUpdatePolicy) -> bool {
    match policy {
        ImageUpdatePolicy::Digest => true,
        ImageUpdatePolicy::Semver => false,
    }
}
