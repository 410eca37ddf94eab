//! What a plain scalar means: the two profiles.
//!
//! Both follow the Go libraries that people's tools read these files with, as go-yaml's `resolve.go` has it: integers by
//! Go's base prefixes (`0644` and `0o644` are octal), underscores dropped, no base 60, dates are text. They differ in one
//! point: Kubernetes' YAML (go-yaml v2 behind sigs.k8s.io/yaml) takes `yes`, `no`, `on` and `off` for booleans, Compose's
//! (v3) takes them for text. We leave go-yaml v2 in one point: it takes `y` and `n` for booleans too; here they are text,
//! because nobody who writes a single letter means a truth value. Infinities are refused, for JSON cannot hold them.

use crate::Value;

mod number;
#[cfg(test)]
mod tests;

/// Whose rules a file is read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// As kubectl reads manifests.
    Kubernetes,
    /// As Docker Compose reads its files; allows the tags `!reset` and `!override`.
    Compose,
}

/// A number that JSON has no word for: an infinity, or not a number.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotFinite;

/// The value of an unquoted, untagged scalar.
pub(crate) fn resolve(text: &str, profile: Profile) -> Result<Value, NotFinite> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    if let (Profile::Kubernetes, Some(value)) = (profile, old_bool(text)) {
        return Ok(Value::Bool(value));
    }
    if is_not_finite(text) {
        return Err(NotFinite);
    }
    Ok(number::parse(text).unwrap_or_else(|| Value::String(String::from(text))))
}

fn old_bool(text: &str) -> Option<bool> {
    match text {
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn is_not_finite(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}
