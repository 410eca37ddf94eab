//! Problems of a source as mistakes to show: file numbers become names as a person would write them, spans become places.

use std::path::Path;
use std::sync::Arc;

use skiff_yaml::Span;

use super::{Mistake, Place, Related, Severity, sort};
use crate::source::{Loaded, Problem, RelatedPlace, Texts};

/// Everything that is wrong with a source and everything that is odd, in the order of files and lines.
pub fn mistakes(loaded: &Loaded) -> Vec<Mistake> {
    let here = std::env::current_dir().unwrap_or_default();
    let of = |problems: &[Problem], severity| -> Vec<Mistake> {
        problems.iter().map(|problem| mistake(problem, severity, loaded, &here)).collect()
    };
    let mut mistakes = of(&loaded.problems, Severity::Error);
    mistakes.extend(of(&loaded.warnings, Severity::Warning));
    sort(&mut mistakes);
    mistakes
}

fn mistake(problem: &Problem, severity: Severity, loaded: &Loaded, here: &Path) -> Mistake {
    let Problem { file, span, message, help, related, object, reason } = problem;
    let file = file.as_deref().map_or_else(|| format!("source {}", loaded.source), |file| shown(file, here));
    Mistake {
        file,
        place: span.map(place),
        severity,
        reason: (*reason).to_owned(),
        message: message.clone(),
        help: help.clone(),
        object: object.clone(),
        related: related.iter().map(|place| self::related(place, here)).collect(),
        text: span.and_then(|span| text(span, &loaded.texts)),
    }
}

fn related(RelatedPlace { file, span, message }: &RelatedPlace, here: &Path) -> Related {
    Related { file: shown(file, here), place: span.map(place), message: message.clone() }
}

/// The path as short as it can be written from here.
fn shown(file: &Path, here: &Path) -> String {
    file.strip_prefix(here).ok().filter(|rest| !rest.as_os_str().is_empty()).unwrap_or(file).display().to_string()
}

fn place(span: Span) -> Place {
    let range = span.range();
    Place { line: span.start.line, column: span.start.column, offset: range.start, length: range.len() }
}

fn text(span: Span, texts: &Texts) -> Option<Arc<str>> {
    texts.get(span.file).map(|text| Arc::clone(&text.text))
}
