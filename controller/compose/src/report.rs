//! What became of each attribute: honoured, approximated or refused, and what to do. Nothing is passed over in silence.

use std::borrow::Cow;
use std::fmt;

use skiff_yaml::Span;

/// What becomes of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It means what it means to Compose.
    Honoured,
    /// It means something near to that, or nothing; the row says what.
    Approximated,
    /// The project is not taken with it.
    Refused,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Honoured => "honoured",
            Self::Approximated => "approximated",
            Self::Refused => "refused",
        })
    }
}

/// What became of one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The attribute, `services.web.restart`.
    pub attribute: String,
    /// Where it stands.
    pub place: Span,
    /// What became of it.
    pub verdict: Verdict,
    /// What Skiff does; empty where that is what Compose does.
    pub does: Cow<'static, str>,
    /// What to do about it; empty where there is nothing to do.
    pub remedy: Cow<'static, str>,
}

/// What became of a project's attributes, in the order of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One row for each attribute, or more where its parts fare differently.
    pub rows: Vec<Row>,
}
