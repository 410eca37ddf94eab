//! What is remembered of each object beyond what Docker holds: its revisions, and what became of them.
//!
//! It lives in the state directory. Losing it loses history, never workloads: a revision that runs well is stable from the first
//! look on, and nothing is replaced for want of a record.

mod run;
mod standing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use skiff_api::{ObjectKey, OwnerLabels, PodTemplate};

use crate::conditions::Transition;
use crate::content::is_incomparable;
use crate::crash::Crashes;
use crate::got::GotImages;
use crate::image::RevisionImage;
use crate::starts::StartRecord;
use crate::tag::TagRecord;
pub use run::{AttemptEnd, Followed, RunEnd, RunOutcome, RunRecord};
pub use standing::{Back, Standing, Why};

/// What is remembered, by object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// The objects.
    #[serde(default)]
    pub objects: BTreeMap<ObjectKey, ObjectHistory>,
    /// The images that Skiff got itself.
    #[serde(default)]
    pub got: GotImages,
    /// The containers that have ended, by id: a controller that starts goes on with the back-off of those that have not run for long since.
    #[serde(default, skip_serializing_if = "Crashes::is_empty")]
    pub crashes: Crashes,
}

/// What is remembered of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectHistory {
    /// Its revisions, the declared one last.
    #[serde(default)]
    pub revisions: Vec<Revision>,
    /// Whether its rollout is held by hand, whatever the manifest says.
    #[serde(default)]
    pub paused: bool,
    /// Whether a job or a schedule is suspended by hand, whatever the manifest says.
    #[serde(default)]
    pub suspended: bool,
    /// Replicas that were started before this moment are to be replaced.
    #[serde(default)]
    pub restart_before: Option<Timestamp>,
    /// The runs of a job or a schedule, by name; that of a job which runs for the first time has none.
    #[serde(default)]
    pub runs: BTreeMap<String, RunRecord>,
    /// Up to when a schedule has been followed.
    #[serde(default)]
    pub followed: Option<Followed>,
    /// Whether it went and left containers behind, which say nothing of a run to come.
    #[serde(default)]
    pub anew: bool,
    /// What was done after the last start of each of its containers, by the container's id.
    #[serde(default)]
    pub starts: BTreeMap<String, StartRecord>,
    /// What its conditions last were, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conditions: BTreeMap<String, Transition>,
    /// The tag that its image follows, or did.
    #[serde(default)]
    pub tag: Option<TagRecord>,
}

/// A template that was declared once, with the content that it used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// Its number, from 1.
    pub number: u64,
    /// What makes it another revision than the one before: [`crate::Template::identity`].
    pub identity: String,
    /// The template as the manifest had it.
    pub pod: PodTemplate,
    /// The folder that its relative host paths start from.
    pub base: String,
    /// Digests of the content used, by object.
    pub content: BTreeMap<String, String>,
    /// The revision of the source, a commit for git.
    pub source_revision: Option<String>,
    /// The image that its replicas run, once there are some.
    #[serde(default)]
    pub image: Option<RevisionImage>,
    /// When it was first worked towards.
    pub since: Timestamp,
    /// What became of it.
    pub standing: Standing,
    /// Whether it ran well once, however long ago: declared again it has to prove itself anew, and is still good to go back to.
    #[serde(default)]
    pub proven: bool,
    /// What it would have failed from, had there been one to go back to. It is told once, and healing goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ailing: Option<String>,
    /// The configs and secrets that it was gone back to without: what they held then is not known any more, and what is made anew has today's.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub lost: BTreeSet<ObjectKey>,
}

impl Revision {
    /// The hash of its template, as containers carry it.
    pub fn template_hash(&self) -> &str {
        self.identity.split('+').next().unwrap_or_default()
    }

    /// Whether a container was made from its template, with the content that it uses as far as can be told.
    pub fn is_of(&self, labels: &OwnerLabels) -> bool {
        let content: BTreeMap<String, String> =
            labels.content.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let is_same = |object: &String, digest: &String| {
            content.get(object).is_some_and(|then| then == digest || is_incomparable(then, digest))
        };
        labels.template_hash == self.template_hash()
            && content.len() == self.content.len()
            && self.content.iter().all(|(object, digest)| is_same(object, digest))
    }

    /// Another is worked towards before it was known what would become of it.
    fn supersede(&mut self) {
        match &mut self.standing {
            Standing::Failed { back, .. } => *back = Back::Superseded,
            Standing::Progressing { .. } => self.standing = Standing::Superseded { complete: false },
            Standing::Watched { .. } => self.standing = Standing::Superseded { complete: true },
            Standing::Superseded { .. } | Standing::Stable => {}
        }
    }

    /// Whether it is good to go back to: it ran well, and has not failed since.
    pub(crate) const fn ran_well(&self) -> bool {
        match self.standing {
            Standing::Stable => true,
            Standing::Progressing { .. } | Standing::Watched { .. } | Standing::Superseded { .. } => self.proven,
            Standing::Failed { .. } => false,
        }
    }
}

impl ObjectHistory {
    /// The declared revision.
    pub fn declared(&self) -> Option<&Revision> {
        self.revisions.last()
    }

    /// A revision by its number.
    pub fn revision(&self, number: u64) -> Option<&Revision> {
        self.revisions.iter().find(|revision| revision.number == number)
    }

    /// The newest revision before the declared one that ran well.
    pub fn last_stable(&self) -> Option<&Revision> {
        let earlier = self.revisions.split_last().map_or(&[][..], |(_, earlier)| earlier);
        earlier.iter().rev().find(|revision| revision.ran_well())
    }

    /// Says of all revisions but the declared one that nothing more will become of them.
    pub(crate) fn supersede(&mut self) {
        let earlier = self.revisions.split_last_mut().map_or(&mut [][..], |(_, earlier)| earlier);
        earlier.iter_mut().filter(|revision| revision.standing.is_open()).for_each(Revision::supersede);
    }

    fn has_left_open(&self) -> bool {
        let earlier = self.revisions.split_last().map_or(&[][..], |(_, earlier)| earlier);
        earlier.iter().any(|revision| revision.standing.is_open())
    }

    /// Since when its replicas are brought to the revision that they are brought to now.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        let declared = self.declared()?;
        Some(match declared.standing {
            Standing::Failed { at, .. } => at,
            Standing::Progressing { .. }
            | Standing::Watched { .. }
            | Standing::Superseded { .. }
            | Standing::Stable => declared.since,
        })
    }

    /// The revision that replicas are brought to: the declared one, or the one that it went back to.
    pub fn wanted(&self) -> Option<&Revision> {
        let declared = self.declared()?;
        match &declared.standing {
            Standing::Failed {
                back: Back::Going { to, .. } | Back::Arrived { to } | Back::Lost { to, .. }, ..
            } => self.revision(*to),
            Standing::Failed { back: Back::Nowhere | Back::Superseded, .. }
            | Standing::Progressing { .. }
            | Standing::Watched { .. }
            | Standing::Superseded { .. }
            | Standing::Stable => Some(declared),
        }
    }
}

impl History {
    /// What is remembered when a controller starts: time in which none looked is no time without progress.
    #[must_use]
    pub fn resumed(mut self: Arc<Self>, now: Timestamp) -> Arc<Self> {
        let mut latest = self.objects.values().filter_map(|object| object.revisions.last());
        // Nothing is copied where nothing waits.
        if latest.any(|revision| revision.standing.clone().last_progress().is_some()) {
            let latest = Arc::make_mut(&mut self).objects.values_mut().filter_map(|object| object.revisions.last_mut());
            latest.filter_map(|revision| revision.standing.last_progress()).for_each(|progress| *progress = now);
        }
        // An earlier version left them as they were.
        if self.objects.values().any(ObjectHistory::has_left_open) {
            Arc::make_mut(&mut self).objects.values_mut().for_each(ObjectHistory::supersede);
        }
        self
    }
}
