//! What is wrong with the manifests that a controller keeps applied, by source: for whoever asks beside it.
//!
//! It lives in the run folder and counts only while `skiff run` runs. A problem's words hold no value of a secret, and neither do these.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use skiff_api::ObjectKey;

use crate::source::reason;

/// The word for an object whose manifest is wrong, so that something else than what it says is in force.
pub const INVALID_MANIFEST: &str = "InvalidManifest";

/// A mistake in a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// One `PascalCase` word, such as `InvalidObject`.
    pub reason: String,
    /// Where it is.
    #[serde(flatten)]
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Other places that explain it, with what is there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<String>,
    /// The object that it is about, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectKey>,
    /// The objects of its file that stay as they were, where it is not known which of them it is about.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub keeps: BTreeSet<ObjectKey>,
}

/// A place in a file, as people write it: `/srv/app.yaml:3:7`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The file or folder, absolute; the source's name for what concerns all of it.
    pub file: String,
    /// Line and column, both from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<(u32, u32)>,
}

/// What is wrong, by source.
pub type Faults = BTreeMap<String, Vec<Fault>>;

impl Fault {
    /// Whether it keeps what the manifest of an object says from being in force.
    pub fn concerns(&self, object: &ObjectKey) -> bool {
        self.object.as_ref() == Some(object) || self.keeps.contains(object)
    }

    /// Whether the source does not answer; nothing is wrong then with what it says.
    pub fn is_outage(&self) -> bool {
        self.reason == reason::SOURCE_UNAVAILABLE
    }

    /// The word for what is wrong, where anything is.
    pub fn word<'a>(faults: impl IntoIterator<Item = &'a Self>) -> Option<&'static str> {
        let outages: Vec<bool> = faults.into_iter().map(Self::is_outage).collect();
        let word = if outages.contains(&false) { INVALID_MANIFEST } else { reason::SOURCE_UNAVAILABLE };
        (!outages.is_empty()).then_some(word)
    }

    /// The objects that it concerns.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectKey> {
        self.object.iter().chain(&self.keeps)
    }

    /// Whether it is the same mistake as another one, wherever it has moved in its file.
    pub fn is_same(&self, other: &Self) -> bool {
        let words = |fault: &Self| (fault.reason.clone(), fault.place.file.clone(), fault.message.clone());
        words(self) == words(other)
    }
}

/// `/srv/app.yaml:3:7: unknown field`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{}:{line}:{column}", self.file),
            None => f.write_str(&self.file),
        }
    }
}
