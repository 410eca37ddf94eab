//! Whole files, and what they become.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::{Loaded, Request, load};

mod attributes;
mod broken;
mod checks;
mod layers;
#[expect(clippy::indexing_slicing, reason = "a test that finds nothing there fails")]
mod loading;
#[expect(clippy::indexing_slicing, reason = "a test that finds nothing there fails")]
mod meaning;
mod merging;
#[expect(clippy::indexing_slicing, reason = "a test that finds nothing there fails")]
mod names;
mod reference;
mod stack;
mod values;

/// Loads files of `/p`, the first of which is named.
fn load_files(files: &[(&str, &str)]) -> Loaded {
    let reader: BTreeMap<PathBuf, Vec<u8>> =
        files.iter().map(|(name, text)| (PathBuf::from("/p").join(name), text.as_bytes().to_vec())).collect();
    let environment = BTreeMap::from([("KEY".to_owned(), "value".to_owned()), ("HOME".to_owned(), "/root".to_owned())]);
    let request = Request { directory: "/p".into(), environment, ..Request::default() };
    load(&request, &reader)
}

/// Loads one file.
fn load_text(text: &str) -> Loaded {
    load_files(&[("compose.yaml", text)])
}

/// The problems as `line:column message (help)`.
fn complaints(loaded: &Loaded) -> Vec<String> {
    let line = |problem: &crate::Problem| {
        let place = problem.place.map(|span| format!("{} ", span.start)).unwrap_or_default();
        let help = problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{place}{}{help}", problem.message)
    };
    loaded.problems.iter().map(line).collect()
}

/// The objects as JSON, one a line.
fn objects(loaded: &Loaded) -> String {
    let line = |it: &crate::Declared| serde_json::to_string(&it.object()).unwrap_or_default();
    loaded.objects.iter().map(line).collect::<Vec<_>>().join("\n")
}
