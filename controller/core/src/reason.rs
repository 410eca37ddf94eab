//! Why a step is taken: an adjective or participle that reads after "because it is".

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::history::Why;

/// Why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "reason")]
pub enum Reason {
    /// It is declared and not there.
    Missing,
    /// Another step needs it.
    Needed,
    /// It is there, and its template has changed.
    Outdated {
        /// What has changed, field by field.
        changes: Vec<Change>,
    },
    /// It shares the network, the processes, the memory or the mounts of a deployment that is replaced.
    SourceReplaced {
        /// The name of that one.
        name: String,
    },
    /// The content of a config or secret that it uses has changed.
    ContentChanged {
        /// The objects, `configmap/api`.
        objects: Vec<String>,
        /// Whether the files alone are replaced, under containers that go on.
        in_place: bool,
    },
    /// There are more replicas than declared.
    Surplus,
    /// The source declares it no more.
    Orphaned,
    /// It was asked to go.
    Unwanted,
    /// It ended.
    Exited {
        /// How.
        code: i64,
        /// What the engine said of its last start.
        error: String,
        /// Whether the kernel killed it for memory.
        oom_killed: bool,
    },
    /// A check of it has failed as often as it may.
    Unhealthy {
        /// Which, by the field of the manifest: `livenessProbe`, `startupProbe`, `healthCheck`.
        check: String,
        /// What it last came to.
        message: String,
    },
    /// It has started.
    Started,
    /// It was made and never started.
    NotStarted,
    /// It could not be removed whole.
    Dead,
    /// It is paused.
    Paused,
    /// It has another name.
    Renamed {
        /// Which.
        from: String,
    },
    /// It had left its name to a successor that could not be made.
    NotSucceeded,
    /// It is not on a network that it should be on.
    Disconnected {
        /// Which.
        network: String,
    },
    /// It is on a network that it should not be on.
    Overconnected {
        /// Which.
        network: String,
    },
    /// Its names or addresses on a network differ.
    Readdressed {
        /// Which network.
        network: String,
        /// What differs.
        changes: Vec<Change>,
    },
    /// Settings that can be changed in place differ.
    Adjusted {
        /// What differs.
        changes: Vec<Change>,
    },
    /// It ends again and again: Skiff restarts it in place of Docker, and waits longer each time.
    RestartsTaken {
        /// How often it ended.
        exits: u32,
        /// For how long it is to run until its restarts are Docker's again.
        well_after: SignedDuration,
    },
    /// The manifest paces its restarts as Docker cannot: Skiff restarts it.
    RestartsPaced,
    /// It was a crash loop and has run for long enough: Docker restarts it again.
    RestartsGiven {
        /// How long that is.
        well_after: SignedDuration,
    },
    /// Skiff ends, and restarts it no more: Docker does again.
    Left,
    /// Nothing uses it any more.
    Unused,
    /// No container, no kept revision and nothing declared needs it any more.
    Superseded,
    /// Its moment has come.
    Due {
        /// The moment.
        at: Timestamp,
    },
    /// Somebody asked for it.
    Asked {
        /// When.
        at: Timestamp,
    },
    /// Attempts before it failed.
    Retried {
        /// The number of the attempt.
        number: u32,
        /// How many failed before it.
        failures: u32,
    },
    /// It takes longer than it may.
    DeadlineExceeded,
    /// It was kept for as long as it should be.
    Expired,
    /// Whoever ran it by hand has gone.
    LeftBehind,
    /// The manifest keeps it from running.
    Suspended,
    /// The next run takes its place.
    Replaced,
    /// A rollout goes back to an earlier revision.
    RolledBack {
        /// The number of the revision that failed.
        from: u64,
        /// Why it is worked towards no more.
        why: Why,
    },
    /// `skiff rollout restart` asked for new replicas.
    RestartAsked,
    /// What a container that has ended was made with is gone: it can only be made anew.
    Unstartable {
        /// What it lacks.
        lacks: Vec<String>,
    },
    /// The image that the revision ran is gone, and no registry knows it by a digest.
    ImageLost {
        /// Its id.
        id: String,
    },
    /// Somebody else made it, and it was taken over.
    Adopted {
        /// What becomes of its data that no manifest names.
        changes: Vec<Change>,
    },
    /// The tag that it follows means another image.
    ImageMoved {
        /// The image as the manifest names it.
        reference: String,
        /// What it is now: a digest, cut short, or another tag.
        to: String,
    },
    /// A network that it is on is made anew.
    Rewired {
        /// Which.
        network: String,
    },
}

/// One field that differs. Values of variables are never in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// The field's path in the manifest, `container.image`.
    pub field: String,
    /// What it was.
    pub from: Option<String>,
    /// What it shall be.
    pub to: Option<String>,
}

impl Change {
    /// A change of a field.
    pub fn new(field: impl Into<String>, from: Option<String>, to: Option<String>) -> Self {
        Self { field: field.into(), from, to }
    }
}

/// `container.image changed shop/api:1.1 → 1.2`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => write!(f, "{} changed {from} → {to}", self.field),
            (None, Some(to)) if to.is_empty() => write!(f, "{} added", self.field),
            (None, Some(to)) => write!(f, "{} added: {to}", self.field),
            (Some(from), None) if from.is_empty() => write!(f, "{} removed", self.field),
            (Some(from), None) => write!(f, "{} removed, was {from}", self.field),
            (None, None) => write!(f, "{} changed", self.field),
        }
    }
}

/// Whose it was before.
const ADOPTED: &str = "taken over from Docker Compose";

struct List<'a>(&'a [Change]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, change) in self.0.iter().enumerate() {
            write!(f, "{}{change}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing"),
            Self::Needed => f.write_str("needed"),
            Self::Outdated { changes } if changes.is_empty() => f.write_str("outdated: its template changed"),
            Self::Outdated { changes } => write!(f, "outdated: {}", List(changes)),
            Self::SourceReplaced { name } => write!(f, "outdated: it joins {name}, which is replaced"),
            Self::ContentChanged { objects, in_place: false } => {
                write!(f, "outdated: content of {} changed", objects.join(", "))
            }
            Self::ContentChanged { objects, in_place: true } => {
                write!(f, "files updated in place: content of {} changed", objects.join(", "))
            }
            Self::Surplus => f.write_str("surplus"),
            Self::Orphaned => f.write_str("no longer declared"),
            Self::Unwanted => f.write_str("asked to go"),
            Self::Exited { code, error: _, oom_killed: true } => {
                write!(f, "exited with {code}: killed for using more memory than it may")
            }
            Self::Exited { code, error, oom_killed: false } if error.is_empty() => write!(f, "exited with {code}"),
            Self::Exited { code, error, oom_killed: false } => write!(f, "exited with {code}: {error}"),
            Self::Unhealthy { check, message } => write!(f, "unhealthy: {check}: {message}"),
            Self::Started => f.write_str("started"),
            Self::NotStarted => f.write_str("created and not started"),
            Self::Dead => f.write_str("dead"),
            Self::Paused => f.write_str("paused"),
            Self::Renamed { from } => write!(f, "renamed to {from} by somebody else"),
            Self::NotSucceeded => f.write_str("back in place of its successor, which could not be made"),
            Self::Disconnected { network } => write!(f, "not on network {network}"),
            Self::Overconnected { network } => write!(f, "on network {network}, which is not declared"),
            Self::Readdressed { network, changes } => write!(f, "different on network {network}: {}", List(changes)),
            Self::Adjusted { changes } => write!(f, "adjusted in place: {}", List(changes)),
            Self::RestartsTaken { exits, well_after } => write!(
                f,
                "crashing again and again: after {exits} ends Skiff restarts it in place of Docker, until it has run for {well_after:#}"
            ),
            Self::RestartsPaced => f.write_str("paced by `restart`: Skiff restarts it in place of Docker"),
            Self::RestartsGiven { well_after } => {
                write!(f, "it has run for {well_after:#} without a crash: Docker restarts it again")
            }
            Self::Left => f.write_str("left to Docker's restarts, as Skiff ends"),
            Self::Unused => f.write_str("unused"),
            Self::Superseded => f.write_str("superseded"),
            Self::Due { at } => write!(f, "due at {}", at.strftime("%H:%MZ")),
            Self::Asked { at } => write!(f, "asked for at {}", at.strftime("%H:%M:%SZ")),
            Self::Retried { number, failures: 1 } => write!(f, "attempt {number}, after one that failed"),
            Self::Retried { number, failures } => write!(f, "attempt {number}, after {failures} that failed"),
            Self::DeadlineExceeded => f.write_str("past its deadline"),
            Self::Expired => f.write_str("finished, and kept for long enough"),
            Self::LeftBehind => f.write_str("left behind by whoever ran it"),
            Self::Suspended => f.write_str("suspended"),
            Self::Replaced => f.write_str("replaced by the next run"),
            Self::RolledBack { from, why } => write!(f, "rolled back: revision {from} {why}"),
            Self::RestartAsked => f.write_str("restart asked for"),
            Self::Unstartable { lacks } => write!(f, "unable to start again: {} is gone", lacks.join(", ")),
            Self::ImageLost { id } => {
                write!(f, "needed: image {id}, which the revision ran, is gone; its tag may mean another one by now")
            }
            Self::Adopted { changes } if changes.is_empty() => f.write_str(ADOPTED),
            Self::Adopted { changes } => write!(f, "{ADOPTED}; {}", List(changes)),
            Self::ImageMoved { reference, to } => write!(f, "image moved: {reference} is {to} now"),
            Self::Rewired { network } => write!(f, "on network {network}, which is made anew"),
        }
    }
}
