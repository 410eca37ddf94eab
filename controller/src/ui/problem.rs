//! Mistakes in manifests: all of them, by file and line, each with its place and what to do.
//!
//! On a terminal the line is shown and underlined; elsewhere a problem is `file:line:column: error: …`. Invariant: no value
//! of a Secret is shown, see `mask`.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::Serialize;
use skiff_api::ObjectKey;

use super::counted;
use super::style::{ERROR, FAINT, HINT, NAME, WARNING, paint};

mod from;
mod mask;
mod snippet;

pub use from::mistakes;

/// A mistake, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mistake {
    /// The file, as it was named on the command line or found below it.
    pub file: String,
    /// Where in the file; none for what concerns the whole of it.
    #[serde(flatten)]
    pub place: Option<Place>,
    /// Whether it stands in the way of anything.
    pub severity: Severity,
    /// One `PascalCase` word for programs.
    pub reason: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The object that it is in, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectKey>,
    /// Other places that explain it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
    /// The text of the file, where it could be read.
    #[serde(skip)]
    pub text: Option<Arc<str>>,
}

impl Mistake {
    /// `app.yaml:3:7`.
    pub fn location(&self) -> String {
        at(&self.file, self.place)
    }
}

/// Whether something stands in the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The object cannot be used as it is.
    #[default]
    Error,
    /// It is odd, and used all the same.
    Warning,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// Bytes from the start of the text.
    #[serde(skip)]
    pub offset: usize,
    /// How many bytes belong to it.
    #[serde(skip)]
    pub length: usize,
}

/// Another place that explains a mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Related {
    /// The file.
    pub file: String,
    /// Where in the file.
    #[serde(flatten)]
    pub place: Option<Place>,
    /// What is there.
    pub message: String,
}

/// Puts mistakes into the order of files and lines.
pub fn sort(mistakes: &mut [Mistake]) {
    mistakes.sort_by(|a, b| (&a.file, a.place, &a.message).cmp(&(&b.file, b.place, &b.message)));
}

/// The mistakes with their lines, for a terminal of so many columns.
pub fn graphical(mistakes: &[Mistake], width: usize) -> String {
    let mut text = String::new();
    for file in mistakes.chunk_by(|a, b| a.file == b.file) {
        let shown = file.iter().find_map(|mistake| mistake.text.as_deref()).map(mask::mask);
        for mistake in file {
            match (&shown, mistake.place) {
                (Some(shown), Some(place)) => snippet::render(&mut text, mistake, place, shown, width),
                (None, _) | (_, None) => one(&mut text, mistake),
            }
        }
    }
    text + &count(mistakes)
}

/// The mistakes without their lines, for logs and other programs.
pub fn plain(mistakes: &[Mistake]) -> String {
    let mut text = String::new();
    for mistake in mistakes {
        one(&mut text, mistake);
    }
    text + &count(mistakes)
}

fn one(text: &mut String, mistake: &Mistake) {
    let at = paint(NAME, at(&mistake.file, mistake.place));
    let word = match mistake.severity {
        Severity::Error => paint(ERROR, "error:"),
        Severity::Warning => paint(WARNING, "warning:"),
    };
    writeln!(text, "{at}: {word} {}", indented(&mistake.message)).ok();
    for related in &mistake.related {
        let there = self::at(&related.file, related.place);
        writeln!(text, "    {} {}", paint(FAINT, format_args!("{there}:")), indented(&related.message)).ok();
    }
    if let Some(help) = &mistake.help {
        writeln!(text, "    {} {}", paint(HINT, "help:"), indented(help)).ok();
    }
}

fn indented(words: &str) -> String {
    words.trim_end().replace('\n', "\n    ")
}

fn at(file: &str, place: Option<Place>) -> String {
    place.map_or_else(|| file.to_owned(), |place| format!("{file}:{}:{}", place.line, place.column))
}

/// `3 problems in 2 files`; what is only odd is not counted.
fn count(mistakes: &[Mistake]) -> String {
    let errors: Vec<_> = mistakes.iter().filter(|mistake| mistake.severity == Severity::Error).collect();
    let files = errors.chunk_by(|a, b| a.file == b.file).count();
    let text = format!("{} in {}", counted(errors.len(), "problem"), counted(files, "file"));
    if errors.is_empty() { String::new() } else { format!("{}\n", paint(ERROR, text)) }
}

#[cfg(test)]
mod tests;
