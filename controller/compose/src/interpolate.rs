//! Variables in a file's values, replaced before anything is read from them. Keys are never looked at.

mod template;

use skiff_yaml::{Node, Position, Span, Style, Value};

use crate::environment::Environment;
use crate::problems::Problems;

pub(crate) use template::{Unset, expand};

/// Replaces the variables of every text below a node.
pub(crate) fn interpolate(node: &mut Node, environment: &Environment, problems: &mut Problems) {
    match &mut node.value {
        Value::Sequence(items) => {
            for item in items {
                interpolate(item, environment, problems);
            }
        }
        Value::Mapping(entries) => {
            for (_, value) in entries {
                interpolate(value, environment, problems);
            }
        }
        Value::String(text) if text.contains('$') => {
            let mut unset = Unset::default();
            match expand(text, &|name| environment.get(name), &mut unset) {
                Ok(expanded) => {
                    let place = node.place();
                    node.set(Value::String(expanded));
                    unset.names.iter().for_each(|name| problems.unset(name, place));
                }
                Err(error) => {
                    let before = text.get(..error.at).unwrap_or_default().to_owned();
                    problems.wrong(within(node, &before), error.message).help(error.help);
                    problems.said(node.place());
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Float(_) | Value::String(_) => {}
    }
}

/// The place in a value behind a part of it, where the value stands as it is written: in one line, without escapes.
fn within(node: &Node, before: &str) -> Span {
    let place = node.place();
    let quote = u32::from(node.style == Style::Quoted);
    let is_literal = matches!(node.style, Style::Plain | Style::Quoted) && node.used_at.is_none();
    if !is_literal || place.start.line != place.end.line || before.contains(['\n', '\\', '"', '\'']) {
        return place;
    }
    let count = |length: usize| u32::try_from(length).unwrap_or(0) + quote;
    let start = Position {
        offset: place.start.offset + count(before.len()),
        column: place.start.column + count(before.chars().count()),
        ..place.start
    };
    Span { start, ..place }
}
