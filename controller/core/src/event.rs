//! What happened, for people who ask later: one sentence, one object or source, one moment.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use skiff_api::ObjectKey;

/// Something that happened to an object, or to a source as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// The object; none for what happened to a source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectKey>,
    /// The source, where it is not about an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Which controller says so, where several take turns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
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
            object: Some(object.clone()),
            source: None,
            by: None,
            severity: Severity::Normal,
            reason: reason.to_owned(),
            message: message.into(),
        }
    }

    /// Something about a source that is as it should be.
    pub fn of_source(at: Timestamp, source: &str, reason: &str, message: impl Into<String>) -> Self {
        let (reason, message) = (reason.to_owned(), message.into());
        Self {
            at,
            object: None,
            source: Some(source.to_owned()),
            by: None,
            severity: Severity::Normal,
            reason,
            message,
        }
    }

    /// Whom it happened to: `deployment/shop/web`, `source shop`.
    pub fn subject(&self) -> String {
        match (&self.object, &self.source) {
            (Some(object), _) => object.to_string(),
            (None, Some(source)) => format!("source {source}"),
            (None, None) => String::new(),
        }
    }

    /// Something that somebody should look at.
    pub fn warning(at: Timestamp, object: &ObjectKey, reason: &str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::normal(at, object, reason, message) }
    }
}
