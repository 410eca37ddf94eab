//! YAML that every reader takes the same way: block style, texts in quotes wherever a reader could see something else in them.
//!
//! The bytes of texts are kept: what a literal block cannot hold exactly (blanks at the end of a line, tabs, control characters)
//! is written in double quotes with escapes.

use std::fmt::Write;

use serde_json::Value;

/// Documents, one behind the other.
pub fn documents<'a>(values: impl IntoIterator<Item = &'a Value>) -> String {
    let texts: Vec<String> = values.into_iter().map(document).collect();
    texts.join("---\n")
}

/// One document.
pub fn document(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => mapping(&mut out, value, 0),
        Value::Array(items) if !items.is_empty() => sequence(&mut out, items, 0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            scalar(&mut out, value, 0);
            out.push('\n');
        }
    }
    out
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// The fields of an object, each on a line of its own.
fn mapping(out: &mut String, value: &Value, depth: usize) {
    let fields = value.as_object().into_iter().flatten();
    for (index, (key, value)) in fields.enumerate() {
        // The first field of an item of a list stands behind its hyphen.
        if index > 0 || !out.ends_with("- ") {
            indent(out, depth);
        }
        text(out, key, None);
        out.push(':');
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                out.push('\n');
                mapping(out, value, depth + 1);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                sequence(out, items, depth + 1);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                out.push(' ');
                scalar(out, value, depth + 1);
                out.push('\n');
            }
        }
    }
}

fn sequence(out: &mut String, items: &[Value], depth: usize) {
    for item in items {
        indent(out, depth);
        out.push_str("- ");
        match item {
            Value::Object(fields) if !fields.is_empty() => mapping(out, item, depth + 1),
            Value::Array(inner) if !inner.is_empty() => {
                out.truncate(out.trim_end_matches(' ').len());
                out.push('\n');
                sequence(out, inner, depth + 1);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                scalar(out, item, depth + 1);
                out.push('\n');
            }
        }
    }
}

fn scalar(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::String(string) => text(out, string, Some(depth)),
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        // Writing to a text cannot fail.
        Value::Number(number) => write!(out, "{number}").unwrap_or_default(),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
    }
}

/// A text: plain, as a literal block where `depth` says that one may stand here, or in double quotes.
fn text(out: &mut String, text: &str, depth: Option<usize>) {
    match depth {
        Some(depth) if is_literal(text) => literal(out, text, depth),
        Some(_) | None if is_plain(text) => out.push_str(text),
        Some(_) | None => quoted(out, text),
    }
}

/// Words that some reader takes for something else than text.
const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

/// Whether a text stands for itself without quotes, whatever the version of YAML.
fn is_plain(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_./:@+=,$()".contains(c) || c == ' ';
    let starts = |c: char| c.is_ascii_alphabetic() || c == '/' || c == '_';
    let lower = text.to_ascii_lowercase();
    (text.starts_with(starts) || is_amount(text))
        && text.chars().all(fits)
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !WORDS.contains(&lower.as_str())
}

/// Whether a text is an amount such as `64Mi`, which no reader takes for a number.
fn is_amount(text: &str) -> bool {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let is_suffix = text.strip_prefix(number).is_some_and(|suffix| ["m", "Ki", "Mi", "Gi", "Ti"].contains(&suffix));
    is_suffix && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a literal block holds exactly this text.
fn is_literal(text: &str) -> bool {
    let lines = || text.split('\n');
    text.contains('\n')
        && text.trim_start_matches('\n').len() == text.len()
        && !text.starts_with(' ')
        && lines().all(|line| !line.ends_with(' '))
        && text.chars().all(|c| c == '\n' || (!c.is_control() && !is_break(c)))
        && lines().any(|line| !line.is_empty())
}

/// What some reader takes for the end of a line, or for no part of a text at all.
fn is_break(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn literal(out: &mut String, text: &str, depth: usize) {
    let trailing = text.len() - text.trim_end_matches('\n').len();
    out.push_str(match trailing {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    let body = text.strip_suffix('\n').unwrap_or(text);
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            indent(out, depth);
            out.push_str(line);
        }
    }
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || is_break(c) => write!(out, "\\u{:04x}", u32::from(c)).unwrap_or_default(),
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests;
