//! Scalars: what their attribute says, however they are written.

use skiff_yaml::{Node, Value};

use super::{Context, refuse};
use crate::paths;
use crate::schema::Shape;

/// Reads a scalar.
pub(super) fn read(mut node: Node, shape: &Shape, name: &str, context: &mut Context<'_>) -> Option<Node> {
    let Some(text) = node.text() else { return refuse(&node, name, wanted(shape), context) };
    let value = match shape {
        Shape::Integer => integer(&node).map(Value::Int),
        Shape::Number => text.trim().parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Float),
        Shape::Truth => truth(&text).map(Value::Bool),
        Shape::Duration => duration(&text).map(Value::String),
        Shape::Size => size(&text).map(Value::Int),
        Shape::Word(words) => words.contains(&text.as_str()).then_some(Value::String(text.clone())),
        Shape::Anything
        | Shape::Text
        | Shape::Path
        | Shape::List(_)
        | Shape::Map(_)
        | Shape::Fields(_)
        | Shape::Nullable(_)
        | Shape::Form(..) => Some(Value::String(text.clone())),
    };
    let Some(value) = value else {
        let message = format!("`{name}` cannot be `{}`", shown(&text));
        let complaint = context.problems.wrong(node.place(), message);
        if let Shape::Word(words) = shape {
            complaint.help(format!("it is {}", words.join(", ")));
        } else {
            complaint.help(format!("it must be {}", wanted(shape)));
        }
        return None;
    };
    node.set(value);
    Some(node)
}

/// Reads a path of the host.
pub(super) fn path(mut node: Node, name: &str, context: &mut Context<'_>) -> Option<Node> {
    let Some(text) = node.text() else { return refuse(&node, name, "a path", context) };
    node.set(Value::String(host_path(&text, context)));
    Some(node)
}

/// A path as it is read: at home, or below the project's folder.
pub(super) fn host_path(text: &str, context: &Context<'_>) -> String {
    let home = || context.environment.given("HOME");
    let text = match text.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/')) {
        Some(rest) => home().map_or_else(|| text.to_owned(), |home| format!("{home}{rest}")),
        None => text.to_owned(),
    };
    paths::rebased(context.directory, context.base, &text)
}

const fn wanted(shape: &Shape) -> &'static str {
    match shape {
        Shape::Integer => "a whole number",
        Shape::Number => "a number",
        Shape::Truth => "true or false",
        Shape::Duration => "a length of time, such as 30s, 1m30s or 500ms",
        Shape::Size => "an amount of bytes, such as 512m, 2g or 64000000",
        Shape::Word(_)
        | Shape::Anything
        | Shape::Text
        | Shape::Path
        | Shape::List(_)
        | Shape::Map(_)
        | Shape::Fields(_)
        | Shape::Nullable(_)
        | Shape::Form(..) => "text",
    }
}

fn integer(node: &Node) -> Option<i64> {
    match &node.value {
        Value::Int(number) => Some(*number),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::UInt(_) | Value::Float(_) | Value::Sequence(_) | Value::Mapping(_) => {
            None
        }
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "on" => Some(true),
        "false" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

/// As Skiff writes it. Weeks are Compose's only.
fn duration(text: &str) -> Option<String> {
    let text = text.trim();
    let days =
        text.strip_suffix('w').and_then(|weeks| weeks.parse::<u64>().ok()).map(|weeks| format!("{}d", weeks * 7));
    let duration: skiff_api::Duration = days.as_deref().unwrap_or(text).parse().ok()?;
    Some(duration.to_string())
}

/// Docker's amounts: powers of 1024, whatever the letters' case. -1 is without limit.
pub(super) fn size(text: &str) -> Option<i64> {
    let text = text.trim().to_ascii_lowercase();
    if text == "-1" {
        return Some(-1);
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim();
    let unit = unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(unit);
    let shift = ["", "k", "m", "g", "t", "p"].iter().position(|known| *known == unit)?;
    let factor = 1_i64.checked_shl(u32::try_from(shift).ok()? * 10)?;
    if let Ok(whole) = number.parse::<i64>() {
        return whole.checked_mul(factor);
    }
    let number: f64 = number.parse().ok()?;
    #[expect(clippy::cast_precision_loss, reason = "the factor is a power of two")]
    let bytes = number * factor as f64;
    #[expect(clippy::cast_possible_truncation, reason = "it lies within the bounds, and a part of a byte is none")]
    (0.0..9e18).contains(&bytes).then_some(bytes as i64)
}

/// A value in a message: never a long one.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(40).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_docker_reads_them() {
        let read = ["64", "64b", "2k", "2KB", "2kib", "512m", "1.5g", "1G", "-1", " 1 gb"].map(size);
        let mebi = 1 << 20;
        let expected = [64, 64, 2048, 2048, 2048, 512 * mebi, 1536 * mebi, 1024 * mebi, -1, 1024 * mebi];
        assert_eq!(read, expected.map(Some));
        assert_eq!(["", "m", "1x", "-2", "1..2m", "9999999999g"].map(size), [None; 6]);
    }

    #[test]
    fn lengths_of_time_are_written_skiffs_way() {
        let read = ["90s", "1m30s", "500ms", "2w", "0"].map(|text| duration(text).unwrap_or_default());
        assert_eq!(read, ["1m30s", "1m30s", "500ms", "336h", "0s"]);
        assert_eq!(duration("10"), None);
    }
}
