//! What is wrong with a text, for people: one sentence, where, what else to look at, and what to do.

use crate::Span;

/// A mistake in a file. Every one of a file is reported, not only the first.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What to do about it.
    pub help: Option<String>,
    /// Further places that explain it.
    pub labels: Vec<Label>,
    /// The document of the file that it is in, counted as [`Document::index`](crate::Document::index) is. `None` for
    /// what concerns the whole file and for problems of an overlay.
    pub document: Option<usize>,
}

/// A further place that explains a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is there, such as `first defined here`.
    pub message: String,
}

impl Problem {
    /// A problem with a sentence and a place.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { message: message.into(), span, help: None, labels: Vec::new(), document: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a further place.
    #[must_use]
    pub fn with_label(mut self, span: Span, message: impl Into<String>) -> Self {
        self.labels.push(Label { span, message: message.into() });
        self
    }
}
