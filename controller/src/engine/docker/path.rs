//! What may go into the path of a request. Names come from manifests and from people: one with `..` or `?` in it would ask
//! the engine for something else.

use skiff_core::EngineError;

/// A container's, network's or volume's name or id, fit for a path.
pub(crate) fn name(text: &str) -> Result<&str, EngineError> {
    let fit = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    if fit { Ok(text) } else { Err(unfit(text, "a name that Docker takes: letters, digits, `_`, `.` and `-`")) }
}

/// An image's reference, fit for a path.
pub(crate) fn reference(text: &str) -> Result<&str, EngineError> {
    let fit = text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | ':' | '/' | '@'))
        && text.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    if fit { Ok(text) } else { Err(unfit(text, "an image's reference, such as registry.example.com/shop/api:1.2")) }
}

fn unfit(text: &str, expected: &str) -> EngineError {
    EngineError::Invalid(format!("`{text}` is not {expected}"))
}

/// `?a=b&c=d` with everything escaped that needs it.
pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (key, value) in pairs {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(key);
        text.push('=');
        escape(value, &mut text);
    }
    text
}

fn escape(value: &str, text: &mut String) {
    use std::fmt::Write;
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/' | b':') {
            text.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            write!(text, "%{byte:02X}").ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_leave_its_place_in_a_path_is_refused() {
        assert!(["x/../../version?", "", "a b", "-a", "a/b", "a?x"].iter().all(|text| name(text).is_err()));
        assert!(["a/../b", "a//b", "a?b", "/a", ".."].iter().all(|text| reference(text).is_err()));
        assert_eq!(name("shop-api-1"), Ok("shop-api-1"));
        assert!(reference("registry:5000/shop/api:1.2@sha256:0123").is_ok());
    }

    #[test]
    fn values_are_escaped() {
        assert_eq!(
            query(&[("a", "1"), ("filters", r#"{"x":["a&b"]}"#)]),
            "?a=1&filters=%7B%22x%22:%5B%22a%26b%22%5D%7D"
        );
    }
}
