//! What became of each field, what must be there before, and what is left to do.

mod markdown;

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::Place;

/// What became of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It means the same.
    Exact,
    /// It means something near.
    Approximated,
    /// The source said nothing, and something had to be said.
    Defaulted,
    /// Somebody must decide or provide something.
    NeedsInput,
    /// It is gone.
    Dropped,
}

impl Verdict {
    /// Every verdict, the gravest first.
    pub const ALL: [Self; 5] = [Self::Dropped, Self::NeedsInput, Self::Approximated, Self::Defaulted, Self::Exact];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Approximated => "approximated",
            Self::Defaulted => "defaulted",
            Self::NeedsInput => "needs input",
            Self::Dropped => "dropped",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What became of one field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Where the field stands.
    #[serde(flatten)]
    pub place: Place,
    /// The object, `deployment/shop/web`; empty where the row is of no object.
    pub object: String,
    /// The field, `spec.template.container.image`.
    pub key: String,
    /// What became of it.
    pub verdict: Verdict,
    /// What it became, `Deployment/web spec.replicas`; empty where it became nothing.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// Why it is not exactly the same.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
}

/// What must be there before the export is applied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Prerequisite {
    /// What it is: `StorageClass`, `Gateway`, `Secret`, …
    pub kind: String,
    /// Its name; empty where any will do.
    pub name: String,
    /// Its namespace; empty where it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// What it is for.
    pub why: String,
}

/// An image that must be pushed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Push {
    /// As the host knows it.
    pub from: String,
    /// As the cluster asks for it.
    pub to: String,
    /// Whether this host builds it, so that no registry has it yet.
    pub is_built: bool,
    /// Whether it is named after a registry that it can be pushed to.
    pub has_registry: bool,
}

/// Data that must be moved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Move {
    /// Docker's volume, or the path of the host.
    pub from: String,
    /// The claim.
    pub claim: String,
    /// Its namespace.
    pub namespace: String,
    /// The commands, in their order.
    pub commands: Vec<String>,
}

/// A workload that may not run while data is moved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pause {
    /// Its namespace.
    pub namespace: String,
    /// What it is, `statefulset/db`.
    pub workload: String,
    /// How many replicas it has.
    pub replicas: u32,
    /// What finds its pods.
    pub selector: String,
}

/// What an export leaves behind and what it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What became of each field, by place.
    pub rows: Vec<Row>,
    /// What must be there before.
    pub prerequisites: BTreeSet<Prerequisite>,
    /// What was exported, as a person named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Images to push.
    pub images: BTreeSet<Push>,
    /// Data to move.
    pub moves: BTreeSet<Move>,
    /// What may not run meanwhile.
    pub pauses: BTreeSet<Pause>,
}

impl Report {
    /// How many rows have a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.rows.iter().filter(|row| row.verdict == verdict).count()
    }

    /// Whether something is lost or waits for a decision.
    pub fn is_lossy(&self) -> bool {
        self.rows.iter().any(|row| matches!(row.verdict, Verdict::Dropped | Verdict::NeedsInput))
    }

    /// The report as a page for people.
    ///
    /// `commands` are those that apply the export, from its folder.
    pub fn markdown(&self, commands: &[String]) -> String {
        markdown::page(self, commands)
    }
}
