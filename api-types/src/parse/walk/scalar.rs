//! Scalars that parsers of ours read, and remedies for values of the wrong type.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::Value;

use super::found;
use crate::complaint::At;
use crate::shape::{Format, Shape};
use crate::{Bytes, Complaint, Cpu, Duration, HostPort, IntOrPercent, PortRef};

/// What is wrong with a scalar, if anything is.
pub(super) fn complaint(format: Format, value: &Value, at: &At<'_>) -> Option<Complaint> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number)
            if format != Format::Duration && (number.is_u64() || number.is_i64() || fractional(format)) =>
        {
            number.to_string()
        }
        Value::Number(number) if format == Format::Duration => {
            let message = format!("`{}` needs a unit, found the number {number}", at.field());
            return Some(at.says(message).help(format!("write `{number}s`")));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            let message = format!("`{}` must be {}, found {}", at.field(), form(format), found(value, false));
            return Some(at.says(message));
        }
    };
    let error = unreadable(format, &text)?;
    let complaint = at.says(format!("`{}` cannot be read: {error}", at.field()));
    Some(match remedy_for_scalar(format, &text) {
        Some(help) => complaint.help(help),
        None => complaint,
    })
}

/// Whether a number may have a fraction.
const fn fractional(format: Format) -> bool {
    matches!(format, Format::Cpu | Format::Bytes | Format::MemorySwap)
}

fn unreadable(format: Format, text: &str) -> Option<String> {
    fn error<T: FromStr<Err: Display>>(text: &str) -> Option<String> {
        text.parse::<T>().err().map(|error| error.to_string())
    }
    match format {
        Format::Cpu => error::<Cpu>(text),
        Format::MemorySwap if text == "-1" => None,
        Format::Bytes | Format::MemorySwap => error::<Bytes>(text),
        Format::Duration => error::<Duration>(text),
        Format::IntOrPercent => error::<IntOrPercent>(text),
        Format::PortRef => error::<PortRef>(text),
        Format::HostPort => error::<HostPort>(text),
    }
}

const fn form(format: Format) -> &'static str {
    match format {
        Format::Cpu => "an amount of CPU",
        Format::Bytes => "an amount of bytes",
        Format::Duration => "a duration",
        Format::IntOrPercent => "a number or a percentage",
        Format::PortRef => "a port's number (1 to 65535) or name",
        Format::HostPort => "a port of the host, a range or 0",
        Format::MemorySwap => "an amount of bytes or -1",
    }
}

/// What was probably meant: Docker's suffixes for bytes, seconds without a unit, a port as Compose writes it.
fn remedy_for_scalar(format: Format, text: &str) -> Option<String> {
    match format {
        Format::Bytes | Format::MemorySwap => {
            let number = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic()).trim_end();
            let unit = text.get(number.len()..)?.trim().to_ascii_lowercase();
            let letter = unit.trim_end_matches('b').trim_end_matches('i').chars().next();
            let suffix = match letter {
                None => "",
                Some('k') => "Ki",
                Some('m') => "Mi",
                Some('g') => "Gi",
                Some('t') => "Ti",
                Some(_) => return None,
            };
            let meant = format!("{number}{suffix}");
            meant.parse::<Bytes>().ok().map(|_| format!("write `{meant}`"))
        }
        Format::Duration => {
            text.parse::<f64>().ok().filter(|number| *number >= 0.0).map(|_| format!("write `{text}s`"))
        }
        Format::HostPort if text.contains(':') => {
            Some("the address goes into `hostIP`, the container's port into `containerPort`".to_owned())
        }
        Format::Cpu | Format::IntOrPercent | Format::PortRef | Format::HostPort => None,
    }
}

/// How to write a value of the wrong type, where that is plain.
pub(super) fn remedy(shape: &Shape, value: &Value) -> Option<String> {
    match (shape, value) {
        (Shape::Text, Value::Number(_) | Value::Bool(_)) => Some(format!("put it in quotes: \"{value}\"")),
        (Shape::Integer(..), Value::String(text)) if text.parse::<i64>().is_ok() => {
            Some(format!("write it without quotes: {text}"))
        }
        (Shape::Bool, Value::String(text)) => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some("write `true`, without quotes".to_owned()),
            "false" | "no" | "off" | "0" => Some("write `false`, without quotes".to_owned()),
            _ => None,
        },
        (Shape::List(item), Value::Object(object)) => list_for_object(item, object.keys().next()?),
        (Shape::List(item), Value::String(text)) if matches!(**item, Shape::Text) => {
            let words: Vec<String> = text.split_whitespace().map(|word| Value::from(word).to_string()).collect();
            Some(format!("write it as a list: [{}]", words.join(", ")))
        }
        (Shape::List(_), Value::String(_) | Value::Number(_) | Value::Bool(_)) => {
            Some("write it as a list, with `- ` before each item".to_owned())
        }
        (Shape::Object(fields), Value::String(_) | Value::Number(_)) => object_for_text(&fields.type_name, value),
        (Shape::Map(_), Value::Array(_)) => Some("write `key: value` lines instead of a list".to_owned()),
        _ => None,
    }
}

fn list_for_object(item: &Shape, key: &str) -> Option<String> {
    let Shape::Object(fields) = item else { return None };
    let value = if fields.get("value").is_some() { "value: …" } else { "…" };
    fields.get("name").map(|_| format!("write a list: `- {{ name: {key}, {value} }}`"))
}

/// The short forms of Compose, in our words.
fn object_for_text(type_name: &str, value: &Value) -> Option<String> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match type_name {
        "ContainerPort" => Some(match text.split_once(':') {
            Some((host, container)) if !container.contains(':') => {
                format!("write `{{ containerPort: {container}, hostPort: {host} }}`")
            }
            Some(_) => "write `{ containerPort: 80, hostPort: 8080, hostIP: 127.0.0.1 }`".to_owned(),
            None => format!("write `{{ containerPort: {text} }}`"),
        }),
        "VolumeMount" => {
            let (name, path) = text.split_once(':')?;
            Some(format!("write `{{ name: {name}, mountPath: {path} }}`"))
        }
        "EnvVar" => Some("write `{ name: KEY, value: … }`".to_owned()),
        "NetworkAttachment" | "Dependency" => Some(format!("write `{{ name: {text} }}`")),
        _ => None,
    }
}
