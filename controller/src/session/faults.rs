//! What is wrong with the manifests of a source, as it is left for commands beside the controller, and as it is told once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use skiff_api::ObjectKey;
use skiff_core::{Event, Severity, Timestamp};

use crate::source::{Loaded, Problem, RelatedPlace};
use crate::state::{Fault, Place};

/// The word for a mistake that is gone.
const MENDED: &str = "ManifestMended";
/// The word for a source that answers again.
const BACK: &str = "SourceAvailable";

/// What is wrong with a load that was completed by the last good state.
pub(super) fn faults(loaded: &Loaded) -> Vec<Fault> {
    loaded.problems.iter().map(|problem| fault(problem, loaded)).collect()
}

fn fault(problem: &Problem, loaded: &Loaded) -> Fault {
    let Problem { file, span, message, help, related, object, reason } = problem;
    let at = |span: &skiff_yaml::Span| (span.start.line, span.start.column);
    let place = |file: &Path, span: &Option<skiff_yaml::Span>| Place {
        file: loaded.located(file).display().to_string(),
        at: span.as_ref().map(at),
    };
    let related =
        related.iter().map(|RelatedPlace { file, span, message }| format!("{}: {message}", place(file, span)));
    Fault {
        reason: (*reason).to_owned(),
        place: file
            .as_deref()
            .map_or_else(|| Place { file: format!("source {}", loaded.source), at: None }, |file| place(file, span)),
        message: message.clone(),
        help: help.clone(),
        related: related.collect(),
        object: object.clone(),
        keeps: match (object, file) {
            (None, Some(file)) => kept(loaded, &loaded.located(file)),
            (Some(_), _) | (None, None) => BTreeSet::new(),
        },
    }
}

/// The objects of a file, or of a folder that is away, that stay as they were.
fn kept(loaded: &Loaded, file: &Path) -> BTreeSet<ObjectKey> {
    let kept = loaded.objects.iter().filter(|(_, declared)| declared.last_good);
    let of_file = kept.filter(|(_, declared)| loaded.located(&declared.origin.file).starts_with(file));
    of_file.map(|(key, _)| key.clone()).collect()
}

/// Whose a mistake is: an object's, or, where that is not known, its file's.
type Subject = (Option<ObjectKey>, String);

fn by_subject(faults: &[Fault]) -> BTreeMap<Subject, Vec<&Fault>> {
    let mut subjects: BTreeMap<Subject, Vec<&Fault>> = BTreeMap::new();
    for fault in faults {
        let file = if fault.object.is_some() { String::new() } else { fault.place.file.clone() };
        subjects.entry((fault.object.clone(), file)).or_default().push(fault);
    }
    subjects
}

/// What is told of a new load: each mistake when it appears or changes, and once when it is mended. One that has only moved in its file
/// is no news.
pub(super) fn fault_news(source: &str, before: &[Fault], now: &[Fault], at: Timestamp) -> Vec<Event> {
    let (before, now) = (by_subject(before), by_subject(now));
    let is_told = |subject: &Subject, faults: &[&Fault]| {
        before.get(subject).is_some_and(|told| {
            told.len() == faults.len() && told.iter().zip(faults).all(|(told, fault)| told.is_same(fault))
        })
    };
    let begun = now.iter().filter(|(subject, faults)| !is_told(subject, faults)).filter_map(|(subject, faults)| {
        let (first, rest) = faults.split_first()?;
        let more = if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
        let word = Fault::word(faults.iter().copied())?;
        Some(event(source, subject, (Severity::Warning, word), format!("{first}{more}"), at))
    });
    let ended = before.iter().filter(|(subject, _)| !now.contains_key(subject)).map(|(subject, told)| {
        let what = if subject.0.is_some() { "the manifest" } else { subject.1.as_str() };
        if told.iter().all(|fault| fault.is_outage()) {
            return event(source, subject, (Severity::Normal, BACK), format!("{what} is followed again"), at);
        }
        event(source, subject, (Severity::Normal, MENDED), format!("{what} is in order again"), at)
    });
    begun.chain(ended).collect()
}

fn event(source: &str, subject: &Subject, word: (Severity, &str), message: String, at: Timestamp) -> Event {
    let (severity, reason) = word;
    let event = match &subject.0 {
        Some(object) => Event::normal(at, object, reason, message),
        None => Event::of_source(at, source, reason, message),
    };
    Event { severity, ..event }
}

#[cfg(test)]
mod tests;
