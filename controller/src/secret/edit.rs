//! Puts values into a text: only the bytes of the values change, so that comments, order and everything else stay.

use std::ops::Range;

use skiff_yaml::{FileId, Limits, Profile, Style, Value};

use super::document::Slot;

/// What a value becomes.
pub(super) enum Edit {
    /// An encrypted value.
    Sealed(String),
    /// A value in plain text.
    Plain(String),
}

impl Edit {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Sealed(text) | Self::Plain(text) => text,
        }
    }
}

/// The text with the values changed. With `blocks`, several lines become a text block where that can be.
pub(super) fn apply<'a>(
    text: &str,
    edits: impl Iterator<Item = (&'a Slot<'a>, &'a Option<Edit>)>,
    blocks: bool,
) -> String {
    let mut changes: Vec<(Range<usize>, String)> =
        edits.filter_map(|(slot, edit)| Some(replacement(text, slot, edit.as_ref()?, blocks))).collect();
    changes.sort_by_key(|(range, _)| range.start);
    let (mut changed, mut done) = (String::with_capacity(text.len()), 0);
    for (range, value) in changes {
        changed.push_str(text.get(done..range.start).unwrap_or_default());
        changed.push_str(&value);
        done = range.end;
    }
    changed.push_str(text.get(done..).unwrap_or_default());
    changed
}

fn replacement(text: &str, slot: &Slot<'_>, edit: &Edit, blocks: bool) -> (Range<usize>, String) {
    let value = slot.value.span.range();
    if slot.value.style == Style::Block {
        return block(text, slot, edit);
    }
    let ends_line = text.get(value.end..).unwrap_or_default().lines().next().unwrap_or_default().trim().is_empty();
    (value, written(edit, slot, blocks && ends_line))
}

/// What takes the place of a text block. Its place begins with the content, so that the sign before that goes as well; a comment
/// behind the sign stays.
fn block(text: &str, slot: &Slot<'_>, edit: &Edit) -> (Range<usize>, String) {
    let (value, key) = (slot.value.span.range(), slot.key.span.range());
    let between = text.get(key.end..value.start).unwrap_or_default();
    let sign = between.find(['|', '>']).unwrap_or(between.len());
    let header = between.get(sign..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let comment = header.split_once(" #").map_or_else(String::new, |(_, comment)| format!(" #{comment}"));
    // Of a block of empty lines nothing but the sign has a place; the lines may stay.
    let end = if value.is_empty() { key.end + sign + header.len() } else { value.end };
    (key.end + sign..end, written(edit, slot, false) + &comment)
}

fn written(edit: &Edit, slot: &Slot<'_>, block: bool) -> String {
    match edit {
        Edit::Sealed(text) if slot.flow => quoted(text),
        Edit::Sealed(text) => text.clone(),
        Edit::Plain(text) => {
            let as_block = || text_block(text, slot.key.span.start.column);
            let plain = (!slot.flow && is_plain(text)).then(|| text.clone());
            plain.or_else(|| (block && !slot.flow).then(as_block).flatten()).unwrap_or_else(|| quoted(text))
        }
    }
}

/// In double quotes, as JSON has it and YAML as well.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What some reader of YAML takes for something else than text.
const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

/// Whether every reader of YAML takes it for this very text, without quotes.
fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let simple = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    let is_word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    begins && simple && !is_word && reads_as(text)
}

fn reads_as(text: &str) -> bool {
    let parsed = skiff_yaml::parse(text, FileId(0), Profile::Kubernetes, &Limits::default());
    parsed.documents.first().is_some_and(|document| document.root.value == Value::String(text.to_owned()))
}

/// Several lines below a key in this column, where nothing about them needs quotes.
fn text_block(text: &str, column: u32) -> Option<String> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let odd = |line: &str| line.ends_with([' ', '\t']) || line.contains(char::is_control);
    if !body.contains('\n') || body.ends_with('\n') || body.starts_with([' ', '\n']) || body.split('\n').any(odd) {
        return None;
    }
    let indent = " ".repeat(usize::try_from(column).unwrap_or(1) + 1);
    let lines = body.split('\n').map(|line| if line.is_empty() { String::new() } else { format!("\n{indent}{line}") });
    let lines: String = lines.map(|line| if line.is_empty() { "\n".to_owned() } else { line }).collect();
    Some(format!("|{}{lines}", if body.len() == text.len() { "-" } else { "" }))
}
