//! What is remembered of each object beyond what Docker holds: its revisions, and what became of them.
//!
//! It lives in the state directory. Losing it loses history, never workloads: a revision that runs well is stable from the first
//! look on, and nothing is replaced for want of a record.

mod run;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use skiff_api::{ObjectKey, PodTemplate};

use crate::got::GotImages;
use crate::image::RevisionImage;
use crate::starts::StartRecord;
pub use run::{AttemptEnd, Followed, RunEnd, RunOutcome, RunRecord};

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
}

/// What became of a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "is")]
pub enum Standing {
    /// Replicas of it are being made.
    Progressing {
        /// When there last was progress; `None` until its first replica is there.
        progress: Option<Timestamp>,
        /// The most replicas of it that were available.
        available: u32,
    },
    /// All of it is available, and it is watched until then.
    Watched {
        /// When it counts as stable.
        until: Timestamp,
    },
    /// It ran well: what fails later goes back to it.
    Stable,
    /// It failed, and is not tried again until the manifest changes.
    Failed {
        /// When.
        at: Timestamp,
        /// Why, in words.
        why: String,
        /// What is done about it.
        back: Back,
    },
}

/// What is done about a revision that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "way")]
pub enum Back {
    /// The rollout stays where it is.
    Nowhere,
    /// The replicas go back to an earlier revision.
    Going {
        /// Its number.
        to: u64,
        /// When there last was progress.
        progress: Timestamp,
        /// The most replicas of it that were available.
        available: u32,
    },
    /// They have gone back.
    Arrived {
        /// To which number.
        to: u64,
    },
    /// The earlier revision failed as well: nothing more is tried.
    Lost {
        /// Its number.
        to: u64,
        /// Why it failed.
        why: String,
    },
}

impl Revision {
    /// The hash of its template, as containers carry it.
    pub fn template_hash(&self) -> &str {
        self.identity.split('+').next().unwrap_or_default()
    }

    /// Whether it is good to go back to: it ran well, and has not failed since.
    pub(crate) const fn ran_well(&self) -> bool {
        match self.standing {
            Standing::Stable => true,
            Standing::Progressing { .. } | Standing::Watched { .. } => self.proven,
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

    /// Since when its replicas are brought to the revision that they are brought to now.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        let declared = self.declared()?;
        Some(match declared.standing {
            Standing::Failed { at, .. } => at,
            Standing::Progressing { .. } | Standing::Watched { .. } | Standing::Stable => declared.since,
        })
    }

    /// The revision that replicas are brought to: the declared one, or the one that it went back to.
    pub fn wanted(&self) -> Option<&Revision> {
        let declared = self.declared()?;
        match &declared.standing {
            Standing::Failed {
                back: Back::Going { to, .. } | Back::Arrived { to } | Back::Lost { to, .. }, ..
            } => self.revision(*to),
            Standing::Failed { back: Back::Nowhere, .. }
            | Standing::Progressing { .. }
            | Standing::Watched { .. }
            | Standing::Stable => Some(declared),
        }
    }
}

impl History {
    /// What is remembered when a controller starts: time in which none looked is no time without progress.
    #[must_use]
    pub fn resumed(mut self, now: Timestamp) -> Self {
        for revision in self.objects.values_mut().filter_map(|object| object.revisions.last_mut()) {
            match &mut revision.standing {
                Standing::Progressing { progress: Some(progress), .. }
                | Standing::Failed { back: Back::Going { progress, .. }, .. } => *progress = now,
                Standing::Progressing { progress: None, .. }
                | Standing::Watched { .. }
                | Standing::Stable
                | Standing::Failed { .. } => {}
            }
        }
        self
    }
}

/// Why a revision is gone back from, where a person asked for that.
pub(crate) const UNDONE: &str = "undone by hand";

/// Whether a revision is gone back from because a person asked for that.
pub fn is_undone(why: &str) -> bool {
    why == UNDONE
}

/// What became of a revision that is worked towards no more, behind its number: `failed: web-1 is unhealthy`, `was undone by hand`.
pub fn told_failure(why: &str) -> String {
    if is_undone(why) { format!("was {UNDONE}") } else { format!("failed: {why}") }
}
