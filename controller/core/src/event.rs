//! What happened, for people who ask later: one sentence, one object, one moment.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use skiff_api::ObjectKey;

/// Something that happened to an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// The object.
    pub object: ObjectKey,
    /// Whether somebody should look.
    pub severity: Severity,
    /// One `PascalCase` word for programs.
    pub reason: String,
    /// A sentence for people. No secret is in it.
    pub message: String,
}

/// Whether somebody should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Severity {
    /// It is as it should be.
    Normal,
    /// It is not.
    Warning,
}

impl Event {
    /// Something that is as it should be.
    pub fn normal(at: Timestamp, object: &ObjectKey, reason: &str, message: impl Into<String>) -> Self {
        Self {
            at,
            object: object.clone(),
            severity: Severity::Normal,
            reason: reason.to_owned(),
            message: message.into(),
        }
    }

    /// Something that somebody should look at.
    pub fn warning(at: Timestamp, object: &ObjectKey, reason: &str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::normal(at, object, reason, message) }
    }
}
