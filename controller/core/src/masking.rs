//! Takes the values of Secrets out of what a container says, before any of it is told to people or written down.
//!
//! What a probe or a hook writes goes into events, logs and the state directory, and a container may say there what it was given to
//! keep. Values are known by the content that is declared and that of kept revisions; of a container that was given another, nothing
//! is told but the exit code, and so of one whose secrets change under it (`updatePolicy: InPlace`): which values it has read since its
//! start is in no label. What a container makes of a value is not recognised, except base64 of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use base64::Engine;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;
use skiff_api::Kind;

use crate::adopt::ADOPTED;
use crate::content::ContentStore;

const STARS: &str = "***";
/// What is shorter stands in every other word.
const SHORTEST: usize = 4;
/// How many characters of a line are told.
const TOLD: usize = 512;
/// `base64` breaks its lines here.
const BASE64_LINE: usize = 76;
const BASE64: [GeneralPurpose; 2] = [STANDARD_NO_PAD, URL_SAFE_NO_PAD];

/// What the labels of a container say of what it was given; one that somebody else made has none of them, and was given nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct GivenLabels<'a> {
    /// The content that it was given when it was made: [`skiff_api::label::CONTENT`].
    pub content: Option<&'a str>,
    /// What it was made from, where that is small enough to be recorded: [`skiff_api::label::TEMPLATE`].
    pub template: Option<&'a str>,
    /// The hash of that: [`skiff_api::label::TEMPLATE_HASH`].
    pub template_hash: Option<&'a str>,
}

impl GivenLabels<'_> {
    /// Whether it may be given other values of Secrets while it runs.
    fn changes(&self) -> bool {
        let Some(template) = self.template else {
            return self.template_hash.is_some_and(|hash| !hash.is_empty() && hash != ADOPTED);
        };
        let Ok(form) = serde_json::from_str::<Value>(template) else { return true };
        let in_place =
            |volume: &Value| volume.pointer("/secret/updatePolicy").and_then(Value::as_str) == Some("InPlace");
        form.get("volumes").and_then(Value::as_object).is_some_and(|volumes| volumes.values().any(in_place))
    }
}

/// What a container may not be heard saying.
#[derive(Clone, Copy, Debug)]
pub struct Masking<'a> {
    content: &'a ContentStore,
    given: GivenLabels<'a>,
}

impl<'a> Masking<'a> {
    /// For a container with these labels.
    pub const fn new(content: &'a ContentStore, given: GivenLabels<'a>) -> Self {
        Self { content, given }
    }

    /// What was said, with stars for the values of Secrets; `None` where the container may know values that are not known here. `is_cut`
    /// says that the beginning is missing, so that it may begin within a value.
    pub fn masked(&self, said: &str, is_cut: bool) -> Option<String> {
        if !self.knows_all() {
            return None;
        }
        // Half a letter is no part of any value.
        let said = if is_cut { said.trim_start_matches(char::REPLACEMENT_CHARACTER) } else { said };
        let mut found: Vec<Range<usize>> = Vec::new();
        for word in self.words() {
            found.extend(everywhere(said, &word));
            if is_cut {
                let rest = word.char_indices().filter_map(|(at, _)| word.get(at..)).find(|rest| said.starts_with(rest));
                found.extend(rest.map(|rest| 0..rest.len()));
            }
        }
        Some(starred(said, found))
    }

    /// The last line of what was said, as [`Self::masked`] tells it, and the end of it where it is long; empty where it cannot be told.
    pub fn last_line(&self, said: &str, is_cut: bool) -> String {
        let said = said.trim_end();
        let last = said.lines().next_back().unwrap_or_default();
        let masked = self.masked(last, is_cut && last.len() == said.len()).unwrap_or_default();
        let surplus = masked.chars().count().saturating_sub(TOLD);
        masked.chars().skip(surplus).collect::<String>().trim().to_owned()
    }

    /// Whether the content has all that the container was given of Secrets.
    fn knows_all(&self) -> bool {
        if self.given.changes() {
            return false;
        }
        let Some(label) = self.given.content else { return true };
        let Ok(used) = serde_json::from_str::<BTreeMap<String, String>>(label) else { return false };
        let prefix = format!("{}/", Kind::Secret.lower());
        let mut digests = used.iter().filter(|(object, _)| object.starts_with(&prefix)).map(|(_, digest)| digest);
        digests.all(|digest| self.content.has_digest(digest))
    }

    /// Every form of every value that is looked for.
    fn words(&self) -> BTreeSet<String> {
        let mut words = BTreeSet::new();
        for bytes in self.content.of_kind(Kind::Secret) {
            let text = String::from_utf8_lossy(bytes);
            words.extend(text.lines().map(|line| line.trim().to_owned()));
            for form in BASE64 {
                let whole = form.encode(bytes);
                // What stands behind the value changes the last few letters.
                words.insert(form.encode(bytes.chunks_exact(3).flatten().copied().collect::<Vec<u8>>()));
                words.extend(
                    whole.as_bytes().chunks(BASE64_LINE).map(|line| String::from_utf8_lossy(line).into_owned()),
                );
                words.insert(whole);
            }
        }
        words.retain(|word| word.chars().count() >= SHORTEST);
        words
    }
}

/// Where a text has a word, also where it overlaps itself.
fn everywhere(text: &str, word: &str) -> impl Iterator<Item = Range<usize>> {
    let next = move |from: usize| Some(from + text.get(from..)?.find(word)?);
    let after = word.chars().next().map_or(1, char::len_utf8);
    std::iter::successors(next(0), move |at| next(at + after)).map(move |at| at..at + word.len())
}

/// A text with stars in the place of these ranges, which may overlap.
fn starred(text: &str, mut ranges: Vec<Range<usize>>) -> String {
    ranges.sort_by_key(|range| (range.start, range.end));
    let (mut shown, mut end) = (String::with_capacity(text.len()), 0);
    for range in ranges {
        // What touches the one before is of the same stars.
        if range.start > end || shown.is_empty() {
            shown.push_str(text.get(end..range.start).unwrap_or_default());
            shown.push_str(STARS);
        }
        end = end.max(range.end);
    }
    shown.push_str(text.get(end..).unwrap_or_default());
    shown
}

#[cfg(test)]
mod tests {
    use skiff_api::ObjectKey;

    use super::*;

    fn store(kind: Kind, value: &str) -> ContentStore {
        let mut content = ContentStore::default();
        content.insert(ObjectKey::new(kind, "shop", "db"), "password".to_owned(), value.as_bytes().to_vec());
        content.note_digest("key:one".to_owned());
        content
    }

    fn masked(value: &str, said: &str) -> String {
        Masking::new(&store(Kind::Secret, value), GivenLabels::default()).masked(said, false).expect("all is known")
    }

    #[test]
    fn a_value_is_starred_wherever_and_however_often_it_is_said() {
        assert_eq!(masked("hunter2", "hunter2: no hunter2 here"), "***: no *** here");
        assert_eq!(masked("hunter2\n", "got hunter2"), "got ***");
        assert_eq!(masked("abcabc", "abcabcabc!"), "***!", "none is left where it overlaps itself");
    }

    #[test]
    fn each_line_of_a_value_is_one() {
        assert_eq!(masked("first line\n  second\nabc\n", "first line second abc"), "*** *** abc");
    }

    #[test]
    fn a_value_of_less_than_four_characters_is_no_value() {
        assert_eq!(masked("abc", "abc"), "abc");
        assert_eq!(masked("äöüß", "äöüß"), "***");
    }

    #[test]
    fn base64_of_a_value_is_the_value() {
        // `printf hunter2 | base64`, and as a part of `hunter2 a`.
        assert_eq!(masked("hunter2", "aHVudGVyMg=="), "***==");
        assert_eq!(masked("hunter2", "aHVudGVyMiBh"), "***MiBh");
        let long = "x".repeat(90);
        let lines = format!("{} {}", "eHh4".repeat(19), "eHh4".repeat(11));
        assert_eq!(masked(&long, &lines), "*** ***");
    }

    #[test]
    fn what_begins_within_a_value_is_starred_too() {
        let store = store(Kind::Secret, "hunter2");
        let masking = Masking::new(&store, GivenLabels::default());
        assert_eq!(masking.masked("ter2 and on", true).as_deref(), Some("*** and on"));
        assert_eq!(masking.masked("ter2 and on", false).as_deref(), Some("ter2 and on"));
    }

    #[test]
    fn a_config_is_no_secret() {
        assert_eq!(
            Masking::new(&store(Kind::ConfigMap, "hunter2"), GivenLabels::default())
                .masked("hunter2", false)
                .as_deref(),
            Some("hunter2")
        );
    }

    #[test]
    fn of_a_container_that_was_given_another_value_nothing_is_told() {
        let store = store(Kind::Secret, "hunter2");
        let said = |label| {
            let given = GivenLabels { content: Some(label), ..GivenLabels::default() };
            Masking::new(&store, given).masked("hunter1", false)
        };
        assert_eq!(said(r#"{"secret/db":"key:another"}"#), None);
        assert_eq!(said("no JSON"), None);
        assert_eq!(said(r#"{"secret/db":"key:one","configmap/db":"another"}"#).as_deref(), Some("hunter1"));
    }

    #[test]
    fn of_a_container_whose_secrets_change_under_it_nothing_is_told() {
        let store = store(Kind::Secret, "hunter2");
        let said = |template: Option<&str>, hash| {
            let given = GivenLabels { content: None, template, template_hash: Some(hash) };
            Masking::new(&store, given).masked("hunter1", false)
        };
        let volume = |source: &str| format!(r#"{{"volumes":{{"keys":{source}}}}}"#);
        let in_place = volume(r#"{"secret":{"secretName":"db","updatePolicy":"InPlace"}}"#);
        assert_eq!(said(Some(&in_place), "v1:1"), None, "it may have read what was there before");
        assert_eq!(said(None, "v1:1"), None, "its template is too large to be recorded");
        assert_eq!(said(Some("no JSON"), "v1:1"), None);
        let config = volume(r#"{"configMap":{"name":"db","updatePolicy":"InPlace"}}"#);
        for template in [config, volume(r#"{"secret":{"secretName":"db"}}"#), "{}".to_owned()] {
            assert_eq!(said(Some(&template), "v1:1").as_deref(), Some("hunter1"), "{template}");
        }
        assert_eq!(said(None, "adopted").as_deref(), Some("hunter1"), "Skiff gave it nothing");
    }
}
