//! What is wrong with a project: one sentence, where, and what to do. All of it is said, not only the first.

use std::path::PathBuf;

use skiff_yaml::{Label, Span};

/// Something that is wrong, or odd.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Where, if it stands in a file.
    pub place: Option<Span>,
    /// The file that cannot be read, if that is what is wrong.
    pub file: Option<PathBuf>,
    /// What to do.
    pub help: Option<String>,
    /// Other places that explain it.
    pub labels: Vec<Label>,
}

impl Problem {
    /// A problem with no place of its own.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), place: None, file: None, help: None, labels: Vec::new() }
    }

    /// A problem of something that stands in a file.
    pub(crate) fn at(place: Span, message: impl Into<String>) -> Self {
        Self { place: Some(first_line(place)), ..Self::new(message) }
    }

    pub(crate) fn in_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.file = Some(file.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn add_label(&mut self, span: Span, message: impl Into<String>) {
        self.labels.push(Label { span: first_line(span), message: message.into() });
    }
}

impl From<skiff_yaml::Problem> for Problem {
    fn from(problem: skiff_yaml::Problem) -> Self {
        let skiff_yaml::Problem { message, span, help, labels, document: _ } = problem;
        Self { message, place: Some(span), file: None, help, labels }
    }
}

/// The start of a span of many lines.
pub(crate) fn first_line(span: Span) -> Span {
    if span.start.line == span.end.line { span } else { Span { end: span.start, ..span } }
}
