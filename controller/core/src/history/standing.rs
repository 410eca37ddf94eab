//! What became of a revision, and why.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use skiff_api::ObjectKey;

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
    /// Another was declared before it was known what would become of it.
    Superseded {
        /// Whether all of it was available by then.
        complete: bool,
    },
    /// It ran well: what fails later goes back to it.
    Stable,
    /// It failed, and is not tried again until the manifest changes.
    Failed {
        /// When.
        at: Timestamp,
        /// Why.
        #[serde(deserialize_with = "why_or_words")]
        why: Why,
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
    /// Another was declared before they had gone back.
    Superseded,
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

/// Why a revision is worked towards no more. Reads behind its number: `failed: web-1 is unhealthy`, `was undone by hand`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "cause")]
pub enum Why {
    /// A person asked for an earlier one.
    Undone,
    /// It made no progress until its deadline.
    Late {
        /// For how long, and how far it was.
        message: String,
    },
    /// Its replicas cannot be made, do not come up, or do not stay up.
    Failed {
        /// Which, and how.
        message: String,
    },
    /// Another deployment of its rollout group went back.
    Together {
        /// Which.
        with: ObjectKey,
        /// Whether a person asked for that; it failed otherwise.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        undone: bool,
    },
}

impl Why {
    /// Whether a person asked for it.
    pub const fn is_undone(&self) -> bool {
        matches!(self, Self::Undone | Self::Together { undone: true, .. })
    }

    /// What happened, without that it is a failure.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Undone => "undone by hand".to_owned(),
            Self::Late { message } | Self::Failed { message } => message.clone(),
            Self::Together { with, undone: false } => format!("{with} of its rollout group failed"),
            Self::Together { with, undone: true } => format!("undone with {with} of its rollout group"),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undone | Self::Together { undone: true, .. } => write!(f, "was {}", self.message()),
            Self::Late { .. } | Self::Failed { .. } | Self::Together { .. } => write!(f, "failed: {}", self.message()),
        }
    }
}

/// Earlier versions wrote down words alone.
fn why_or_words<'de, D: Deserializer<'de>>(from: D) -> Result<Why, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Why(Why),
        Words(String),
    }
    Ok(match Written::deserialize(from)? {
        Written::Why(why) => why,
        Written::Words(words) if words == "undone by hand" => Why::Undone,
        Written::Words(message) => Why::Failed { message },
    })
}

impl Standing {
    /// When there last was progress, where there is to be more.
    pub(super) const fn last_progress(&mut self) -> Option<&mut Timestamp> {
        match self {
            Self::Progressing { progress: Some(progress), .. }
            | Self::Failed { back: Back::Going { progress, .. }, .. } => Some(progress),
            Self::Progressing { progress: None, .. }
            | Self::Watched { .. }
            | Self::Superseded { .. }
            | Self::Stable
            | Self::Failed { .. } => None,
        }
    }

    /// Whether something is still to become of it.
    pub(crate) const fn is_open(&self) -> bool {
        match self {
            Self::Progressing { .. } | Self::Watched { .. } | Self::Failed { back: Back::Going { .. }, .. } => true,
            Self::Superseded { .. } | Self::Stable | Self::Failed { .. } => false,
        }
    }
}
